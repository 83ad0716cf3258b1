//! Jobs, and the hosts that run them through the library.

use std::ops::ControlFlow;

use sessctl::app::{JobOptions, JobOutcome};
use sessctl::domain::filter::SelectionRule;
use sessctl::domain::guard::{Guard, GuardLimits};
use sessctl::domain::job::{Interval, Jitter, Job, JobAction, JobStatus, JobTiming};
use sessctl::domain::session::SessionState;
use sessctl::domain::time::{Span, UnixTime};
use sessctl::domain::time_zone::TimeZone;
use sessctl::domain::write_limits::WriteLimits;
use sessctl::storage::{Backend, RunQuery, RunRecord};
use sessctl::store::Access;
use sessctl::{Error, OpenRequest, Policies, SessionService, Token, store};
use tempfile::TempDir;

pub fn job(name: &str, when: JobTiming, work: JobAction) -> Job {
    Job {
        name: name.into(),
        when,
        work,
        selection: SelectionRule::default(),
        limits: GuardLimits::default(),
        late: None,
        host: None,
        why: None,
        enabled: true,
    }
}

/// A purge of all tasks at fixed times.
pub fn purge_at(schedule: &str) -> Job {
    job("purge", JobTiming::At(schedule.parse().unwrap()), JobAction::Purge(None))
}

/// A purge of all tasks at an interval.
pub fn purge_every(span: &str) -> Job {
    let interval = Interval::Fixed(span.parse().unwrap());
    job("purge", JobTiming::Every(interval), JobAction::Purge(None))
}

/// A cycle of the task `imap`, whatever the states of its sessions.
pub fn cycle_at(schedule: &str) -> Job {
    let states =
        SessionState::ALL.iter().copied().filter(|state| *state != SessionState::Ended).collect();
    Job {
        selection: SelectionRule { states, ..SelectionRule::default() },
        ..job("restart", JobTiming::At(schedule.parse().unwrap()), JobAction::Cycle("imap".into()))
    }
}

/// A job tied to one host.
pub fn only_on(host: &str, job: Job) -> Job {
    Job { host: Some(host.into()), ..job }
}

/// The defaults of a configuration, on a machine whose clock shows UTC.
pub fn terms() -> JobOptions {
    JobOptions {
        configuration: "/etc/sessctl.toml".to_owned(),
        zone: TimeZone::UTC,
        jitter: Jitter::default(),
        poll: Span::ZERO,
        guard: Guard::default(),
        write_limits: WriteLimits::default(),
        keep_runs: None,
    }
}

/// A database in its own directory.
pub struct Database(pub TempDir);

impl Database {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        store::create(folder.path().join("sessions.db")).unwrap();
        Self(folder)
    }

    pub fn store(&self) -> Box<dyn Backend> {
        store::open(self.0.path().join("sessions.db"), Access::Write).unwrap()
    }

    pub fn host(&self, name: &str) -> Host {
        let service = SessionService::new(self.store(), Policies::default()).with_host(name);
        Host { service, terms: terms() }
    }
}

/// A machine with the jobs of a database.
pub struct Host {
    pub service: SessionService,
    pub terms: JobOptions,
}

impl Host {
    /// A host with its own database, which lives as long as the second value.
    pub fn alone() -> (Self, Database) {
        let database = Database::new();
        (database.host("mail1"), database)
    }

    pub fn in_zone(mut self, zone: &str) -> Self {
        self.terms.zone = zone.parse().unwrap();
        self
    }

    /// Runs a job if it is due, as cron would have it done.
    pub fn try_run_if_due(&mut self, job: &Job, now: UnixTime) -> Result<JobOutcome, Error> {
        self.service.run_job(job, &self.terms, now, &mut || ControlFlow::Continue(()))
    }

    pub fn run_if_due(&mut self, job: &Job, now: UnixTime) -> JobOutcome {
        self.try_run_if_due(job, now).unwrap()
    }

    /// Runs a job each minute if it is due; returns the times at which it ran.
    pub fn run_each_minute(&mut self, job: &Job, from: UnixTime, until: UnixTime) -> Vec<UnixTime> {
        let minutes = (from.0..until.0).step_by(60).map(UnixTime);
        minutes.filter(|now| has_run(&self.run_if_due(job, *now))).collect()
    }

    /// Replaces the jobs of the configuration.
    pub fn set_jobs(&mut self, jobs: &[&Job], now: UnixTime) {
        let jobs: Vec<Job> = jobs.iter().map(|job| (*job).clone()).collect();
        self.service.set_jobs(&jobs, &self.terms, now).unwrap();
    }

    pub fn job_status(&self, job: &Job, now: UnixTime) -> JobStatus {
        self.service.job_statuses(std::slice::from_ref(job), &self.terms, now).unwrap()[0]
    }

    /// The ledger, the oldest run first.
    pub fn ledger(&self, now: UnixTime) -> Vec<RunRecord> {
        let mut runs = Vec::new();
        let visit = &mut |run| {
            runs.push(run);
            Ok(ControlFlow::Continue(()))
        };
        self.service.runs(&RunQuery::default(), now, visit).unwrap();
        runs.reverse();
        runs
    }

    /// The youngest run of the ledger.
    pub fn last_run(&self, now: UnixTime) -> RunRecord {
        let query = RunQuery { limit: Some(1), ..RunQuery::default() };
        let mut last = None;
        let visit = &mut |run| {
            last = Some(run);
            Ok(ControlFlow::Continue(()))
        };
        self.service.runs(&query, now, visit).unwrap();
        last.unwrap()
    }

    pub fn opens(&mut self, task: &str, now: UnixTime) -> Token {
        let opening = OpenRequest { task: task.into(), ..OpenRequest::default() };
        self.service.open(opening, now).unwrap().token
    }

    pub fn is_live(&mut self, token: &Token, now: UnixTime) -> bool {
        let answers = self.service.touch(std::slice::from_ref(token), now).unwrap();
        answers[0].outcome.is_live()
    }
}

pub fn has_run(ran: &JobOutcome) -> bool {
    matches!(
        ran,
        JobOutcome::Purged(_)
            | JobOutcome::Cycled(_)
            | JobOutcome::Reported(_)
            | JobOutcome::Skipped
    )
}

/// The planned times of runs, as text.
pub fn planned(runs: &[RunRecord]) -> Vec<String> {
    runs.iter().map(|run| run.planned.to_string()).collect()
}

/// The delay of a run.
pub fn late(run: &RunRecord) -> Span {
    run.started.since(run.planned)
}
