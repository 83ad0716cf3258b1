//! The history of a job, an input of its status.

use crate::domain::time::{Span, UnixTime};

/// Time after which a machine that has just registered a job still runs it.
pub(super) const GRACE: Span = Span::minutes(1);

/// History of a job in the ledger, and the part of this machine in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JobHistory {
    /// Time up to which the runs of the job are settled: the planned time of the last run, or,
    /// with an interval, its end. Before the first run, it is the start of the history.
    pub last_settled_at: Option<UnixTime>,
    /// Planned time of a run that has begun and is not complete, for whatever reason.
    pub interrupted: Option<UnixTime>,
    /// Time since which this machine has had the job without interruption; `None`: it has not.
    pub since: Option<UnixTime>,
    pub unfinished: Option<RunInProgress>,
}

impl JobHistory {
    /// Reports whether this machine has registered the job. A moment in the future was
    /// recorded by a wrong clock.
    pub fn is_registered(&self, now: UnixTime) -> bool {
        self.since.is_some_and(|since| since <= now.plus(GRACE))
    }

    pub(super) fn registered_at(&self, now: UnixTime) -> UnixTime {
        self.since.map_or(now, |since| since.min(now))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunInProgress {
    pub planned: UnixTime,
    pub started: UnixTime,
    pub is_alive: bool,
}
