//! Distribution of the times for which sessions have been unused.

use super::time::Span;

/// Sessions of a task that have not ended, by the time for which they have been unused.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IdleTimes {
    pub task: String,
    /// Timeout that the policy of the task grants to a session that requests none; in a
    /// framework's table, the time after which an unused session is due. `None`: none.
    pub timeout: Option<Span>,
    /// Consecutive ranges, the shortest times first. The timeout is one of their limits.
    pub ranges: Vec<IdleRange>,
    /// Sessions without a readable time of their last use.
    pub unknown: u64,
}

/// Range of times: longer than `over`, and at most `up_to`; the first one includes zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct IdleRange {
    pub over: Span,
    /// `None`: any time.
    pub up_to: Option<Span>,
    /// Sessions that are not due.
    pub live: u64,
    /// Sessions that are due and wait for the next purge.
    pub expired: u64,
}

impl IdleRange {
    pub const fn sessions(&self) -> u64 {
        self.live + self.expired
    }
}

impl IdleTimes {
    /// Limits of the ranges on a scale on which each is about twice the one before.
    pub const LIMITS: [Span; 17] = [
        Span::minutes(1),
        Span::minutes(2),
        Span::minutes(5),
        Span::minutes(10),
        Span::minutes(15),
        Span::minutes(30),
        Span::hours(1),
        Span::hours(2),
        Span::hours(4),
        Span::hours(8),
        Span::days(1),
        Span::days(2),
        Span::days(4),
        Span::days(7),
        Span::days(14),
        Span::days(30),
        Span::days(90),
    ];
}
