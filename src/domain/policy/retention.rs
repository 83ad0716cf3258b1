//! Caps on the retention of groups of tasks.

use super::rules::Policy;
use crate::domain::task::TaskPattern;
use crate::domain::time::Span;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CappedRetention {
    pub tasks: TaskPattern,
    pub policy: Policy,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetentionCap {
    /// The pattern, or the name of a task, [normalized](TaskPattern::normalized).
    pub tasks: TaskPattern,
    /// The longest retention; `None`: any.
    pub max: Option<Span>,
}

impl RetentionCap {
    /// The cap in seconds, to compare it with others.
    pub fn seconds(&self) -> i64 {
        self.max.map_or(i64::MAX, Span::as_seconds)
    }

    /// A policy under the cap, if that changes it.
    fn reduce(&self, policy: &Policy) -> Option<Policy> {
        let is_longer = policy.is_kept_longer_than(self.max);
        is_longer.then(|| Policy { retention: self.max, ..policy.clone() })
    }
}

impl Policy {
    /// Reports whether rows are kept for longer than `span`; `None`: forever.
    pub fn is_kept_longer_than(&self, span: Option<Span>) -> bool {
        span.is_some_and(|span| self.retention.is_none_or(|retention| retention > span))
    }
}

/// A policy of the tasks that match a pattern, under caps of which the smallest is first:
/// that of all of them, and those of the ones that a smaller cap concerns.
pub(super) fn apply_caps(
    caps: &[RetentionCap],
    tasks: &TaskPattern,
    policy: Policy,
) -> (Policy, Vec<CappedRetention>) {
    let mut capped = Vec::new();
    for cap in caps.iter().filter(|cap| cap.tasks.overlaps(tasks)) {
        let Some(reduced) = cap.reduce(&policy) else { break };
        if cap.tasks.covers(tasks) {
            return (reduced, capped);
        }
        capped.push(CappedRetention { tasks: cap.tasks.clone(), policy: reduced });
    }
    (policy, capped)
}

/// The first policy whose pattern matches a task.
pub(super) fn find_capped<'a>(capped: &'a [CappedRetention], task: &str) -> Option<&'a Policy> {
    capped.iter().find(|capped| capped.tasks.matches(task)).map(|capped| &capped.policy)
}
