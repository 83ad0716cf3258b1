//! `sessctl profile`: one file for each thing to do with a profile.

pub mod check;
pub mod draft;

use std::path::Path;

use clap::Subcommand;

use super::context::Context;
use super::exit::Exit;

/// Draft and test profiles of frameworks' tables
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: ProfileCommand,
}

#[derive(Subcommand)]
enum ProfileCommand {
    Draft(draft::Args),
    Check(check::Args),
}

impl Args {
    /// Profile that the command reads.
    pub fn profile(&self) -> Option<&Path> {
        match &self.action {
            ProfileCommand::Draft(_) => None,
            ProfileCommand::Check(args) => args.profile(),
        }
    }

    pub fn run(self, context: &Context) -> anyhow::Result<Exit> {
        match self.action {
            ProfileCommand::Draft(args) => args.run(context),
            ProfileCommand::Check(args) => args.run(context),
        }
    }
}
