//! The policies of the tasks: `[policy]` and `[policy.TASK]`.

use std::collections::HashMap;

use super::ConfigError;
use super::keys::{self, POLICY};
use super::page::{Entry, Read};
use super::read::Reader;
use crate::domain::policy::{Expire, Policy, WhenFull};
use crate::domain::time::Span;

impl Reader<'_> {
    pub(super) fn policies(&mut self, entry: Entry<'_, '_>) -> Read<()> {
        let table = self.page.table("policy", entry)?;
        let is_task = |entry: &Entry<'_, '_>| entry.1.get_ref().is_table();
        let own = table.iter().filter(|entry| !is_task(entry));
        let default = self.policy("policy", Policy::default(), own)?;
        self.config.policies.default = default.clone();
        let mut last: HashMap<String, _> = HashMap::new();
        for key in table.keys() {
            let known = last.entry(key.get_ref().to_ascii_lowercase()).or_insert(key);
            if known.span().start < key.span().start {
                *known = key;
            }
        }
        for entry in table.iter().filter(is_task) {
            let task = entry.0.get_ref();
            let name = format!("policy.{}", task.to_ascii_lowercase());
            // For TOML these are two keys, for sessctl one task.
            let later = last.get(&task.to_ascii_lowercase()).filter(|last| **last != entry.0);
            if let Some(later) = later {
                let what = "the task has a policy already; names match without regard to case";
                let key = format!("policy.{}", later.get_ref());
                return Err(self.page.fault(later.span().start, &key, what));
            }
            let own = self.page.table(&name, entry)?;
            let policy = self.policy(&name, default.clone(), own.iter())?;
            self.config.policies.insert(task, policy);
        }
        Ok(())
    }

    /// A policy that says otherwise than `base` where the entries do.
    fn policy<'t, 'i: 't>(
        &mut self,
        table: &str,
        base: Policy,
        entries: impl Iterator<Item = Entry<'t, 'i>>,
    ) -> Read<Policy> {
        let mut policy = base;
        for entry in entries {
            let name = entry.0.get_ref();
            let Some(key) = POLICY.iter().find(|key| key.name == name) else {
                let known: Vec<&str> = POLICY.iter().map(|key| key.name).collect();
                return Err(self.page.unknown(table, entry, &known));
            };
            let full = format!("{table}.{name}");
            self.value(&full, entry, |value| (key.read)(&mut policy, value))?;
        }
        self.stretch(table, &mut policy);
        self.contradictions(table, &policy)?;
        self.cap_retention(table, &mut policy);
        Ok(policy)
    }

    /// Whoever sets a timeout beyond the default bounds means it: bounds that
    /// nobody has set give way.
    fn stretch(&self, table: &str, policy: &mut Policy) {
        let is_set =
            |key| [table, "policy"].iter().any(|table| self.own_line(table, key).is_some());
        if !is_set("min_timeout") {
            let least = [policy.timeout, policy.max_timeout].into_iter().flatten().min();
            policy.min_timeout =
                least.map_or(policy.min_timeout, |least| least.min(policy.min_timeout));
        }
        if !is_set("max_timeout") {
            policy.max_timeout = match (policy.timeout, policy.max_timeout) {
                (Some(timeout), Some(most)) => Some(most.max(timeout).max(policy.min_timeout)),
                _ => None,
            };
        }
    }

    fn contradictions(&self, table: &str, policy: &Policy) -> Read<()> {
        let found = bounds(policy).or_else(|| unknowable(policy));
        found.map_or(Ok(()), |(keys, what)| Err(self.contradiction(table, keys, &what)))
    }

    /// A key against others; the line is that of the first one which the policy's
    /// own table sets, or else the one that it builds on.
    fn contradiction(&self, table: &str, keys: &[&str], what: &str) -> ConfigError {
        let own = keys.iter().find_map(|key| self.own_line(table, key));
        let line = own.or_else(|| keys.iter().find_map(|key| self.own_line("policy", key)));
        self.page.fault_on(line.unwrap_or(1), &format!("{table}.{}", keys[0]), what)
    }

    /// The line on which a table sets a key.
    pub(super) fn own_line(&self, table: &str, key: &str) -> Option<usize> {
        self.config.lines.get(&format!("{table}.{key}")).copied()
    }

    fn cap_retention(&mut self, table: &str, policy: &mut Policy) {
        let Some(cap) = self.config.policies.retention_cap else {
            return;
        };
        if policy.retention.is_none_or(|retention| retention > cap) {
            if self.own_line(table, "retention").is_some() {
                self.config.warnings.push(format!(
                    "{table}.retention = \"{}\" is cut to retention.max = \"{cap}\"",
                    keys::or_forever(policy.retention)
                ));
            }
            policy.retention = Some(cap);
        }
    }
}

/// Keys that contradict each other, and why: the message follows the first of them.
type Contradiction = (&'static [&'static str], String);

/// Timeouts that do not lie within their bounds.
fn bounds(policy: &Policy) -> Option<Contradiction> {
    let longest = policy.max_timeout.unwrap_or(Span::seconds(i64::MAX));
    let shortest = policy.timeout.map_or(policy.min_timeout, |span| span.min(policy.min_timeout));
    let asked = policy.timeout.unwrap_or(Span::seconds(i64::MAX));
    if policy.min_timeout > longest {
        let what = format!("{} is more than max_timeout, {longest}", policy.min_timeout);
        Some((&["min_timeout", "max_timeout"], what))
    } else if asked > longest {
        let timeout = keys::or_never(policy.timeout);
        let what = format!("{timeout} is more than max_timeout, {longest}");
        Some((&["timeout", "max_timeout"], what))
    } else if asked < policy.min_timeout {
        let what = format!("{asked} is less than min_timeout, {}", policy.min_timeout);
        Some((&["timeout", "min_timeout"], what))
    } else if policy.touch_resolution.as_seconds() > shortest.as_seconds() / 2 {
        let what = format!(
            "{} is more than half of the shortest timeout, {shortest}: sessions in use would end",
            policy.touch_resolution
        );
        Some((&["touch_resolution", "min_timeout"], what))
    } else {
        None
    }
}

/// Why no session can be evicted by its last use under `expire = "two-pass"`.
pub(super) const UNKNOWN_USE: &str = "its touches write nothing, so nobody knows which session \
                                      is idle or least recently used; write when_full = \"refuse\"";

/// Limits that evict by the last use, where no last use is known.
fn unknowable(policy: &Policy) -> Option<Contradiction> {
    if policy.expire != Expire::TwoPass || policy.when_full == WhenFull::Refuse {
        return None;
    }
    let (keys, limit): (&[&str], u64) = match (policy.limit, policy.user_limit) {
        (0, 0) => return None,
        (0, limit) => (&["user_limit", "when_full", "expire"], limit),
        (limit, _) => (&["limit", "when_full", "expire"], limit),
    };
    let what = format!(
        "{limit} cannot be kept by when_full = \"{}\" under expire = \"two-pass\": {UNKNOWN_USE}",
        policy.when_full
    );
    Some((keys, what))
}
