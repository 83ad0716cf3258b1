//! The part of a configuration's policies that the table of a framework can follow.

use super::document::SourceLine;
use super::error::ConfigError;
use super::licences;
use super::options::Config;
use super::policies::POLICY_KEYS;
use super::settings::Setting;
use super::table::join;
use crate::domain::policy::{ExpiryMode, Licence, OverflowPolicy, Policy};
use crate::domain::profile::{Profile, StricterRules};
use crate::domain::time::Span;

/// Policy of a framework's table, from the policy of its task.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TablePolicy {
    pub rules: StricterRules,
    /// Keys that take effect.
    pub applied: Vec<Setting>,
    /// Keys of `[policy]` or a pattern that the table cannot follow.
    pub ignored: Vec<IgnoredKey>,
}

/// A key that has no effect on a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IgnoredKey {
    /// The key with its table.
    pub key: String,
    pub line: SourceLine,
    pub reason: String,
}

/// A key of a policy that no framework's table can follow, the values that make no difference, and
/// the reason.
type Restriction = (&'static str, fn(&Policy) -> bool, &'static str);

const OWN_RULE: &str = "it has its own expiry rule, which timeout and lifetime can only shorten";
const NO_ADMISSION: &str = "the application opens its sessions";
const NO_TOUCH: &str = "only the application touches its sessions";

/// All keys but `when_full` and `strict`, which have no effect without the others.
const RESTRICTIONS: &[Restriction] = &[
    ("expire", |policy| policy.expire == ExpiryMode::Timeout, OWN_RULE),
    ("min_timeout", |_| false, OWN_RULE),
    ("max_timeout", |_| false, OWN_RULE),
    ("abandoned", |_| false, OWN_RULE),
    ("delay", |_| false, OWN_RULE),
    ("limit", |policy| policy.limit == 0, NO_ADMISSION),
    ("touch_resolution", |policy| policy.touch_resolution == Span::ZERO, NO_TOUCH),
];

/// A key of a policy that a framework's table can follow.
struct SupportedKey {
    name: &'static str,
    /// Reports whether the policy makes no difference.
    is_harmless: fn(&Policy) -> bool,
    /// Column that the profile lacks for it, or the policy that contradicts it.
    obstacle: fn(&Profile, &Policy) -> Option<&'static str>,
    apply: fn(&mut StricterRules, &Policy),
}

const SUPPORTED: &[SupportedKey] = &[
    SupportedKey {
        name: "timeout",
        is_harmless: |policy| policy.timeout.is_none(),
        obstacle: |profile, _| profile.used.is_none().then_some("the time of the last use"),
        apply: |rules, policy| rules.timeout = policy.timeout,
    },
    SupportedKey {
        name: "lifetime",
        is_harmless: |policy| policy.lifetime.is_none(),
        obstacle: |profile, _| profile.created.is_none().then_some("the time of the opening"),
        apply: |rules, policy| rules.lifetime = policy.lifetime,
    },
    SupportedKey {
        name: "user_limit",
        is_harmless: |policy| policy.user_limit == 0,
        obstacle: |profile, _| profile.user.is_none().then_some("the user"),
        apply: |rules, policy| rules.user_limit = policy.user_limit,
    },
    SupportedKey {
        name: "retention",
        is_harmless: |policy| policy.retention == Some(Span::ZERO),
        obstacle: |_, _| None,
        apply: |rules, policy| rules.retention = policy.retention,
    },
];

/// A key that a policy sets, and where.
struct SetKey {
    key: String,
    line: SourceLine,
    /// Set if its table is for this task alone.
    is_own: bool,
    /// Set if it is a key of `[policy]`.
    is_general: bool,
}

