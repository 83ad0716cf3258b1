//! A process that keeps the privileges of root for what only root may do, while the command
//! works with those of the database's owner.
//!
//! Root names the files on the command line of the process. The command sends requests over
//! a pipe and cannot name others: `NAME LENGTH`, a line feed and as many bytes. The answer
//! is `ok LENGTH` or `error LENGTH` in the same form. The process ends with the pipe.

use std::env;
use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context as _, anyhow, bail};

use crate::config::Config;

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
}

impl Args {
    /// The file for metrics and the configuration to read again, both optional.
    pub fn new(metrics_file: Option<&Path>, config_file: Option<&Path>) -> Self {
        let owned = |path: Option<&Path>| path.map(Path::to_owned);
        Self { metrics_file: owned(metrics_file), config_file: owned(config_file) }
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
            ("config", _, Some(path)) => read_config(path),
            _ => bail!("unexpected request {name:?}"),
        }
    }
}

fn read_config(path: &Path) -> anyhow::Result<Vec<u8>> {
    let text = trust::read_to_string(path, FilePurpose::Configuration)?;
    // A mistake in it is for the command to report.
    if let Ok(config) = Config::parse(&text, &path.display().to_string()) {
        Hook::check(&config.hooks)?;
    }
    Ok(text.into_bytes())
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
