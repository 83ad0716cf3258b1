//! Cycles whose scheduled time lies too far back to be made up.

use std::fmt;

use super::context::ScheduleContext;
use super::definition::{Job, JobAction, JobTiming};
use crate::domain::time::{Span, UnixTime};

/// A run that is to take place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueRun {
    /// When it should have.
    pub planned: UnixTime,
    /// How many earlier ones did not take place, and are made up by this one.
    pub missed: u64,
    /// Whether it completes a run that was cut short.
    pub resumes: bool,
}

/// A cycle that was missed by more than its job allows. It is skipped, so that it ends no
/// session in the middle of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LateRun {
    /// The run that does not take place.
    pub due: DueRun,
    /// How late it is.
    pub by: Span,
    /// How late it may be.
    pub most: Span,
    /// The anchor of the job once the skipped run is in the ledger.
    pub anchor: UnixTime,
    /// The next regular time; `None`: the calendar ends before it.
    pub next: Option<UnixTime>,
}

/// The reason that the ledger has for the skipped run.
impl fmt::Display for LateRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.due.resumes {
            f.write_str("interrupted, and ")?;
        }
        let minutes = Span::minutes(self.by.as_seconds() / 60);
        let by = if minutes > self.most { minutes } else { self.by };
        write!(f, "{by} late, more than late = {}", self.most)
    }
}

impl Job {
    /// Whether a run that is due has come too late.
    ///
    /// 1. A purge never has, nor has a cycle whose job says so.
    /// 2. Any other cycle has if its scheduled time lies further back than the job allows.
    ///    That also goes for one that was interrupted and would resume.
    /// 3. The job goes on at its next regular time. Of an interval, that is the first one
    ///    that lies in the future, counted in whole intervals from the missed time.
    pub(super) fn too_late(
        &self,
        due: DueRun,
        context: ScheduleContext<'_>,
        now: UnixTime,
    ) -> Option<LateRun> {
        let most = self.late.filter(|_| matches!(self.work, JobAction::Cycle(_)))?;
        let by = now.since(due.planned);
        if by <= most {
            return None;
        }
        let (anchor, next) = match &self.when {
            JobTiming::At(schedule) => (due.planned, schedule.next_after(now, context.zone)),
            JobTiming::Every(_) => {
                let interval = self.interval(context);
                let passed = by.as_seconds() / interval.as_seconds().max(1);
                let passed = Span::seconds(passed.saturating_mul(interval.as_seconds()));
                let last = due.planned.plus(passed);
                (last, Some(last.plus(interval)))
            }
        };
        Some(LateRun { due, by, most, anchor, next })
    }
}
