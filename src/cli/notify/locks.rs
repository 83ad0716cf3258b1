//! Databases that another program keeps locked: one result says nothing, several in a row are a
//! failure.

use std::collections::BTreeMap;

use super::means::Means;
use super::scope::Scope;
use super::state::StateDirectory;
use crate::cli::all_databases::codes::BUSY;
use crate::cli::all_databases::events::{RunResult, Unit};
use crate::cli::run::MAX_INCOMPLETE_RUNS;

/// Subject of a result, by name.
#[derive(Debug, Default)]
pub struct Subjects {
    locked: Vec<String>,
    others: Vec<String>,
}

impl Subjects {
    fn add(&mut self, name: &str, result: &RunResult) {
        let list = if result.is_locked() { &mut self.locked } else { &mut self.others };
        list.push(name.to_owned());
    }
}

/// The databases of a call that have ended.
#[derive(Debug, Default)]
pub struct EndedDatabases(Subjects);

impl EndedDatabases {
    /// Notes a result. Returns what it is about: that of a call is about its databases.
    pub fn subjects(&mut self, unit: &Unit, result: &RunResult) -> Subjects {
        if let Unit::Database { name } = unit {
            self.0.add(name, result);
        }
        let mut subjects = Subjects::default();
        if *unit == Unit::All {
            subjects = std::mem::take(&mut self.0);
        }
        if subjects.locked.is_empty() && subjects.others.is_empty() {
            // It has no name, or the scope is its own.
            subjects.add("", result);
        }
        subjects
    }
}

impl Scope {
    /// The result as a failure, if a subject was locked too many times in a row.
    pub fn locked_out(
        &self,
        result: &RunResult,
        subjects: &Subjects,
        directory: Option<&StateDirectory>,
        means: &Means,
    ) -> Option<RunResult> {
        let max = self.options.after.unwrap_or(MAX_INCOMPLETE_RUNS);
        if max == 0 {
            return None;
        }
        let Some(directory) = directory else {
            if !subjects.locked.is_empty() {
                means.report(self, NO_DIRECTORY);
            }
            return None;
        };
        let counts = directory.count_locked(&self.key, &subjects.locked, &subjects.others);
        let counts = counts.unwrap_or_else(|why| {
            means.report(self, &why);
            BTreeMap::new()
        });
        let too_many = counts.iter().filter(|(_, count)| **count >= u64::from(max));
        let too_many: Vec<String> = too_many
            .map(|(name, count)| {
                let prefix = if name.is_empty() { "" } else { ": " };
                let calls = if *count == 1 { "call" } else { "calls in a row" };
                format!("{name}{prefix}locked in {count} {calls}")
            })
            .collect();
        if too_many.is_empty() {
            return None;
        }
        let reasons: Vec<String> = result.reason.iter().cloned().chain(too_many).collect();
        let failed = RunResult {
            outcome: "failed".to_owned(),
            reason: Some(reasons.join("; ")),
            ..result.clone()
        };
        // That of a failure is known already.
        let is_failure = !matches!(result.exit_code, 0 | 3 | 5);
        Some(if is_failure { failed } else { RunResult { exit_code: BUSY, ..failed } })
    }
}

const NO_DIRECTORY: &str = "there is no directory for the number of calls in a row in which a \
                            database was locked: set STATE_DIRECTORY, XDG_STATE_HOME or HOME";
