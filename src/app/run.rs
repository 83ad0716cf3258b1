//! A run: work that only one process does at a time, and that the ledger knows.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use super::SessionService;
use super::purge::StopReason;
use crate::domain::error::{Error, InterruptReason, Result};
use crate::domain::job::{DueRun, Job, JobTiming};
use crate::domain::time::{Span, UnixTime};
use crate::domain::time_zone::TimeZone;
use crate::storage::{
    Backend, JobKey, Lease, LeaseHolder, NewRun, RunEnd, RunOutcome, StartResult, StatementLimit,
};

/// How often a run says that it is at work.
const RENEWAL: Duration = Duration::from_secs(1);

/// Time that a run goes on without renewing its lease on a full file system: less than
/// [`Lease::TERM`].
const UNRENEWED: Duration = Duration::from_secs(30);
/// The longest that a statement of a run may take: what is left of a lease that has just
/// been renewed, with some time to spare.
const LONGEST_STATEMENT: Duration = Duration::from_secs(45);

/// How often to try to say what has come of a run, where the database is locked. Each time
/// waits for as long as any other step.
const FINISHES: usize = 3;

/// The lease of the one purge that is at work, or compaction: one fills the free pages
/// that the other gives back.
pub(super) const PURGE: &str = "purge";

/// What a process is told that finds a compaction at work.
pub(super) const COMPACTION: &str = "compaction";

/// A clock that is never set, from any moment on. It had best go on while the machine
/// sleeps.
pub type MonotonicClock = fn() -> Duration;

/// The one that the standard library has, which on Linux stands still then.
pub(super) fn since_start() -> Duration {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed()
}

/// Functions that identify processes of this machine.
#[derive(Debug, Clone, Copy)]
pub struct ProcessProbe {
    /// A name for this process that no other ever has, on whatever machine, without a
    /// colon and an @; `None`: it has none.
    pub own: fn() -> Option<String>,
    /// Reports whether the process of such a name is known to be gone. Of one of another machine,
    /// nothing is known.
    pub is_gone: fn(&str) -> bool,
}

impl Default for ProcessProbe {
    /// Nothing is known of any.
    fn default() -> Self {
        Self { own: || None, is_gone: |_| false }
    }
}

/// The run of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRun {
    /// Which job.
    pub key: JobKey,
    /// What of it is due.
    pub due: DueRun,
    /// The anchor by which it is.
    pub anchor: Option<UnixTime>,
    /// Whether its interval counts from the end of the run.
    pub counts_from_end: bool,
}

impl JobRun {
    /// The run of a job that is due.
    pub fn new(job: &Job, key: JobKey, due: DueRun, anchor: Option<UnixTime>) -> Self {
        Self { key, due, anchor, counts_from_end: matches!(job.when, JobTiming::Every(_)) }
    }
}

/// What the ledger calls a job. One that is tied to a host is settled on each
/// host by itself: where it is skipped, it has not run for the others.
pub(super) fn key(job: &Job, zone: &TimeZone, host: &str) -> JobKey {
    let account = if job.host.is_some() { host.to_owned() } else { String::new() };
    JobKey { name: job.name.clone(), account, spec: job.spec(zone) }
}

/// A run that has ended, as told to a [`RunObserver`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedRun<'a> {
    /// `purge` or `cycle`.
    pub work: &'a str,
    /// Tasks that it was for, as a pattern; `None`: all.
    pub task: Option<&'a str>,
    /// Name of its job; `None`: it was started by hand, or by cron.
    pub job: Option<&'a str>,
    /// Outcome and counts.
    pub end: &'a RunEnd,
}

/// A record of runs besides the ledger.
pub trait RunObserver {
    /// Receives a run that has ended.
    fn run_ended(&mut self, run: &EndedRun<'_>);
}

/// A run that is at work.
pub(super) struct ActiveRun {
    lease: Lease,
    job: Option<JobRun>,
    work: String,
    task: Option<String>,
    started: UnixTime,
    uptime: MonotonicClock,
    /// What the uptime was when it began.
    begun: Duration,
    renewed: Duration,
}

impl ActiveRun {
    fn elapsed(&self) -> Duration {
        (self.uptime)().saturating_sub(self.begun)
    }

    /// The moment, by the time that has passed since the run began: that clock is
    /// never set.
    fn now(&self) -> UnixTime {
        let elapsed = i64::try_from(self.elapsed().as_secs()).unwrap_or(i64::MAX);
        self.started.plus(Span::seconds(elapsed))
    }
}

/// How much a run has done.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct RunCounts {
    pub(super) marked: u64,
    pub(super) ended: u64,
    pub(super) deleted: u64,
}

/// How a run has come to its end.
pub(super) enum RunResult<'a> {
    Complete,
    /// It is not complete, and why; whether its job is to go on with it as soon as it
    /// can.
    Partial(String, bool),
    Failed(&'a Error),
}

