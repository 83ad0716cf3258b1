//! What a purge is measured by where there is a guard.

use std::ops::ControlFlow;

use super::super::Housekeeper;
use super::super::run::PURGE;
use super::report::PurgeRequest;
use crate::domain::error::{Guarded, Result, Stake};
use crate::domain::filter::TaskPattern;
use crate::domain::port::{Census, RunOutcome, RunQuery, RunRecord};
use crate::domain::time::UnixTime;

/// What a purge would end, for its guard.
pub(super) fn stake(request: &PurgeRequest, census: &Census, last: Option<UnixTime>) -> Stake {
    Stake {
        work: last.map_or(Guarded::FirstPurge, Guarded::PurgeSince),
        task: request.task.as_ref().map(|task| task.as_str().to_owned()),
        sessions: census.sessions,
        would_end: census.would_end,
        backlog: census.backlog,
    }
}

impl Housekeeper {
    /// When the last purge began that dealt with the same tasks, if there is a guard that
    /// wants to know: what was due by then is a backlog.
    pub(super) fn baseline(
        &self,
        request: &PurgeRequest,
        now: UnixTime,
    ) -> Result<Option<UnixTime>> {
        if !request.guard.is_set() {
            return Ok(None);
        }
        let mut last = None;
        self.store.runs(&RunQuery::default(), now, &mut |run| {
            if !dealt_with(&run, request.task.as_ref(), now) {
                return Ok(ControlFlow::Continue(()));
            }
            last = Some(run.started);
            Ok(ControlFlow::Break(()))
        })?;
        Ok(last)
    }
}

/// Whether a run was a purge of these tasks that came to its work. One that was stopped
/// before it had done anything may have been stopped before its guard could refuse it,
/// and one that lies in the future had a wrong clock.
fn dealt_with(run: &RunRecord, task: Option<&TaskPattern>, now: UnixTime) -> bool {
    let has_worked = match run.outcome {
        RunOutcome::Done => true,
        RunOutcome::Partial => run.marked + run.ended + run.deleted > 0,
        _ => false,
    };
    let is_same = |own: &String| task.is_some_and(|task| task.as_str().eq_ignore_ascii_case(own));
    run.work == PURGE && has_worked && run.started <= now && run.task.as_ref().is_none_or(is_same)
}
