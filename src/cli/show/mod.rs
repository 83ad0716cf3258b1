//! `sessctl show`: one file for each thing to look at.

mod adopted;
mod columns;
mod config;
mod forecast;
mod profiles;
mod runs;
mod schedule;
mod session;
pub mod stat;
mod tasks;
mod users;

use crate::store::Location;
use clap::Subcommand;

use super::context::Context;
use super::exit::Exit;
use super::privileges::helper;

/// Show figures, one session, runs, the schedule, the configuration, or profiles
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    Stat(stat::Args),
    Tasks(tasks::Args),
    Users(users::Args),
    Session(session::Args),
    Runs(runs::Args),
    Schedule(schedule::Args),
    Config(config::Args),
    Profiles(profiles::Args),
}

impl Args {
    /// Whether it has an answer also where there is no database yet.
    pub const fn needs_no_database(&self) -> bool {
        matches!(self.what, What::Config(_))
    }

    /// The database that it is about. For the configuration it need not be named.
    pub fn database(&self, context: &Context) -> anyhow::Result<Option<Location>> {
        match self.what {
            What::Profiles(_) => Ok(None),
            What::Config(_) => {
                context.config_explained()?;
                Ok(context.db().ok())
            }
            _ => context.db().map(Some),
        }
    }

    /// Files that only root may be able to write.
    pub fn privileged_files(&self) -> helper::Args {
        match &self.what {
            What::Stat(args) => args.privileged_files(),
            _ => helper::Args::default(),
        }
    }

    pub fn run(self, context: &Context) -> anyhow::Result<Exit> {
        match self.what {
            What::Stat(args) => args.run(context),
            What::Tasks(args) => args.run(context),
            What::Users(args) => args.run(context),
            What::Session(args) => args.run(context),
            What::Runs(args) => args.run(context),
            What::Schedule(args) => args.run(context),
            What::Config(args) => args.run(context),
            What::Profiles(args) => args.run(context),
        }
    }
}
