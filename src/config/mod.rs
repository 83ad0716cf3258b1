//! The configuration file: TOML text in, policies and settings out. Reading the
//! file itself is left to the caller.

mod keys;
mod read;

use std::collections::BTreeMap;

use crate::domain::guard::Guard;
use crate::domain::policy::{Policies, Policy};
use crate::domain::zone::Zone;

/// What a configuration file says, and the defaults for what it does not.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The database to work on.
    pub db: Option<String>,
    /// The policy of each task.
    pub policies: Policies,
    /// The caps on what one run may end.
    pub guard: Guard,
    /// The time zone of schedules.
    pub zone: Zone,
    /// What was accepted but will surprise, in sentences.
    pub warnings: Vec<String>,
    /// The line of each key that the file sets.
    lines: BTreeMap<String, usize>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            db: None,
            policies: Policies::default(),
            guard: Guard::default(),
            zone: Zone::Local,
            warnings: Vec::new(),
            lines: BTreeMap::new(),
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

/// One setting, for people who ask where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its key, with its table: `policy.imap.timeout`.
    pub key: String,
    /// The value in force, as the file would write it, without quotes.
    pub value: String,
    /// The line of the file that sets it; `None`: the default.
    pub line: Option<usize>,
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

    /// All settings in force: the database, the general policy, what the tasks'
    /// own policies say otherwise, and the rest.
    pub fn settings(&self) -> Vec<Setting> {
        let mut settings = vec![self.setting("db", self.db.clone().unwrap_or_default())];
        settings.extend(self.policy_settings("policy", &self.policies.default));
        for (task, policy) in self.policies.named() {
            let own = self.policy_settings(&format!("policy.{task}"), policy);
            settings.extend(own.into_iter().filter(|setting| setting.line.is_some()));
        }
        settings.extend([
            self.setting("schedule.timezone", self.zone.to_string()),
            self.setting("retention.max", keys::or_forever(self.policies.retention_cap)),
            self.setting("guard.max_percent", self.guard.max_percent.to_string()),
            self.setting("guard.max_rows", self.guard.max_rows.to_string()),
        ]);
        settings
    }

    fn policy_settings(&self, table: &str, policy: &Policy) -> Vec<Setting> {
        keys::POLICY
            .iter()
            .map(|key| self.setting(&format!("{table}.{}", key.name), (key.show)(policy)))
            .collect()
    }

    fn setting(&self, key: &str, value: String) -> Setting {
        Setting { key: key.to_owned(), value, line: self.lines.get(key).copied() }
    }
}
