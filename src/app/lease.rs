//! Leases: starting a run, its heartbeat, and its end.

use std::time::{Duration, Instant};

use super::run::{ActiveRun, COMPACTION, EndedRun, JobRun, PURGE, RunCounts, RunResult};
use super::service::SessionService;
use crate::domain::error::{Error, InterruptReason, Result};
use crate::domain::time::{Span, UnixTime};
use crate::storage::{
    Backend, KeptRows, Lease, LeaseHolder, NewRun, PublishedProgress, RunEnd, RunNote, StartResult,
    StatementLimit, random_name,
};

const UNREADABLE_NOTICE: &str = "notice of unreadable rows";
const NOTICE_INTERVAL: Span = Span::days(1);
pub(super) const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(1);
/// Time that a run continues without renewing its lease on a full disk: under [`Lease::TERM`].
const MAX_UNRENEWED: Duration = Duration::from_secs(30);
/// Maximum time of a statement: what remains of a lease just renewed, with a margin.
const MAX_STATEMENT_TIME: Duration = Duration::from_secs(45);
/// Attempts to record the end of a run in a locked database. Each waits as long as other steps.
const FINISH_ATTEMPTS: usize = 3;

impl SessionService {
    /// Starts a run, unless its lease is held.
    pub(super) fn start_run(
        &mut self,
        lease: &str,
        work: &str,
        task: Option<&str>,
        job: Option<&JobRun>,
        note: &RunNote,
        now: UnixTime,
    ) -> Result<ActiveRun> {
        let lease = Lease { name: lease.to_owned(), holder: self.new_holder()? };
        let rules = if work == PURGE { self.rules() } else { String::new() };
        let new = NewRun { rules, ..self.new_run(work, task, job, note, now) };
        self.take_lease(&lease, now, &|store| store.start_run(&lease, &new))?;
        self.record_clock();
        let run = self.active_run(lease, job, now);
        Ok(ActiveRun { work: new.work, task: new.task, note: new.note, ..run })
    }

    /// Describes a run without the rules of a purge.
    pub(super) fn new_run(
        &self,
        work: &str,
        task: Option<&str>,
        job: Option<&JobRun>,
        note: &RunNote,
        now: UnixTime,
    ) -> NewRun {
        NewRun {
            job: job.map(|job| job.key.clone()),
            work: work.to_owned(),
            task: task.map(str::to_owned),
            note: note.clone(),
            rules: String::new(),
            planned: job.map_or(now, |job| job.due.planned),
            started: now,
            last_settled_at: job.and_then(|job| job.last_settled_at),
            missed: job.map_or(0, |job| job.due.missed),
            origin: self.origin(),
        }
    }

    /// Holds the lease of purges during work that ends no sessions, and so is not in the ledger.
    pub(super) fn with_lease<T>(
        &mut self,
        work: &str,
        now: UnixTime,
        run: impl FnOnce(&mut Self, &mut ActiveRun) -> Result<T>,
    ) -> Result<T> {
        let holder = format!("{work}:{}", self.new_holder()?);
        let lease = Lease { name: PURGE.to_owned(), holder };
        self.take_lease(&lease, now, &|store| store.take_lease(&lease, now))?;
        let mut active = self.active_run(lease, None, now);
        let result = run(self, &mut active);
        let released = self.store.drop_lease(&active.lease);
        // The error of the work takes precedence.
        result.and_then(|result| released.map(|()| result))
    }

    /// Reports whether to name rows that cannot be read: nobody has done so for a day, or that is
    /// unknown.
    pub fn claims_unreadable_notice(&mut self, now: UnixTime) -> bool {
        self.store.claim_notice(UNREADABLE_NOTICE, now, NOTICE_INTERVAL).unwrap_or(true)
    }

    /// Finds out whether a run before has reported as many kept rows of the same work, and
    /// remembers their number. `partial`: the run has not seen all rows.
    pub(super) fn remember_kept(
        &mut self,
        kept: &mut KeptRows,
        run: &ActiveRun,
        partial: bool,
        now: UnixTime,
    ) {
        if self.store.is_volatile() || self.profile().is_none() {
            return;
        }
        let job = run.job.as_ref().map(|job| job.key.name.as_str());
        let scope = job.or(run.task.as_deref()).unwrap_or_default();
        let subject = format!("kept rows of {} {scope}", run.work);
        let rows = kept.rows();
        // Nothing is written for a run that keeps nothing, after others that did not.
        let is_new = || self.store.lease_holder(&subject).is_ok_and(|known| known.is_none());
        if rows == 0 && (partial || is_new()) {
            return;
        }
        let news = self.store.remember_count(&subject, rows, partial, now);
        kept.is_known = rows > 0 && news.is_ok_and(|is_news| !is_news);
    }

    /// Takes a lease, from a holder whose process has exited immediately.
    fn take_lease(
        &mut self,
        lease: &Lease,
        now: UnixTime,
        attempt: &dyn Fn(&mut dyn Backend) -> Result<StartResult>,
    ) -> Result<()> {
        let result = attempt(self.store.as_mut());
        let mut result = result.or_else(|error| self.find_lease_holder(lease, error, now))?;
        if let StartResult::LeaseHeld(LeaseHolder { holder, .. }) = &result
            && self.is_gone(holder)
        {
            // If several processes find it gone, one gets the lease.
            let gone = Lease { name: lease.name.clone(), holder: holder.clone() };
            self.store.release_lease(&gone)?;
            result = attempt(self.store.as_mut())?;
        }
        match result {
            StartResult::Started => Ok(()),
            StartResult::LeaseHeld(holder) => Err(lease_held_error(holder, now)),
            StartResult::AlreadyRun => Err(Error::AlreadyRun),
        }
    }

