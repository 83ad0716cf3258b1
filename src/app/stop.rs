//! Reasons why a run stops early or is incomplete.

use super::notify::MissedNotifications;
use crate::domain::variants::string_enum;
use crate::storage::KeptRows;

/// Reason why a run stopped before its work was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    RunTime,
    /// The caller or a signal asked it to stop.
    Signal,
    /// The guard allows fewer sessions to end; nothing was changed.
    Guard,
    /// The clock has moved since the last run; nothing was changed.
    Clock,
    /// The lease expired, and another process may have taken over.
    Lease,
    /// The write-ahead log reached its maximum size while a reader kept it from being reused.
    WalLimit,
    /// A replicator did not checkpoint a log of the maximum size.
    Replicator,
    Busy,
    /// The file system is full: not even one more row could be changed.
    DiskFull,
    /// A long-running reader uses an older snapshot of the database.
    Reader,
    /// The database does not support incremental vacuum.
    NoSteps,
}

string_enum!(StopReason, "reason to stop", {
    RunTime => "run-time",
    Signal => "signal",
    Guard => "guard",
    Clock => "clock",
    Lease => "lease",
    WalLimit => "log",
    Replicator => "replicator",
    Busy => "busy",
    DiskFull => "no-space",
    Reader => "reader",
    NoSteps => "no-steps",
});

/// Describes why a run is incomplete; `None`: it is complete.
pub(super) fn incomplete_reason(
    stopped: Option<StopReason>,
    obstacle: Option<&str>,
    missed: Option<&MissedNotifications>,
    kept: Option<String>,
) -> Option<String> {
    let stopped = stopped.map(|why| match obstacle {
        Some(obstacle) => format!("stopped early: {obstacle}"),
        None => format!("stopped early ({why})"),
    });
    let reasons = [stopped, missed.map(MissedNotifications::to_string), kept];
    let reasons: Vec<String> = reasons.into_iter().flatten().collect();
    Some(reasons.join("; ")).filter(|reasons| !reasons.is_empty())
}

/// Describes the deletions that the database rejected; `None`: it rejected none, or as many as
/// a run before has reported.
pub(super) fn rejected(kept: &KeptRows) -> Option<String> {
    let first = kept.examples.first().filter(|_| !kept.is_known)?;
    let rows = if kept.rejected == 1 { "row" } else { "rows" };
    Some(format!("the database did not delete {} {rows}: {}", kept.rejected, first.why))
}
