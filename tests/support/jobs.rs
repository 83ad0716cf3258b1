//! Jobs, and the hosts that run them through the library.

use std::ops::ControlFlow;

use sessctl::app::{Ran, Terms};
use sessctl::domain::guard::{Caps, Guard};
use sessctl::domain::job::{Interval, Jitter, Job, Standing, When, Work};
use sessctl::domain::manners::Manners;
use sessctl::domain::port::{RunQuery, RunRecord, Store};
use sessctl::domain::time::{Span, UnixTime};
use sessctl::domain::zone::Zone;
use sessctl::store::{self, Access};
use sessctl::{Error, Housekeeper, Opening, Policies, Token};
use tempfile::TempDir;

pub fn job(name: &str, when: When, work: Work) -> Job {
    Job {
        name: name.into(),
        when,
        work,
        caps: Caps::default(),
        late: None,
        host: None,
        enabled: true,
    }
}

/// A purge of all tasks at fixed times.
pub fn purge_at(schedule: &str) -> Job {
    job("purge", When::At(schedule.parse().unwrap()), Work::Purge(None))
}

/// A purge of all tasks at an interval.
pub fn purge_every(span: &str) -> Job {
    let interval = Interval::Fixed(span.parse().unwrap());
    job("purge", When::Every(interval), Work::Purge(None))
}

/// A cycle of the task `imap`.
pub fn cycle_at(schedule: &str) -> Job {
    job("restart", When::At(schedule.parse().unwrap()), Work::Cycle("imap".into()))
}

/// A job tied to one host.
pub fn only_on(host: &str, job: Job) -> Job {
    Job { host: Some(host.into()), ..job }
}

/// The defaults of a configuration, on a machine whose clock shows UTC.
pub fn terms() -> Terms {
    Terms {
        configuration: "/etc/sessctl.toml".to_owned(),
        zone: Zone::UTC,
        jitter: Jitter::default(),
        poll: Span::ZERO,
        guard: Guard::default(),
        manners: Manners::default(),
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

    pub fn store(&self) -> Box<dyn Store> {
        store::open(self.0.path().join("sessions.db"), Access::Write).unwrap()
    }

    pub fn host(&self, name: &str) -> Host {
        let keeper = Housekeeper::new(self.store(), Policies::default()).on_host(name);
        Host { keeper, terms: terms() }
    }
}

/// A machine with the jobs of a database.
pub struct Host {
    pub keeper: Housekeeper,
    pub terms: Terms,
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
    pub fn try_run_if_due(&mut self, job: &Job, now: UnixTime) -> Result<Ran, Error> {
        self.keeper.run_job(job, &self.terms, now, &mut || ControlFlow::Continue(()))
    }

    pub fn run_if_due(&mut self, job: &Job, now: UnixTime) -> Ran {
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
        self.keeper.set_jobs(&jobs, &self.terms, now).unwrap();
    }

    pub fn standing(&self, job: &Job, now: UnixTime) -> Standing {
        self.keeper.standings(std::slice::from_ref(job), &self.terms, now).unwrap()[0]
    }

    /// The ledger, the oldest run first.
    pub fn ledger(&self, now: UnixTime) -> Vec<RunRecord> {
        let mut runs = Vec::new();
        let visit = &mut |run| {
            runs.push(run);
            Ok(ControlFlow::Continue(()))
        };
        self.keeper.runs(&RunQuery::default(), now, visit).unwrap();
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
        self.keeper.runs(&query, now, visit).unwrap();
        last.unwrap()
    }

    pub fn opens(&mut self, task: &str, now: UnixTime) -> Token {
        let opening = Opening { task: task.into(), ..Opening::default() };
        self.keeper.open(opening, now).unwrap().token
    }

    pub fn is_live(&mut self, token: &Token, now: UnixTime) -> bool {
        let answers = self.keeper.touch(std::slice::from_ref(token), now).unwrap();
        answers[0].outcome.is_served()
    }
}

pub fn has_run(ran: &Ran) -> bool {
    matches!(ran, Ran::Purged(_) | Ran::Cycled(_) | Ran::Skipped)
}

/// The planned times of runs, as text.
pub fn planned(runs: &[RunRecord]) -> Vec<String> {
    runs.iter().map(|run| run.planned.to_string()).collect()
}

/// The delay of a run.
pub fn late(run: &RunRecord) -> Span {
    run.started.since(run.planned)
}
