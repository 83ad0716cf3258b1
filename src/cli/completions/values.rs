//! Values of arguments.

use std::path::PathBuf;

use clap::builder::PossibleValue;
use clap::{Arg, ValueHint};

use crate::cli::man;
use crate::config::profile::built_in;
use crate::config::{Config, ConfigSet, PolicySetting};
use crate::domain::session::{EndReason, SessionState};
use crate::storage::SortKey;

/// A word, and what it means; empty if that is known.
pub type Candidate = (String, String);

/// Files of the machine that are values in addition to words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paths {
    None,
    Files,
    Directories,
}

impl Paths {
    pub fn of(argument: &Arg) -> Self {
        match argument.get_value_hint() {
            ValueHint::DirPath => Self::Directories,
            ValueHint::AnyPath | ValueHint::FilePath if is_directory(argument) => Self::Directories,
            ValueHint::AnyPath | ValueHint::FilePath => Self::Files,
            _ => Self::None,
        }
    }

    /// The first line of an answer.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Files => "files",
            Self::Directories => "directories",
        }
    }
}

fn is_directory(argument: &Arg) -> bool {
    argument.get_value_names().is_some_and(|names| names.iter().any(|name| name == "DIR"))
}

/// The words that an argument takes, as far as sessctl knows them.
pub fn of(
    argument: &Arg,
    config: impl FnOnce() -> Option<(ConfigSet, Option<PathBuf>)>,
) -> Vec<Candidate> {
    let known = argument.get_possible_values();
    if !known.is_empty() {
        return known.iter().filter(|value| !value.is_hide_set()).map(described).collect();
    }
    let from_set = |names: &dyn Fn(&ConfigSet, &Config) -> Vec<String>| {
        let Some((set, db)) = config() else { return Vec::new() };
        let entry = db.map_or_else(|| set.only(), |db| set.database(&db));
        words(names(&set, entry.map_or(&set.general, |entry| &entry.config)))
    };
    if argument.get_value_names().is_some_and(|names| names.iter().any(|name| name == "NAME|FILE"))
    {
        return words(built_in().iter().map(|(name, _)| (*name).to_owned()));
    }
    match argument.get_id().as_str() {
        "state" => words(SessionState::ALL.iter().map(ToString::to_string)),
        "sort" => words(SortKey::ALL.iter().map(ToString::to_string)),
        "ended_by" => words(EndReason::ALL.iter().map(ToString::to_string)),
        "task" | "of_task" => {
            from_set(&|_, config| config.task_names().into_iter().map(str::to_owned).collect())
        }
        "set" => words(PolicySetting::keys().map(|key| format!("policy.{key}="))),
        "job" => from_set(&|_, config| config.jobs.iter().map(|job| job.name.clone()).collect()),
        "db" => from_set(&|set, _| {
            let names = set.databases.iter().map(|entry| entry.name.to_string());
            names.chain(set.general.db.clone()).collect()
        }),
        _ => Vec::new(),
    }
}

fn words(words: impl IntoIterator<Item = String>) -> Vec<Candidate> {
    words.into_iter().map(|word| (word, String::new())).collect()
}

fn described(value: &PossibleValue) -> Candidate {
    let meaning = value.get_help().map(ToString::to_string).unwrap_or_default();
    (value.get_name().to_owned(), meaning)
}

/// The pages of the manual, as `sessctl man` takes them.
pub fn pages(command: clap::Command) -> Vec<Candidate> {
    words(man::page_names(command))
}
