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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::profile::{built_in, parse};

    fn checked(text: &str) -> String {
        let (_, django) = built_in().iter().find(|(name, _)| *name == "django").unwrap();
        let profile = parse(django, "django", &BTreeMap::new()).unwrap();
        let result = Config::parse(text, "c.toml").unwrap().validate_for(&profile);
        result.map_or_else(|error| error.to_string(), |()| "fine".to_owned())
    }

    #[test]
    fn inapplicable_keys_are_rejected() {
        let found: Vec<_> = [
            "[policy]\nstrict = true\ntimeout = \"20m\"\n",
            "[policy]\nexpire = \"two-pass\"\n",
            "[policy]\nlimit = 100\nwhen_full = \"refuse\"\n",
            "[policy.django]\nretention = \"30d\"\n",
            "[policy.Django]\ntouch_resolution = \"1m\"\n",
            "[policy.\"dj*\"]\nretention = \"30d\"\n",
            "[policy]\nuser_limit = 0\nlifetime = \"8h\"\nabandoned = \"1d\"\n",
            "[[licence]]\nlimit = 9\ntasks = [\"imap\"]\n[[licence]]\nlimit = 9\n\
             tasks = [\"dj*\"]\n",
        ]
        .map(checked)
        .into();
        insta::assert_snapshot!(found.join("\n"), @r#"
        c.toml:3: policy.timeout: does not apply to the table of Django: it has its own expiry rule; remove the key
        c.toml:2: policy.expire: does not apply to the table of Django: it has its own expiry rule; remove the key
        c.toml:2: policy.limit: does not apply to the table of Django: the application opens its sessions; remove the key
        c.toml:2: policy.django.retention: does not apply to the table of Django: it keeps no ended sessions; set retention = "0", or remove the key
        c.toml:2: policy.django.touch_resolution: does not apply to the table of Django: only the application touches its sessions; remove the key
        c.toml:2: policy.dj*.retention: does not apply to the table of Django: it keeps no ended sessions; set retention = "0", or remove the key
        c.toml:3: policy.lifetime: does not apply to the table of Django: it has its own expiry rule; remove the key
        c.toml:6: licence.tasks: does not apply to the table of Django: the application opens its sessions; remove its task from the licence
        "#);
    }

    #[test]
    fn keys_that_agree_with_the_table_are_accepted() {
        for text in [
            "",
            "[policy]\nexpire = \"timeout\"\nretention = \"0\"\nlimit = 0\nuser_limit = 0\n\
             lifetime = \"never\"\nwhen_full = \"refuse\"\nstrict = false\n",
            // The policy of another task, and a general one that the task's own overrules.
            "[policy.imap]\ntimeout = \"20m\"\n",
            "[policy.\"im*\"]\ntimeout = \"20m\"\n",
            "[policy.\"dj*\"]\nretention = \"1d\"\n[policy.django]\nretention = \"0\"\n",
            "[policy]\nretention = \"1d\"\n[policy.django]\nretention = \"0\"\n",
            "[retention]\nmax = \"1h\"\n",
            "[[licence]]\nlimit = 9\ntasks = [\"imap\", \"http*\"]\n",
        ] {
            assert_eq!(checked(text), "fine", "{text}");
        }
    }
}
