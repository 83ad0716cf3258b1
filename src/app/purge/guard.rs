//! What a purge is measured by where there is a guard.

use std::ops::ControlFlow;

use super::report::PurgeRequest;
use crate::app::SessionService;
use crate::app::run::PURGE;
use crate::domain::error::{GuardedRun, Result, RunImpact};
use crate::domain::filter::TaskPattern;
use crate::domain::time::UnixTime;
use crate::domain::token::Digest;
use crate::storage::{PurgeCounts, RunOutcome, RunQuery, RunRecord};

/// What a purge would end, for its guard.
pub(super) fn stake(request: &PurgeRequest, census: &PurgeCounts, work: GuardedRun) -> RunImpact {
    RunImpact {
        work,
        task: request.task.as_ref().map(|task| task.as_str().to_owned()),
        sessions: census.sessions,
        would_end: census.would_end,
        backlog: census.backlog,
    }
}

impl SessionService {
    /// What a purge is to its guard, if there is one, by the last purge that dealt with the
    /// same tasks: what was due by then, under the same rules, is a backlog.
    pub(super) fn baseline(&self, request: &PurgeRequest, now: UnixTime) -> Result<GuardedRun> {
        let mut work = GuardedRun::FirstPurge;
        if !request.guard.is_set() {
            return Ok(work);
        }
        let rules = self.rules();
        self.store.runs(&RunQuery::default(), now, &mut |run| {
            if !dealt_with(&run, request.task.as_ref(), now) {
                return Ok(ControlFlow::Continue(()));
            }
            let is_by_the_same = run.rules == rules;
            let kind =
                if is_by_the_same { GuardedRun::PurgeSince } else { GuardedRun::PurgeByNewRules };
            work = kind(run.started);
            Ok(ControlFlow::Break(()))
        })?;
        Ok(work)
    }

    /// Fingerprint of all that decides which sessions a purge ends: when one of these rules
    /// changes, sessions become due that were live by the rule before.
    pub(in crate::app) fn rules(&self) -> String {
        // No licence decides that.
        let mut policies = self.policies.clone();
        policies.licences.clear();
        Digest::of(&format!("{policies:?} {:?}", self.store.profile())).handle()
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
