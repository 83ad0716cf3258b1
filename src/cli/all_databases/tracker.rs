//! The results of jobs, databases and a whole call, put together from what workers say.

use super::codes;
use super::events::{RunEvents, RunResult, Unit};
use crate::cli::clock;
use crate::domain::time::UnixTime;

/// A job that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedJob {
    pub job: String,
    /// `purge` or `cycle`.
    pub work: String,
    pub result: RunResult,
}

/// What is known of a database.
pub struct DatabaseProgress {
    /// Its configured name.
    pub name: Option<String>,
    begun: UnixTime,
    has_started: bool,
    open_job: Option<String>,
    pub jobs: Vec<EndedJob>,
    /// Why its worker failed.
    pub failure: Option<String>,
}

/// Tells the receivers of the events of a call what has begun and ended.
pub struct Tracker {
    pub databases: Vec<DatabaseProgress>,
    events: Vec<Box<dyn RunEvents>>,
    begun: UnixTime,
    has_started: bool,
    total: Total,
}

/// The sum of results.
#[derive(Default, Clone)]
struct Total {
    exit_code: u8,
    counts: [u64; 3],
    reason: Option<String>,
}

impl Total {
    fn add(&mut self, result: &RunResult, reason: Option<String>) {
        if codes::worse(self.exit_code, result.exit_code) != self.exit_code {
            self.exit_code = result.exit_code;
            self.reason = reason;
        }
        let counts = [result.marked, result.ended, result.deleted];
        for (sum, count) in self.counts.iter_mut().zip(counts) {
            *sum = sum.saturating_add(count);
        }
    }

    fn result(&self, started: UnixTime) -> RunResult {
        let [marked, ended, deleted] = self.counts;
        RunResult {
            started,
            finished: clock::now(),
            outcome: codes::outcome(self.exit_code).to_owned(),
            exit_code: self.exit_code,
            marked,
            ended,
            deleted,
            reason: self.reason.clone(),
        }
    }
}

impl Tracker {
    pub fn new(
        names: impl IntoIterator<Item = Option<String>>,
        events: Vec<Box<dyn RunEvents>>,
    ) -> Self {
        let begun = clock::now();
        let progress = |name| DatabaseProgress {
            name,
            begun,
            has_started: false,
            open_job: None,
            jobs: Vec::new(),
            failure: None,
        };
        let databases = names.into_iter().map(progress).collect();
        Self { databases, events, begun, has_started: false, total: Total::default() }
    }

    /// Lets the receivers complete what is under way.
    pub fn finish(&mut self) {
        self.events.finish();
    }

    /// Notes that a worker has begun a job.
    pub fn job_started(&mut self, index: usize, job: &str) {
        if !self.has_started {
            (self.has_started, self.begun) = (true, clock::now());
            self.events.started(&Unit::All);
        }
        let database = &mut self.databases[index];
        if !database.has_started {
            (database.has_started, database.begun) = (true, clock::now());
            if let Some(name) = &database.name {
                self.events.started(&Unit::Database { name: name.clone() });
            }
        }
        database.open_job = Some(job.to_owned());
        let unit = Unit::Job { database: database.name.clone(), job: job.to_owned() };
        self.events.started(&unit);
    }

    /// Notes that a worker has ended a job.
    pub fn job_ended(&mut self, index: usize, ended: EndedJob) {
        if self.databases[index].open_job.as_ref() != Some(&ended.job) {
            self.job_started(index, &ended.job);
        }
        let database = &mut self.databases[index];
        database.open_job = None;
        let unit = Unit::Job { database: database.name.clone(), job: ended.job.clone() };
        self.events.ended(&unit, &ended.result);
        database.jobs.push(ended);
    }

    /// Notes that a worker has ended, or a pass of one that keeps running. A job that it has not
    /// ended has failed with it.
    pub fn database_ended(&mut self, index: usize, exit_code: u8) {
        let database = &mut self.databases[index];
        if let Some(job) = database.open_job.take() {
            let failed = Total {
                exit_code: if exit_code == 0 { 1 } else { exit_code },
                reason: database.failure.clone(),
                ..Total::default()
            };
            let ended =
                EndedJob { job, work: String::new(), result: failed.result(database.begun) };
            database.open_job = Some(ended.job.clone());
            self.job_ended(index, ended);
        }
        let database = &mut self.databases[index];
        if database.jobs.is_empty() && exit_code == 0 {
            return;
        }
        let mut sum = Total::default();
        for EndedJob { job, result, .. } in &database.jobs {
            let reason = result.reason.clone().unwrap_or_else(|| result.outcome.clone());
            sum.add(result, Some(format!("job {job}: {reason}")));
        }
        if codes::worse(sum.exit_code, exit_code) != sum.exit_code {
            (sum.exit_code, sum.reason) = (exit_code, database.failure.clone());
        }
        let result = sum.result(database.begun);
        let mut reason = result.reason.clone();
        if let Some(name) = database.name.clone() {
            reason = Some(format!("{name}: {}", reason.as_deref().unwrap_or(&result.outcome)));
            self.events.ended(&Unit::Database { name }, &result);
        }
        self.total.add(&result, reason);
        self.has_started = true;
    }

    /// Notes the end of the call, or of a pass. Forgets everything but the databases.
    pub fn all_ended(&mut self) {
        if self.has_started {
            self.events.ended(&Unit::All, &self.total.result(self.begun));
        }
        self.total = Total::default();
        self.has_started = false;
        for database in &mut self.databases {
            database.jobs.clear();
            database.failure = None;
            database.has_started = false;
            database.begun = clock::now();
        }
    }
}
