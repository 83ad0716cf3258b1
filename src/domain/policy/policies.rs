//! Which policy holds for which task.

use std::collections::BTreeMap;

use super::Policy;
use crate::domain::filter::TaskPattern;
use crate::domain::time::Span;

/// The policy of every task: its own, or the one for all others.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Policies {
    /// For the tasks that have none of their own.
    pub default: Policy,
    /// What every retention was cut to, for those who ask; `None`: nothing.
    pub retention_cap: Option<Span>,
    /// By their names in lower case.
    tasks: BTreeMap<String, Policy>,
}

impl Policies {
    /// The same policy for all tasks.
    pub fn same_for_all(policy: Policy) -> Self {
        Self { default: policy, ..Self::default() }
    }

    /// Gives a task a policy of its own.
    pub fn insert(&mut self, task: &str, policy: Policy) {
        self.tasks.insert(task.to_ascii_lowercase(), policy);
    }

    /// The policy of a task, whose name matches without regard to ASCII case.
    pub fn of(&self, task: &str) -> &Policy {
        if self.tasks.is_empty() {
            return &self.default;
        }
        self.tasks.get(&task.to_ascii_lowercase()).unwrap_or(&self.default)
    }

    /// The same policies, as far as they hold for these tasks.
    #[must_use]
    pub fn for_tasks<'t>(&self, tasks: impl IntoIterator<Item = &'t str>) -> Self {
        let own = |task: &str| self.tasks.get_key_value(&task.to_ascii_lowercase());
        let own = tasks.into_iter().filter_map(own);
        Self {
            default: self.default.clone(),
            tasks: own.map(|(task, policy)| (task.clone(), policy.clone())).collect(),
            ..*self
        }
    }

    /// The tasks with a policy of their own, in lower case.
    pub fn named(&self) -> impl Iterator<Item = (&str, &Policy)> {
        self.tasks.iter().map(|(task, policy)| (task.as_str(), policy))
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
        std::iter::once(&self.default).chain(self.tasks.values())
    }
}
