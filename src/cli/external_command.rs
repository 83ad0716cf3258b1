//! Programs that the configuration names: a hook, and the commands of notifications.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use rustix::process::{Pid, Signal, kill_process_group};

use super::env::CREDENTIALS;
use super::privileges::detached;
use super::privileges::identity::Identity;

const INITIAL_POLL_INTERVAL: Duration = Duration::from_millis(1);
const MAX_POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Variables that a program of another user inherits from root, in addition to the locale.
const INHERITED: [&str; 4] = ["LANG", "LANGUAGE", "PATH", "TZ"];

/// A program with its arguments, and the limit on its run.
pub struct ExternalCommand {
    pub program: String,
    /// Executable found in the search path at startup.
    file: PathBuf,
    args: Vec<String>,
    pub limit: Duration,
}

/// End of a program.
pub enum Ended {
    With(ExitStatus),
    /// Killed together with its children after the time limit.
    TimedOut,
}

impl ExternalCommand {
    /// The command of these words; `None`: there are none.
    pub fn new(words: &[String], limit: Duration) -> Option<Self> {
        let (program, args) = words.split_first()?;
        let file = resolve_program(program, &search_path());
        Some(Self { program: program.clone(), file, args: args.to_vec(), limit })
    }

    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The command in a separate process group, so that its children can be stopped with it
    /// and Ctrl-C does not reach it.
    pub fn in_own_group(&self) -> Command {
        let mut command = Command::new(&self.file);
        command.arg0(&self.program).process_group(0).args(&self.args);
        command
    }

    /// The command in a session without the terminal, with these options of the program that
    /// starts it.
    pub fn in_own_session(&self, options: &[OsString]) -> Command {
        let mut command = Command::new("/proc/self/exe");
        command.arg(detached::COMMAND).args(options).arg("--");
        command.arg(&self.file).arg(&self.program).args(&self.args);
        command
    }

    /// Runs a form of the command with this text on its standard input. Its output goes to
    /// standard error.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn run(&self, mut command: Command, input: Vec<u8>) -> io::Result<Ended> {
        // It must not get the credentials.
        command.env_remove(CREDENTIALS).stdin(Stdio::piped()).stdout(io::stderr());
        let mut child = command.spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            // A command that does not read is not an error, and must not block.
            thread::spawn(move || drop(stdin.write_all(&input)));
        }
        if let Some(status) = self.wait(&mut child)? {
            return Ok(Ended::With(status));
        }
        kill(&mut child);
        Ok(Ended::TimedOut)
    }

    /// Waits for the command; `None`: it timed out.
    fn wait(&self, child: &mut Child) -> io::Result<Option<ExitStatus>> {
        let begun = Instant::now();
        let mut pause = INITIAL_POLL_INTERVAL;
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(Some(status));
            }
            if begun.elapsed() >= self.limit {
                return Ok(None);
            }
            thread::sleep(pause);
            pause = MAX_POLL_INTERVAL.min(pause * 2);
        }
    }
}

/// Leaves a command only what another user's program may have of root's environment.
pub fn limit_environment(command: &mut Command, identity: &Identity) {
    let is_harmless = |name: &str| INHERITED.contains(&name) || name.starts_with("LC_");
    let inherited = env::vars_os().filter(|(name, _)| name.to_str().is_some_and(is_harmless));
    command.env_clear().envs(inherited).envs(identity.environment());
}

pub fn search_path() -> OsString {
    env::var_os("PATH").unwrap_or_else(|| "/bin:/usr/bin".into())
}

/// Finds a program as the system would: by its path, or else in the directories of the search
/// path. One that is in none of them keeps its name.
pub fn resolve_program(program: &str, search_path: &OsStr) -> PathBuf {
    if program.contains('/') {
        return program.into();
    }
    let mut files =
        env::split_paths(search_path).map(|directory| Path::new(".").join(directory).join(program));
    files.find(|file| is_executable(file)).unwrap_or_else(|| program.into())
}

pub fn is_executable(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

/// Stops a command and its children.
fn kill(child: &mut Child) {
    // Where that fails, it has ended by itself in this moment.
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let _ = group.map(|group| kill_process_group(group, Signal::KILL));
    let _ = child.kill();
    let _ = child.wait();
}
