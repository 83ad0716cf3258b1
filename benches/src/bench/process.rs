//! Running a command and measuring it from outside.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use super::bed::{Bed, Copy};
use super::watch::LogWatch;

/// It starts the command itself and is told by the kernel how much memory it had.
const TIME: &str = "/usr/bin/time";

/// What is measured.
#[derive(Debug, Clone)]
pub struct Task {
    pub program: PathBuf,
    pub args: Vec<OsString>,
    pub env: Vec<(&'static str, OsString)>,
    /// Whether it may leave with an exit code of its own.
    pub may_fail: bool,
}

impl Task {
    pub fn new<A: Into<OsString>>(program: &Path, args: impl IntoIterator<Item = A>) -> Self {
        let args = args.into_iter().map(Into::into).collect();
        Self { program: program.to_owned(), args, env: Vec::new(), may_fail: false }
    }

    /// sessctl, on a database and under a configuration, with an answer in JSON.
    pub fn sessctl(bed: &Bed, db: &Path, config: &Path, args: &[&str]) -> Self {
        let paths = ["--db".into(), db.into(), "--config".into(), config.into(), "--json".into()];
        let args = args.iter().map(OsString::from);
        Self::new(bed.sessctl(), paths.into_iter().chain(args))
    }

    /// The same with a path for its last argument.
    pub fn with(mut self, path: PathBuf) -> Self {
        self.args.push(path.into());
        self
    }

    /// The sqlite3 shell, as patient as an application.
    pub fn shell(db: &Path, sql: &str) -> Self {
        let args: [OsString; 4] = ["-cmd".into(), ".timeout 5000".into(), db.into(), sql.into()];
        Self::new(Path::new("sqlite3"), args)
    }

    /// Nothing of the environment reaches it but the search path: a variable may hold
    /// another configuration.
    fn command(&self, prefix: &[OsString]) -> Command {
        let mut words = prefix.iter().cloned().chain([self.program.clone().into_os_string()]);
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words).args(&self.args).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.envs(self.env.iter().cloned()).stdin(Stdio::null());
        command
    }

    /// Runs it, and measures what it does to a copy.
    pub fn run(&self, copy: &Copy) -> Result<Run> {
        let memory = copy.path.with_extension("memory");
        let prefix: [OsString; 6] =
            [TIME.into(), "-q".into(), "-f".into(), "%M".into(), "-o".into(), (&memory).into()];
        let mut command = self.command(&prefix);
        let watch = LogWatch::start(&copy.path);
        let begun = Instant::now();
        let output = command.output();
        let wall = begun.elapsed();
        let log = watch.peak();
        let output = output.with_context(|| format!("could not run {TIME}"))?;
        let code = output.status.code().unwrap_or(-1);
        if code != 0 && !self.may_fail {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("{} left with exit code {code}: {}", self.program.display(), said.trim());
        }
        let memory = fs::read_to_string(&memory)?;
        let kilobytes: u64 = memory.trim().parse().with_context(|| {
            format!("{TIME} has written {memory:?} where there should be kilobytes")
        })?;
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(Run { wall, memory: kilobytes * 1024, log, code, stdout })
    }

    /// What it prints.
    pub fn answer(&self) -> Result<String> {
        let output = self.command(&[]).output();
        let output = output.with_context(|| format!("could not run {}", self.program.display()))?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// How long it takes, without anything else being measured.
    pub fn time(&self) -> Result<Duration> {
        let mut command = self.command(&[]);
        command.stdout(Stdio::null());
        let begun = Instant::now();
        let status = command.status();
        let wall = begun.elapsed();
        let program = self.program.display();
        let status = status.with_context(|| format!("could not run {program}"))?;
        ensure!(status.success(), "{program} left with {status}");
        Ok(wall)
    }
}

/// What came of a command.
#[derive(Debug)]
pub struct Run {
    /// From before it was started until after it had left.
    pub wall: Duration,
    /// The most memory that it had, in bytes.
    pub memory: u64,
    /// The largest size of the log, in bytes.
    pub log: u64,
    pub code: i32,
    pub stdout: String,
}

impl Run {
    /// A figure of what sessctl says of itself.
    pub fn figure(&self, name: &str) -> Result<f64> {
        let said: Value = serde_json::from_str(&self.stdout)
            .with_context(|| format!("{:?} is no JSON", self.stdout))?;
        let figure = said.get(name).and_then(Value::as_f64);
        figure.with_context(|| format!("there is no figure {name} in {said}"))
    }
}
