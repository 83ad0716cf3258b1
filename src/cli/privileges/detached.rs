//! A program in a session of its own: the hook of another user must not have the terminal from
//! which root started the command, where it could type for root.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context as _, anyhow};
use nix::unistd::setsid;

use crate::cli::exit::Exit;

pub const COMMAND: &str = "__detached";

/// A file, the name that the program is to have, and its arguments.
#[derive(clap::Args)]
pub struct Args {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, num_args = 2..)]
    command: Vec<OsString>,
}

impl Args {
    /// Becomes the program.
    ///
    /// # Errors
    /// If there can be no new session, or the program cannot be run.
    pub fn run(&self) -> anyhow::Result<Exit> {
        let [file, name, args @ ..] = self.command.as_slice() else {
            return Err(anyhow!("no program was given"));
        };
        setsid().context("could not leave the terminal")?;
        let failed = Command::new(file).arg0(name).args(args).exec();
        Err(failed).with_context(|| format!("could not run \"{}\"", name.display()))
    }
}
