//! Figures of the runs in the period of a report.

use std::ops::ControlFlow;

use crate::app::{PURGE, SessionService};
use crate::domain::time::UnixTime;
use crate::storage::{RunOutcome, RunQuery, RunRecord};

/// Kinds of failures that the report names.
const FAILURES: usize = 20;
/// Difference between the end of a run and the time of its sample, in seconds.
const TOLERANCE: i64 = 1;

#[derive(Debug, Clone, Default)]
pub struct RunFigures {
    pub count: u64,
    pub purges: u64,
    /// Runs that were partial, refused, failed or lost.
    pub failed: u64,
    /// These runs, those with the same reason together, the latest first.
    pub failures: Vec<Failure>,
    /// Failures of kinds beyond those that are named.
    pub other_failures: u64,
    /// Purge that is running.
    pub running: Option<RunRecord>,
    /// Runs with the longest hold and with the longest duration, if the ledger still has them.
    pub worst: [Option<RunRecord>; 2],
}

/// Runs that failed for the same reason.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The latest of them.
    pub last: RunRecord,
    pub first: UnixTime,
    pub count: u64,
}

impl RunFigures {
    /// Reads the runs that started in the period, and those that ended at two times.
    pub fn read(
        service: &SessionService,
        since: UnixTime,
        worst: [Option<UnixTime>; 2],
        now: UnixTime,
    ) -> crate::Result<Self> {
        let mut figures = Self::default();
        service.runs(&RunQuery::default(), now, &mut |run| {
            if run.started < since {
                return Ok(ControlFlow::Break(()));
            }
            figures.add(run, worst);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(figures)
    }

    fn add(&mut self, run: RunRecord, worst: [Option<UnixTime>; 2]) {
        self.count += 1;
        self.purges += u64::from(run.work == PURGE);
        for (slot, at) in self.worst.iter_mut().zip(worst) {
            let is_end = |at: UnixTime| {
                run.finished.is_some_and(|end| (end.0 - at.0).abs() <= TOLERANCE)
                    && run.work == PURGE
            };
            if at.is_some_and(is_end) {
                slot.get_or_insert_with(|| run.clone());
            }
        }
        match run.outcome {
            RunOutcome::Running if run.work == PURGE => {
                self.running.get_or_insert(run);
            }
            RunOutcome::Partial | RunOutcome::Refused | RunOutcome::Failed | RunOutcome::Lost => {
                self.add_failure(run);
            }
            RunOutcome::Running | RunOutcome::Done | RunOutcome::Skipped => {}
        }
    }

    fn add_failure(&mut self, run: RunRecord) {
        self.failed += 1;
        let has_room = self.failures.len() < FAILURES;
        let is_same = |failure: &&mut Failure| {
            let last = &failure.last;
            (last.outcome, &last.work, &last.job, &last.reason)
                == (run.outcome, &run.work, &run.job, &run.reason)
        };
        match self.failures.iter_mut().find(is_same) {
            Some(failure) => {
                failure.count += 1;
                failure.first = run.started;
            }
            None if has_room => {
                let first = run.started;
                self.failures.push(Failure { last: run, first, count: 1 });
            }
            None => self.other_failures += 1,
        }
    }
}
