//! Runs: exclusive work that the ledger records.

use std::time::Duration;

use super::clock::MonotonicClock;
use super::stop::StopReason;
use crate::domain::error::Error;
use crate::domain::job::{DueRun, Job, JobTiming};
use crate::domain::time::{Span, UnixTime};
use crate::storage::{JobKey, Lease, RunEnd, RunNote, RunOutcome};

/// Lease of the purge; a compaction and a copy take it as well, as a purge would use up
/// the free pages that a compaction returns.
pub const PURGE: &str = "purge";

/// Kind of work of a cycle.
pub(super) const CYCLE: &str = "cycle";

/// Kind of work of a report.
pub const REPORT: &str = "report";

/// Name of a compaction in the lease that it holds.
pub(super) const COMPACTION: &str = "compaction";

/// Functions that identify processes of this machine.
#[derive(Debug, Clone, Copy)]
pub struct ProcessProbe {
    /// Returns a name for this process that is unique across machines and contains neither
    /// a colon nor an @; `None`: it has none.
    pub own: fn() -> Option<String>,
    /// Reports whether such a process is known to have exited; those of other machines never are.
    pub is_gone: fn(&str) -> bool,
}

impl Default for ProcessProbe {
    fn default() -> Self {
        Self { own: || None, is_gone: |_| false }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRun {
    pub key: JobKey,
    pub due: DueRun,
    /// Time from which the due run was computed.
    pub last_settled_at: Option<UnixTime>,
    /// True if the interval of the job counts from the end of the run.
    pub counts_from_end: bool,
}

impl JobRun {
    pub fn new(job: &Job, key: JobKey, due: DueRun, last_settled_at: Option<UnixTime>) -> Self {
        Self { key, due, last_settled_at, counts_from_end: matches!(job.when, JobTiming::Every(_)) }
    }
}

/// A run that has ended, as passed to a [`RunObserver`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedRun<'a> {
    /// `purge`, `cycle`, `close`, `restore` or `report`.
    pub work: &'a str,
    /// Tasks that it was for, as a pattern; `None`: all.
    pub task: Option<&'a str>,
    pub note: &'a RunNote,
    /// Name of its job; `None`: it was started by hand, or by cron.
    pub job: Option<&'a str>,
    pub end: &'a RunEnd,
}

/// A record of runs in addition to the ledger.
pub trait RunObserver {
    fn run_ended(&mut self, run: &EndedRun<'_>);
}

pub(super) struct ActiveRun {
    pub(super) lease: Lease,
    pub(super) job: Option<JobRun>,
    pub(super) work: String,
    pub(super) task: Option<String>,
    pub(super) note: RunNote,
    pub(super) started: UnixTime,
    pub(super) uptime: MonotonicClock,
    /// Reading of `uptime` at the start.
    pub(super) begun: Duration,
    /// Time from the start to the last heartbeat.
    pub(super) renewed: Duration,
}

impl ActiveRun {
    pub(super) fn elapsed(&self) -> Duration {
        (self.uptime)().saturating_sub(self.begun)
    }

    /// The start plus the time by the monotonic clock: the wall clock may be set meanwhile.
    pub(super) fn now(&self) -> UnixTime {
        let elapsed = i64::try_from(self.elapsed().as_secs()).unwrap_or(i64::MAX);
        self.started.plus(Span::seconds(elapsed))
    }
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct RunCounts {
    pub(super) marked: u64,
    pub(super) ended: u64,
    pub(super) deleted: u64,
}

pub(super) enum RunResult<'a> {
    Complete,
    /// Reason, and whether the job resumes the run as soon as possible.
    Partial(String, bool),
    Failed(&'a Error),
}

impl RunResult<'_> {
    /// Returns the end of a run for the ledger; the last settled time is the job's.
    pub(super) fn end(self, finished: UnixTime, counts: RunCounts) -> RunEnd {
        let (outcome, reason) = match self {
            Self::Complete => (RunOutcome::Done, None),
            Self::Partial(reason, _) => (RunOutcome::Partial, Some(reason)),
            Self::Failed(error) if error.is_refusal() || matches!(error, Error::Guard(_)) => {
                (RunOutcome::Refused, Some(error.to_string()))
            }
            Self::Failed(error) => (RunOutcome::Failed, Some(error.with_causes())),
        };
        let RunCounts { marked, ended, deleted } = counts;
        RunEnd { finished, outcome, reason, marked, ended, deleted, last_settled_at: None }
    }

    /// Returns the result of a run that has not failed.
    pub(super) fn of(stopped: Option<StopReason>, incomplete_reason: Option<String>) -> Self {
        let is_cut_short = matches!(
            stopped,
            Some(
                StopReason::Signal
                    | StopReason::Lease
                    | StopReason::WalLimit
                    | StopReason::Replicator
                    | StopReason::Busy
                    | StopReason::DiskFull
            )
        );
        incomplete_reason.map_or(Self::Complete, |reason| Self::Partial(reason, is_cut_short))
    }
}
