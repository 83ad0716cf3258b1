//! Metrics of the jobs, for `show schedule -o prometheus` and `run --metrics-file`.

use std::ops::ControlFlow;

use crate::app::SessionService;
use crate::cli::context::Context;
use crate::cli::host;
use crate::cli::metrics::gauge;
use crate::config::Config;
use crate::domain::job::{Job, JobStatus};
use crate::domain::time::{Span, UnixTime};
use crate::output::record::{Record, Schema, Value};
use crate::storage::{RunOutcome, RunQuery, RunRecord};

use super::job_runs::{last_run, next_time};

const OUTCOME: (&str, &str) =
    ("sessctl_job_last_outcome", "1 for the outcome of the job's last run, 0 for the others.");

/// Metrics of the jobs. The label is `name`, because Prometheus sets `job` itself.
pub static JOBS: Schema = Schema::many(
    "jobs",
    &[
        gauge(
            "last_run",
            ("sessctl_job_last_run_timestamp_seconds", "Unix time at which the last run started."),
            &[],
        ),
        gauge(
            "last_success",
            (
                "sessctl_job_last_success_timestamp_seconds",
                "Unix time at which the last run that was done started.",
            ),
            &[],
        ),
        gauge("running", OUTCOME, &[("outcome", "running")]),
        gauge("done", OUTCOME, &[("outcome", "done")]),
        gauge("partial", OUTCOME, &[("outcome", "partial")]),
        gauge("refused", OUTCOME, &[("outcome", "refused")]),
        gauge("skipped", OUTCOME, &[("outcome", "skipped")]),
        gauge("failed", OUTCOME, &[("outcome", "failed")]),
        gauge("lost", OUTCOME, &[("outcome", "lost")]),
        gauge(
            "last_lateness",
            (
                "sessctl_job_last_run_lateness_seconds",
                "Time from the planned to the actual start of the last run.",
            ),
            &[],
        ),
        gauge(
            "last_duration",
            ("sessctl_job_last_run_duration_seconds", "How long the last run took."),
            &[],
        ),
        gauge(
            "last_ended",
            ("sessctl_job_last_run_ended", "Sessions that the last run ended."),
            &[],
        ),
        gauge(
            "last_deleted",
            ("sessctl_job_last_run_deleted", "Rows that the last run deleted."),
            &[],
        ),
        gauge(
            "lateness",
            (
                "sessctl_job_lateness_seconds",
                "How long ago the job should have started; 0 if it is not due.",
            ),
            &[],
        ),
        gauge(
            "next",
            ("sessctl_job_next_run_timestamp_seconds", "Unix time of the next planned run."),
            &[],
        ),
    ],
)
.with_label("name");

/// The figures of each job of the configuration.
pub fn records(
    service: &SessionService,
    config: &Config,
    context: &Context,
    now: UnixTime,
) -> anyhow::Result<Vec<Record>> {
    let statuses = service.job_statuses(&config.jobs, &context.job_options(config)?, now)?;
    let jobs = config.jobs.iter().zip(&statuses);
    jobs.map(|(job, status)| {
        let last = last_run(service, job, now)?;
        let success = last_success(service, job, now)?;
        Ok(record(job, status, last.as_ref(), success, now))
    })
    .collect()
}

fn last_success(
    service: &SessionService,
    job: &Job,
    now: UnixTime,
) -> anyhow::Result<Option<UnixTime>> {
    let query = RunQuery { job: Some(job.name.clone()), ..RunQuery::default() };
    let mut success = None;
    service.runs(&query, now, &mut |run| {
        if run.outcome != RunOutcome::Done {
            return Ok(ControlFlow::Continue(()));
        }
        success = Some(run.started);
        Ok(ControlFlow::Break(()))
    })?;
    Ok(success)
}

fn record(
    job: &Job,
    status: &JobStatus,
    last: Option<&RunRecord>,
    success: Option<UnixTime>,
    now: UnixTime,
) -> Record {
    let figure = |figure: fn(&RunRecord) -> Value| last.map_or(Value::Absent, figure);
    let mut values = vec![Value::time(last.map(|run| run.started)), Value::time(success)];
    values.extend(RunOutcome::ALL.iter().map(|outcome| {
        last.map_or(Value::Absent, |run| Value::Count((run.outcome == *outcome).into()))
    }));
    values.extend([
        figure(|run| Value::Span(run.started.since(run.planned))),
        figure(|run| Value::span(run.finished.map(|finished| finished.since(run.started)))),
        figure(|run| Value::Count(run.ended)),
        figure(|run| Value::Count(run.deleted)),
        Value::span(lateness(job, status, now)),
        Value::time(next_time(job, status)),
    ]);
    Record::new([job.name.as_str()], values)
}

/// The time since the job became due; `None` if it does not run on this machine.
fn lateness(job: &Job, status: &JobStatus, now: UnixTime) -> Option<Span> {
    let planned = match status {
        _ if !job.enabled || !job.runs_on(&host::name()) => return None,
        JobStatus::Due(due) => due.planned,
        JobStatus::TooLate(late) => late.due.planned,
        JobStatus::Running(_) | JobStatus::Scheduled { .. } | JobStatus::Never => now,
    };
    Some(now.since(planned).max(Span::ZERO))
}
