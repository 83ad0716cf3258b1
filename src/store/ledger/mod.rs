//! Ledger in SQL: runs, leases, job histories and clock references, in any database that
//! has their tables.

mod clock;
mod heartbeat;
mod jobs;
mod lease;
mod run_sessions;
mod runs;
mod samples;

use std::ops::ControlFlow;

use super::database::Database;
use crate::domain::clock::{ClockReference, ClockStamp};
use crate::domain::error::Result;
use crate::domain::time::{Span, UnixTime};
use crate::storage::{
    JobKey, JobState, Lease, LeaseHolder, LeaseRenewal, Ledger, NewJob, NewRun, PublishedProgress,
    RunEnd, RunProgress, RunQuery, RunRecord, Sample, StartResult, VisitResult,
};

pub(super) use run_sessions::record_before_end;

pub(super) trait LedgerDatabase {
    type Database: Database;

    /// Reads from it; `None`: there is none yet, or it cannot be used.
    fn read<R>(&self, query: impl FnOnce(&Self::Database) -> Result<R>) -> Result<Option<R>>;

    /// Writes to it. A change is repeated where another database has to replace the first.
    fn write<R>(&mut self, change: impl FnMut(&mut Self::Database) -> Result<R>) -> Result<R>;

    fn is_in_memory(&self) -> bool {
        false
    }

    /// Name of the database.
    fn name(&self) -> String;

    fn note_lease(&self) {}

    /// Reports whether the database that held the current lease was replaced.
    fn has_lost_lease(&self) -> bool {
        false
    }
}

impl<L: LedgerDatabase> Ledger for L {
    fn is_volatile(&self) -> bool {
        self.is_in_memory()
    }

    fn ledger_name(&self) -> String {
        self.name()
    }

    fn start_run(&mut self, lease: &Lease, run: &NewRun) -> Result<StartResult> {
        let started = self.write(|database| runs::start_run(database, lease, run))?;
        self.note_lease();
        Ok(started)
    }

    fn lease_holder(&self, lease: &str) -> Result<Option<LeaseHolder>> {
        Ok(self.read(|database| lease::find_holder(database, lease))?.flatten())
    }

    fn take_lease(&mut self, lease: &Lease, now: UnixTime) -> Result<StartResult> {
        let started = self.write(|database| lease::take(database, lease, now))?;
        self.note_lease();
        Ok(started)
    }

    fn claim_notice(&mut self, subject: &str, now: UnixTime, span: Span) -> Result<bool> {
        self.write(|database| lease::claim_notice(database, subject, now, span))
    }

    fn remember_count(
        &mut self,
        subject: &str,
        count: u64,
        partial: bool,
        now: UnixTime,
    ) -> Result<bool> {
        self.write(|database| lease::remember_count(database, subject, count, partial, now))
    }

    fn drop_lease(&mut self, lease: &Lease) -> Result<()> {
        self.write(|database| lease::drop(database, lease))
    }

    fn release_lease(&mut self, lease: &Lease) -> Result<()> {
        self.write(|database| runs::release_lease(database, lease))
    }

    fn renew_lease(
        &mut self,
        lease: &Lease,
        now: UnixTime,
        progress: Option<&PublishedProgress>,
    ) -> Result<bool> {
        let is_held = self.write(|database| lease::renew(database, lease, now, progress))?;
        // A lease that was lost with its database was not taken by another run.
        Ok(is_held || self.has_lost_lease())
    }

    fn lease_renewal(&self, lease: &Lease) -> Result<Option<LeaseRenewal>> {
        let opener = self.read(|database| Ok(database.opener()))?;
        let Some(open) = opener.filter(|_| !self.is_in_memory()) else { return Ok(None) };
        let lease = lease.clone();
        Ok(Some(Box::new(move |now| lease::renew(&mut open()?, &lease, now, None))))
    }

    fn finish_run(&mut self, lease: &Lease, job: Option<&JobKey>, end: &RunEnd) -> Result<()> {
        self.write(|database| runs::finish_run(database, lease, job, end))
    }

    fn record_progress(&mut self, progress: &RunProgress<'_>) -> Result<()> {
        self.write(|database| run_sessions::record(database, progress))
    }

    fn record_end(&mut self, holder: &str, run: &NewRun, end: &RunEnd) -> Result<()> {
        self.write(|database| runs::record_end(database, holder, run, end))
    }

    fn insert_run(&mut self, holder: &str, run: &NewRun, end: &RunEnd) -> Result<bool> {
        self.write(|database| runs::insert_run(database, holder, run, end))
    }

    fn set_last_settled(
        &mut self,
        job: &JobKey,
        known: Option<UnixTime>,
        last_settled_at: UnixTime,
    ) -> Result<()> {
        self.write(|database| jobs::set_last_settled(database, job, known, last_settled_at))
    }

    fn change_jobs(
        &mut self,
        machine: &str,
        added: &[NewJob],
        removed: &[JobKey],
        now: UnixTime,
    ) -> Result<()> {
        self.write(|database| jobs::change_jobs(database, machine, added, removed, now))
    }

    fn jobs(&self, machine: &str, now: UnixTime) -> Result<Vec<JobState>> {
        Ok(self.read(|database| jobs::jobs(database, machine, now))?.unwrap_or_default())
    }

    fn runs(
        &self,
        query: &RunQuery,
        now: UnixTime,
        visit: &mut dyn FnMut(RunRecord) -> VisitResult,
    ) -> Result<()> {
        // An error of the visitor must not count as a fault of the database.
        let mut failed = None;
        let visit = &mut |run| {
            visit(run).or_else(|error| {
                failed = Some(error);
                Ok(ControlFlow::Break(()))
            })
        };
        let read = self.read(|database| runs::runs(database, query, now, visit));
        failed.map_or(read.map(Option::unwrap_or_default), Err)
    }

    fn drop_runs(&mut self, keep: Span, now: UnixTime) -> Result<()> {
        self.write(|database| runs::drop_runs(database, keep, now))
    }

    fn samples(&self, since: UnixTime, until: UnixTime) -> Result<Vec<Sample>> {
        Ok(self.read(|database| samples::samples(database, since, until))?.unwrap_or_default())
    }

    fn record_sample(&mut self, sample: &Sample, unless_within: Option<Span>) -> Result<()> {
        self.write(|database| samples::record(database, sample, unless_within))
    }

    fn add_samples(&mut self, samples: &[Sample]) -> Result<()> {
        self.write(|database| samples::add(database, samples))
    }

    fn clock_reference(&self, host: &str) -> Result<Option<ClockReference>> {
        Ok(self.read(|database| clock::reference(database, host))?.flatten())
    }

    fn set_clock_reference(&mut self, host: &str, last: &ClockStamp) -> Result<()> {
        self.write(|database| clock::set(database, host, last))
    }

    fn record_clock_jump(
        &mut self,
        host: &str,
        from: &ClockStamp,
        jump: &ClockStamp,
    ) -> Result<()> {
        self.write(|database| clock::record_jump(database, host, from, jump))
    }
}
