use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use super::cluster::ClusterOptions;
use super::document::SourceLine;
use super::error::ConfigError;
use super::notify::NotifyOptions;
use super::table::{Lines, join};
use crate::domain::archive_name::ArchiveName;
use crate::domain::clock::ClockGuard;
use crate::domain::filter::SelectionRule;
use crate::domain::guard::Guard;
use crate::domain::job::Job;
use crate::domain::policy::Policies;
use crate::domain::time::Span;
use crate::domain::time_zone::TimeZone;
use crate::domain::unreadable::UnreadableRows;
use crate::domain::variants::string_enum;
use crate::domain::write_limits::WriteLimits;

/// Values of a configuration file, with the defaults for those that it omits.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The database.
    pub db: Option<String>,
    /// The user whose privileges root takes for the database; `None`: its owner.
    pub run_as: Option<String>,
    /// Labels of the metrics of the database, in addition to its name.
    pub labels: BTreeMap<String, String>,
    /// The profile of an adopted table, by its name or its file; `None`: detected.
    pub profile: Option<String>,
    /// The adopted table; `None`: that of the profile, or detected.
    pub table: Option<String>,
    /// Values of the profile's parameters, by name.
    pub parameters: BTreeMap<String, String>,
    /// The directory for the state of adopted tables.
    pub state_dir: Option<String>,
    /// The policy of each task.
    pub policies: Policies,
    /// Limits on the sessions that one run may end.
    pub guard: Guard,
    /// The clock change between two runs from which on nothing is ended; `None`: any
    /// change is accepted.
    pub clock: Option<Span>,
    /// Limits on write transactions.
    pub write_limits: WriteLimits,
    /// Reaction to rows that cannot be read.
    pub unreadable: UnreadableRows,
    /// The time zone of schedules.
    pub zone: TimeZone,
    /// The jobs, in the order of the file.
    pub jobs: Vec<Job>,
    /// The destinations of jobs that report each session that they end, by the names of the jobs.
    pub reports: BTreeMap<String, ReportTarget>,
    /// Where purges and cycles save the rows that go.
    pub archive: ArchiveOptions,
    /// Archives of jobs that have their own, by the names of the jobs.
    pub job_archives: BTreeMap<String, ArchiveName>,
    /// Commands that are notified.
    pub hooks: Hooks,
    /// Receivers of notifications of the database, or of all databases.
    pub notify: NotifyOptions,
    /// Receivers of notifications of a job, by the names of the jobs.
    pub job_notify: BTreeMap<String, NotifyOptions>,
    /// The retention of runs in the ledger; `None`: forever.
    pub keep_runs: Option<Span>,
    /// Options for a database on an rqlite cluster.
    pub cluster: ClusterOptions,
    /// Accepted settings that may not do what they seem to.
    pub warnings: Vec<String>,
    pub(super) lines: Lines,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            db: None,
            run_as: None,
            labels: BTreeMap::new(),
            profile: None,
            table: None,
            parameters: BTreeMap::new(),
            state_dir: None,
            policies: Policies::default(),
            guard: Guard::default(),
            clock: ClockGuard::default().threshold,
            write_limits: WriteLimits::default(),
            unreadable: UnreadableRows::default(),
            zone: TimeZone::Local,
            jobs: Vec::new(),
            reports: BTreeMap::new(),
            archive: ArchiveOptions::default(),
            job_archives: BTreeMap::new(),
            hooks: Hooks::default(),
            notify: NotifyOptions::default(),
            job_notify: BTreeMap::new(),
            keep_runs: Some(Span::days(90)),
            cluster: ClusterOptions::default(),
            warnings: Vec::new(),
            lines: BTreeMap::new(),
        }
    }
}

impl Config {
    pub(super) fn line(&self, table: &str, key: &str) -> Option<&SourceLine> {
        self.lines.get(&join(table, key))
    }

    /// The line that sets a key, by its name with that of its table.
    #[must_use]
    pub fn line_of(&self, key: &str) -> Option<&SourceLine> {
        self.lines.get(key)
    }

    /// Resolves a path that a key sets, which is relative to the file that sets it.
    #[must_use]
    pub fn resolve(&self, key: &str, path: &Path) -> PathBuf {
        self.directory_of(key).join(path)
    }

    /// The directory of the file that sets a key; empty: the current one.
    #[must_use]
    pub fn directory_of(&self, key: &str) -> &Path {
        let file = self.lines.get(key).and_then(|line| line.file.parent());
        file.unwrap_or(Path::new(""))
    }

    /// Receivers of notifications of a job, with the number of incomplete runs that it
    /// inherits.
    #[must_use]
    pub fn notify_of(&self, job: &Job) -> NotifyOptions {
        let own = self.job_notify.get(&job.name).cloned().unwrap_or_default();
        NotifyOptions { after: own.after.or(self.notify.after), ..own }
    }

    /// Reports whether anybody is pinged over the network.
    #[must_use]
    pub fn has_ping(&self) -> bool {
        self.notifications().any(|notify| notify.ping.is_some())
    }

    /// Reports whether programs are started, to notify of ended sessions or of failures.
    #[must_use]
    pub fn has_programs(&self) -> bool {
        let is_called = |notify: &NotifyOptions| {
            !notify.on_failure.is_empty() || !notify.on_recovery.is_empty()
        };
        !self.hooks.on_end.is_empty() || self.notifications().any(is_called)
    }

    fn notifications(&self) -> impl Iterator<Item = &NotifyOptions> {
        [&self.notify].into_iter().chain(self.job_notify.values())
    }

    /// A mistake in the value of a parameter, at its line in the file; `None`: the file
    /// does not set the parameter.
    #[must_use]
    pub fn parameter_error(&self, name: &str, message: &str) -> Option<ConfigError> {
        let line = self.line("parameters", name)?;
        Some(line.error(&join("parameters", name), message))
    }
}

/// Where purges and cycles save the rows that go.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ArchiveOptions {
    /// The file, which may have the date in its name; `None`: rows are not saved.
    pub file: Option<ArchiveName>,
    /// The retention of files with a date; `None`: forever.
    pub keep: Option<Span>,
}

/// Commands that are notified of ended sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hooks {
    /// The program and its arguments that read ended sessions as JSON Lines from standard
    /// input; empty: none.
    pub on_end: Vec<String>,
    /// The maximum run time for one batch of sessions.
    pub timeout: Span,
    /// The sessions that it receives; users by their ids.
    pub selection: SelectionRule,
}

impl Hooks {
    /// The valid timeouts: a purge that waits for the program must not outlive its lease
    /// of a minute.
    pub const TIMEOUT_RANGE: RangeInclusive<Span> = Span::seconds(1)..=Span::seconds(30);
}

impl Default for Hooks {
    fn default() -> Self {
        Self { on_end: Vec::new(), timeout: Span::seconds(10), selection: SelectionRule::default() }
    }
}

/// The destination of a report on each session that ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReportTarget {
    Stdout,
    Syslog,
}

string_enum!(ReportTarget, "report destination", {
    Stdout => "stdout",
    Syslog => "syslog",
});
