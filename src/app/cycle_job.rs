//! Cycles of jobs.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::cycle::{CycleReport, CycleRequest};
use super::recording::CycleRecord;
use super::run::{CYCLE, JobRun, RunCounts, RunResult};
use super::service::SessionService;
use super::stop::StopReason;
use crate::domain::error::{Error, Result};
use crate::domain::filter::{Filter, SelectionRule};
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
        rule: &SelectionRule,
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
        let mut done = CycleReport::default();
        let record = CycleRecord { active: Some(&mut active), entry: &mut entry };
        let show = &mut |_: &Session| {};
        let result = self.select_for_job(task, rule, run, now).and_then(|filter| {
            let limit = rule.limit;
            let request = CycleRequest { filter, limit, guard, ..CycleRequest::default() };
            self.cycle_until(&request, now, record, show, go_on, &mut done)
        });
        // The end of the run is recorded in the same ledger, and reports why it fails.
        let _ = self.record_pending(&mut entry);
        let counts = RunCounts { marked: 0, ended: done.ended, deleted: done.deleted };
        let cycled = match result {
            Ok(()) => Ok(done),
            Err(error) => self.cut_short(counts, error),
        };
        let cycled = cycled.map(|mut cycled| {
            self.remember_kept(&mut cycled.kept, &active, cycled.stopped.is_some(), now);
            cycled
        });
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

    fn select_for_job(
        &self,
        task: &TaskPattern,
        rule: &SelectionRule,
        run: &JobRun,
        now: UnixTime,
    ) -> Result<Filter> {
        let mut filter = Filter {
            task: Some(task.clone()),
            opened_by: run.due.resumes.then_some(run.due.planned),
            usable: rule.states.is_empty(),
            ..rule.filter(now)
        };
        match filter.check(self.profile()) {
            // A configuration for several tables: this one has no such task.
            Err(Error::OtherTask { .. }) => {
                return Ok(Filter { sessions: Some(BTreeMap::new()), ..Filter::default() });
            }
            checked => checked?,
        }
        filter.users = self.select_each(&rule.users)?;
        filter.except_users = self.select_known_users(&rule.except_users, now)?;
        Ok(filter)
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
