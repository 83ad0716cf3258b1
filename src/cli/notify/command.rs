//! Commands that announce a change of state.

use std::path::PathBuf;
use std::process::Command;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use anyhow::Context as _;

use crate::cli::exit::Usage;
use crate::cli::external_command::{Ended, ExternalCommand, limit_environment};
use crate::cli::privileges::identity::Identity;
use crate::cli::privileges::{IfMissing, owner_of};
use crate::cli::trust::{self, FilePurpose};

/// Maximum time of a command.
pub const LIMIT: Duration = Duration::from_secs(30);

/// The user whose privileges a command gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommandUser {
    Caller,
    /// As a job on this database: the user that is named, or else the owner of the file.
    OfDatabase {
        path: Option<PathBuf>,
        run_as: Option<String>,
    },
}

impl CommandUser {
    /// The identity to take. `None`: the caller's, which only root can change.
    ///
    /// # Errors
    /// There is no such user, or the owner cannot be determined.
    pub fn identity(&self) -> anyhow::Result<Option<Identity>> {
        let Self::OfDatabase { path, run_as } = self else { return Ok(None) };
        if !trust::is_root() {
            return Ok(None);
        }
        let identity = match (run_as, path) {
            (Some(user), _) => Identity::parse(user)?,
            (None, Some(path)) => owner_of(path, IfMissing::Ignore)?.owner,
            (None, None) => return Ok(None),
        };
        Ok((!identity.is_root()).then_some(identity))
    }
}

/// What a command gets.
pub struct CommandInput {
    /// Its standard input.
    pub text: String,
    pub variables: Vec<(&'static str, String)>,
}

/// Starts a command. The thread that waits for it, which the limit bounds, reports how it failed.
///
/// # Errors
/// As root: another user could change the program, or the user whose privileges it is to get
/// is unknown.
pub fn start(
    words: &[String],
    user: &CommandUser,
    input: CommandInput,
    limit: Duration,
    report: impl FnOnce(&str) + Send + 'static,
) -> anyhow::Result<JoinHandle<()>> {
    let external =
        ExternalCommand::new(words, limit).ok_or_else(|| Usage::error("no program is given"))?;
    trust::check(external.file(), FilePurpose::NotificationCommand)?;
    let identity = user.identity().context("the user to run it as is unknown")?;
    let options = identity.as_ref().map(Identity::as_option);
    let mut command = external.in_own_session(options.as_slice());
    if let Some(identity) = &identity {
        limit_environment(&mut command, identity);
    }
    command.envs(input.variables);
    let run = move || {
        if let Err(why) = run(&external, command, input.text) {
            report(&why);
        }
    };
    Ok(Builder::new().name("notify".to_owned()).spawn(run)?)
}

fn run(external: &ExternalCommand, command: Command, text: String) -> Result<(), String> {
    let program = &external.program;
    match external.run(command, text.into_bytes()) {
        Ok(Ended::With(status)) if status.success() => Ok(()),
        Ok(Ended::With(status)) => Err(format!("\"{program}\" failed: {status}")),
        Ok(Ended::TimedOut) => {
            let seconds = external.limit.as_secs();
            Err(format!("\"{program}\" timed out after {seconds} s and was killed"))
        }
        Err(error) => Err(format!("could not run \"{program}\": {error}")),
    }
}
