//! What a compaction is asked for, and what it says of itself.

use std::time::Duration;

use crate::domain::session::words;
use crate::domain::write_limits::{HoldLimit, WriteLimits};
use crate::storage::DiskUsage;

/// How space is to be given back.
#[derive(Debug, Clone)]
pub struct CompactRequest {
    /// For how long one step may hold up the application.
    pub hold: HoldLimit,
    /// When to stop with work left; `None`: not before it is done.
    pub run_time: Option<Duration>,
}

impl Default for CompactRequest {
    fn default() -> Self {
        Self { hold: WriteLimits::default().hold, run_time: None }
    }
}

/// Why space was left that could have been given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompactStopReason {
    /// The time was up.
    RunTime,
    /// It was asked to stop.
    Signal,
    /// It was stopped for so long that another process has taken over.
    Lease,
    /// A reader holds on to an older state of the database.
    Reader,
    /// The database was not made for steps.
    NoSteps,
}

words!(CompactStopReason, "reason to stop", {
    RunTime => "run-time",
    Signal => "signal",
    Lease => "lease",
    Reader => "reader",
    NoSteps => "no-steps",
});

/// What has become of the space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompactReport {
    /// What the database took up before.
    pub before: DiskUsage,
    /// What it takes up now.
    pub after: DiskUsage,
    /// Write transactions.
    pub steps: u64,
    /// The longest time for which one of them held up others.
    pub longest_hold: Duration,
    /// How long it took.
    pub elapsed: Duration,
    /// Why it stopped early, if it did.
    pub stopped: Option<CompactStopReason>,
}

impl CompactReport {
    /// Bytes that the file system got back. An application that went on writing may have
    /// taken more than that.
    pub const fn freed(&self) -> u64 {
        self.before.bytes().saturating_sub(self.after.bytes())
    }
}
