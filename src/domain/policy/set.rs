//! The policy of each task.

use std::collections::BTreeMap;

use super::licence::Licence;
use super::retention::{CappedRetention, RetentionCap, capped, under};
use super::rules::Policy;
use crate::domain::task::TaskPattern;
use crate::domain::time::Span;

/// The policy of every task: its own, that of a pattern, or the one for all others.
///
/// Each task has one policy:
///
/// 1. That of its name. ASCII case is ignored.
/// 2. Otherwise that of the most specific pattern that matches it: the one with the most
///    characters other than `*`, then the one with the fewest `*`, then the one that was
///    inserted first.
/// 3. Otherwise the default.
///
/// Its retention is no longer than the smallest cap whose pattern matches
/// the task, wherever the policy comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Policies {
    /// Policy of the tasks without one. Set it before the caps.
    pub default: Policy,
    /// Cap of every retention, for reports; `None`: none.
    pub retention_cap: Option<Span>,
    /// The limits over several tasks, in the order of the configuration.
    pub licences: Vec<Licence>,
    /// Policies of single tasks, by their names in lower case.
    names: BTreeMap<String, Policy>,
    /// In the order in which they take precedence.
    patterns: Vec<PatternPolicy>,
    /// The smallest first.
    caps: Vec<RetentionCap>,
    /// The default as the caps change it.
    capped_default: Vec<CappedRetention>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternPolicy {
    /// The pattern, [normalized](TaskPattern::normalized).
    pub tasks: TaskPattern,
    /// Their policy, if no cap below concerns them.
    pub policy: Policy,
    /// The policy of those of them that a cap concerns as well, the smallest cap first.
    pub capped: Vec<CappedRetention>,
}

impl Policies {
    /// One policy for all tasks.
    pub fn uniform(policy: Policy) -> Self {
        Self { default: policy, ..Self::default() }
    }

    /// Gives a task, or the tasks that match a pattern, a policy of their own.
    pub fn insert(&mut self, task: &str, policy: Policy) {
        let tasks = TaskPattern::from(task).normalized();
        let (policy, capped) = under(&self.caps, &tasks, policy);
        if tasks.is_wild() {
            self.patterns.retain(|known| known.tasks != tasks);
            self.patterns.push(PatternPolicy { tasks, policy, capped });
            // The sort is stable: of two equal patterns, the earlier one stays first.
            self.patterns.sort_by_key(|known| std::cmp::Reverse(known.tasks.specificity()));
        } else {
            self.names.insert(tasks.as_str().to_owned(), policy);
        }
    }

    /// Cuts the retention of all policies, those that are there and those that are
    /// inserted later.
    pub fn cap_retention(&mut self, tasks: &str, max: Option<Span>) {
        self.caps.push(RetentionCap { tasks: TaskPattern::from(tasks).normalized(), max });
        self.caps.sort_by_key(RetentionCap::seconds);
        for (name, policy) in &mut self.names {
            let name = TaskPattern::from(name.as_str());
            *policy = under(&self.caps, &name, policy.clone()).0;
        }
        for PatternPolicy { tasks, policy, capped } in &mut self.patterns {
            (*policy, *capped) = under(&self.caps, tasks, policy.clone());
        }
        let all = TaskPattern::from("*");
        (self.default, self.capped_default) = under(&self.caps, &all, self.default.clone());
    }

    /// The policy of a task, whose name matches without regard to ASCII case.
    pub fn for_task(&self, task: &str) -> &Policy {
        if !self.names.is_empty()
            && let Some(own) = self.names.get(&task.to_ascii_lowercase())
        {
            return own;
        }
        match self.patterns.iter().find(|own| own.tasks.matches(task)) {
            Some(own) => capped(&own.capped, task).unwrap_or(&own.policy),
            None => capped(&self.capped_default, task).unwrap_or(&self.default),
        }
    }

    /// The name or the pattern, in lower case, whose policy a task has; `None`: it has the
    /// default.
    pub fn table_of(&self, task: &str) -> Option<&str> {
        let named = self.names.get_key_value(&task.to_ascii_lowercase());
        let matching = || self.patterns.iter().find(|own| own.tasks.matches(task));
        named.map(|(name, _)| name.as_str()).or_else(|| matching().map(|own| own.tasks.as_str()))
    }

