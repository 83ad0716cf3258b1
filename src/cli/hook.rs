//! Hook: a command that gets the sessions that have ended.

use std::path::Path;
use std::process::Command;
use std::time::Duration;
use std::{fs, io};

use crate::app::EndHook;
use crate::config::Hooks;
use crate::domain::filter::Filter;
use crate::domain::policy::Policies;
use crate::domain::session::Session;
use crate::domain::time::UnixTime;

use super::external_command::{
    Ended, ExternalCommand, is_executable, limit_environment, resolve_program, search_path,
};
use super::privileges::identity::Identity;
use super::trust::FilePurpose;
use super::{reap_children, session_records, trust};
use crate::output;
use crate::output::{FormatName, Style};

/// Command that gets ended sessions on its standard input, one JSON object per line, as
/// `sessctl list -o jsonl` writes them.
pub struct Hook {
    command: ExternalCommand,
    /// Sessions that it receives.
    filter: Filter,
    /// The user it runs as, where that is not the caller.
    identity: Option<Identity>,
    /// Set after a timeout: the run continues without the hook.
    has_timed_out: bool,
}

impl Hook {
    pub fn from_config(hooks: &Hooks, identity: Option<&Identity>) -> Option<Self> {
        let limit = Duration::from_secs(hooks.timeout.as_seconds().unsigned_abs());
        let command = ExternalCommand::new(&hooks.on_end, limit)?;
        // Its conditions depend on no time.
        let filter = hooks.selection.filter(UnixTime(0));
        let (identity, has_timed_out) = (identity.cloned(), false);
        Some(Self { command, filter, identity, has_timed_out })
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

    /// Creates the command. The hook of another user gets neither the terminal nor the
    /// environment of root.
    fn command(&self) -> Command {
        let Some(identity) = &self.identity else { return self.command.in_own_group() };
        let mut command = self.command.in_own_session(&[]);
        limit_environment(&mut command, identity);
        command
    }
}

impl EndHook for Hook {
    fn ended(&mut self, sessions: &[Session], policies: &Policies) -> Result<(), String> {
        let is_for_hook = |session: &&Session| self.filter.matches(session, policies, UnixTime(0));
        let sessions: Vec<Session> = sessions.iter().filter(is_for_hook).cloned().collect();
        if sessions.is_empty() {
            return Ok(());
        }
        let program = &self.command.program;
        if self.has_timed_out {
            return Err(format!(
                "hook \"{program}\" was skipped: it timed out earlier in this run"
            ));
        }
        let failed = |error: io::Error| format!("could not run hook \"{program}\": {error}");
        let lines = lines(&sessions, policies).map_err(failed)?;
        let ended = match self.command.run(self.command(), lines).map_err(failed)? {
            Ended::With(status) if status.success() => Ok(()),
            Ended::With(status) => Err(format!("hook \"{program}\" failed: {status}")),
            Ended::TimedOut => {
                let seconds = self.command.limit.as_secs();
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
