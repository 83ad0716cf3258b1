//! The policy of each task.

use std::collections::BTreeMap;

use super::licence::Licence;
use super::retention::{CappedRetention, RetentionCap, apply_caps, find_capped};
use super::rules::Policy;
use crate::domain::task::TaskPattern;
use crate::domain::time::Span;

/// The policy of every task: its own, that of a pattern, or the one for all others.
///
/// Each task has one policy:
///
/// 1. That of its name. ASCII case is ignored.
/// 2. Otherwise that of the most specific pattern that matches it: the one with the most characters
///    other than `*`, then the one with the fewest `*`, then the one that was inserted first.
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
        let (policy, capped) = apply_caps(&self.caps, &tasks, policy);
        if tasks.is_wild() {
            self.patterns.retain(|known| known.tasks != tasks);
            self.patterns.push(PatternPolicy { tasks, policy, capped });
            // The sort is stable: of two equal patterns, the earlier one stays first.
            self.patterns.sort_by_key(|known| std::cmp::Reverse(known.tasks.specificity()));
        } else {
            self.names.insert(tasks.as_str().to_owned(), policy);
        }
    }

    /// Cuts the retention of all policies, those that are there and those that are inserted later.
    pub fn cap_retention(&mut self, tasks: &str, max: Option<Span>) {
        self.caps.push(RetentionCap { tasks: TaskPattern::from(tasks).normalized(), max });
        self.caps.sort_by_key(RetentionCap::seconds);
        for (name, policy) in &mut self.names {
            let name = TaskPattern::from(name.as_str());
            *policy = apply_caps(&self.caps, &name, policy.clone()).0;
        }
        for PatternPolicy { tasks, policy, capped } in &mut self.patterns {
            (*policy, *capped) = apply_caps(&self.caps, tasks, policy.clone());
        }
        let all = TaskPattern::from("*");
        (self.default, self.capped_default) = apply_caps(&self.caps, &all, self.default.clone());
    }

    /// The policy of a task, whose name matches without regard to ASCII case.
    pub fn for_task(&self, task: &str) -> &Policy {
        if !self.names.is_empty()
            && let Some(own) = self.names.get(&task.to_ascii_lowercase())
        {
            return own;
        }
        match self.patterns.iter().find(|own| own.tasks.matches(task)) {
            Some(own) => find_capped(&own.capped, task).unwrap_or(&own.policy),
            None => find_capped(&self.capped_default, task).unwrap_or(&self.default),
        }
    }

    /// The name or the pattern, in lower case, whose policy a task has; `None`: it has the default.
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
