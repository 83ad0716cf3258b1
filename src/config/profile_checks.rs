//! Checks of a configuration for an adopted table.

use super::error::ConfigError;
use super::licences;
use super::options::Config;
use super::table::join;
use crate::domain::policy::{ExpiryMode, Policy};
use crate::domain::profile::Profile;
use crate::domain::time::Span;

/// A key of a policy, the values that an adopted table can comply with, and the reason why
/// it cannot comply with others.
type Restriction = (&'static str, fn(&Policy) -> bool, &'static str);

const OWN_RULE: &str = "it has its own expiry rule; remove the key";
const NO_ADMISSION: &str = "the application opens its sessions; remove the key";
const NO_LICENCE: &str = "the application opens its sessions; remove its task from the licence";
const NO_TOUCH: &str = "only the application touches its sessions; remove the key";
const NO_RETENTION: &str = "it keeps no ended sessions; set retention = \"0\", or remove the key";

/// All keys but `when_full` and `strict`, which have no effect without the others.
const RESTRICTIONS: &[Restriction] = &[
    ("expire", |policy| policy.expire == ExpiryMode::Timeout, OWN_RULE),
    ("timeout", |_| false, OWN_RULE),
    ("min_timeout", |_| false, OWN_RULE),
    ("max_timeout", |_| false, OWN_RULE),
    ("abandoned", |_| false, OWN_RULE),
    ("lifetime", |policy| policy.lifetime.is_none(), OWN_RULE),
    ("delay", |_| false, OWN_RULE),
    ("limit", |policy| policy.limit == 0, NO_ADMISSION),
    ("user_limit", |policy| policy.user_limit == 0, NO_ADMISSION),
    ("touch_resolution", |policy| policy.touch_resolution == Span::ZERO, NO_TOUCH),
    ("retention", |policy| policy.retention == Some(Span::ZERO), NO_RETENTION),
];

impl Config {
    /// Checks that an adopted table can comply with the policy of its task, and that no
    /// licence covers the task. A key of the task's own policy overrides the general one.
    ///
    /// # Errors
    /// The first key of the file that the table cannot comply with.
    pub fn validate_for(&self, profile: &Profile) -> Result<(), ConfigError> {
        let error = |(line, key, why): (usize, String, &str)| {
            let message = format!("does not apply to the table of {}: {why}", profile.title);
            ConfigError::new(&self.file, line, &key, &message)
        };
        let mut conflicts: Vec<_> =
            RESTRICTIONS.iter().filter_map(|key| self.conflict(profile, key)).collect();
        conflicts.extend(self.licence_conflict(&profile.task));
        let first = conflicts.into_iter().min_by_key(|(line, ..)| *line);
        first.map_or(Ok(()), |conflict| Err(error(conflict)))
    }

    fn conflict(
        &self,
        profile: &Profile,
        (key, is_harmless, why): &Restriction,
    ) -> Option<(usize, String, &'static str)> {
        let own = self.policies.table_of(&profile.task).map(|task| format!("policy.{task}"));
        let mut tables = own.into_iter().chain(["policy".to_owned()]);
        let (line, key) =
            tables.find_map(|table| Some((self.line(&table, key)?, join(&table, key))))?;
        (!is_harmless(self.policies.for_task(&profile.task))).then_some((line, key, *why))
    }

    fn licence_conflict(&self, task: &str) -> Option<(usize, String, &'static str)> {
        let index = self.policies.licences.iter().position(|licence| licence.covers(task))?;
        let line = self.line(&licences::table_name(index), "tasks")?;
        Some((line, "licence.tasks".to_owned(), NO_LICENCE))
    }
}
