//! A process that keeps the privileges of root for what only root may do, while the command
//! works with those of the database's owner.
//!
//! Root names the files on the command line of the process. The command sends requests over
//! a pipe, and cannot name others. The answer to each is the message `ok` or `error`. The process
//! ends with the pipe.

use std::cell::RefCell;
use std::env;
use std::ffi::OsString;
use std::io::{self, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context as _, anyhow, bail};

use crate::config::{ConfigSet, ConfigTexts, DatabaseName};
use crate::domain::archive_name::ArchiveName;
use crate::domain::time::{Span, UnixTime};

use super::config_message;
use super::message::{receive, send};
use crate::cli::archive::appender::Appender;
use crate::cli::archive::{archives_of_jobs, remove_expired};
use crate::cli::config_files::ConfigFiles;
use crate::cli::exit::Exit;
use crate::cli::hook::Hook;
use crate::cli::{interrupt, metrics_file};

/// Name of the hidden subcommand.
pub const COMMAND: &str = "__privileged-helper";

/// The files that root names.
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
pub struct Args {
    /// File to write metrics to
    #[arg(long)]
    metrics_file: Option<PathBuf>,
    /// Configuration to read again
    #[arg(long)]
    config_file: Option<PathBuf>,
    /// Configured database whose settings count
    #[arg(long)]
    database: Option<String>,
    /// Archives to append to
    #[arg(long = "archive")]
    archives: Vec<ArchiveName>,
    /// Archives of the configuration that was read again
    #[arg(skip)]
    configured: RefCell<Vec<ArchiveName>>,
    #[arg(skip)]
    appender: RefCell<Appender>,
}

impl Args {
    /// The file for metrics and the configuration to read again, both optional.
    pub fn new(metrics_file: Option<&Path>, config_file: Option<&Path>) -> Self {
        let owned = |path: Option<&Path>| path.map(Path::to_owned);
        Self {
            metrics_file: owned(metrics_file),
            config_file: owned(config_file),
            ..Self::default()
        }
    }

    /// Names the database whose settings count in the configuration.
    #[must_use]
    pub fn for_database(self, name: Option<&DatabaseName>) -> Self {
        Self { database: name.map(ToString::to_string), ..self }
    }

    /// Adds archives.
    #[must_use]
    pub fn with_archives(self, archives: impl IntoIterator<Item = ArchiveName>) -> Self {
        Self { archives: archives.into_iter().collect(), ..self }
    }

    /// Serves requests until the command that started this process is gone.
    ///
    /// # Errors
    /// A request that cannot be understood.
    pub fn run(&self) -> anyhow::Result<Exit> {
        // A signal to the whole process group or unit ends the command, which ends this.
        interrupt::ignore()?;
        let (mut requests, mut answers) = (io::stdin().lock(), io::stdout().lock());
        while let Some((name, body)) = receive(&mut requests)? {
            match self.serve(&name, &body) {
                Ok(answer) => send(&mut answers, "ok", &answer)?,
                Err(error) => send(&mut answers, "error", format!("{error:#}").as_bytes())?,
            }
        }
        Ok(Exit::Done)
    }

    pub fn serve(&self, name: &str, body: &[u8]) -> anyhow::Result<Vec<u8>> {
        match (name, &self.metrics_file, &self.config_file) {
            ("metrics", Some(path), _) => {
                metrics_file::replace_file(path, body).map(|()| Vec::new())
            }
            ("config", _, Some(path)) => self.read_config(path),
            ("stamp", _, Some(path)) => Ok(ConfigFiles::of_helper(path).stamp().into_bytes()),
            ("archive", ..) => self.append_to_archive(body).map(|()| Vec::new()),
            ("expire", ..) => self.remove_expired_archives(body).map(|()| Vec::new()),
            _ => bail!("unexpected request {name:?}"),
        }
    }

    fn read_config(&self, path: &Path) -> anyhow::Result<Vec<u8>> {
        let texts = ConfigFiles::of_helper(path).read()?;
        // A mistake in it is for the command to report.
        if let Ok(set) = ConfigSet::parse(&texts) {
            let config = match &self.database {
                Some(name) => set.named(name).map(|entry| &entry.config),
                None => Some(&set.general),
            };
            if let Some(config) = config {
                Hook::check(&config.hooks)?;
                *self.configured.borrow_mut() = archives_of_jobs(config);
            }
        }
        Ok(config_message::encode(&texts)?)
    }

    fn append_to_archive(&self, body: &[u8]) -> anyhow::Result<()> {
        let (name, [now], bytes) = self.archive_request(body)?;
        self.appender.borrow_mut().append(&name, UnixTime(now), bytes)
    }

