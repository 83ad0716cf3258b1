//! Job runs that are skipped, with the reason in the ledger.

use super::jobs::JobOutcome;
use super::lease::random_name;
use super::run::JobRun;
use super::service::SessionService;
use crate::domain::error::{Error, Result};
use crate::domain::job::{Job, LateRun};
use crate::domain::time::UnixTime;
use crate::storage::{NewRun, RunEnd, RunOutcome};

impl SessionService {
    /// Records that a job belongs to another host.
    pub(super) fn skip_other_host(
        &mut self,
        job: &Job,
        run: JobRun,
        now: UnixTime,
    ) -> Result<JobOutcome> {
        let host = job.host.as_deref().unwrap_or_default();
        let reason = format!("it runs on {host}, and this is {}", self.origin.host);
        let anchor = if run.counts_from_end { now } else { run.due.planned };
        self.record_skipped(job, run, reason, anchor, now)?;
        Ok(JobOutcome::Skipped)
    }

    /// Records that a cycle was missed by more than its job allows.
    pub(super) fn skip_too_late(
        &mut self,
        job: &Job,
        run: JobRun,
        late: LateRun,
        now: UnixTime,
    ) -> Result<JobOutcome> {
        if self.record_skipped(job, run, late.to_string(), late.anchor, now)? {
            return Ok(JobOutcome::TooLate(late));
        }
        Err(Error::AlreadyRun)
    }

    /// Records a run that does not take place, and reports whether the ledger has it: not
    /// if another process has settled the job meanwhile.
    fn record_skipped(
        &mut self,
        job: &Job,
        run: JobRun,
        reason: String,
        anchor: UnixTime,
        now: UnixTime,
    ) -> Result<bool> {
        let end = RunEnd {
            finished: now,
            outcome: RunOutcome::Skipped,
            reason: Some(reason),
            marked: 0,
            ended: 0,
            deleted: 0,
            anchor: Some(anchor),
        };
        let run = NewRun {
            job: Some(run.key),
            work: job.work.verb().to_owned(),
            task: job.work.task().map(|task| task.as_str().to_owned()),
            rules: String::new(),
            planned: run.due.planned,
            started: now,
            anchor: run.anchor,
            missed: run.due.missed,
            origin: self.origin(),
        };
        self.store.insert_run(&random_name()?, &run, &end)
    }
}