impl RunResult<'_> {
    /// That of a run which has not failed.
    pub(super) fn of(stopped: Option<StopReason>, short_of: Option<String>) -> Self {
        let is_cut_short = matches!(
            stopped,
            Some(
                StopReason::Signal
                    | StopReason::Lease
                    | StopReason::Log
                    | StopReason::Busy
                    | StopReason::Room
            )
        );
        short_of.map_or(Self::Complete, |reason| Self::Partial(reason, is_cut_short))
    }
}

impl SessionService {
    /// Begins a run, if nobody else does the same.
    pub(super) fn start_run(
        &mut self,
        lease: &str,
        work: &str,
        task: Option<&str>,
        job: Option<&JobRun>,
        now: UnixTime,
    ) -> Result<ActiveRun> {
        let lease = Lease { name: lease.to_owned(), holder: self.new_holder()? };
        let run = NewRun {
            job: job.map(|job| job.key.clone()),
            work: work.to_owned(),
            task: task.map(str::to_owned),
            rules: if work == PURGE { self.rules() } else { String::new() },
            planned: job.map_or(now, |job| job.due.planned),
            started: now,
            anchor: job.and_then(|job| job.anchor),
            missed: job.map_or(0, |job| job.due.missed),
            origin: self.origin(),
        };
        match self.take(&lease, now, &|store| store.start_run(&lease, &run))? {
            StartResult::Started => {
                self.remember_clock();
                let shift = self.shift(lease, job, now);
                Ok(ActiveRun { work: run.work, task: run.task, ..shift })
            }
            StartResult::LeaseHeld(holding) => Err(held(holding, now)),
            StartResult::AlreadyRun => Err(Error::AlreadyRun),
        }
    }

    /// Begins work that only one process does at a time and that the ledger has no
    /// record of: its runs are those that end sessions.
    pub(super) fn acquire_lease(
        &mut self,
        lease: &str,
        work: &str,
        now: UnixTime,
    ) -> Result<ActiveRun> {
        let holder = format!("{work}:{}", self.new_holder()?);
        let lease = Lease { name: lease.to_owned(), holder };
        match self.take(&lease, now, &|store| store.take_lease(&lease, now))? {
            StartResult::Started => Ok(self.shift(lease, None, now)),
            StartResult::LeaseHeld(holding) => Err(held(holding, now)),
            StartResult::AlreadyRun => Err(Error::AlreadyRun),
        }
    }

    /// Takes a lease, from a holder whose process is gone at once.
    fn take(
        &mut self,
        lease: &Lease,
        now: UnixTime,
        attempt: &dyn Fn(&mut dyn Backend) -> Result<StartResult>,
    ) -> Result<StartResult> {
        let begun = attempt(self.store.as_mut());
        let begun = begun.or_else(|error| self.find_lease_holder(lease, error, now))?;
        match begun {
            StartResult::LeaseHeld(LeaseHolder { holder, .. }) if self.is_gone(&holder) => {
                // Of several who find it gone, one gets the lease.
                self.store.release_lease(&Lease { name: lease.name.clone(), holder })?;
                attempt(self.store.as_mut())
            }
            begun => Ok(begun),
        }
    }

    /// A holder that no other run is, with the name of this process.
    fn new_holder(&self) -> Result<String> {
        let name = random_name()?;
        Ok((self.processes.own)().map_or(name.clone(), |process| format!("{name}@{process}")))
    }

    /// Reports whether the process of the holder of a lease is known to be gone.
    pub(super) fn is_gone(&self, holder: &str) -> bool {
        Lease::process(holder).is_some_and(self.processes.is_gone)
    }

    /// Where the database is busy all the time, it may be with such work: a rebuild
    /// keeps all others from writing until it is done.
    fn find_lease_holder(&self, lease: &Lease, error: Error, now: UnixTime) -> Result<StartResult> {
        if !matches!(error, Error::Busy { .. }) {
            return Err(error);
        }
        match self.store.lease_holder(&lease.name) {
            // While it rebuilds, nobody can renew its lease either.
            Ok(Some(holding))
                if holding.work == COMPACTION || Lease::holds(holding.renewed_at, now) =>
            {
                Ok(StartResult::LeaseHeld(holding))
            }
            // Why it could not begin comes first.
            _ => Err(error),
        }
    }