    fn remove_expired_archives(&self, body: &[u8]) -> anyhow::Result<()> {
        let (name, [now, keep], _) = self.archive_request(body)?;
        remove_expired(&name, Span::seconds(keep), UnixTime(now))
    }

    /// Parses a request about an archive: its name, numbers, and bytes.
    fn archive_request<'b, const N: usize>(
        &self,
        body: &'b [u8],
    ) -> anyhow::Result<(ArchiveName, [i64; N], &'b [u8])> {
        let mut parts = body.splitn(N + 2, |byte| *byte == b'\n');
        let mut text = || str::from_utf8(parts.next().unwrap_or_default());
        let name = text()?;
        let mut numbers = [0; N];
        for number in &mut numbers {
            *number = text()?.parse()?;
        }
        let configured = self.configured.borrow();
        let known = self.archives.iter().chain(configured.iter());
        match known.into_iter().find(|known| known.as_str() == name) {
            Some(known) => Ok((known.clone(), numbers, parts.next().unwrap_or_default())),
            None => bail!("unexpected archive {name:?}"),
        }
    }
}

pub struct Helper {
    process: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    reads_config: bool,
}

impl Helper {
    /// Starts the process, with the privileges of this one.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(files: &Args) -> anyhow::Result<Self> {
        let mut command =
            Command::new(env::current_exe().context("could not find the executable of sessctl")?);
        command.arg(COMMAND);
        for (option, path) in
            [("--metrics-file", &files.metrics_file), ("--config-file", &files.config_file)]
        {
            if let Some(path) = path {
                let mut word = OsString::from(option);
                word.push("=");
                word.push(path);
                command.arg(word);
            }
        }
        for name in &files.archives {
            command.arg(format!("--archive={name}"));
        }
        if let Some(name) = &files.database {
            command.arg(format!("--database={name}"));
        }
        let mut process = command
            // Ctrl-C is for the command.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("could not start the privileged helper")?;
        let answers = process.stdout.take().context("the helper has no output")?;
        let requests = process.stdin.take();
        let reads_config = files.config_file.is_some();
        Ok(Self { process, requests, answers: BufReader::new(answers), reads_config })
    }

    pub const fn reads_config(&self) -> bool {
        self.reads_config
    }

    /// Replaces the content of the metrics file.
    ///
    /// # Errors
    /// The failure of the helper, or its death.
    pub fn write_metrics(&mut self, text: &[u8]) -> anyhow::Result<()> {
        self.request("metrics", text).map(drop)
    }

    /// Reads the configuration again.
    ///
    /// # Errors
    /// The failure of the helper, or its death.
    pub fn read_config(&mut self) -> anyhow::Result<ConfigTexts> {
        config_message::decode(&self.request("config", &[])?)
    }

    /// The state of the files of the configuration.
    ///
    /// # Errors
    /// The failure of the helper, or its death.
    pub fn config_stamp(&mut self) -> anyhow::Result<String> {
        Ok(String::from_utf8(self.request("stamp", &[])?)?)
    }

    /// Appends to an archive.
    ///
    /// # Errors
    /// The failure of the helper, or its death.
    pub fn append_to_archive(
        &mut self,
        name: &ArchiveName,
        now: UnixTime,
        bytes: &[u8],
    ) -> anyhow::Result<()> {
        let mut body = format!("{name}\n{}\n", now.0).into_bytes();
        body.extend(bytes);
        self.request("archive", &body).map(drop)
    }

    /// Deletes archives past their retention.
    ///
    /// # Errors
    /// The failure of the helper, or its death.
    pub fn remove_expired_archives(
        &mut self,
        name: &ArchiveName,
        keep: Span,
        now: UnixTime,
    ) -> anyhow::Result<()> {
        let body = format!("{name}\n{}\n{}\n", now.0, keep.as_seconds());
        self.request("expire", body.as_bytes()).map(drop)
    }

    fn request(&mut self, name: &str, body: &[u8]) -> anyhow::Result<Vec<u8>> {
        let lost =
            || anyhow!("the privileged helper has ended unexpectedly; run the command again");
        let requests = self.requests.as_mut().ok_or_else(lost)?;
        send(requests, name, body).map_err(|_| lost())?;
        match receive(&mut self.answers)?.ok_or_else(lost)? {
            (ok, answer) if ok == "ok" => Ok(answer),
            (_, error) => Err(anyhow!(String::from_utf8_lossy(&error).into_owned())),
        }
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        self.requests = None;
        let _ = self.process.wait();
    }
}