impl Config {
    /// Policy of a framework's table: of the policy of its task, what the file sets and the table
    /// can follow. Defaults do not count: without a policy in the file, the framework's rules
    /// apply alone.
    ///
    /// 1. A key of `[policy.TASK]` overrides one of `[policy]`.
    /// 2. A key of `[policy.TASK]`, with the very name of the task, that the table cannot follow
    ///    is an error, and so is a licence that names the task.
    /// 3. One of `[policy]`, or of a pattern, is ignored: the configuration may be for other
    ///    tables as well.
    /// 4. So it is if the rows are not sessions, but tokens, codes or the like; and a key of
    ///    `[policy]` with the default value, which changes as little as no key.
    ///
    /// # Errors
    /// The first key of the file that the table cannot follow.
    pub fn table_policy(&self, profile: &Profile) -> Result<TablePolicy, ConfigError> {
        let policy = self.policies.for_task(&profile.task);
        let mut found = TablePolicy::default();
        let mut conflicts: Vec<IgnoredKey> = Vec::new();
        let mut ignore = |set: SetKey, reason: String, found: &mut TablePolicy| {
            let SetKey { key, line, is_own, .. } = set;
            let ignored = IgnoredKey { key, line, reason };
            if is_own { conflicts.push(ignored) } else { found.ignored.push(ignored) }
        };
        for (name, is_harmless, reason) in RESTRICTIONS {
            if let Some(set) = self.set_key(profile, name).filter(|_| !is_harmless(policy)) {
                ignore(set, (*reason).to_owned(), &mut found);
            }
        }
        if let Some(set) = self.licence(&profile.task) {
            ignore(set, NO_ADMISSION.to_owned(), &mut found);
        }
        for supported in SUPPORTED {
            let Some(set) = self.set_key(profile, supported.name) else { continue };
            if (supported.is_harmless)(policy) {
                continue;
            }
            match obstacle(supported, profile, policy, &set) {
                Some(reason) => ignore(set, reason, &mut found),
                None => {
                    (supported.apply)(&mut found.rules, policy);
                    found.applied.push(Self::applied(supported.name, &set, policy));
                }
            }
        }
        found.ignored.sort_by(|one, other| one.line.cmp(&other.line));
        match conflicts.into_iter().min_by(|one, other| one.line.cmp(&other.line)) {
            None => Ok(found),
            Some(IgnoredKey { key, line, reason }) => {
                let remove = match key.as_str() {
                    "licence.tasks" => "remove its task from the licence",
                    _ => "remove the key",
                };
                let title = &profile.title;
                let message = format!("does not apply to the table of {title}: {reason}; {remove}");
                Err(line.error(&key, &message))
            }
        }
    }

    /// Reports whether the file sets any key of a policy.
    pub fn sets_policy(&self) -> bool {
        self.lines.keys().any(|key| key.starts_with("policy."))
    }

    fn set_key(&self, profile: &Profile, key: &str) -> Option<SetKey> {
        let own = self.policies.table_of(&profile.task);
        let is_named = own.is_some_and(|task| task.eq_ignore_ascii_case(&profile.task));
        let own = own.map(|task| (format!("policy.{task}"), is_named, false));
        let mut tables = own.into_iter().chain([("policy".to_owned(), false, true)]);
        tables.find_map(|(table, is_own, is_general)| {
            let line = self.line(&table, key)?.clone();
            Some(SetKey { line, key: join(&table, key), is_own, is_general })
        })
    }

    fn applied(name: &str, set: &SetKey, policy: &Policy) -> Setting {
        Setting { key: name.to_owned(), value: shown(name, policy), line: Some(set.line.clone()) }
    }

    fn licence(&self, task: &str) -> Option<SetKey> {
        let covers = |licence: &Licence| licence.covers(task);
        let index = self.policies.licences.iter().position(covers)?;
        let mut named = self.policies.licences[index].tasks.iter();
        Some(SetKey {
            key: "licence.tasks".to_owned(),
            line: self.line(&licences::table_name(index), "tasks")?.clone(),
            is_own: named.any(|tasks| !tasks.is_wild() && tasks.matches(task)),
            is_general: false,
        })
    }
}

/// Reason why a table cannot follow a key; `None`: it can.
fn obstacle(
    supported: &SupportedKey,
    profile: &Profile,
    policy: &Policy,
    set: &SetKey,
) -> Option<String> {
    if profile.readonly.is_some() {
        return Some(format!("profile {} is read-only", profile.name));
    }
    if !set.is_own && !profile.holds_sessions() {
        return Some(format!(
            "it holds {}; set the key under [policy.{}] if it is meant for them",
            profile.holds, profile.task
        ));
    }
    if set.is_general && shown(supported.name, policy) == shown(supported.name, &Policy::default())
    {
        return Some(format!(
            "it is the default of sessctl's own table; set the key under [policy.{}] if it is \
             meant for this table",
            profile.task
        ));
    }
    if let Some(lacking) = (supported.obstacle)(profile, policy) {
        return Some(format!(
            "profile {} does not know {lacking}; {}",
            profile.name,
            known(profile)
        ));
    }
    contradiction(supported.name, policy, set)
}

/// A mode of sessctl's own table under which the key means something else.
fn contradiction(name: &str, policy: &Policy, set: &SetKey) -> Option<String> {
    match name {
        "timeout" if !set.is_own && policy.expire != ExpiryMode::Timeout => {
            Some(format!("sessions do not end by it under expire = \"{}\"", policy.expire))
        }
        "user_limit" if policy.when_full == OverflowPolicy::Refuse => Some(
            "when_full = \"refuse\" is up to the application, which opens its sessions".to_owned(),
        ),
        _ => None,
    }
}

/// Value of a key as the file writes it.
fn shown(name: &str, policy: &Policy) -> String {
    let key = POLICY_KEYS.iter().find(|key| key.name == name);
    key.map(|key| (key.show)(policy)).unwrap_or_default()
}

/// Keys that the table can follow, for a message about one that it cannot.
fn known(profile: &Profile) -> String {
    let policy = Policy::default();
    let names = SUPPORTED.iter().filter(|key| (key.obstacle)(profile, &policy).is_none());
    let names: Vec<&str> = names.map(|key| key.name).collect();
    format!("keys that apply: {}", names.join(", "))
}
