//! Databases that are configured already, and calls of sessctl for them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::cli::context::Context;
use crate::cli::doctor::schedulers::{self, ScheduledCall};
use crate::config::{Config, ConfigSet};
use crate::domain::job::{Job, JobAction};

/// A database of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfiguredDatabase {
    /// `None`: the database of the general file, or the name is not known because of a mistake.
    pub name: Option<String>,
    has_purge: bool,
}

pub struct Configured<'a> {
    set: &'a ConfigSet,
    /// Path of the database in the general file.
    general: Option<PathBuf>,
    calls: Vec<ScheduledCall>,
}

impl<'a> Configured<'a> {
    /// Reads the configuration, and the schedulers as far as this user may.
    pub fn read(context: &'a Context) -> anyhow::Result<Self> {
        let set = context.config_set()?;
        let general = set.general.db.as_ref().filter(|db| !db.contains("://"));
        let general = general.map(|db| set.general.resolve("db", Path::new(db)));
        let general = general.map(std::path::absolute).transpose()?;
        Ok(Self { set, general, calls: schedulers::read(Path::new("/")) })
    }

    /// The entry for a file, by its full path.
    pub fn of(&self, path: &Path) -> Option<ConfiguredDatabase> {
        if let Some(entry) = self.set.database(path) {
            let name = Some(entry.name.to_string());
            return Some(ConfiguredDatabase { name, has_purge: has_purge(&entry.config) });
        }
        if self.general.as_deref() == Some(path) {
            let has_purge = has_purge(&self.set.general);
            return Some(ConfiguredDatabase { name: None, has_purge });
        }
        let is_disabled = self.set.fault_of(path).is_some();
        is_disabled.then_some(ConfiguredDatabase { name: None, has_purge: false })
    }

    /// Reports whether something purges a file, or runs jobs that do.
    pub fn has_purge(&self, path: &Path) -> bool {
        self.of(path).is_some_and(|known| known.has_purge)
            || self.calls.iter().any(|call| call.names(path))
    }

    /// The names that are in use, including those of databases that a mistake disables.
    pub fn names(&self) -> BTreeSet<String> {
        let enabled = self.set.databases.iter().map(|entry| entry.name.to_string());
        let disabled = self.set.faults.iter().flat_map(|fault| &fault.databases);
        enabled.chain(disabled.map(|disabled| disabled.name.clone())).collect()
    }
}

fn has_purge(config: &Config) -> bool {
    let is_purge = |job: &Job| job.enabled && matches!(job.work, JobAction::Purge(_));
    config.jobs.iter().any(is_purge)
}
