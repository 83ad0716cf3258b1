//! `sessctl profile`: one file for each thing to do with a profile.

pub mod check;

use std::path::Path;

use clap::Subcommand;

use super::context::Context;
use super::exit::Exit;

/// Test a profile of a framework's table
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: ProfileCommand,
}

#[derive(Subcommand)]
enum ProfileCommand {
    Check(check::Args),
}

impl Args {
    pub fn profile(&self) -> &Path {
        match &self.action {
            ProfileCommand::Check(args) => args.profile(),
        }
    }

    pub fn run(self, context: &Context) -> anyhow::Result<Exit> {
        match self.action {
            ProfileCommand::Check(args) => args.run(context),
        }
    }
}
