//! Input of the guard: what a purge would end, and compared with which earlier run.

use std::ops::ControlFlow;

use super::report::PurgeRequest;
use crate::app::run::PURGE;
use crate::app::service::SessionService;
use crate::domain::error::{GuardedRun, Result, RunImpact};
use crate::domain::task::TaskPattern;
use crate::domain::time::UnixTime;
use crate::domain::token::Digest;
use crate::storage::{PurgeCounts, RunOutcome, RunQuery, RunRecord};

pub(super) fn impact(
    request: &PurgeRequest,
    counts: &PurgeCounts,
    baseline: GuardedRun,
) -> RunImpact {
    RunImpact {
        work: baseline,
        task: request.task.as_ref().map(|task| task.as_str().to_owned()),
        sessions: counts.sessions,
        would_end: counts.would_end,
        backlog: counts.backlog,
    }
}

impl SessionService {
    /// Finds the last purge of the same tasks, if there is a guard: what was due by then,
    /// under the same rules, is a backlog.
    pub(super) fn baseline(&self, request: &PurgeRequest, now: UnixTime) -> Result<GuardedRun> {
        let mut baseline = GuardedRun::FirstPurge;
        if !request.guard.is_set() {
            return Ok(baseline);
        }
        let rules = self.rules();
        let purges = RunQuery { work: Some(PURGE.to_owned()), ..RunQuery::default() };
        self.store.runs(&purges, now, &mut |run| {
            if !is_earlier_purge(&run, request.task.as_ref(), now) {
                return Ok(ControlFlow::Continue(()));
            }
            let kind = if run.rules == rules {
                GuardedRun::PurgeSince
            } else {
                GuardedRun::PurgeByNewRules
            };
            baseline = kind(run.started);
            Ok(ControlFlow::Break(()))
        })?;
        Ok(baseline)
    }

    /// Returns a fingerprint of all rules that decide which sessions a purge ends: a change
    /// to one of them makes sessions due that were live before.
    pub(in crate::app) fn rules(&self) -> String {
        // Licences do not affect this.
        let mut policies = self.policies.clone();
        policies.licences.clear();
        Digest::of(&format!("{policies:?} {:?}", self.store.profile())).handle()
    }
}

/// Reports whether a run was a purge of these tasks that did its work. A run that stopped
/// before it had changed anything may have stopped before its guard could refuse it, and a
/// run in the future had a wrong clock.
fn is_earlier_purge(run: &RunRecord, task: Option<&TaskPattern>, now: UnixTime) -> bool {
    let has_worked = match run.outcome {
        RunOutcome::Done => true,
        RunOutcome::Partial => run.marked + run.ended + run.deleted > 0,
        _ => false,
    };
    let is_same = |own: &String| task.is_some_and(|task| task.as_str().eq_ignore_ascii_case(own));
    has_worked && run.started <= now && run.task.as_ref().is_none_or(is_same)
}
