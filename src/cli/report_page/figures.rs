//! Figures of the report, read from the database and its ledger. Nothing is changed.

use std::ops::ControlFlow;

use super::run_figures::RunFigures;
use crate::Error;
use crate::app::{JobOptions, PurgeHistory, SessionService};
use crate::cli::show::job_runs::{last_run, next_time};
use crate::domain::filter::Filter;
use crate::domain::idle_times::IdleTimes;
use crate::domain::job::{Job, JobStatus};
use crate::domain::time::UnixTime;
use crate::domain::time_zone::TimeZone;
use crate::storage::{DiskUsage, GroupBy, RunRecord, Sample, TaskStats, UserStats};

/// Users that the report names.
const USERS: usize = 10;

/// Subject and period of a report.
pub struct Request<'a> {
    /// Name of the database, for people.
    pub database: String,
    pub host: String,
    pub since: UnixTime,
    /// Resolved zone of the times that people read.
    pub zone: TimeZone,
    pub jobs: &'a [Job],
    pub job_options: &'a JobOptions,
}

pub struct Figures {
    pub database: String,
    pub host: String,
    pub since: UnixTime,
    pub now: UnixTime,
    pub zone: TimeZone,
    pub table: Option<FrameworkTable>,
    pub tasks: Vec<TaskStats>,
    pub users: Users,
    /// `None`: the table does not record the last use.
    pub idle: Option<Vec<IdleTimes>>,
    pub file: Option<FileFigures>,
    /// False if the ledger cannot be read: nothing is known about the past.
    pub has_ledger: bool,
    pub samples: Vec<Sample>,
    pub purges: PurgeHistory,
    pub runs: RunFigures,
    pub jobs: Vec<JobFigures>,
}

/// Table of a framework.
#[derive(Debug, Clone)]
pub struct FrameworkTable {
    pub title: String,
    pub name: String,
    /// Reason why sessctl does not purge it, if so.
    pub read_only: Option<String>,
}

/// Users with sessions that have not ended.
#[derive(Debug, Clone, Default)]
pub struct Users {
    /// Users with the most sessions.
    pub top: Vec<UserStats>,
    pub count: u64,
    /// Sessions without a user.
    pub anonymous: u64,
}

#[derive(Debug, Clone, Copy)]
pub struct FileFigures {
    pub usage: DiskUsage,
    /// Estimate of the unused bytes in partly filled pages; `None`: unknown.
    pub slack: Option<u64>,
}

#[derive(Debug, Clone)]
pub struct JobFigures {
    pub job: Job,
    pub status: JobStatus,
    pub next: Option<UnixTime>,
    pub last: Option<RunRecord>,
    pub runs_here: bool,
}

impl Figures {
    /// Reads the figures: three scans of the table, and the ledger.
    ///
    /// # Errors
    /// Any error of reading the database. A state file that cannot be read is no error.
    pub fn read(
        service: &mut SessionService,
        request: &Request<'_>,
        now: UnixTime,
    ) -> anyhow::Result<Self> {
        let file = read_file(service)?;
        let table = service.profile().map(|profile| FrameworkTable {
            title: profile.title.clone(),
            name: profile.table.clone(),
            read_only: profile.readonly_reason(),
        });
        let past = Past::read(service, request, now);
        let is_unknown =
            |error: &anyhow::Error| matches!(error.downcast_ref(), Some(Error::State(_)));
        let past = match past {
            Err(error) if is_unknown(&error) => None,
            past => Some(past?),
        };
        let has_ledger = past.is_some() && service.has_ledger();
        let past = past.filter(|_| has_ledger).unwrap_or_default();
        // Each of the three scans the table.
        let tasks = service.tasks(None, now)?;
        let users = read_users(service, now)?;
        let idle = service.idle_times(None, now)?;
        Ok(Self {
            database: request.database.clone(),
            host: request.host.clone(),
            since: request.since,
            now,
            zone: request.zone.clone(),
            table,
            tasks,
            users,
            idle,
            file,
            has_ledger,
            samples: past.samples,
            purges: past.purges,
            runs: past.runs,
            jobs: past.jobs,
        })
    }

    pub fn sum(&self, of: impl Fn(&TaskStats) -> u64) -> u64 {
        self.tasks.iter().map(of).sum()
    }

    /// Sessions that have not ended and are not live.
    pub fn expired(&self) -> u64 {
        self.sum(|task| task.due_abandoned + task.expired)
    }

    /// All rows, as far as they are sessions.
    pub fn rows(&self) -> u64 {
        self.sum(|task| task.sessions() + task.ended)
    }

    pub fn live(&self) -> u64 {
        self.sum(TaskStats::live_total)
    }
}

/// Figures from the ledger.
#[derive(Default)]
struct Past {
    samples: Vec<Sample>,
    purges: PurgeHistory,
    runs: RunFigures,
    jobs: Vec<JobFigures>,
}

impl Past {
    fn read(
        service: &SessionService,
        request: &Request<'_>,
        now: UnixTime,
    ) -> anyhow::Result<Self> {
        let samples = service.samples(request.since, now)?;
        let worst = samples.iter().filter(|sample| sample.longest_hold.is_some());
        let worst = worst.max_by_key(|sample| sample.longest_hold).map(|sample| sample.at);
        let slowest = samples.iter().filter(|sample| sample.duration.is_some());
        let slowest = slowest.max_by_key(|sample| sample.duration).map(|sample| sample.at);
        Ok(Self {
            purges: service.purge_history(now)?,
            runs: RunFigures::read(service, request.since, [worst, slowest], now)?,
            jobs: read_jobs(service, request, now)?,
            samples,
        })
    }
}

fn read_file(service: &mut SessionService) -> crate::Result<Option<FileFigures>> {
    let Some(inspected) = service.inspect_file()? else { return Ok(None) };
    Ok(Some(FileFigures { usage: inspected.usage, slack: service.unused_bytes()? }))
}

fn read_users(service: &SessionService, now: UnixTime) -> crate::Result<Users> {
    let mut users = Users::default();
    service.groups(GroupBy::User, &Filter::default(), now, &mut |group| {
        if group.user.is_none() {
            users.anonymous += group.sessions();
        } else {
            users.count += 1;
            if users.top.len() < USERS {
                users.top.push(group);
            }
        }
        Ok(ControlFlow::Continue(()))
    })?;
    service.name_loads(&mut users.top)?;
    Ok(users)
}

fn read_jobs(
    service: &SessionService,
    request: &Request<'_>,
    now: UnixTime,
) -> anyhow::Result<Vec<JobFigures>> {
    let statuses = service.job_statuses(request.jobs, request.job_options, now)?;
    let mut jobs = Vec::new();
    for (job, status) in request.jobs.iter().zip(statuses) {
        jobs.push(JobFigures {
            next: next_time(job, &status),
            last: last_run(service, job, now)?,
            runs_here: job.enabled && job.runs_on(&request.host),
            job: job.clone(),
            status,
        });
    }
    Ok(jobs)
}
