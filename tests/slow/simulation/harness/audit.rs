//! Comparison of the table, the figures and the ledger with the model.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sessctl::app::ListRequest;
use sessctl::domain::job::Job;
use sessctl::domain::session::{EndReason, Session, SessionState};
use sessctl::storage::{RunOutcome, RunQuery, RunRecord};
use sessctl::{Span, UnixTime};

use super::Simulation;
use crate::simulation::calendar::Plan;
use crate::simulation::model::Entry;

impl Simulation {
    /// Compares all rows.
    pub(super) fn compare(&self, now: i64) {
        let mut seen = BTreeSet::new();
        let visit = &mut |session: Session| {
            let entry = self.by_handle[&session.handle];
            let known = &self.model.all[entry];
            let end = session.end.map(|end| (end.at.0, end.reason));
            assert_eq!(end, known.end, "at {now}: {session:?} {known:?}");
            assert_eq!(session.created_at, Some(UnixTime(known.opened)));
            assert_eq!(session.last_used_at, Some(UnixTime(known.used)), "at {now}: {session:?}");
            assert_eq!(session.marked_at.map(|mark| mark.0), known.mark, "at {now}: {session:?}");
            assert_eq!(session.idle_timeout.map(Span::as_seconds), known.timeout);
            seen.insert(entry);
            Ok(ControlFlow::Continue(()))
        };
        self.service.list(&ListRequest::default(), UnixTime(now), visit).unwrap();
        assert_eq!(seen, self.model.rows(), "at {now}");
        for stat in self.service.tasks(None, UnixTime(now)).unwrap() {
            let mut states = [0; 4];
            let mut live = 0;
            for entry in self.model.live_of(&stat.task) {
                states[self.model.state(entry, now)] += 1;
                live += u64::from(!self.model.is_due(entry, now));
            }
            let counted = [
                SessionState::Active,
                SessionState::Idle,
                SessionState::Abandoned,
                SessionState::Expired,
            ];
            assert_eq!(counted.map(|state| stat.in_state(state)), states, "at {now}");
            assert_eq!(stat.live_total(), live, "at {now}");
        }
    }

    /// Compares all counters with the model, and the ledger with the runs.
    pub(super) fn audit(&self, now: i64) {
        for stat in self.service.tasks(None, UnixTime(now)).unwrap() {
            let all: Vec<&Entry> =
                self.model.all.iter().filter(|entry| entry.task == stat.task).collect();
            for reason in EndReason::ALL {
                let ended = all.iter().filter(|e| e.end.is_some_and(|(_, why)| why == *reason));
                let count = stat.ended_by.get(reason).copied().unwrap_or_default();
                assert_eq!(count, ended.count() as u64, "{} {reason}", stat.task);
            }
            assert_eq!(stat.opened, all.len() as u64);
            assert_eq!(stat.opened, stat.sessions() + stat.ended_by.values().sum::<u64>());
            let task = stat.task.as_str();
            assert_eq!(stat.refused, self.model.refused.get(task).copied().unwrap_or_default());
            assert!(stat.peak <= self.model.peak[task]);
        }
        self.audit_ledger(now);
    }

    fn audit_ledger(&self, now: i64) {
        let mut expected = self.runs.iter().rev();
        let visit = &mut |run: RunRecord| {
            let (name, plan) = expected.next().expect("a run too many");
            assert_eq!(run.job.as_deref(), Some(name.as_str()));
            let outcome = if plan.is_skipped { RunOutcome::Skipped } else { RunOutcome::Done };
            assert_eq!(run.outcome, outcome);
            let is_fixed =
                |(job, plan): (&Job, &Plan)| job.name == *name && matches!(plan, Plan::At { .. });
            if self.jobs.iter().zip(&self.plans).any(is_fixed) {
                assert_eq!((run.planned.0, run.missed), (plan.planned, plan.missed));
            }
            Ok(ControlFlow::Continue(()))
        };
        self.service.runs(&RunQuery::default(), UnixTime(now), visit).unwrap();
        assert!(expected.next().is_none(), "a run that the ledger does not have");
    }
}
