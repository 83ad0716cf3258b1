//! The history of a job, an input of its status.

use crate::domain::time::{Span, UnixTime};

/// A time that a machine has come just in time for, although it takes up the job later.
pub(super) const GRACE: Span = Span::minutes(1);

/// The history of a job, as the ledger keeps it, and the part that a machine has in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JobHistory {
    /// Up to when its runs are settled: the planned time of the last one, or,
    /// where the interval counts from the end of a run, that end. Before the first run, it
    /// is the moment at which the history started.
    pub anchor: Option<UnixTime>,
    /// The planned time of a run that has begun and is not complete, whatever cut it short.
    pub interrupted: Option<UnixTime>,
    /// Since when this machine has had the job in its configuration, without a break;
    /// `None`: it has not.
    pub since: Option<UnixTime>,
    /// A run that has begun and not ended.
    pub unfinished: Option<RunInProgress>,
}

impl JobHistory {
    /// Whether this machine has taken up the job. A moment in the future is one that a
    /// wrong clock has shown.
    pub fn has_joined(&self, now: UnixTime) -> bool {
        self.since.is_some_and(|since| since <= now.plus(GRACE))
    }

    pub(super) fn since_at_most(&self, now: UnixTime) -> UnixTime {
        self.since.map_or(now, |since| since.min(now))
    }
}

/// A run that has begun and not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunInProgress {
    /// When it was planned.
    pub planned: UnixTime,
    /// When it began.
    pub started: UnixTime,
    /// Whether the process that does it is known to be at work.
    pub is_alive: bool,
}
