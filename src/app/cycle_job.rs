//! Cycles of jobs.

use std::ops::ControlFlow;

use super::cycle::{CycleReport, CycleRequest};
use super::run::{CYCLE, JobRun, RunCounts, RunResult};
use super::run_entry::CycleRecord;
use super::service::SessionService;
use super::stop::StopReason;
use crate::domain::error::{Error, Result};
use crate::domain::filter::Filter;
use crate::domain::guard::Guard;
use crate::domain::session::Session;
use crate::domain::task::TaskPattern;
use crate::domain::time::UnixTime;
use crate::storage::{RunNote, RunOutcome};

impl SessionService {
    /// Ends the sessions of a task as a recorded run. A run that resumes one that was cut
    /// short leaves sessions alone that were opened after its planned time.
    pub(super) fn cycle_job(
        &mut self,
        task: &TaskPattern,
        guard: Guard,
        (run, note): (&JobRun, &RunNote),
        now: UnixTime,
        go_on: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<CycleReport> {
        let lease = format!("cycle {}", run.key.name);
        let task_name = Some(task.as_str());
        let mut active = self.start_run(&lease, CYCLE, task_name, Some(run), note, now)?;
        let new = self.new_run(CYCLE, task_name, Some(run), note, now);
        let mut entry = self.run_entry(active.lease.holder.clone(), new, RunOutcome::Running);
        let filter = Filter {
            task: Some(task.clone()),
            opened_by: run.due.resumes.then_some(run.due.planned),
            ..Filter::usable()
        };
        let request = CycleRequest { filter, guard, ..CycleRequest::default() };
        let mut done = CycleReport::default();
        let record = CycleRecord { active: Some(&mut active), entry: &mut entry };
        let show = &mut |_: &Session| {};
        let result = self.cycle_until(&request, now, record, show, go_on, &mut done);
        // The end of the run is recorded in the same ledger, and reports why it fails.
        let _ = self.record_pending(&mut entry);
        let counts = RunCounts { marked: 0, ended: done.ended, deleted: done.deleted };
        let cycled = match result {
            Ok(()) => Ok(done),
            Err(error) => self.cut_short(counts, error),
        };
        let result = match &cycled {
            Ok(cycled) => RunResult::of(cycled.stopped, cycled.incomplete_reason()),
            Err(error) => RunResult::Failed(error),
        };
        let finished = self.finish_run(&active, counts, result);
        // The error of the work takes precedence over that of recording it.
        cycled.and_then(|cycled| match finished {
            Err(error) if cycled.stopped == Some(StopReason::Busy) && error.is_transient() => {
                Ok(cycled)
            }
            finished => finished.map(|()| cycled),
        })
    }

    fn cut_short(&mut self, counts: RunCounts, error: Error) -> Result<CycleReport> {
        let Some(obstacle) = error.obstacle() else { return Err(error) };
        let (stopped, obstacle) = (Some(StopReason::Busy), Some(obstacle));
        Ok(CycleReport {
            ended: counts.ended,
            deleted: counts.deleted,
            stopped,
            obstacle,
            missed_notifications: self.take_missed_notifications(),
            kept: self.take_kept(),
            ..CycleReport::default()
        })
    }
}
