//! The work of a call for several databases.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use crate::cli::context::{Context, SettingSource};
use crate::cli::exit::Usage;
use crate::config::DatabaseEntry;
use crate::domain::time::UnixTime;

/// Options of commands that can serve all databases.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub struct ManyDatabases {
    /// Do this for each database of the configuration, as root with the privileges of its owner;
    /// one that fails does not stop the others. The exit code is the worst of all: that of a
    /// signal, or the first of 12, 1, 2, 10, 11, 4, 5, 3, 0
    #[arg(long)]
    all_databases: bool,
    /// With --all-databases: serve up to N databases at the same time [default: 1]
    #[arg(long, value_name = "N", requires = "all_databases")]
    parallel: Option<NonZeroUsize>,
}

impl ManyDatabases {
    /// Reports whether the call is for all databases.
    ///
    /// # Errors
    /// [`Usage`] if the call names one, too.
    pub fn is_wanted(self, context: &Context) -> anyhow::Result<bool> {
        let named = context.named_db.as_ref();
        if self.all_databases && named.is_some_and(|named| named.source == SettingSource::Flag) {
            return Err(Usage::error("--all-databases and --db exclude each other"));
        }
        Ok(self.all_databases)
    }

    pub fn parallel(self) -> usize {
        parallel(self.parallel)
    }
}

pub fn parallel(number: Option<NonZeroUsize>) -> usize {
    number.map_or(1, NonZeroUsize::get)
}

/// A database that a worker is started for.
#[derive(Debug, Clone, Default)]
pub struct Target {
    /// Configured name.
    pub name: Option<String>,
    /// Labels of its metrics.
    pub labels: Vec<(String, String)>,
}

impl Target {
    pub fn of(entry: &DatabaseEntry) -> Self {
        Self { name: Some(entry.name.to_string()), labels: entry.metric_labels() }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    Stat,
    Runs {
        /// `None`: all.
        limit: Option<u64>,
        /// Set if the runs of some sessions are sought.
        seeks_sessions: bool,
    },
    History,
    Schedule,
    Doctor,
    Report {
        since: UnixTime,
    },
    Purge {
        dry_run: bool,
        /// Set if the sessions that end are the output.
        each: bool,
    },
    Run {
        each: bool,
        watch: bool,
    },
}

/// A call that a process for each database serves.
#[derive(Debug, Clone)]
pub struct Call {
    pub work: Work,
    pub parallel: usize,
    /// All configured databases; otherwise, the one in use.
    pub is_for_all: bool,
    pub metrics_file: Option<PathBuf>,
    pub log: Option<PathBuf>,
}

impl Call {
    pub const fn for_all(work: Work, parallel: usize) -> Self {
        Self { work, parallel, is_for_all: true, metrics_file: None, log: None }
    }

    pub fn for_one(work: Work) -> Self {
        Self { is_for_all: false, ..Self::for_all(work, 1) }
    }

    #[must_use]
    pub fn with_files(self, metrics_file: Option<&Path>, log: Option<&Path>) -> Self {
        let owned = |path: Option<&Path>| path.map(Path::to_owned);
        Self { metrics_file: owned(metrics_file), log: owned(log), ..self }
    }
}
