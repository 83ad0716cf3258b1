//! Statements that run for too long.

use std::time::Duration;

/// Reason to interrupt a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InterruptReason {
    /// The process was asked to stop.
    Asked,
    /// The time that the work may take is over.
    Time,
    /// The lease of the run would be lost before the statement ends.
    Lease,
}

/// Time that statements may take from now on, and the reason to interrupt one that takes
/// longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatementLimit {
    /// The time, counted from the moment at which the limit is set.
    pub time: Duration,
    /// The reason.
    pub cause: InterruptReason,
}

/// A store whose statements can be interrupted, also one that would never end by itself.
pub trait Interruptible {
    /// Interrupts, from now on, each statement that runs when the time is over. It has then
    /// changed nothing, and fails with
    /// [`Error::Interrupted`](crate::domain::error::Error::Interrupted). `None` lifts the
    /// limit.
    fn limit_statements(&mut self, limit: Option<StatementLimit>);
}
