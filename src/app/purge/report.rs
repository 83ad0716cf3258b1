//! Requests, progress and results of a purge.

use std::time::Duration;

use super::estimate::PurgeEstimate;
use crate::app::notify::MissedNotifications;
use crate::app::replication::ReplicationReport;
use crate::app::run::JobRun;
use crate::app::stop::{StopReason, incomplete_reason, rejected};
use crate::domain::error::GuardRefusal;
use crate::domain::guard::Guard;
use crate::domain::policy::Policies;
use crate::domain::task::TaskPattern;
use crate::domain::time::UnixTime;
use crate::domain::write_limits::WriteLimits;
use crate::storage::{DiskUsage, KeptRows, PolicyContext, PurgeMethod, RunNote, UnreadableValue};

/// Parameters of a purge.
#[derive(Debug, Clone, Default)]
pub struct PurgeRequest {
    /// Tasks to purge; `None`: all.
    pub task: Option<TaskPattern>,
    /// Limits on the number of sessions that it may end.
    pub guard: Guard,
    /// Time limit; `None`: run to the end.
    pub run_time: Option<Duration>,
    /// Limits of its write transactions.
    pub write_limits: WriteLimits,
    /// Job that it is a run of; `None`: started by hand, or by cron.
    pub job: Option<JobRun>,
    /// Description for the ledger.
    pub note: RunNote,
}

impl PurgeRequest {
    /// Returns the policies and times by which it decides; a job may have a planned time.
    pub(super) fn scope<'a>(&'a self, policies: &'a Policies, now: UnixTime) -> PolicyContext<'a> {
        let planned = self.job.as_ref().map(|job| job.due.planned);
        PolicyContext { policies, now, planned, task: self.task.as_ref() }
    }
}

/// Progress of a purge.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PurgeProgress {
    /// Share of the key range that was swept, in `[0, 1]`.
    pub fraction: f64,
    /// Rows that were scanned.
    pub rows: u64,
    /// Live sessions that were marked as unused.
    pub marked: u64,
    /// Sessions that were ended.
    pub ended: u64,
    /// Rows that were deleted.
    pub deleted: u64,
    /// Write transactions.
    pub batches: u64,
    /// Time that the last of them blocked other writers.
    pub last_hold: Duration,
    /// Longest such time.
    pub longest_hold: Duration,
    /// Maximum size in bytes of the write-ahead log.
    pub log_peak: u64,
}

/// Result of a purge.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PurgeReport {
    /// Counts of its changes; in a dry run, of those that it would make.
    pub done: PurgeProgress,
    /// How it deleted rows; `None`: it changed nothing.
    pub method: Option<PurgeMethod>,
    /// Remaining live sessions: those that have not ended and are not due.
    pub live: u64,
    /// Due rows that are left for the next run.
    pub remaining: u64,
    /// True if all remaining rows were counted; if not, `live` and `remaining` are lower
    /// bounds. A run that stops early counts for a short time only.
    pub counted: bool,
    /// Duration of the run.
    pub elapsed: Duration,
    /// Reason why it stopped early.
    pub stopped: Option<StopReason>,
    /// Description of the obstacle that stopped it.
    pub obstacle: Option<String>,
    /// Ended sessions that hooks were not notified of.
    pub missed_notifications: Option<MissedNotifications>,
    /// Rows of a framework table that were kept for unreadable times, as far as it was swept.
    pub unreadable: u64,
    /// An example of such a value.
    pub unreadable_value: Option<UnreadableValue>,
    /// Due rows of a framework table that were kept because other rows refer to them or the
    /// database rejected the deletion; in a dry run, would be.
    pub kept: KeptRows,
    /// Rows that were used, opened or marked in the future, as far as it was swept.
    pub future: u64,
    /// Use of the file after the run, or before a run that was only previewed; `None`: unknown.
    pub usage: Option<Box<DiskUsage>>,
    /// Estimates of a preview.
    pub estimate: Option<Box<PurgeEstimate>>,
    /// Replicator of the database, which takes over the checkpoints.
    pub replication: Option<Box<ReplicationReport>>,
}

impl PurgeReport {
    /// Creates the summary of a run that the guard refused.
    pub fn refused(refusal: &GuardRefusal) -> Self {
        Self {
            live: refusal.impact.sessions.saturating_sub(refusal.impact.would_end),
            remaining: refusal.impact.would_end,
            counted: true,
            stopped: Some(StopReason::Guard),
            ..Self::default()
        }
    }

    /// Creates the summary of a run that was refused because the clock has moved.
    pub fn refused_by_clock() -> Self {
        Self { stopped: Some(StopReason::Clock), ..Self::default() }
    }

    /// Describes why it is incomplete; `None`: it is complete. Rows that others refer to do
    /// not make it incomplete: the purge does not decide about them.
    pub fn incomplete_reason(&self) -> Option<String> {
        let obstacle = self.obstacle.as_deref();
        let missed = self.missed_notifications.as_ref();
        incomplete_reason(self.stopped, obstacle, missed, rejected(&self.kept))
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct PurgePreview {
    /// Counts of the changes that it would make.
    pub summary: PurgeReport,
    /// Rows that it would change in any way.
    pub due: u64,
    pub guard: std::result::Result<(), GuardRefusal>,
}
