//! Limits shared by several tasks.

use std::fmt;

use super::rules::OverflowPolicy;
use crate::domain::task::TaskPattern;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Licence {
    /// The tasks, by their names or patterns. No task belongs to two licences.
    pub tasks: Vec<TaskPattern>,
    /// Maximum number of sessions of all these tasks together that have not ended.
    pub limit: u64,
    pub when_full: OverflowPolicy,
}

impl Licence {
    /// Reports whether a task belongs to the licence. ASCII case is ignored.
    pub fn covers(&self, task: &str) -> bool {
        self.tasks.iter().any(|pattern| pattern.matches(task))
    }
}

impl fmt::Display for Licence {
    /// Writes its tasks as the configuration names them: `web, desktop`, or `all tasks`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tasks: Vec<&str> = self.tasks.iter().map(TaskPattern::as_str).collect();
        match tasks.as_slice() {
            ["*"] => f.write_str("all tasks"),
            tasks => f.write_str(&tasks.join(", ")),
        }
    }
}
