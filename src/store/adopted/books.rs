//! The ledger of a framework's table: in sessctl's own database for it.

use std::ops::ControlFlow;

use super::Adopted;
use crate::domain::clock::{ClockReference, ClockStamp};
use crate::domain::error::Result;
use crate::domain::time::{Span, UnixTime};
use crate::storage::{
    JobKey, JobState, Lease, LeaseHolder, Ledger, NewJob, NewRun, RunEnd, RunQuery, RunRecord,
    StartResult, VisitResult,
};
use crate::store::database::Database;

impl<T: Database> Ledger for Adopted<T> {
    fn is_volatile(&self) -> bool {
        self.state.is_volatile()
    }

    fn start_run(&mut self, lease: &Lease, run: &NewRun) -> Result<StartResult> {
        let begun = self.state.change(|state| state.start_run(lease, run))?;
        self.state.note_lease();
        Ok(begun)
    }

    fn lease_holder(&self, lease: &str) -> Result<Option<LeaseHolder>> {
        Ok(self.state.read(|state| state.lease_holder(lease))?.flatten())
    }

    fn take_lease(&mut self, lease: &Lease, now: UnixTime) -> Result<StartResult> {
        let begun = self.state.change(|state| state.take_lease(lease, now))?;
        self.state.note_lease();
        Ok(begun)
    }

    fn drop_lease(&mut self, lease: &Lease) -> Result<()> {
        self.state.change(|state| state.drop_lease(lease))
    }

    fn release_lease(&mut self, lease: &Lease) -> Result<()> {
        self.state.change(|state| state.release_lease(lease))
    }

    fn renew_lease(&mut self, lease: &Lease, now: UnixTime) -> Result<bool> {
        let is_held = self.state.change(|state| state.renew_lease(lease, now))?;
        // A lease that went with its database was not taken by another run.
        Ok(is_held || self.state.has_lost_lease())
    }

    fn finish_run(&mut self, lease: &Lease, job: Option<&JobKey>, end: &RunEnd) -> Result<()> {
        self.state.change(|state| state.finish_run(lease, job, end))
    }

    fn insert_run(&mut self, holder: &str, run: &NewRun, end: &RunEnd) -> Result<bool> {
        self.state.change(|state| state.insert_run(holder, run, end))
    }

    fn set_last_settled(
        &mut self,
        job: &JobKey,
        known: Option<UnixTime>,
        anchor: UnixTime,
    ) -> Result<()> {
        self.state.change(|state| state.set_last_settled(job, known, anchor))
    }

    fn change_jobs(
        &mut self,
        machine: &str,
        taken_up: &[NewJob],
        given_up: &[JobKey],
        now: UnixTime,
    ) -> Result<()> {
        self.state.change(|state| state.change_jobs(machine, taken_up, given_up, now))
    }

    fn jobs(&self, machine: &str, now: UnixTime) -> Result<Vec<JobState>> {
        Ok(self.state.read(|state| state.jobs(machine, now))?.unwrap_or_default())
    }

    fn runs(
        &self,
        query: &RunQuery,
        now: UnixTime,
        visit: &mut dyn FnMut(RunRecord) -> VisitResult,
    ) -> Result<()> {
        // What the visitor fails with says nothing of the state.
        let mut failed = None;
        let visit = &mut |run| {
            visit(run).or_else(|error| {
                failed = Some(error);
                Ok(ControlFlow::Break(()))
            })
        };
        let read = self.state.read(|state| state.runs(query, now, visit));
        failed.map_or(read.map(Option::unwrap_or_default), Err)
    }

    fn drop_runs(&mut self, keep: Span, now: UnixTime) -> Result<()> {
        self.state.change(|state| state.drop_runs(keep, now))
    }

    fn clock_reference(&self, host: &str) -> Result<Option<ClockReference>> {
        Ok(self.state.read(|state| state.clock_reference(host))?.flatten())
    }

    fn set_clock_reference(&mut self, host: &str, last: &ClockStamp) -> Result<()> {
        self.state.change(|state| state.set_clock_reference(host, last))
    }

    fn record_clock_jump(
        &mut self,
        host: &str,
        from: &ClockStamp,
        jump: &ClockStamp,
    ) -> Result<()> {
        self.state.change(|state| state.record_clock_jump(host, from, jump))
    }
}