    /// The licence that a task belongs to.
    pub fn licence_of(&self, task: &str) -> Option<&Licence> {
        self.licences.iter().find(|licence| licence.covers(task))
    }

    /// The policies of these tasks, by their names, and the default for all others.
    #[must_use]
    pub fn for_tasks<'t>(&self, tasks: impl IntoIterator<Item = &'t str>) -> Self {
        let mut policies = Self::uniform(self.default.clone());
        policies.retention_cap = self.retention_cap;
        policies.licences.clone_from(&self.licences);
        for task in tasks {
            let policy = self.for_task(task);
            if *policy != self.default {
                policies.names.insert(task.to_ascii_lowercase(), policy.clone());
            }
        }
        policies
    }

    /// The tasks with a policy of their own, in lower case.
    pub fn iter_named(&self) -> impl Iterator<Item = (&str, &Policy)> {
        self.names.iter().map(|(task, policy)| (task.as_str(), policy))
    }

    /// The patterns with a policy of their own; the first one that matches a task decides,
    /// if the task has none by its name.
    pub fn patterns(&self) -> &[PatternPolicy] {
        &self.patterns
    }

    /// The default as the caps change it: the first one that matches a task decides.
    pub fn capped_default(&self) -> &[CappedRetention] {
        &self.capped_default
    }

    /// The caps of groups of tasks, the smallest first.
    pub fn caps(&self) -> &[RetentionCap] {
        &self.caps
    }

    /// Names of tasks, and then the patterns, with a policy of their own, in lower case.
    /// That of a pattern is the one that no cap concerns.
    pub fn tables(&self) -> impl Iterator<Item = (&str, &Policy)> {
        self.iter_named().chain(self.patterns.iter().map(|own| (own.tasks.as_str(), &own.policy)))
    }

    /// The policies of the tasks that a pattern means; `None`: of all. The default
    /// has no name, and is among them unless each task that the pattern means has
    /// a policy of its own. What the caps change is left out.
    pub fn matching<'a>(
        &'a self,
        task: Option<&'a TaskPattern>,
    ) -> impl Iterator<Item = (Option<&'a str>, &'a Policy)> {
        let is_meant = move |name: &str| task.is_none_or(|task| task.matches(name));
        let is_own = task.is_some_and(|task| !task.is_wild())
            && self.iter_named().any(|(name, _)| is_meant(name));
        let all = |own: &PatternPolicy| task.is_some_and(|task| own.tasks.covers(task));
        // Patterns after one that covers all of them do not apply.
        let last = self.patterns.iter().position(all);
        let patterns: &[PatternPolicy] = match (is_own, last) {
            (true, _) => &[],
            (false, Some(last)) => &self.patterns[..=last],
            (false, None) => &self.patterns[..],
        };
        let default = Some((None, &self.default)).filter(|_| !is_own && last.is_none());
        let named = self.iter_named().filter(move |(name, _)| is_meant(name));
        let overlaps = move |own: &&PatternPolicy| task.is_none_or(|task| own.tasks.overlaps(task));
        let patterns = patterns.iter().filter(overlaps);
        let own = named.chain(patterns.map(|own| (own.tasks.as_str(), &own.policy)));
        default.into_iter().chain(own.map(|(name, policy)| (Some(name), policy)))
    }

    /// All policies, the default first.
    pub fn all(&self) -> impl Iterator<Item = &Policy> {
        std::iter::once(&self.default)
            .chain(self.names.values())
            .chain(self.patterns.iter().map(|own| &own.policy))
            .chain(self.patterns.iter().flat_map(|own| &own.capped).map(|capped| &capped.policy))
            .chain(self.capped_default.iter().map(|capped| &capped.policy))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A policy that can be told from others by its timeout.
    fn policy(minutes: i64) -> Policy {
        Policy { timeout: Some(Span::minutes(minutes)), retention: None, ..Policy::default() }
    }

    fn policies(tasks: &[&str]) -> Policies {
        let mut policies = Policies::uniform(policy(0));
        for (minutes, task) in (1..).zip(tasks) {
            policies.insert(task, policy(minutes));
        }
        policies
    }

    /// The table whose policy a task has.
    #[track_caller]
    fn table<'a>(policies: &Policies, tables: &[&'a str], task: &str) -> &'a str {
        let minutes = policies.for_task(task).timeout.unwrap().as_seconds() / 60;
        let place = usize::try_from(minutes).unwrap();
        let table = place.checked_sub(1).map_or("", |place| tables[place]);
        let known = policies.table_of(task).unwrap_or_default();
        assert_eq!(known, TaskPattern::from(table).normalized().as_str());
        table
    }

    #[test]
    fn s12_a_task_has_the_policy_of_its_name_or_of_the_most_specific_pattern() {
        let tables = ["i*", "*m*a*p", "imap", "IM*", "*MA", "ma*", "*a*p", "**x"];
        let policies = policies(&tables);
        for (task, expected) in [
            ("IMAP", "imap"),
            ("imaap", "*m*a*p"),
            ("imx", "IM*"),
            ("ix", "i*"),
            // Both have two letters and one wildcard.
            ("ma", "*MA"),
            ("mab", "ma*"),
            ("tap", "*a*p"),
            ("ox", "**x"),
            ("http", ""),
            ("", ""),
        ] {
            assert_eq!(table(&policies, &tables, task), expected, "{task}");
        }
    }

    #[test]
    fn s12_one_pattern_in_two_spellings_has_one_policy() {
        let mut policies = policies(&["im**"]);
        policies.insert("IM*", policy(9));
        assert_eq!(policies.for_task("imap").timeout, Some(Span::minutes(9)));
        assert_eq!(policies.patterns().len(), 1);
    }

    #[test]
    fn t11_the_smallest_cap_applies_wherever_the_policy_comes_from() {
        let mut policies = policies(&["group-x", "group-*", "*box"]);
        policies.cap_retention("g*", Some(Span::days(30)));
        policies.cap_retention("*-x", Some(Span::days(7)));
        policies.cap_retention("*-short*", Some(Span::days(1)));
        policies.cap_retention("*", None);
        policies.insert("g-short", policy(4));
        policies.insert("late", Policy { retention: Some(Span::days(3)), ..policy(5) });
        policies.cap_retention("late", Some(Span::days(4)));
        let days = |task: &str| {
            policies.for_task(task).retention.map(|retention| retention.as_seconds() / 86_400)
        };
        for (task, expected) in [
            ("GROUP-X", Some(7)),
            ("group-xx", Some(30)),
            ("group-short", Some(1)),
            ("g-short", Some(1)),
            ("game", Some(30)),
            ("gamebox", Some(30)),
            ("box", None),
            ("a-shortbox", Some(1)),
            ("a-x", Some(7)),
            ("a-short", Some(1)),
            ("late", Some(3)),
            ("news", None),
        ] {
            assert_eq!(days(task), expected, "{task}");
        }
        // The rest of the policy is unchanged
        assert_eq!(policies.for_task("group-short").timeout, Some(Span::minutes(2)));
        assert_eq!(policies.for_task("a-shortbox").timeout, Some(Span::minutes(3)));
        // And for some tasks they are the same by name
        let tasks = ["Group-X", "group-short", "a-x", "a-shortbox", "late", "news"];
        let few = policies.for_tasks(tasks);
        assert!(tasks.iter().all(|task| few.for_task(task) == policies.for_task(task)));
        assert!(few.patterns().is_empty() && few.capped_default().is_empty());
    }

    #[test]
    fn a_pattern_means_the_policies_that_its_tasks_may_have() {
        let policies = policies(&["imap", "im*", "i*", "*s"]);
        for (task, expected) in [
            (None, &["", "imap", "im*", "i*", "*s"][..]),
            (Some("IMAP"), &["imap"]),
            (Some("imaps"), &["im*"]),
            (Some("icap"), &["i*"]),
            (Some("http"), &[""]),
            (Some("im*"), &["imap", "im*"]),
            (Some("imx*"), &["im*"]),
            (Some("i*"), &["imap", "im*", "i*"]),
            (Some("i*p"), &["imap", "im*", "i*"]),
            (Some("h*"), &["", "*s"]),
            (Some("*"), &["", "imap", "im*", "i*", "*s"]),
        ] {
            let task = task.map(TaskPattern::from);
            let meant = policies.matching(task.as_ref()).map(|(name, _)| name.unwrap_or_default());
            assert_eq!(meant.collect::<Vec<_>>(), expected, "{task:?}");
        }
    }
}
