//! `sessctl show`: one file for each thing to look at.

pub mod adopted;
mod columns;
mod config;
mod forecast;
pub mod history;
pub mod job_metrics;
pub mod job_runs;
mod profiles;
mod run_schemas;
pub mod runs;
pub mod schedule;
mod session;
pub mod stat;
mod tasks;
pub mod users;

use std::ffi::OsString;

use clap::{Args as _, Command, Subcommand};

use crate::store::Location;

use super::all_databases::Call;
use super::context::Context;
use super::exit::Exit;
use super::privileges::helper;

/// Show figures, users, one session, runs, history, jobs, settings or profiles
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    topic: Topic,
}

#[derive(Subcommand)]
enum Topic {
    Stat(stat::Args),
    Tasks(tasks::Args),
    Users(Box<users::Args>),
    Session(session::Args),
    Runs(runs::Args),
    History(history::Args),
    Schedule(schedule::Args),
    Config(config::Args),
    Profiles(profiles::Args),
}

/// Returns a parser of the first topic among these words; it knows no other.
pub fn narrow_parser(words: &[OsString]) -> Option<Command> {
    let topic = words.iter().find_map(|word| narrow_topic(word.to_str()?))?;
    let parser = Command::new("show").subcommand_required(true).disable_help_subcommand(true);
    Some(parser.subcommand(topic))
}

fn narrow_topic(name: &str) -> Option<Command> {
    let augment = match name {
        "stat" => stat::Args::augment_args,
        "tasks" => tasks::Args::augment_args,
        "users" => users::Args::augment_args,
        "session" => session::Args::augment_args,
        "runs" => runs::Args::augment_args,
        "history" => history::Args::augment_args,
        "schedule" => schedule::Args::augment_args,
        "config" => config::Args::augment_args,
        "profiles" => profiles::Args::augment_args,
        _ => return None,
    };
    Some(augment(Command::new(name.to_owned())))
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

    /// Reports whether the command has the option to show all databases.
    pub const fn can_serve_all(&self) -> bool {
        matches!(
            self.topic,
            Topic::Stat(_) | Topic::Runs(_) | Topic::History(_) | Topic::Schedule(_)
        )
    }

    /// The call, if a process for each database shows it.
    ///
    /// # Errors
    /// Options that exclude each other.
    pub fn call(&self, context: &Context) -> anyhow::Result<Option<Call>> {
        match &self.topic {
            Topic::Stat(args) => args.call(context),
            Topic::Runs(args) => args.call(context),
            Topic::History(args) => args.call(context),
            Topic::Schedule(args) => args.call(context),
            _ => Ok(None),
        }
    }

    pub fn privileged_files(&self, context: &Context) -> helper::Args {
        match &self.topic {
            Topic::Stat(args) => args.privileged_files(context),
            _ => helper::Args::default(),
        }
    }

    /// Reports whether the command writes to the ledger.
    pub const fn writes_state(&self) -> bool {
        matches!(&self.topic, Topic::Stat(args) if args.record)
    }

    pub fn run(self, context: &Context) -> anyhow::Result<Exit> {
        match self.topic {
            Topic::Stat(args) => args.run(context),
            Topic::Tasks(args) => args.run(context),
            Topic::Users(args) => args.run(context),
            Topic::Session(args) => args.run(context),
            Topic::Runs(args) => args.run(context),
            Topic::History(args) => args.run(context),
            Topic::Schedule(args) => args.run(context),
            Topic::Config(args) => args.run(context),
            Topic::Profiles(args) => args.run(context),
        }
    }
}
