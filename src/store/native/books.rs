//! The ledger of a native table: beside it, in the same database.

use super::Native;
use crate::domain::clock::{ClockReference, ClockStamp};
use crate::domain::error::Result;
use crate::domain::time::{Span, UnixTime};
use crate::storage::{
    JobKey, JobState, Lease, LeaseHolder, Ledger, NewJob, NewRun, RunEnd, RunQuery, RunRecord,
    StartResult, VisitResult,
};
use crate::store::database::Database;
use crate::store::{clocks, lease, ledger};

impl<T: Database> Ledger for Native<T> {
    fn start_run(&mut self, lease: &Lease, run: &NewRun) -> Result<StartResult> {
        ledger::start_run(&mut self.database, lease, run)
    }

    fn lease_holder(&self, lease: &str) -> Result<Option<LeaseHolder>> {
        lease::holding_of(&self.database, lease)
    }

    fn take_lease(&mut self, lease: &Lease, now: UnixTime) -> Result<StartResult> {
        lease::take(&mut self.database, lease, now)
    }

    fn drop_lease(&mut self, lease: &Lease) -> Result<()> {
        lease::drop(&mut self.database, lease)
    }

    fn release_lease(&mut self, lease: &Lease) -> Result<()> {
        ledger::incremental_vacuum(&mut self.database, lease)
    }

    fn renew_lease(&mut self, lease: &Lease, now: UnixTime) -> Result<bool> {
        lease::renew(&mut self.database, lease, now)
    }

    fn finish_run(&mut self, lease: &Lease, job: Option<&JobKey>, end: &RunEnd) -> Result<()> {
        ledger::finish_run(&mut self.database, lease, job, end)
    }

    fn insert_run(&mut self, holder: &str, run: &NewRun, end: &RunEnd) -> Result<bool> {
        ledger::insert_run(&mut self.database, holder, run, end)
    }

    fn set_last_settled(
        &mut self,
        job: &JobKey,
        known: Option<UnixTime>,
        anchor: UnixTime,
    ) -> Result<()> {
        ledger::set_last_settled(&mut self.database, job, known, anchor)
    }

    fn change_jobs(
        &mut self,
        machine: &str,
        taken_up: &[NewJob],
        given_up: &[JobKey],
        now: UnixTime,
    ) -> Result<()> {
        ledger::change_jobs(&mut self.database, machine, taken_up, given_up, now)
    }

    fn jobs(&self, machine: &str, now: UnixTime) -> Result<Vec<JobState>> {
        ledger::jobs(&self.database, machine, now)
    }

    fn runs(
        &self,
        query: &RunQuery,
        now: UnixTime,
        visit: &mut dyn FnMut(RunRecord) -> VisitResult,
    ) -> Result<()> {
        ledger::runs(&self.database, query, now, visit)
    }

    fn drop_runs(&mut self, keep: Span, now: UnixTime) -> Result<()> {
        ledger::drop_runs(&mut self.database, keep, now)
    }

    fn clock_reference(&self, host: &str) -> Result<Option<ClockReference>> {
        clocks::reference(&self.database, host)
    }

    fn set_clock_reference(&mut self, host: &str, last: &ClockStamp) -> Result<()> {
        clocks::set(&mut self.database, host, last)
    }

    fn record_clock_jump(
        &mut self,
        host: &str,
        from: &ClockStamp,
        jump: &ClockStamp,
    ) -> Result<()> {
        clocks::note_jump(&mut self.database, host, from, jump)
    }
}
