//! A scope: a unit of the work, and who is notified of it.

use super::command::CommandUser;
use super::payload::UnitFacts;
use super::state::ScopeKey;
use crate::cli::all_databases::events::Unit;
use crate::config::NotifyOptions;

/// A unit whose results are reported, and to whom.
#[derive(Debug, Clone)]
pub struct Scope {
    pub unit: Unit,
    pub options: NotifyOptions,
    pub facts: UnitFacts,
    /// User that the commands run as.
    pub user: CommandUser,
    pub key: ScopeKey,
}

impl Scope {
    /// Name in messages.
    pub fn title(&self) -> String {
        let database = self.facts.database.as_deref().unwrap_or_default();
        match &self.unit {
            Unit::Job { database: Some(database), job } => {
                format!("notify of job {job} of {database}")
            }
            Unit::Job { database: None, job } => format!("notify of job {job}"),
            Unit::Database { .. } => format!("notify of {database}"),
            Unit::All => "notify".to_owned(),
        }
    }
}
