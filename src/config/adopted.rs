//! What a configuration may say where the table is a framework's.

use super::{Config, ConfigError};
use crate::domain::policy::{ExpiryMode, Policy};
use crate::domain::profile::Profile;
use crate::domain::time::Span;

/// A key of a policy, whether a framework's table can carry what it says, and why it
/// cannot.
type Limit = (&'static str, fn(&Policy) -> bool, &'static str);

const OWN_RULE: &str = "has a rule of its own for when sessions are over; leave the key out";
const OWN_DOOR: &str = "has no limits: the application opens its sessions; leave the key out";
const NO_LICENCE: &str =
    "has no limits: the application opens its sessions; leave its task out of the licence";
const OWN_TOUCH: &str = "is touched by the application alone; leave the key out";
const NO_RECORD: &str = "keeps no ended sessions; write retention = \"0\", or leave the key out";

/// All of them, but `when_full` and `strict`, which say nothing without the others.
const LIMITS: &[Limit] = &[
    ("expire", |policy| policy.expire == ExpiryMode::Timeout, OWN_RULE),
    ("timeout", |_| false, OWN_RULE),
    ("min_timeout", |_| false, OWN_RULE),
    ("max_timeout", |_| false, OWN_RULE),
    ("abandoned", |_| false, OWN_RULE),
    ("lifetime", |policy| policy.lifetime.is_none(), OWN_RULE),
    ("delay", |_| false, OWN_RULE),
    ("limit", |policy| policy.limit == 0, OWN_DOOR),
    ("user_limit", |policy| policy.user_limit == 0, OWN_DOOR),
    ("touch_resolution", |policy| policy.touch_resolution == Span::ZERO, OWN_TOUCH),
    ("retention", |policy| policy.retention == Some(Span::ZERO), NO_RECORD),
];

impl Config {
    /// Whether a framework's table can carry what the file says of the policy of its
    /// task: it has a rule of its own for when sessions are over, and keeps none for the
    /// record. What the task's own policy says otherwise than the general one counts. No
    /// licence covers its task.
    ///
    /// # Errors
    /// The first key, with its line, that it cannot.
    pub fn check_for(&self, profile: &Profile) -> Result<(), ConfigError> {
        let door = format!("the table of {} {NO_LICENCE}", profile.title);
        let faults = LIMITS.iter().filter_map(|limit| self.refused(profile, limit));
        let faults = faults.chain(self.licence_refused(&profile.task, &door));
        faults.min_by_key(|fault| fault.line).map_or(Ok(()), Err)
    }

    fn refused(&self, profile: &Profile, (key, is_harmless, why): &Limit) -> Option<ConfigError> {
        let own = self.policies.table_of(&profile.task).map(|task| format!("policy.{task}.{key}"));
        let mut keys = own.into_iter().chain([format!("policy.{key}")]);
        let (line, key) = keys.find_map(|key| self.lines.get(&key).map(|line| (*line, key)))?;
        if is_harmless(self.policies.of(&profile.task)) {
            return None;
        }
        let what = format!("the table of {} {why}", profile.title);
        Some(ConfigError::new(&self.file, line, &key, &what))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::profile::{built_in, parse};

    fn said_of(text: &str) -> String {
        let (_, django) = built_in().iter().find(|(name, _)| *name == "django").unwrap();
        let profile = parse(django, "django", &BTreeMap::new()).unwrap();
        let checked = Config::parse(text, "c.toml").unwrap().check_for(&profile);
        checked.map_or_else(|fault| fault.to_string(), |()| "fine".to_owned())
    }

    #[test]
    fn what_a_table_of_a_framework_cannot_carry_is_refused() {
        let said: Vec<_> = [
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
        .map(said_of)
        .into();
        insta::assert_snapshot!(said.join("\n"), @r#"
    c.toml:3: policy.timeout: the table of Django has a rule of its own for when sessions are over; leave the key out
    c.toml:2: policy.expire: the table of Django has a rule of its own for when sessions are over; leave the key out
    c.toml:2: policy.limit: the table of Django has no limits: the application opens its sessions; leave the key out
    c.toml:2: policy.django.retention: the table of Django keeps no ended sessions; write retention = "0", or leave the key out
    c.toml:2: policy.django.touch_resolution: the table of Django is touched by the application alone; leave the key out
    c.toml:2: policy.dj*.retention: the table of Django keeps no ended sessions; write retention = "0", or leave the key out
    c.toml:3: policy.lifetime: the table of Django has a rule of its own for when sessions are over; leave the key out
    c.toml:6: licence.tasks: the table of Django has no limits: the application opens its sessions; leave its task out of the licence
    "#);
    }

    #[test]
    fn what_says_nothing_else_than_the_table_is_allowed() {
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
            assert_eq!(said_of(text), "fine", "{text}");
        }
    }
}
