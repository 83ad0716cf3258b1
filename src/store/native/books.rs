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
    fn begin(&mut self, lease: &Lease, run: &NewRun) -> Result<StartResult> {
        ledger::begin(&mut self.transport, lease, run)
    }

    fn holding(&self, lease: &str) -> Result<Option<LeaseHolder>> {
        lease::holding_of(&self.transport, lease)
    }

    fn take_lease(&mut self, lease: &Lease, now: UnixTime) -> Result<StartResult> {
        lease::take(&mut self.transport, lease, now)
    }

    fn drop_lease(&mut self, lease: &Lease) -> Result<()> {
        lease::drop(&mut self.transport, lease)
    }

    fn release_lease(&mut self, lease: &Lease) -> Result<()> {
        ledger::release(&mut self.transport, lease)
    }

    fn renew_lease(&mut self, lease: &Lease, now: UnixTime) -> Result<bool> {
        lease::renew(&mut self.transport, lease, now)
    }

    fn finish(&mut self, lease: &Lease, job: Option<&JobKey>, end: &RunEnd) -> Result<()> {
        ledger::finish(&mut self.transport, lease, job, end)
    }

    fn enter(&mut self, holder: &str, run: &NewRun, end: &RunEnd) -> Result<bool> {
        ledger::enter(&mut self.transport, holder, run, end)
    }

    fn note_anchor(
        &mut self,
        job: &JobKey,
        known: Option<UnixTime>,
        anchor: UnixTime,
    ) -> Result<()> {
        ledger::note_anchor(&mut self.transport, job, known, anchor)
    }

    fn change_jobs(
        &mut self,
        machine: &str,
        taken_up: &[NewJob],
        given_up: &[JobKey],
        now: UnixTime,
    ) -> Result<()> {
        ledger::change_jobs(&mut self.transport, machine, taken_up, given_up, now)
    }

    fn jobs(&self, machine: &str, now: UnixTime) -> Result<Vec<JobState>> {
        ledger::jobs(&self.transport, machine, now)
    }

    fn runs(
        &self,
        query: &RunQuery,
        now: UnixTime,
        visit: &mut dyn FnMut(RunRecord) -> VisitResult,
    ) -> Result<()> {
        ledger::runs(&self.transport, query, now, visit)
    }

    fn drop_runs(&mut self, keep: Span, now: UnixTime) -> Result<()> {
        ledger::drop_runs(&mut self.transport, keep, now)
    }

    fn clock_reference(&self, host: &str) -> Result<Option<ClockReference>> {
        clocks::reference(&self.transport, host)
    }

    fn set_clock_reference(&mut self, host: &str, last: &ClockStamp) -> Result<()> {
        clocks::set(&mut self.transport, host, last)
    }

    fn note_clock_jump(&mut self, host: &str, from: &ClockStamp, jump: &ClockStamp) -> Result<()> {
        clocks::note_jump(&mut self.transport, host, from, jump)
    }
}
