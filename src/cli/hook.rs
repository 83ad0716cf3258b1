//! Hook: a command that gets the sessions that have ended.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use crate::app::EndHook;
use crate::config::Hooks;
use crate::domain::filter::Filter;
use crate::domain::policy::Policies;
use crate::domain::session::Session;
use crate::domain::time::UnixTime;
use rustix::process::{Pid, Signal, kill_process_group};

use super::env::CREDENTIALS;
use super::privileges::detached;
use super::privileges::identity::Identity;
use super::trust::FilePurpose;
use super::{reap_children, session_records, trust};
use crate::output;
use crate::output::{FormatName, Style};

const INITIAL_POLL_INTERVAL: Duration = Duration::from_millis(1);
const MAX_POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Variables that a hook of another user inherits from root, in addition to the locale.
const INHERITED: [&str; 4] = ["LANG", "LANGUAGE", "PATH", "TZ"];

/// Command that gets ended sessions on its standard input, one JSON object per line, as
/// `sessctl list -o jsonl` writes them.
pub struct Hook {
    program: String,
    /// Executable found in the search path at startup.
    file: PathBuf,
    args: Vec<String>,
    limit: Duration,
    /// Sessions that it receives.
    filter: Filter,
    /// The user it runs as, where that is not the caller.
    identity: Option<Identity>,
    /// Set after a timeout: the run continues without the hook.
    has_timed_out: bool,
}

impl Hook {
    pub fn from_config(hooks: &Hooks, identity: Option<&Identity>) -> Option<Self> {
        let (program, args) = hooks.on_end.split_first()?;
        let limit = Duration::from_secs(hooks.timeout.as_seconds().unsigned_abs());
        let file = resolve_program(program, &search_path());
        let (program, args) = (program.clone(), args.to_vec());
        // Its conditions depend on no time.
        let filter = hooks.selection.filter(UnixTime(0));
        let (identity, has_timed_out) = (identity.cloned(), false);
        Some(Self { program, file, args, limit, filter, identity, has_timed_out })
    }

    /// Refuses, as root, a program that other users could change.
    pub fn check(hooks: &Hooks) -> crate::Result<()> {
        hooks.on_end.first().map_or(Ok(()), |program| {
            trust::check(&resolve_program(program, &search_path()), FilePurpose::Hook)
        })
    }

    pub fn fault(hooks: &Hooks) -> Option<String> {
        let program = hooks.on_end.first().filter(|program| program.contains('/'))?;
        let fault = match fs::metadata(program) {
            Err(error) => error.to_string(),
            Ok(file) if !file.is_file() => "it is not a regular file".to_owned(),
            Ok(_) if !is_executable(Path::new(program)) => "it is not executable".to_owned(),
            Ok(_) => return None,
        };
        Some(format!("hooks.on_end: \"{program}\" cannot be run: {fault}"))
    }

    /// Creates the command in a separate process group, so that its children can be stopped
    /// with it and Ctrl-C does not reach it. The hook of another user gets neither the
    /// terminal nor the environment of root.
    fn command(&self) -> Command {
        let Some(identity) = &self.identity else {
            let mut command = Command::new(&self.file);
            command.arg0(&self.program).process_group(0);
            return command;
        };
        let is_harmless = |name: &str| INHERITED.contains(&name) || name.starts_with("LC_");
        let inherited = env::vars_os().filter(|(name, _)| name.to_str().is_some_and(is_harmless));
        let mut command = Command::new("/proc/self/exe");
        command.args([detached::COMMAND, "--"]).arg(&self.file).arg(&self.program);
        command.env_clear().envs(inherited).envs(identity.environment());
        command
    }

    /// Starts the command with these lines on its standard input. Its output goes to standard
    /// error.
    fn start(&self, lines: Vec<u8>) -> io::Result<Child> {
        let mut child = self
            .command()
            .args(&self.args)
            // The hook must not get the credentials.
            .env_remove(CREDENTIALS)
            .stdin(Stdio::piped())
            .stdout(io::stderr())
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            // A command that does not read is not an error, and must not block.
            thread::spawn(move || drop(stdin.write_all(&lines)));
        }
        Ok(child)
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

fn search_path() -> OsString {
    env::var_os("PATH").unwrap_or_else(|| "/bin:/usr/bin".into())
}

/// Finds a program as the system would: by its path, or else in the directories of the search
/// path. One that is in none of them keeps its name.
fn resolve_program(program: &str, search_path: &OsStr) -> PathBuf {
    if program.contains('/') {
        return program.into();
    }
    let mut files =
        env::split_paths(search_path).map(|directory| Path::new(".").join(directory).join(program));
    files.find(|file| is_executable(file)).unwrap_or_else(|| program.into())
}

fn is_executable(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

/// Stops a command and its children.
fn kill(child: &mut Child) {
    // Where that fails, it has ended by itself in this moment.
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let _ = group.map(|group| kill_process_group(group, Signal::KILL));
    let _ = child.wait();
}

impl EndHook for Hook {
    fn ended(&mut self, sessions: &[Session], policies: &Policies) -> Result<(), String> {
        let is_for_hook = |session: &&Session| self.filter.matches(session, policies, UnixTime(0));
        let sessions: Vec<Session> = sessions.iter().filter(is_for_hook).cloned().collect();
        if sessions.is_empty() {
            return Ok(());
        }
        let program = &self.program;
        if self.has_timed_out {
            return Err(format!(
                "hook \"{program}\" was skipped: it timed out earlier in this run"
            ));
        }
        let failed = |error: io::Error| format!("could not run hook \"{program}\": {error}");
        let lines = lines(&sessions, policies).map_err(failed)?;
        let mut child = self.start(lines).map_err(failed)?;
        let ended = match self.wait(&mut child).map_err(failed)? {
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(format!("hook \"{program}\" failed: {status}")),
            None => {
                kill(&mut child);
                let seconds = self.limit.as_secs();
                self.has_timed_out = true;
                Err(format!("hook \"{program}\" timed out after {seconds} s and was killed"))
            }
        };
        // Children that it has left behind would accumulate in a long run.
        reap_children::reap();
        ended
    }
}

fn lines(sessions: &[Session], policies: &Policies) -> io::Result<Vec<u8>> {
    let record = |session: &Session| {
        let at = session.end.map_or(UnixTime(0), |end| end.at);
        session_records::session(session, policies, at)
    };
    let records: Vec<_> = sessions.iter().map(record).collect();
    let mut lines = Vec::new();
    let style = Style::default();
    output::write(
        FormatName::Jsonl,
        style,
        &mut lines,
        &session_records::SESSIONS,
        None,
        &records,
    )?;
    Ok(lines)
}
