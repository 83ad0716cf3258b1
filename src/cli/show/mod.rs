//! `sessctl show`: one file for each thing to look at.

pub mod adopted;
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
    topic: Topic,
}

#[derive(Subcommand)]
enum Topic {
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
    /// Reports whether the command works without a database.
    pub const fn needs_no_database(&self) -> bool {
        matches!(self.topic, Topic::Config(_))
    }

    /// Returns the database to show; optional for the configuration.
    pub fn database(&self, context: &Context) -> anyhow::Result<Option<Location>> {
        match self.topic {
            Topic::Profiles(_) => Ok(None),
            Topic::Config(_) => {
                context.config_explained()?;
                Ok(context.db().ok())
            }
            _ => context.db().map(Some),
        }
    }

    pub fn privileged_files(&self) -> helper::Args {
        match &self.topic {
            Topic::Stat(args) => args.privileged_files(),
            _ => helper::Args::default(),
        }
    }

    pub fn run(self, context: &Context) -> anyhow::Result<Exit> {
        match self.topic {
            Topic::Stat(args) => args.run(context),
            Topic::Tasks(args) => args.run(context),
            Topic::Users(args) => args.run(context),
            Topic::Session(args) => args.run(context),
            Topic::Runs(args) => args.run(context),
            Topic::Schedule(args) => args.run(context),
            Topic::Config(args) => args.run(context),
            Topic::Profiles(args) => args.run(context),
        }
    }
}
