//! Runs that are skipped or refused, with the reason in the ledger.

use super::jobs::JobOutcome;
use super::lease::random_name;
use super::run::JobRun;
use super::service::SessionService;
use crate::domain::error::{Error, GuardRefusal, Result};
use crate::domain::job::{Job, LateRun};
use crate::domain::task::TaskPattern;
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
        let last_settled_at = if run.counts_from_end { now } else { run.due.planned };
        self.record_skipped(job, run, reason, last_settled_at, now)?;
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
        run: JobRun,
        reason: String,
        last_settled_at: UnixTime,
        now: UnixTime,
    ) -> Result<bool> {
        let run = NewRun {
            job: Some(run.key),
            work: job.work.verb().to_owned(),
            task: job.work.task().map(|task| task.as_str().to_owned()),
            rules: String::new(),
            planned: run.due.planned,
            started: now,
            last_settled_at: run.last_settled_at,
            missed: run.due.missed,
            origin: self.origin(),
        };
        let end = unstarted(RunOutcome::Skipped, reason, Some(last_settled_at), now);
        self.store.insert_run(&random_name()?, &run, &end)
    }

    /// Records a cycle in the ledger that its guard has refused. The refusal takes precedence
    /// over any error of recording it.
    pub(super) fn record_refusal(
        &mut self,
        task: Option<&TaskPattern>,
        refusal: &GuardRefusal,
        now: UnixTime,
    ) {
        let run = NewRun {
            job: None,
            work: "cycle".to_owned(),
            task: task.map(|task| task.as_str().to_owned()),
            rules: String::new(),
            planned: now,
            started: now,
            last_settled_at: None,
            missed: 0,
            origin: self.origin(),
        };
        let end = unstarted(RunOutcome::Refused, refusal.to_string(), None, now);
        let _ = random_name().and_then(|name| self.store.insert_run(&name, &run, &end));
    }
}

/// Returns the end of a run that has not started.
fn unstarted(
    outcome: RunOutcome,
    reason: String,
    last_settled_at: Option<UnixTime>,
    now: UnixTime,
) -> RunEnd {
    let (marked, ended, deleted) = (0, 0, 0);
    RunEnd { finished: now, outcome, reason: Some(reason), marked, ended, deleted, last_settled_at }
}
