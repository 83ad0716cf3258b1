//! What a purge is asked for, and what it says of itself.

use std::time::Duration;

use crate::app::notify::MissedNotifications;
use crate::app::run::JobRun;
use crate::domain::error::GuardRefusal;
use crate::domain::filter::TaskPattern;
use crate::domain::guard::Guard;
use crate::domain::session::words;
use crate::domain::write_limits::WriteLimits;
use crate::storage::{KeptRows, UnreadableValue};

/// What a purge is to do.
#[derive(Debug, Clone, Default)]
pub struct PurgeRequest {
    /// The tasks that are meant; `None`: all.
    pub task: Option<TaskPattern>,
    /// What it may end at most.
    pub guard: Guard,
    /// When to stop with work left; `None`: not before it is done.
    pub run_time: Option<Duration>,
    /// How it treats those who write to the same table.
    pub manners: WriteLimits,
    /// The job that it is a run of; `None`: of none.
    pub job: Option<JobRun>,
}

/// Why a purge stopped before its work was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// Its time was up.
    RunTime,
    /// It was asked to.
    Signal,
    /// It would have ended more than the guard allows, and has done nothing.
    Guard,
    /// The clock has moved since the last run, and it has done nothing.
    Clock,
    /// It was stopped for so long that another purge has taken over.
    Lease,
    /// The write-ahead log could not be used again, for somebody reads an older state
    /// of the database, and it has become as large as it may.
    Log,
    /// The database was locked for longer than is worth waiting, or could not be used.
    Busy,
    /// The file system is full, and not even one more row could be changed.
    Room,
}

words!(StopReason, "reason to stop", {
    RunTime => "run-time",
    Signal => "signal",
    Guard => "guard",
    Clock => "clock",
    Lease => "lease",
    Log => "log",
    Busy => "busy",
    Room => "no-space",
});

/// What a purge has done so far.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PurgeProgress {
    /// Which share of the range of all keys it has walked, in `[0, 1]`.
    pub walked: f64,
    /// Rows that it has looked at.
    pub rows: u64,
    /// Live sessions that it marked as unused.
    pub marked: u64,
    /// Sessions that it ended.
    pub ended: u64,
    /// Rows that it deleted.
    pub deleted: u64,
    /// Write transactions.
    pub batches: u64,
    /// The time for which the last of them held up others.
    pub last_hold: Duration,
    /// The longest such time.
    pub longest_hold: Duration,
    /// The most bytes of a write-ahead log that were in use.
    pub log_peak: u64,
}

/// What a purge has done in all.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PurgeSummary {
    /// What it has done; in a dry run, what it would do.
    pub done: PurgeProgress,
    /// Live sessions that are left: those that have not ended and are not due.
    pub live: u64,
    /// Rows that are due and left for the next run.
    pub remaining: u64,
    /// Whether all rows that are left were counted; else there are at least so many,
    /// and so many live ones. A run that stops early gives itself little time for it.
    pub counted: bool,
    /// How long it took.
    pub elapsed: Duration,
    /// Why it stopped early, if it did.
    pub stopped: Option<StopReason>,
    /// What it found the database to be, if that stopped it.
    pub obstacle: Option<String>,
    /// Ended sessions of which the listener has not taken note.
    pub untold: Option<MissedNotifications>,
    /// Rows of a framework's table that were kept because their times cannot be read, as
    /// far as it has come.
    pub unreadable: u64,
    /// What one of them has.
    pub misfit: Option<UnreadableValue>,
    /// Rows of a framework's table that were due and were kept, because other rows refer
    /// to them or the database does not let them go; in a dry run, would be.
    pub kept: KeptRows,
    /// Rows that were used, opened or marked in the future, as far as it has come.
    pub future: u64,
}

impl PurgeSummary {
    /// That of a run which the guard has kept from doing anything.
    pub fn refused(refusal: &GuardRefusal) -> Self {
        Self {
            done: PurgeProgress::default(),
            live: refusal.impact.sessions.saturating_sub(refusal.impact.would_end),
            remaining: refusal.impact.would_end,
            counted: true,
            elapsed: Duration::ZERO,
            stopped: Some(StopReason::Guard),
            obstacle: None,
            untold: None,
            unreadable: 0,
            misfit: None,
            kept: KeptRows::default(),
            future: 0,
        }
    }

    /// That of a run which a clock that has moved has kept from looking.
    pub fn refused_by_clock() -> Self {
        Self { stopped: Some(StopReason::Clock), ..Self::default() }
    }

    /// What keeps it from being complete, in words. Rows that others refer to do not: what
    /// is to become of them is not the purge's to decide.
    pub fn incomplete_reason(&self) -> Option<String> {
        let obstacle = self.obstacle.as_deref();
        incomplete_reason(self.stopped, obstacle, self.untold.as_ref(), rejected(&self.kept))
    }
}

/// Why a run is not complete, if it is not.
pub(in crate::app) fn incomplete_reason(
    stopped: Option<StopReason>,
    obstacle: Option<&str>,
    untold: Option<&MissedNotifications>,
    kept: Option<String>,
) -> Option<String> {
    let stopped = stopped.map(|why| match obstacle {
        Some(obstacle) => format!("stopped early: {obstacle}"),
        None => format!("stopped by {why}"),
    });
    let reasons = [stopped, untold.map(MissedNotifications::to_string), kept];
    let reasons: Vec<String> = reasons.into_iter().flatten().collect();
    Some(reasons.join("; ")).filter(|reasons| !reasons.is_empty())
}

/// That the database has not let rows go, if that is so.
pub(in crate::app) fn rejected(kept: &KeptRows) -> Option<String> {
    let first = kept.examples.first()?;
    let rows = if kept.rejected == 1 { "row" } else { "rows" };
    Some(format!("the database did not delete {} {rows}: {}", kept.rejected, first.why))
}

/// What a purge would do.
#[derive(Debug, Clone, PartialEq)]
pub struct PurgePreview {
    /// The figures.
    pub summary: PurgeSummary,
    /// Rows that it would change in any way.
    pub due: u64,
    /// Whether the guard would let it.
    pub guard: std::result::Result<(), GuardRefusal>,
}
