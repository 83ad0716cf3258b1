//! Commands that announce a change of state.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::cli::exit::Usage;
use crate::cli::external_command::{Ended, ExternalCommand, is_executable, limit_environment};
use crate::cli::privileges::identity::Identity;
use crate::cli::privileges::{IfMissing, owner_of};
use crate::cli::trust::{self, FilePurpose};

/// Maximum time of a command.
pub const LIMIT: Duration = Duration::from_secs(30);

/// The user whose privileges a command gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommandUser {
    Caller,
    /// Privileges of a job on this database: the user that is named, or else the owner of the file.
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

/// Input of a command.
pub struct CommandInput {
    /// Standard input.
    pub text: String,
    pub variables: Vec<(&'static str, String)>,
}

/// Starts a command. The thread that waits for it, which the limit bounds, reports how it ended.
///
/// # Errors
/// There is no such program. As root: another user could change the program, or the user whose
/// privileges it is to get is unknown.
pub fn start(
    words: &[String],
    user: &CommandUser,
    input: CommandInput,
    limit: Duration,
    ended: impl FnOnce(Result<(), String>) + Send + 'static,
) -> anyhow::Result<JoinHandle<()>> {
    let external =
        ExternalCommand::new(words, limit).ok_or_else(|| Usage::error("no program is given"))?;
    if let Some(fault) = fault_of(external.file()) {
        bail!("could not run \"{}\": {fault}", external.program);
    }
    let context = || format!("\"{}\" was not run", external.program);
    trust::check(external.file(), FilePurpose::NotificationCommand).with_context(context)?;
    let identity =
        user.identity().context("the user to run it as is unknown").with_context(context)?;
    let options = identity.as_ref().map(Identity::as_option);
    let mut command = external.in_own_session(options.as_slice());
    if let Some(identity) = &identity {
        limit_environment(&mut command, identity);
    }
    command.envs(input.variables);
    let run = move || ended(run(&external, command, input.text));
    Ok(Builder::new().name("notify".to_owned()).spawn(run)?)
}

/// Reason why a file cannot be run, which the program in between would report on its own.
fn fault_of(file: &Path) -> Option<&'static str> {
    // One without a path was not found in the search path.
    match fs::metadata(file) {
        Ok(_) if !file.as_os_str().as_bytes().contains(&b'/') => Some("no such file"),
        Ok(found) if !found.is_file() => Some("it is not a regular file"),
        Ok(_) if !is_executable(file) => Some("it is not executable"),
        Err(error) if error.kind() == ErrorKind::NotFound => Some("no such file"),
        // Another user may see it.
        _ => None,
    }
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
