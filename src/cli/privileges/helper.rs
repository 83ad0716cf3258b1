//! A process that keeps the privileges of root for what only root may do, while the command
//! works with those of the database's owner.
//!
//! Root names the files on the command line of the process. The command sends requests over
//! a pipe and cannot name others: `NAME LENGTH`, a line feed and as many bytes. The answer
//! is `ok LENGTH` or `error LENGTH` in the same form. The process ends with the pipe.

use std::cell::RefCell;
use std::env;
use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context as _, anyhow, bail};

use crate::config::Config;
use crate::domain::archive_name::ArchiveName;
use crate::domain::time::{Span, UnixTime};

use crate::cli::archive::appender::Appender;
use crate::cli::archive::{archives_of_jobs, remove_expired};
use crate::cli::exit::Exit;
use crate::cli::hook::Hook;
use crate::cli::trust::FilePurpose;
use crate::cli::{interrupt, metrics_file, trust};

/// Name of the hidden subcommand.
pub const COMMAND: &str = "__privileged-helper";

/// Largest request or answer, in bytes. The figures of a thousand tasks take less than 2 MB.
const MAX_MESSAGE: usize = 64 << 20;

/// The files that root names.
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
pub struct Args {
    /// File to write metrics to
    #[arg(long)]
    metrics_file: Option<PathBuf>,
    /// Configuration to read again
    #[arg(long)]
    config_file: Option<PathBuf>,
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
            ("archive", ..) => self.append_to_archive(body).map(|()| Vec::new()),
            ("expire", ..) => self.remove_expired_archives(body).map(|()| Vec::new()),
            _ => bail!("unexpected request {name:?}"),
        }
    }

    fn read_config(&self, path: &Path) -> anyhow::Result<Vec<u8>> {
        let text = trust::read_to_string(path, FilePurpose::Configuration)?;
        // A mistake in it is for the command to report.
        if let Ok(config) = Config::parse(&text, &path.display().to_string()) {
            Hook::check(&config.hooks)?;
            *self.configured.borrow_mut() = archives_of_jobs(&config, Some(path));
        }
        Ok(text.into_bytes())
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
    pub fn read_config(&mut self) -> anyhow::Result<String> {
        Ok(String::from_utf8(self.request("config", &[])?)?)
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

pub fn send(to: &mut impl Write, name: &str, body: &[u8]) -> io::Result<()> {
    writeln!(to, "{name} {}", body.len())?;
    to.write_all(body)?;
    to.flush()
}

/// Reads a request or an answer; `None`: the other end is gone. One that breaks off in the
/// middle counts as none.
pub fn receive(from: &mut impl BufRead) -> anyhow::Result<Option<(String, Vec<u8>)>> {
    let mut head = String::new();
    from.take(128).read_line(&mut head)?;
    let Some(head) = head.strip_suffix('\n') else { return Ok(None) };
    let parsed = head.split_once(' ').and_then(|(name, length)| Some((name, length.parse().ok()?)));
    let (name, length): (&str, usize) =
        parsed.filter(|(_, length)| *length <= MAX_MESSAGE).context("unexpected request")?;
    let mut body = vec![0; length];
    match from.read_exact(&mut body) {
        Ok(()) => Ok(Some((name.to_owned(), body))),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error.into()),
    }
}
