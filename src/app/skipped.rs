//! Runs that are skipped or refused, with the reason in the ledger.

use super::jobs::{JobOutcome, job_note};
use super::run::JobRun;
use super::service::SessionService;
use crate::domain::error::{Error, Result};
use crate::domain::job::{Job, LateRun};
use crate::domain::task::TaskPattern;
use crate::domain::time::UnixTime;
use crate::storage::{RunEnd, RunOutcome, random_name};

impl SessionService {
    pub(super) fn skip_other_host(
        &mut self,
        job: &Job,
        run: &JobRun,
        now: UnixTime,
    ) -> Result<JobOutcome> {
        let host = job.host.as_deref().unwrap_or_default();
        let reason = format!("it runs only on host {host}, and this host is {}", self.origin.host);
        let last_settled_at = if run.counts_from_end { now } else { run.due.planned };
        self.record_skipped(job, run, reason, last_settled_at, now)?;
        Ok(JobOutcome::Skipped)
    }

    pub(super) fn skip_too_late(
        &mut self,
        job: &Job,
        run: &JobRun,
        late: LateRun,
        now: UnixTime,
    ) -> Result<JobOutcome> {
        if self.record_skipped(job, run, late.to_string(), late.last_settled_at, now)? {
            return Ok(JobOutcome::TooLate(late));
        }
        Err(Error::AlreadyRun)
    }

    /// Records a run that does not take place, and reports whether the ledger has it: not
    /// if another process has settled the job meanwhile.
    fn record_skipped(
        &mut self,
        job: &Job,
        run: &JobRun,
        reason: String,
        last_settled_at: UnixTime,
        now: UnixTime,
    ) -> Result<bool> {
        let task = job.work.task().map(TaskPattern::as_str);
        let run = self.new_run(job.work.verb(), task, Some(run), &job_note(job), now);
        let end = unstarted(RunOutcome::Skipped, reason, Some(last_settled_at), now);
        self.store.insert_run(&random_name()?, &run, &end)
    }
}

fn unstarted(
    outcome: RunOutcome,
    reason: String,
    last_settled_at: Option<UnixTime>,
    now: UnixTime,
) -> RunEnd {
    let (marked, ended, deleted) = (0, 0, 0);
    RunEnd { finished: now, outcome, reason: Some(reason), marked, ended, deleted, last_settled_at }
}
