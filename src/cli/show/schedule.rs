//! `sessctl show schedule`

use crate::app::SessionService;
use crate::domain::job::{Interval, Job, JobAction, JobStatus, JobTiming};
use crate::domain::policy::Policies;
use crate::domain::task::TaskPattern;
use crate::domain::time::{Span, UnixTime};
use crate::storage::{RunOutcome, RunRecord};
use crate::store::Access;

use super::job_runs::{last_run, next_time};
use super::{job_metrics, runs};
use crate::cli::all_databases::{Call, ManyDatabases, Work};
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::host;
use crate::output::FormatName;
use crate::output::record::{Column, Record, Schema, Value};

/// Notice for people where there is nothing to list.
pub const NO_JOBS: &str = "no jobs: add a [[job]] to the configuration";

/// A run that starts later than this was missed at its time.
const ON_TIME: Span = Span::seconds(60);

/// Show each job of the configuration, and when it runs next
///
/// If there is no next time, the note says why. Warnings about the configuration go to
/// standard error. The last run is taken from this database's ledger, or is a cycle that was
/// skipped because it was too late. `missed` counts times that have passed without a run and
/// that the next run makes up for, or skips.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  sessctl show schedule --json | jq '.[] | {job, next_at}'")]
pub struct Args {
    #[command(flatten)]
    databases: ManyDatabases,
}

pub static SCHEDULE: Schema = Schema::many(
    "jobs",
    &[
        Column::row("job", "job"),
        Column::row("do", "do"),
        Column::row("task", "task"),
        Column::row("when", "when"),
        Column::row("next_at", "next").time(),
        Column::row("in_seconds", "in"),
        Column::row("last_at", "last").time(),
        Column::row("outcome", "outcome"),
        Column::row("missed", "missed"),
        Column::detail("allowed_late_seconds", "late"),
        Column::row("note", "note"),
    ],
);

impl Args {
    /// The call, if a process for each database serves it.
    ///
    /// # Errors
    /// Options that exclude each other.
    pub fn call(&self, context: &Context) -> anyhow::Result<Option<Call>> {
        let call = || Call::for_all(Work::Schedule, self.databases.parallel());
        Ok(self.databases.is_wanted(context)?.then(call))
    }

    pub fn run(&self, context: &Context) -> anyhow::Result<Exit> {
        if context.format() == FormatName::Prometheus {
            let service = context.open(Access::Read)?;
            let records = job_metrics::records(&service, context.config()?, context, context.now)?;
            context.write_records(&job_metrics::JOBS, &records)?;
            return Ok(Exit::Done);
        }
        context.format().check(&SCHEDULE)?;
        context.config_explained()?;
        let service = context.open(Access::Read)?;
        let records = records(&service, context, context.now)?;
        context.write_records(&SCHEDULE, &records)?;
        if records.is_empty() && context.is_interactive() {
            context.print_notice(NO_JOBS);
        }
        Ok(Exit::Done)
    }
}

/// The jobs of the configuration, in their order.
///
/// # Errors
/// Errors of the configuration, and any error of reading the ledger.
pub fn records(
    service: &SessionService,
    context: &Context,
    now: UnixTime,
) -> anyhow::Result<Vec<Record>> {
    let config = context.config()?;
    let standings = service.job_statuses(&config.jobs, &context.job_options(config)?, now)?;
    let mut records = Vec::new();
    for (job, status) in config.jobs.iter().zip(&standings) {
        let (when, last) = (when(job, &config.policies), last_run(service, job, now)?);
        records.push(record(job, when, status, last.as_ref(), now));
    }
    Ok(records)
}

fn when(job: &Job, policies: &Policies) -> String {
    match job.when {
        JobTiming::Every(Interval::Auto) => {
            let length = Interval::Auto.length(policies, job.work.task(), host::jitter());
            format!("every auto ({length})")
        }
        _ => job.when.to_string(),
    }
}

fn record(
    job: &Job,
    when: String,
    status: &JobStatus,
    last: Option<&RunRecord>,
    now: UnixTime,
) -> Record {
    let next = next_time(job, status);
    let values = vec![
        Value::text(Some(job.name.as_str())),
        Value::word(job.work.verb()),
        Value::text(job.work.task().map(TaskPattern::as_str)),
        Value::text(Some(when)),
        Value::time(next),
        Value::span(next.map(|next| next.since(now))),
        Value::time(last.map(|last| last.started)),
        last.map_or(Value::Absent, |last| runs::outcome(last.outcome)),
        Value::Count(missed(job, status, now)),
        Value::span(job.late.filter(|_| matches!(job.work, JobAction::Cycle(_)))),
        Value::text(note(job, status, last).as_deref()),
    ];
    Record::new(["job", job.name.as_str()], values)
}

fn missed(job: &Job, status: &JobStatus, now: UnixTime) -> u64 {
    match status {
        JobStatus::Due(due) if job.enabled => {
            due.missed + u64::from(now.since(due.planned) >= ON_TIME)
        }
        JobStatus::TooLate(late) if job.enabled => late.due.missed + 1,
        _ => 0,
    }
}

fn note(job: &Job, status: &JobStatus, last: Option<&RunRecord>) -> Option<String> {
    let elsewhere = job.host.as_ref().filter(|_| !job.runs_on(&host::name()));
    Some(match (status, elsewhere) {
        _ if !job.enabled => "disabled: enabled = false".to_owned(),
        (_, Some(host)) => format!("runs only on host {host}, and this host is {}", host::name()),
        (JobStatus::Due(due), _) if due.resumes => {
            "a run was cut short: the next `sessctl run` completes it".to_owned()
        }
        (JobStatus::Due(_), _) => "due: the next `sessctl run` runs it".to_owned(),
        (JobStatus::TooLate(late), _) => format!("{late}: the next `sessctl run` skips it"),
        (JobStatus::Running(run), _) => format!("running since {}", run.started),
        (JobStatus::Never, _) => "its schedule has no further times".to_owned(),
        (JobStatus::Scheduled { .. }, _) => return skipped_because(job, last?),
    })
}

fn skipped_because(job: &Job, last: &RunRecord) -> Option<String> {
    let is_skipped = last.outcome == RunOutcome::Skipped && job.runs_on(&last.origin.host);
    last.reason.clone().filter(|_| is_skipped)
}
