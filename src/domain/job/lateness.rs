//! Cycles that are skipped because they are late.

use std::fmt;

use super::context::ScheduleContext;
use super::definition::{Job, JobAction, JobTiming};
use crate::domain::time::{Span, UnixTime};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueRun {
    pub planned: UnixTime,
    /// Number of earlier runs that did not take place, for which this one makes up.
    pub missed: u64,
    /// Set if the run completes an interrupted one.
    pub resumes: bool,
}

/// A cycle that is too late: it is skipped, so that it ends no session in the middle of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LateRun {
    pub due: DueRun,
    pub lateness: Span,
    pub max_lateness: Span,
    /// Last settled time of the job after the skipped run.
    pub last_settled_at: UnixTime,
    /// Next regular time; `None`: the calendar ends before it.
    pub next: Option<UnixTime>,
}

/// Writes the reason of the skipped run for the ledger.
impl fmt::Display for LateRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.due.resumes {
            f.write_str("interrupted, and ")?;
        }
        let minutes = Span::minutes(self.lateness.as_seconds() / 60);
        let by = if minutes > self.max_lateness { minutes } else { self.lateness };
        write!(f, "{by} late, more than late = {}", self.max_lateness)
    }
}

impl Job {
    /// Returns a due run as late if it exceeds the maximum lateness.
    ///
    /// 1. A purge is never late, nor is a cycle of a job without a maximum.
    /// 2. Any other cycle is late if its planned time is further back than the maximum. This
    ///    includes the resumption of an interrupted cycle.
    /// 3. The job continues at its next regular time. With an interval, that is the first one
    ///    in the future, counted in whole intervals from the missed time.
    pub(super) fn too_late(
        &self,
        due: DueRun,
        context: ScheduleContext<'_>,
        now: UnixTime,
    ) -> Option<LateRun> {
        let max_lateness = self.late.filter(|_| matches!(self.work, JobAction::Cycle(_)))?;
        let lateness = now.since(due.planned);
        if lateness <= max_lateness {
            return None;
        }
        let (last_settled_at, next) = match &self.when {
            JobTiming::At(schedule) => (due.planned, schedule.next_after(now, context.zone)),
            JobTiming::Every(_) => {
                let interval = self.interval(context);
                let passed = lateness.as_seconds() / interval.as_seconds().max(1);
                let passed = Span::seconds(passed.saturating_mul(interval.as_seconds()));
                let last = due.planned.plus(passed);
                (last, Some(last.plus(interval)))
            }
        };
        Some(LateRun { due, lateness, max_lateness, last_settled_at, next })
    }
}