    /// Returns a unique holder, with the name of this process.
    pub(super) fn new_holder(&self) -> Result<String> {
        let name = random_name()?;
        Ok((self.processes.own)().map_or(name.clone(), |process| format!("{name}@{process}")))
    }

    /// Reports whether the process of the holder of a lease is known to have exited.
    pub(super) fn is_gone(&self, holder: &str) -> bool {
        Lease::process(holder).is_some_and(self.processes.is_gone)
    }

    /// Finds who holds the lease of a busy database: a rebuild blocks all other writers.
    fn find_lease_holder(&self, lease: &Lease, error: Error, now: UnixTime) -> Result<StartResult> {
        if !matches!(error, Error::Busy { .. }) {
            return Err(error);
        }
        match self.store.lease_holder(&lease.name) {
            // During a rebuild, its lease cannot be renewed either.
            Ok(Some(holder))
                if holder.work == COMPACTION || Lease::holds(holder.renewed_at, now) =>
            {
                Ok(StartResult::LeaseHeld(holder))
            }
            // The original error takes precedence.
            _ => Err(error),
        }
    }

    /// Runs `work`, many transactions, with the journal kept from one to the next.
    pub(super) fn with_kept_journal<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        self.keep_journal(true)?;
        let result = work(self);
        let restored = self.keep_journal(false);
        // The error of the work takes precedence.
        result.and_then(|result| restored.map(|()| result))
    }

    fn keep_journal(&self, is_kept: bool) -> Result<()> {
        self.store.wal().map_or(Ok(()), |wal| wal.keep_journal(is_kept))
    }

    fn active_run(&self, lease: Lease, job: Option<&JobRun>, now: UnixTime) -> ActiveRun {
        ActiveRun {
            lease,
            job: job.cloned(),
            work: String::new(),
            task: None,
            note: RunNote::default(),
            started: now,
            uptime: self.uptime,
            begun: (self.uptime)(),
            renewed: Duration::ZERO,
        }
    }

    /// Renews the lease of a run from time to time, and reports whether the run may
    /// continue: not if it was suspended until its lease expired, even if no other process
    /// holds the lease now. The wall clock at the start is too old by then to judge by.
    /// Publishes the progress of a purge.
    pub(super) fn heartbeat(
        &mut self,
        run: &mut ActiveRun,
        progress: Option<PublishedProgress>,
    ) -> Result<bool> {
        let elapsed = run.elapsed();
        let unrenewed = elapsed.saturating_sub(run.renewed);
        if unrenewed < HEARTBEAT_INTERVAL {
            return Ok(true);
        }
        match self.store.renew_lease(&run.lease, run.now(), progress.as_ref()) {
            // The lease is still valid for a while.
            Err(error) if error.is_disk_full() && unrenewed < MAX_UNRENEWED => Ok(true),
            renewed => {
                run.renewed = elapsed;
                renewed
            }
        }
    }

    /// Limits the statements of a run until its next heartbeat: by the remaining time and
    /// by its lease, which cannot be renewed while a statement runs.
    pub(super) fn limit_statements(&mut self, until: Option<Instant>) {
        let lease = StatementLimit { time: MAX_STATEMENT_TIME, cause: InterruptReason::Lease };
        let time = until.map(|until| until.saturating_duration_since(self.timer.now()));
        let time = time.map(|time| StatementLimit { time, cause: InterruptReason::Time });
        let limit = time.filter(|limit| limit.time < lease.time).unwrap_or(lease);
        self.store.limit_statements(Some(limit));
    }

    /// Records the end of a run.
    ///
    /// A complete run settles its job, and so does a refused or failed one: the same would
    /// most likely happen again immediately, and the job is due again at its next time. A
    /// run that was cut short for a transient reason leaves the job due.
    pub(super) fn finish_run(
        &mut self,
        run: &ActiveRun,
        counts: RunCounts,
        result: RunResult<'_>,
    ) -> Result<()> {
        let finished = run.now();
        let is_settled = !matches!(result, RunResult::Partial(_, true));
        let job = run.job.as_ref().filter(|_| is_settled);
        let last_settled_at =
            job.map(|job| if job.counts_from_end { finished } else { job.due.planned });
        let end = RunEnd { last_settled_at, ..result.end(finished, counts) };
        let name = run.job.as_ref().map(|job| job.key.name.as_str());
        self.observe(&EndedRun {
            work: &run.work,
            task: run.task.as_deref(),
            note: &run.note,
            job: name,
            end: &end,
        });
        let key = job.map(|job| &job.key);
        let mut retries = (1..FINISH_ATTEMPTS).map(|_| ());
        loop {
            match self.store.finish_run(&run.lease, key, &end) {
                // The cause that stopped the work may last a little longer.
                Err(error) if error.is_transient() && retries.next().is_some() => {}
                finished => return finished,
            }
        }
    }

    /// Notifies the observer of a run, before the ledger, which may fail.
    pub(super) fn observe(&mut self, run: &EndedRun<'_>) {
        if let Some(observer) = &mut self.observer {
            observer.run_ended(run);
        }
    }
}

pub(super) fn lease_held_error(holder: LeaseHolder, now: UnixTime) -> Error {
    Error::LeaseHeld {
        work: holder.work,
        by: holder.by.map_or_else(
            || "another process".to_owned(),
            |origin| format!("process {} on {}", origin.pid, origin.host),
        ),
        ago: now.since(holder.renewed_at),
    }
}
