//! Execution and measurement of a command.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use super::log_sampler::LogSizeSampler;
use super::workspace::{TableCopy, Workspace};

/// GNU time, which starts the command and reads its peak memory from the kernel.
const GNU_TIME: &str = "/usr/bin/time";

/// Command to execute.
#[derive(Debug, Clone)]
pub struct Invocation {
    pub program: PathBuf,
    pub args: Vec<OsString>,
    pub env: Vec<(&'static str, OsString)>,
    /// True if a nonzero exit code is not an error.
    pub allow_failure: bool,
}

impl Invocation {
    pub fn new<A: Into<OsString>>(program: &Path, args: impl IntoIterator<Item = A>) -> Self {
        let args = args.into_iter().map(Into::into).collect();
        Self { program: program.to_owned(), args, env: Vec::new(), allow_failure: false }
    }

    /// sessctl with a database, a configuration and output in JSON.
    pub fn sessctl(workspace: &Workspace, db: &Path, config: &Path, args: &[&str]) -> Self {
        let paths = ["--db".into(), db.into(), "--config".into(), config.into(), "--json".into()];
        let args = args.iter().map(OsString::from);
        Self::new(workspace.sessctl(), paths.into_iter().chain(args))
    }

    /// Appends a path to the arguments.
    pub fn arg(mut self, path: PathBuf) -> Self {
        self.args.push(path.into());
        self
    }

    /// The sqlite3 shell with a busy timeout of five seconds, like the application's.
    pub fn sqlite3(db: &Path, sql: &str) -> Self {
        let args: [OsString; 4] = ["-cmd".into(), ".timeout 5000".into(), db.into(), sql.into()];
        Self::new(Path::new("sqlite3"), args)
    }

    /// Builds the process with PATH as its only inherited variable, because others may change
    /// the configuration.
    fn command(&self, prefix: &[OsString]) -> Command {
        let mut words = prefix.iter().cloned().chain([self.program.clone().into_os_string()]);
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words).args(&self.args).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.envs(self.env.iter().cloned()).stdin(Stdio::null());
        command
    }

    /// Runs the command, and measures its time, its memory and the log of a copy.
    pub fn run(&self, copy: &TableCopy) -> Result<Measurement> {
        let memory = copy.path.with_extension("memory");
        let prefix: [OsString; 6] =
            [GNU_TIME.into(), "-q".into(), "-f".into(), "%M".into(), "-o".into(), (&memory).into()];
        let mut command = self.command(&prefix);
        let sampler = LogSizeSampler::start(&copy.path);
        let start = Instant::now();
        let output = command.output();
        let wall_time = start.elapsed();
        let peak_log = sampler.peak();
        let output = output.with_context(|| format!("could not run {GNU_TIME}"))?;
        let exit_code = output.status.code().unwrap_or(-1);
        if exit_code != 0 && !self.allow_failure {
            let stderr = String::from_utf8_lossy(&output.stderr);
            bail!("{} exited with code {exit_code}: {}", self.program.display(), stderr.trim());
        }
        let memory = fs::read_to_string(&memory)?;
        let kilobytes: u64 = memory.trim().parse().with_context(|| {
            format!("{GNU_TIME} wrote {memory:?} instead of a number of kilobytes")
        })?;
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(Measurement { wall_time, peak_memory: kilobytes * 1024, peak_log, exit_code, stdout })
    }

    /// Runs the command and returns its standard output.
    pub fn stdout(&self) -> Result<String> {
        let output = self.command(&[]).output();
        let output = output.with_context(|| format!("could not run {}", self.program.display()))?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs the command and measures only the time.
    pub fn time(&self) -> Result<Duration> {
        let mut command = self.command(&[]);
        command.stdout(Stdio::null());
        let start = Instant::now();
        let status = command.status();
        let wall_time = start.elapsed();
        let program = self.program.display();
        let status = status.with_context(|| format!("could not run {program}"))?;
        ensure!(status.success(), "{program} failed: {status}");
        Ok(wall_time)
    }
}

/// Measurement of one execution.
#[derive(Debug)]
pub struct Measurement {
    /// Time from before the start until after the exit.
    pub wall_time: Duration,
    /// Peak resident set size in bytes.
    pub peak_memory: u64,
    /// Peak size of the log in bytes.
    pub peak_log: u64,
    pub exit_code: i32,
    pub stdout: String,
}

impl Measurement {
    /// Returns a number from the JSON output of sessctl.
    pub fn json_number(&self, name: &str) -> Result<f64> {
        let output: Value = serde_json::from_str(&self.stdout)
            .with_context(|| format!("{:?} is not JSON", self.stdout))?;
        let figure = output.get(name).and_then(Value::as_f64);
        figure.with_context(|| format!("{name} is missing in {output}"))
    }
}
