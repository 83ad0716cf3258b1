//! Requests and results of a compaction.

use std::time::Duration;

use crate::app::stop::StopReason;
use crate::domain::write_limits::HoldLimit;
use crate::storage::DiskUsage;

#[derive(Debug, Clone)]
pub struct CompactRequest {
    /// Target duration of each write transaction.
    pub hold: HoldLimit,
    /// Time limit; `None`: run to the end.
    pub run_time: Option<Duration>,
    /// Compact the file of an application, too.
    pub allow_foreign: bool,
}

impl Default for CompactRequest {
    fn default() -> Self {
        Self { hold: HoldLimit::DEFAULT, run_time: None, allow_foreign: false }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompactReport {
    pub before: DiskUsage,
    pub after: DiskUsage,
    pub steps: u64,
    /// Longest time that one of them blocked other writers.
    pub longest_hold: Duration,
    pub elapsed: Duration,
    pub stopped: Option<StopReason>,
    /// Name of the replicator whose next checkpoint truncates the file.
    pub replicator: Option<&'static str>,
}

impl CompactReport {
    pub(super) const fn new(before: DiskUsage) -> Self {
        let (longest_hold, elapsed) = (Duration::ZERO, Duration::ZERO);
        Self {
            before,
            after: before,
            steps: 0,
            longest_hold,
            elapsed,
            stopped: None,
            replicator: None,
        }
    }

    /// Returns the bytes returned to the disk: zero if the application has used more meanwhile.
    pub const fn freed(&self) -> u64 {
        self.before.bytes().saturating_sub(self.after.bytes())
    }
}
