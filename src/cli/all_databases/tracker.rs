//! The results of jobs, databases and a whole call, put together from what workers say.

use super::codes;
use super::events::{RunEvents, RunResult, Unit};
use crate::cli::clock;
use crate::cli::exit::redact_credentials;
use crate::domain::time::UnixTime;

/// Maximum length of the reason of a call.
const MAX_REASON_CHARS: usize = 1000;
/// Minimum length of the reason of one of many databases.
const MIN_REASON_CHARS: usize = 40;
const SEPARATOR: &str = "; ";

/// A job that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedJob {
    pub job: String,
    /// `purge`, `cycle` or `report`.
    pub work: String,
    pub result: RunResult,
}

/// Knowledge of a database.
pub struct DatabaseProgress {
    /// Configured name.
    pub name: Option<String>,
    begun: UnixTime,
    has_started: bool,
    open_job: Option<String>,
    pub jobs: Vec<EndedJob>,
    /// Reason why its worker failed.
    pub failure: Option<String>,
}

/// Tells the receivers of the events of a call what has begun and ended.
pub struct Tracker {
    pub databases: Vec<DatabaseProgress>,
    events: Vec<Box<dyn RunEvents>>,
    begun: UnixTime,
    /// Set if the receivers know that it has begun.
    has_started: bool,
    /// Set if there is a result.
    has_ended: bool,
    total: CallTotal,
}

/// The sum of results.
#[derive(Default, Clone)]
struct Total {
    exit_code: u8,
    is_locked: bool,
    counts: [u64; 3],
    reason: Option<String>,
}

impl Total {
    fn add(&mut self, result: &RunResult, reason: Option<String>) {
        if codes::worse(self.exit_code, result.exit_code) != self.exit_code {
            self.exit_code = result.exit_code;
            self.reason = reason;
        }
        self.is_locked |= result.is_locked();
        let counts = [result.marked, result.ended, result.deleted];
        for (sum, count) in self.counts.iter_mut().zip(counts) {
            *sum = sum.saturating_add(count);
        }
    }

    fn result(&self, started: UnixTime) -> RunResult {
        let [marked, ended, deleted] = self.counts;
        let outcome = match self.exit_code {
            codes::BUSY if !self.is_locked => "busy",
            code => codes::outcome(code),
        };
        RunResult {
            started,
            finished: clock::now(),
            outcome: outcome.to_owned(),
            exit_code: self.exit_code,
            marked,
            ended,
            deleted,
            reason: self.reason.clone(),
        }
    }
}

/// The sum of the results of databases. One that is busy has no part in the outcome, unless all
/// are.
#[derive(Default)]
struct CallTotal {
    others: Total,
    busy: Total,
    /// Set if there are others.
    has_others: bool,
    /// Exit codes that are no success, with the reasons.
    reasons: Vec<(u8, String)>,
}

impl CallTotal {
    fn add(&mut self, result: &RunResult, reason: Option<String>) {
        let is_busy = result.exit_code == codes::BUSY;
        self.has_others |= !is_busy;
        let total = if is_busy { &mut self.busy } else { &mut self.others };
        total.add(result, None);
        let reason = reason.filter(|_| result.exit_code != 0);
        self.reasons.extend(reason.map(|reason| (result.exit_code, reason)));
    }

    /// The result, with the reasons of the worst databases first, and those of busy ones last.
    fn result(mut self, started: UnixTime) -> RunResult {
        let mut sum = if self.has_others { self.others } else { self.busy.clone() };
        if self.has_others {
            for (sum, count) in sum.counts.iter_mut().zip(self.busy.counts) {
                *sum = sum.saturating_add(count);
            }
        }
        let is_worse = |one: u8, other: u8| one != other && codes::worse(other, one) == one;
        self.reasons.sort_by(|(one, _), (other, _)| {
            let is_busy = |code: u8| code == codes::BUSY;
            is_busy(*one)
                .cmp(&is_busy(*other))
                .then(is_worse(*other, *one).cmp(&is_worse(*one, *other)))
        });
        let reasons = self.reasons.iter().map(|(_, reason)| reason.as_str());
        sum.reason = joined(&reasons.collect::<Vec<_>>());
        sum.result(started)
    }
}

/// Joins reasons to a text of limited length, in which a long one leaves room for the others.
fn joined(reasons: &[&str]) -> Option<String> {
    if reasons.is_empty() {
        return None;
    }
    // A part of an address would show a part of its password.
    let reasons: Vec<_> = reasons.iter().map(|reason| redact_credentials(reason)).collect();
    let whole = reasons.join(SEPARATOR);
    if whole.chars().count() <= MAX_REASON_CHARS {
        return Some(whole);
    }
    let room = (MAX_REASON_CHARS / reasons.len()).saturating_sub(SEPARATOR.len());
    let parts: Vec<String> =
        reasons.iter().map(|reason| bounded(reason, room.max(MIN_REASON_CHARS))).collect();
    Some(bounded(&parts.join(SEPARATOR), MAX_REASON_CHARS))
}

/// A text of at most this number of characters.
fn bounded(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some(_) => text.chars().take(max.saturating_sub(1)).chain(['…']).collect(),
        None => text.to_owned(),
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
        let total = CallTotal::default();
        Self { databases, events, begun, has_started: false, has_ended: false, total }
    }

    /// Notes that a worker is started.
    pub fn worker_started(&mut self, index: usize) {
        self.databases[index].begun = clock::now();
    }

    /// Lets the receivers complete what is under way.
    pub fn finish(&mut self) {
        self.events.finish();
    }

    /// Notes that a worker has begun a job.
    pub fn job_started(&mut self, index: usize, job: &str) {
        if !self.has_started {
            self.has_started = true;
            if !self.has_ended {
                self.begun = clock::now();
            }
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
        // It may become known late, after a wait for a lock.
        database.begun = database.begun.min(ended.result.started);
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
            sum.is_locked |= exit_code == codes::BUSY && database.jobs.is_empty();
        }
        let result = sum.result(database.begun);
        let mut reason = result.reason.clone();
        if let Some(name) = database.name.clone() {
            reason = Some(format!("{name}: {}", reason.as_deref().unwrap_or(&result.outcome)));
            self.events.ended(&Unit::Database { name }, &result);
        }
        if !self.has_started && !self.has_ended {
            self.begun = result.started;
        }
        self.total.add(&result, reason);
        self.has_ended = true;
    }

    /// Notes the end of the call, or of a pass. Forgets everything but the databases.
    pub fn all_ended(&mut self) {
        let total = std::mem::take(&mut self.total);
        if self.has_started || self.has_ended {
            self.events.ended(&Unit::All, &total.result(self.begun));
        }
        (self.has_started, self.has_ended, self.begun) = (false, false, clock::now());
        for database in &mut self.databases {
            database.jobs.clear();
            database.failure = None;
            database.has_started = false;
            database.begun = clock::now();
        }
    }
}
