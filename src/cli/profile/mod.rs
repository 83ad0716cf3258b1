//! `sessctl profile`: one file for each thing to do with a profile.

mod check;

use clap::Subcommand;

use super::context::Context;
use super::exit::Exit;

/// Try a profile of a framework's table
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    Check(check::Args),
}

impl Args {
    pub fn run(self, context: &Context) -> anyhow::Result<Exit> {
        match self.what {
            What::Check(args) => args.run(context),
        }
    }
}
