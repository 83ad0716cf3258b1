//! The ledger of a framework's table: in sessctl's own database for it.

use super::Adopted;
use crate::domain::clock::{ClockReference, ClockStamp};
use crate::domain::error::Result;
use crate::domain::port::{
    Begun, Flow, Holding, JobAccount, JobKey, Lease, Ledger, NewRun, RunEnd, RunQuery, RunRecord,
    TakenUp,
};
use crate::domain::time::{Span, UnixTime};
use crate::store::transport::Transport;

impl<T: Transport> Ledger for Adopted<T> {
    fn begin(&mut self, lease: &Lease, run: &NewRun) -> Result<Begun> {
        self.state.write()?.begin(lease, run)
    }

    fn holding(&self, lease: &str) -> Result<Option<Holding>> {
        Ok(self.state.read(|state| state.holding(lease))?.flatten())
    }

    fn take_lease(&mut self, lease: &Lease, now: UnixTime) -> Result<Begun> {
        self.state.write()?.take_lease(lease, now)
    }

    fn drop_lease(&mut self, lease: &Lease) -> Result<()> {
        self.state.write()?.drop_lease(lease)
    }

    fn release_lease(&mut self, lease: &Lease) -> Result<()> {
        self.state.write()?.release_lease(lease)
    }

    fn renew_lease(&mut self, lease: &Lease, now: UnixTime) -> Result<bool> {
        self.state.write()?.renew_lease(lease, now)
    }

    fn finish(&mut self, lease: &Lease, job: Option<&JobKey>, end: &RunEnd) -> Result<()> {
        self.state.write()?.finish(lease, job, end)
    }

    fn enter(&mut self, holder: &str, run: &NewRun, end: &RunEnd) -> Result<()> {
        self.state.write()?.enter(holder, run, end)
    }

    fn note_anchor(
        &mut self,
        job: &JobKey,
        known: Option<UnixTime>,
        anchor: UnixTime,
    ) -> Result<()> {
        self.state.write()?.note_anchor(job, known, anchor)
    }

    fn change_jobs(
        &mut self,
        machine: &str,
        taken_up: &[TakenUp],
        given_up: &[JobKey],
        now: UnixTime,
    ) -> Result<()> {
        self.state.write()?.change_jobs(machine, taken_up, given_up, now)
    }

    fn jobs(&self, machine: &str, now: UnixTime) -> Result<Vec<JobAccount>> {
        Ok(self.state.read(|state| state.jobs(machine, now))?.unwrap_or_default())
    }

    fn runs(
        &self,
        query: &RunQuery,
        now: UnixTime,
        visit: &mut dyn FnMut(RunRecord) -> Flow,
    ) -> Result<()> {
        self.state.read(|state| state.runs(query, now, visit)).map(Option::unwrap_or_default)
    }

    fn drop_runs(&mut self, keep: Span, now: UnixTime) -> Result<()> {
        self.state.write()?.drop_runs(keep, now)
    }

    fn clock_reference(&self, host: &str) -> Result<Option<ClockReference>> {
        Ok(self.state.read(|state| state.clock_reference(host))?.flatten())
    }

    fn set_clock_reference(&mut self, host: &str, last: &ClockStamp) -> Result<()> {
        self.state.write()?.set_clock_reference(host, last)
    }

    fn note_clock_jump(&mut self, host: &str, from: &ClockStamp, jump: &ClockStamp) -> Result<()> {
        self.state.write()?.note_clock_jump(host, from, jump)
    }
}
