//! Requests and results of a compaction.

use std::time::Duration;

use crate::app::stop::StopReason;
use crate::domain::write_limits::{HoldLimit, WriteLimits};
use crate::storage::DiskUsage;

/// Parameters of a compaction.
#[derive(Debug, Clone)]
pub struct CompactRequest {
    /// Target duration of each write transaction.
    pub hold: HoldLimit,
    /// Time limit; `None`: run to the end.
    pub run_time: Option<Duration>,
}

impl Default for CompactRequest {
    fn default() -> Self {
        Self { hold: WriteLimits::default().hold, run_time: None }
    }
}

/// Result of a compaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompactReport {
    /// Disk usage before.
    pub before: DiskUsage,
    /// Disk usage now.
    pub after: DiskUsage,
    /// Write transactions.
    pub steps: u64,
    /// Longest time that one of them blocked other writers.
    pub longest_hold: Duration,
    /// Duration of the run.
    pub elapsed: Duration,
    /// Reason why it stopped early.
    pub stopped: Option<StopReason>,
}

impl CompactReport {
    /// Returns the number of bytes returned to the file system: zero if the application has
    /// used more meanwhile.
    pub const fn freed(&self) -> u64 {
        self.before.bytes().saturating_sub(self.after.bytes())
    }
}
