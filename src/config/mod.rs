//! The configuration file: TOML text in, policies and settings out. Reading the
//! file itself is left to the caller.

mod adopted;
mod cluster;
mod delays;
mod former;
mod jobs;
mod keys;
mod licences;
mod page;
mod policies;
pub mod profile;
mod read;
mod settings;
mod values;

pub use jobs::Report;
pub use settings::Setting;

use std::collections::BTreeMap;

use crate::domain::clock::ClockGuard;
use crate::domain::guard::Guard;
use crate::domain::job::Job;
use crate::domain::policy::Policies;
use crate::domain::time::Span;
use crate::domain::time_zone::TimeZone;
use crate::domain::write_limits::WriteLimits;
use crate::storage::consistency::Consistency;

/// What a configuration file says, and the defaults for what it does not.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The database to work on.
    pub db: Option<String>,
    /// The profile of the framework whose table it is, by its name or its file; `None`:
    /// the table shows it, or it is sessctl's own.
    pub profile: Option<String>,
    /// Values of the profile's parameters, by their names.
    pub parameters: BTreeMap<String, String>,
    /// The folder for what sessctl has to remember of other programs' databases.
    pub state_dir: Option<String>,
    /// The policy of each task.
    pub policies: Policies,
    /// The caps on what one run may end.
    pub guard: Guard,
    /// How far the clock may move between two runs; `None`: as far as it likes.
    pub clock: Option<Span>,
    /// How purges treat the application.
    pub manners: WriteLimits,
    /// The time zone of schedules.
    pub zone: TimeZone,
    /// The work that keeps to a schedule, in the order of the file.
    pub jobs: Vec<Job>,
    /// Where jobs report each session that they end, by their names.
    pub reports: BTreeMap<String, Report>,
    /// What is told of ended sessions.
    pub hooks: Hooks,
    /// How long the ledger keeps an entry; `None`: for ever.
    pub keep_runs: Option<Span>,
    /// How to talk to a cluster, if the database is on one.
    pub cluster: ClusterTerms,
    /// What was accepted but will surprise, in sentences.
    pub warnings: Vec<String>,
    /// The file's name in messages.
    file: String,
    /// The line of each key that the file sets.
    lines: BTreeMap<String, usize>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            db: None,
            profile: None,
            parameters: BTreeMap::new(),
            state_dir: None,
            policies: Policies::default(),
            guard: Guard::default(),
            clock: ClockGuard::default().threshold,
            manners: WriteLimits::default(),
            zone: TimeZone::Local,
            jobs: Vec::new(),
            reports: BTreeMap::new(),
            hooks: Hooks::default(),
            keep_runs: Some(Span::days(90)),
            cluster: ClusterTerms::default(),
            warnings: Vec::new(),
            file: String::new(),
            lines: BTreeMap::new(),
        }
    }
}

/// Commands that are told of what happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hooks {
    /// The program and its arguments that get ended sessions as JSON Lines on
    /// standard input; empty: none.
    pub on_end: Vec<String>,
    /// How long it may take over a batch of them.
    pub timeout: Span,
}

impl Hooks {
    /// The least and the longest that they may take: a purge that waits for them
    /// must not outstay its lease of a minute.
    pub const TIMEOUTS: [Span; 2] = [Span::seconds(1), Span::seconds(30)];
}

impl Default for Hooks {
    fn default() -> Self {
        Self { on_end: Vec::new(), timeout: Span::seconds(10) }
    }
}

/// How to talk to a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterTerms {
    /// The file with the user and the password, from the configuration's folder.
    pub credentials: Option<String>,
    /// The file with the certificates of the authorities that are trusted, likewise.
    pub ca_file: Option<String>,
    /// What a command that only looks may see.
    pub consistency: Consistency,
    /// How long one request may take.
    pub timeout: Span,
    /// For how long a step is tried again until it is given up.
    pub patience: Span,
}

impl ClusterTerms {
    /// The least and the longest that a request may take.
    pub const TIMEOUTS: [Span; 2] = [Span::seconds(1), Span::seconds(60)];
    /// The least and the longest patience.
    pub const PATIENCES: [Span; 2] = [Span::seconds(1), Span::minutes(10)];
    /// With more patience than this, a purge that waits may outstay its lease of a
    /// minute.
    pub const SENSIBLE_PATIENCE: Span = Span::seconds(45);
}

impl Default for ClusterTerms {
    fn default() -> Self {
        Self {
            credentials: None,
            ca_file: None,
            consistency: Consistency::default(),
            timeout: Span::seconds(10),
            patience: Span::seconds(30),
        }
    }
}

/// A mistake in a configuration file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {key}{message}")]
pub struct ConfigError {
    file: String,
    line: usize,
    /// Empty, or the key and a colon.
    key: String,
    message: String,
}

impl ConfigError {
    fn new(file: &str, line: usize, key: &str, what: &str) -> Self {
        let key = if key.is_empty() { String::new() } else { format!("{key}: ") };
        Self { file: file.to_owned(), line, key, message: what.to_owned() }
    }

    /// What is wrong with the value of a parameter, if the mistake is in that: a file
    /// does not hold it, and its line leads to nobody's mistake.
    #[must_use]
    pub fn about_parameter(&self, name: &str) -> Option<&str> {
        let is_about = self.key.strip_suffix(": ")? == format!("parameters.{name}");
        is_about.then_some(self.message.as_str())
    }
}

impl Config {
    /// Reads the text of a configuration file; `file` is its name in messages.
    ///
    /// # Errors
    /// The first mistake, with its line and its key: an unknown key, a value of
    /// the wrong kind, values that contradict each other.
    pub fn parse(text: &str, file: &str) -> Result<Self, ConfigError> {
        read::config(text, file)
    }

    /// A mistake in the value of a parameter, where the file has it; `None`: it does not
    /// have this parameter.
    #[must_use]
    pub fn fault_in_parameter(&self, name: &str, what: &str) -> Option<ConfigError> {
        let key = format!("parameters.{name}");
        let line = *self.lines.get(&key)?;
        Some(ConfigError::new(&self.file, line, &key, what))
    }
}
