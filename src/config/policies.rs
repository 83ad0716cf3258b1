//! The policies of the tasks: `[policy]`, `[policy.TASK]` and `[policy."PATTERN"]`.

use std::borrow::Cow;
use std::collections::HashMap;

use toml::Spanned;

use super::keys::POLICY;
use super::page::{Entry, Read};
use super::read::Reader;
use super::{ConfigError, keys};
use crate::domain::filter::TaskPattern;
use crate::domain::policy::{ExpiryMode, OverflowPolicy, Policy, RetentionCap};
use crate::domain::time::Span;

/// SQLite refuses patterns of more than 50,000 bytes; nobody needs one of more than this.
const LONGEST_PATTERN: usize = 1_000;

impl Reader<'_> {
    pub(super) fn policies(&mut self, entry: Entry<'_, '_>) -> Read<()> {
        let table = self.page.table("policy", entry)?;
        let is_task = is_table_of_tasks;
        let own = table.iter().filter(|entry| !is_task(entry));
        let mut default = self.policy("policy", Policy::default(), own)?;
        self.cap_retention("policy", None, &mut default);
        self.config.policies.default = default.clone();
        let mut own: Vec<_> = table.iter().filter(is_task).collect();
        // Of two patterns that are equally specific, the earlier one goes first.
        own.sort_by_key(|entry| entry.0.span().start);
        let keys: Vec<_> = own.iter().map(|entry| entry.0).collect();
        self.check_tasks("policy", "policy", &keys)?;
        for entry in own {
            let task = entry.0.get_ref();
            let tasks = TaskPattern::from(task.as_ref()).normalized();
            let name = format!("policy.{}", tasks.as_str());
            let own = self.page.table(&name, entry)?;
            let mut policy = self.policy(&name, default.clone(), own.iter())?;
            self.cap_retention(&name, Some(&tasks), &mut policy);
            self.config.policies.insert(task, policy);
        }
        Ok(())
    }

    /// Refuses names and patterns of tasks that are no use, or that are the same: for TOML
    /// `imap` and `IMAP` are two keys.
    pub(super) fn check_tasks(
        &self,
        table: &str,
        what: &str,
        keys: &[&Spanned<Cow<'_, str>>],
    ) -> Read<()> {
        let mut known: HashMap<TaskPattern, &str> = HashMap::new();
        for key in keys {
            let text = key.get_ref().as_ref();
            let tasks = TaskPattern::from(text);
            let fault = match known.insert(tasks.normalized(), text) {
                _ if tasks.is_wild() && text.len() > LONGEST_PATTERN => {
                    format!(
                        "a pattern has at most {LONGEST_PATTERN} bytes, and this one {}",
                        text.len()
                    )
                }
                _ if tasks.is_wild() && text.contains('\0') => {
                    "a pattern has no NUL characters".to_owned()
                }
                Some(first) if tasks.is_wild() => format!(
                    "the pattern has a {what} already: {first:?} and {text:?} match the same tasks"
                ),
                Some(_) => {
                    format!("the task has a {what} already; names match without regard to case")
                }
                None => continue,
            };
            return Err(self.page.fault(key.span().start, &format!("{table}.{text}"), &fault));
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

    /// Cuts a retention to the general cap, and warns of what reduces one that the table
    /// sets. `tasks` are those that have the policy; `None`: all others.
    fn cap_retention(&mut self, table: &str, tasks: Option<&TaskPattern>, policy: &mut Policy) {
        if self.own_line(table, "retention").is_some() {
            let warnings = self.reductions(table, tasks, policy);
            self.config.warnings.extend(warnings);
        }
        let general = self.config.policies.retention_cap;
        if policy.is_kept_longer_than(general) {
            policy.retention = general;
        }
    }

    /// What the caps reduce, the smallest first. The retention of all other tasks is a
    /// default: the cap of a group is there to reduce it, which surprises nobody.
    fn reductions(&self, table: &str, tasks: Option<&TaskPattern>, policy: &Policy) -> Vec<String> {
        let all = TaskPattern::from("*");
        let general = RetentionCap { tasks: all.clone(), max: self.config.policies.retention_cap };
        let groups = self.caps.iter().filter(|cap| cap.seconds() < general.seconds());
        let groups = groups.map(|cap| (format!("retention.{}.max", cap.tasks.as_str()), cap));
        let mut warnings = Vec::new();
        for (key, cap) in groups.chain([("retention.max".to_owned(), &general)]) {
            let covers = cap.tasks.covers(tasks.unwrap_or(&all));
            let concerns = covers || tasks.is_some_and(|tasks| cap.tasks.overlaps(tasks));
            if !concerns || !policy.is_kept_longer_than(cap.max) {
                continue;
            }
            let [from, to] = [policy.retention, cap.max].map(keys::or_forever);
            let cut = format!("{table}.retention = \"{from}\" is cut to {key} = \"{to}\"");
            if covers {
                warnings.push(cut);
                break;
            }
            let group = cap.tasks.as_str();
            warnings.push(format!("{cut} for the tasks that match {group:?} as well"));
        }
        warnings
    }
}

/// Whether an entry is about tasks, as a table is, and as one should be that is called like
/// a pattern of tasks.
pub(super) fn is_table_of_tasks(entry: &Entry<'_, '_>) -> bool {
    entry.1.get_ref().is_table() || entry.0.get_ref().contains('*')
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
    if policy.expire != ExpiryMode::TwoPass || policy.when_full == OverflowPolicy::Refuse {
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