    /// Does work whose commits leave the log as it is.
    pub(super) fn with_log_kept<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        self.keep_log(true)?;
        let outcome = work(self);
        let kept = self.keep_log(false);
        // What the work fails with comes first.
        outcome.and_then(|outcome| kept.map(|()| outcome))
    }

    fn keep_log(&self, keep: bool) -> Result<()> {
        self.store.wal().map_or(Ok(()), |wal| wal.keep_log(keep))
    }

    /// Ends such work.
    pub(super) fn finish_unrecorded(&mut self, shift: &ActiveRun) -> Result<()> {
        self.store.drop_lease(&shift.lease)
    }

    fn shift(&self, lease: Lease, job: Option<&JobRun>, now: UnixTime) -> ActiveRun {
        ActiveRun {
            lease,
            job: job.cloned(),
            work: String::new(),
            task: None,
            started: now,
            uptime: self.uptime,
            begun: (self.uptime)(),
            renewed: Duration::ZERO,
        }
    }

    /// Says that a run is at work, once in a while. Answers whether it may go on: not
    /// if it was stopped for so long that its lease is over, whoever has that now. The
    /// moment at which it began is too long ago then to judge by.
    pub(super) fn stay(&mut self, shift: &mut ActiveRun) -> Result<bool> {
        let elapsed = shift.elapsed();
        if elapsed.saturating_sub(shift.renewed) < RENEWAL {
            return Ok(true);
        }
        match self.store.renew_lease(&shift.lease, shift.now()) {
            // Nobody takes it over for a while.
            Err(error)
                if error.is_disk_full() && elapsed.saturating_sub(shift.renewed) < UNRENEWED =>
            {
                Ok(true)
            }
            renewed => {
                shift.renewed = elapsed;
                renewed
            }
        }
    }

    /// Bounds the statements of a run until it next says that it is at work: by the time
    /// that is left to it, and by its lease, which nobody renews while a statement runs.
    pub(super) fn limit_statements(&mut self, until: Option<Instant>) {
        let lease = StatementLimit { time: LONGEST_STATEMENT, cause: InterruptReason::Lease };
        let time = until.map(|until| until.saturating_duration_since(Instant::now()));
        let time = time.map(|time| StatementLimit { time, cause: InterruptReason::Time });
        let limit = time.filter(|limit| limit.time < lease.time).unwrap_or(lease);
        self.store.limit_statements(Some(limit));
    }

    /// Ends a run with what has come of it.
    ///
    /// A run that is complete settles its job, and so does one that was refused or has
    /// failed: the same would most likely happen again at once, and the job is due again
    /// at its next time. One that was cut short by something that passes leaves it due.
    pub(super) fn finish_run(
        &mut self,
        shift: &ActiveRun,
        feat: RunCounts,
        close: RunResult<'_>,
    ) -> Result<()> {
        let finished = shift.now();
        let (outcome, reason, is_settled) = match close {
            RunResult::Complete => (RunOutcome::Done, None, true),
            RunResult::Partial(reason, resumes) => (RunOutcome::Partial, Some(reason), !resumes),
            RunResult::Failed(error @ (Error::Guard(_) | Error::Refused(_))) => {
                (RunOutcome::Refused, Some(error.to_string()), true)
            }
            RunResult::Failed(error) => (RunOutcome::Failed, Some(error.with_causes()), true),
        };
        let job = shift.job.as_ref().filter(|_| is_settled);
        let anchor = job.map(|job| if job.counts_from_end { finished } else { job.due.planned });
        let end = RunEnd {
            finished,
            outcome,
            reason,
            marked: feat.marked,
            ended: feat.ended,
            deleted: feat.deleted,
            anchor,
        };
        let name = shift.job.as_ref().map(|job| job.key.name.as_str());
        self.observe(&shift.work, shift.task.as_deref(), name, &end);
        let key = job.map(|job| &job.key);
        // What stopped the work may be in the way of this for a little longer.
        let mut tries = (1..FINISHES).map(|_| ());
        loop {
            match self.store.finish_run(&shift.lease, key, &end) {
                Err(error) if error.is_transient() && tries.next().is_some() => {}
                finished => return finished,
            }
        }
    }
}

impl SessionService {
    /// Tells the observer of a run, before the ledger: that may fail.
    pub(super) fn observe(
        &mut self,
        work: &str,
        task: Option<&str>,
        job: Option<&str>,
        end: &RunEnd,
    ) {
        if let Some(observer) = &mut self.observer {
            observer.run_ended(&EndedRun { work, task, job, end });
        }
    }
}

/// A name that no other run has.
pub(super) fn random_name() -> Result<String> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).map_err(|e| Error::failed("draw a random name", e))?;
    Ok(format!("{:032x}", u128::from_be_bytes(bits)))
}

/// That somebody else is at work.
pub(super) fn held(holding: LeaseHolder, now: UnixTime) -> Error {
    Error::LeaseHeld {
        work: holding.work,
        by: holding.by.map_or_else(
            || "another process".to_owned(),
            |origin| format!("process {} on {}", origin.pid, origin.host),
        ),
        ago: now.since(holding.renewed_at),
    }
}
