//! Which policy holds for which task.

use std::collections::BTreeMap;

use super::{Licence, Policy};
use crate::domain::filter::TaskPattern;
use crate::domain::time::Span;

/// The policy of every task: its own, or the one for all others.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Policies {
    /// For the tasks that have none of their own.
    pub default: Policy,
    /// What every retention was cut to, for those who ask; `None`: nothing.
    pub retention_cap: Option<Span>,
    /// The limits over several tasks, in the order of the configuration.
    pub licences: Vec<Licence>,
    tasks: BTreeMap<String, Own>,
}

/// The policy of one task.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Own {
    /// The task, as the configuration spells it.
    name: String,
    policy: Policy,
}

impl Policies {
    /// The same policy for all tasks.
    pub fn same_for_all(policy: Policy) -> Self {
        Self { default: policy, ..Self::default() }
    }

    /// Gives a task a policy of its own.
    pub fn insert(&mut self, task: &str, policy: Policy) {
        self.tasks.insert(task.to_ascii_lowercase(), Own { name: task.to_owned(), policy });
    }

    /// The policy of a task, whose name matches without regard to ASCII case.
    pub fn of(&self, task: &str) -> &Policy {
        if self.tasks.is_empty() {
            return &self.default;
        }
        self.tasks.get(&task.to_ascii_lowercase()).map_or(&self.default, |own| &own.policy)
    }

    /// The licence that a task belongs to.
    pub fn licence_of(&self, task: &str) -> Option<&Licence> {
        self.licences.iter().find(|licence| licence.covers(task))
    }

    /// The name of a task in figures: as the configuration spells it, and otherwise in lower
    /// case. Rows may spell it in several ways, and come and go.
    pub fn name_of(&self, task: &str) -> String {
        let lower = task.to_ascii_lowercase();
        self.tasks.get(&lower).map_or(lower, |own| own.name.clone())
    }

    /// The same policies, as far as they hold for these tasks.
    #[must_use]
    pub fn for_tasks<'t>(&self, tasks: impl IntoIterator<Item = &'t str>) -> Self {
        let own = |task: &str| self.tasks.get_key_value(&task.to_ascii_lowercase());
        let own = tasks.into_iter().filter_map(own);
        Self {
            default: self.default.clone(),
            tasks: own.map(|(task, own)| (task.clone(), own.clone())).collect(),
            licences: self.licences.clone(),
            ..*self
        }
    }

    /// The tasks with a policy of their own, in lower case.
    pub fn named(&self) -> impl Iterator<Item = (&str, &Policy)> {
        self.tasks.iter().map(|(task, own)| (task.as_str(), &own.policy))
    }

    /// The policies of the tasks that a pattern means; `None`: of all. The default
    /// has no name, and is among them unless the pattern is the name of a task
    /// that has a policy of its own.
    pub fn meant_by<'a>(
        &'a self,
        task: Option<&'a TaskPattern>,
    ) -> impl Iterator<Item = (Option<&'a str>, &'a Policy)> {
        let is_meant = move |name: &str| task.is_none_or(|task| task.matches(name));
        let is_own = task.is_some_and(|task| !task.is_wild())
            && self.named().any(|(name, _)| is_meant(name));
        let default = Some((None, &self.default)).filter(|_| !is_own);
        let named = self.named().filter(move |(name, _)| is_meant(name));
        default.into_iter().chain(named.map(|(name, policy)| (Some(name), policy)))
    }

    /// All policies, the default first.
    pub fn all(&self) -> impl Iterator<Item = &Policy> {
        std::iter::once(&self.default).chain(self.tasks.values().map(|own| &own.policy))
    }
}
