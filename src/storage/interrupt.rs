use std::time::Duration;

use crate::domain::error::InterruptReason;

/// Time limit of each statement from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatementLimit {
    /// Time left, counted from the moment at which the limit is set.
    pub time: Duration,
    pub cause: InterruptReason,
}

/// A store whose statements can be interrupted, even one that would never end.
pub trait Interruptible {
    /// Interrupts each statement that is still running when the time has passed. The statement has
    /// then changed nothing, and fails with
    /// [`Error::Interrupted`](crate::domain::error::Error::Interrupted). `None` lifts the limit.
    fn limit_statements(&mut self, limit: Option<StatementLimit>);
}
