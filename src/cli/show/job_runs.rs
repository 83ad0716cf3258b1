//! The last run of a job and the next one.

use std::ops::ControlFlow;

use crate::app::SessionService;
use crate::cli::host;
use crate::domain::job::{Job, JobStatus};
use crate::domain::time::UnixTime;
use crate::storage::{RunOutcome, RunQuery, RunRecord};

/// The last run of a job; one that was left to another host only if there is no other.
pub fn last_run(
    service: &SessionService,
    job: &Job,
    now: UnixTime,
) -> anyhow::Result<Option<RunRecord>> {
    let query = RunQuery { job: Some(job.name.clone()), ..RunQuery::default() };
    let mut last = None;
    service.runs(&query, now, &mut |run| {
        let is_skipped = run.outcome == RunOutcome::Skipped && !job.runs_on(&run.origin.host);
        if last.is_none() || !is_skipped {
            last = Some(run);
        }
        Ok(if is_skipped { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    })?;
    Ok(last)
}

pub fn next_time(job: &Job, status: &JobStatus) -> Option<UnixTime> {
    match status {
        _ if !job.enabled || !job.runs_on(&host::name()) => None,
        JobStatus::Scheduled { next, .. } => Some(*next),
        JobStatus::Due(due) => Some(due.planned),
        JobStatus::TooLate(late) => late.next,
        JobStatus::Running(_) | JobStatus::Never => None,
    }
}
