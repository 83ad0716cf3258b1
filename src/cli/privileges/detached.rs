//! A program in a session of its own: the hook of another user must not have the terminal from
//! which root started the command, where it could type for root. The command of a notification
//! also takes the user's privileges here, because the process that starts it keeps root's.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context as _, anyhow};
use nix::unistd::setsid;

use super::identity::Identity;
use crate::cli::exit::Exit;

pub const COMMAND: &str = "__detached";

/// A file, the name that the program is to have, and its arguments.
#[derive(clap::Args)]
pub struct Args {
    /// User whose privileges the program is to have
    #[arg(long, value_name = "UID:GID:GROUPS")]
    identity: Option<String>,
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, num_args = 2..)]
    command: Vec<OsString>,
}

impl Args {
    /// Becomes the program.
    ///
    /// # Errors
    /// If there can be no new session, the privileges cannot be taken, or the program cannot be
    /// run.
    pub fn run(&self) -> anyhow::Result<Exit> {
        let [file, name, args @ ..] = self.command.as_slice() else {
            return Err(anyhow!("no program was given"));
        };
        if let Some(numbers) = &self.identity {
            let identity = Identity::of_numbers(numbers).context("unexpected identity")?;
            identity.assume()?;
        }
        setsid().context("could not leave the terminal")?;
        let failed = Command::new(file).arg0(name).args(args).exec();
        Err(failed).with_context(|| format!("could not run \"{}\"", name.display()))
    }
}
