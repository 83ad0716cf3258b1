//! Copying and comparing, range by range of the keys. Rows that are equal on both sides are
//! left alone, so that a repetition resumes where the last copy stopped, and copies what
//! has changed since.

use std::ops::ControlFlow;

use super::report::{CopyReport, CopyRequest};
use super::run::{CopyCallback, CopyRun};
use crate::app::batch_loop::{BatchLoop, stop_reason};
use crate::app::capabilities::row_copy;
use crate::app::lease::lease_held_error;
use crate::app::run::PURGE;
use crate::app::service::SessionService;
use crate::domain::error::{Error, Result};
use crate::domain::time::UnixTime;
use crate::storage::{Backend, Lease, LeaseHolder, RowRange, RunQuery};

/// Name of a copy in the lease that it holds.
const MOVE: &str = "move";

impl SessionService {
    /// Copies the rows, counters and task names of another table to this one unchanged, and
    /// compares both afterwards. The ledger is not copied.
    ///
    /// 1. Both sides are read in key order, and what differs is written in batches that
    ///    hold the write lock for about the requested time. Equal rows are left alone: to
    ///    resume an interrupted copy, repeat it.
    /// 2. Rows that are newer or exist only here are left alone and counted; with `replace`, they
    ///    are overwritten and deleted. The same applies to counters that are higher here.
    /// 3. The source is only read. Rows that are written to it meanwhile show as differences
    ///    in the comparison, and the next copy brings them.
    ///
    /// No purge and no other copy runs here at the same time.
    ///
    /// # Errors
    /// [`Error::LeaseHeld`] if one is running. [`Error::Refused`] if the source is this database,
    /// the destination of another copy, or a framework table; if the source is empty and `replace`
    /// would delete all sessions here. [`Error::DestinationHasRuns`], without `replace`, if the
    /// ledger here has any run: deleted rows would come back. In these cases nothing has changed.
    /// Any error of reading or writing the tables; earlier batches stay applied.
    pub fn copy_from(
        &mut self,
        source: &dyn Backend,
        request: &CopyRequest,
        now: UnixTime,
        go_on: CopyCallback<'_>,
    ) -> Result<CopyReport> {
        let (timer, begun) = (self.timer, self.timer.now());
        let mut copy = CopyRun::new(source, request, true, go_on);
        let stopped = self.with_lease(MOVE, now, |service, active| {
            service.ensure_can_copy(&copy, now)?;
            let mut batches = BatchLoop { service, active: Some(active), until: None };
            stop_reason(copy.copy_and_compare(&mut batches))
        })?;
        Ok(CopyReport { stopped, elapsed: timer.elapsed(begun), ..copy.done })
    }

    /// Compares another table with this one, and changes nothing. Counts as left alone what
    /// [`copy_from`](Self::copy_from) would leave alone.
    ///
    /// # Errors
    /// [`Error::Refused`] if one is a framework table. Any error of reading the tables.
    pub fn compare(
        &mut self,
        source: &dyn Backend,
        request: &CopyRequest,
        go_on: CopyCallback<'_>,
    ) -> Result<CopyReport> {
        let (timer, begun) = (self.timer, self.timer.now());
        let mut copy = CopyRun::new(source, request, false, go_on);
        let mut batches = BatchLoop { service: self, active: None, until: None };
        let stopped = stop_reason(copy.compare_all(&mut batches))?;
        let done = &mut copy.done;
        if let Some(comparison) = done.comparison.as_ref().filter(|_| !request.replace) {
            (done.newer, done.extra) = (comparison.newer, comparison.extra);
        }
        Ok(CopyReport { stopped, elapsed: timer.elapsed(begun), ..copy.done })
    }

    /// The lease is held already: no other copy to this table can start.
    fn ensure_can_copy(&self, copy: &CopyRun<'_>, now: UnixTime) -> Result<()> {
        let is_active = |holder: &LeaseHolder| {
            Lease::holds(holder.renewed_at, now) && !self.is_gone(&holder.holder)
        };
        let holder = copy.source.lease_holder(PURGE)?;
        if let Some(holder) = holder.filter(|holder| holder.work == MOVE && is_active(holder)) {
            // If the source is this database, it has the lease that was just acquired.
            if holder.renewed_at == now {
                return Err(Error::Refused(
                    "the source and the destination are the same database, or another move to \
                     the source has just started; in the latter case, try again later"
                        .to_owned(),
                ));
            }
            return Err(lease_held_error(holder, now));
        }
        if !copy.request.replace && self.has_run(now)? {
            return Err(Error::DestinationHasRuns);
        }
        let one = RowRange { rows: 1, bytes: 1, ..RowRange::default() };
        let is_empty =
            |store: &dyn Backend| row_copy(store)?.read_rows(one).map(|page| page.rows.is_empty());
        if copy.request.replace && is_empty(copy.source)? && !is_empty(self.store.as_ref())? {
            return Err(Error::Refused(
                "the source has no sessions, so replacing the destination would delete all of \
                 its sessions"
                    .to_owned(),
            ));
        }
        Ok(())
    }

    /// Reports whether the ledger here has any run, whatever its outcome.
    fn has_run(&self, now: UnixTime) -> Result<bool> {
        let mut has_run = false;
        let latest = RunQuery { limit: Some(1), ..RunQuery::default() };
        self.store.runs(&latest, now, &mut |_| {
            has_run = true;
            Ok(ControlFlow::Break(()))
        })?;
        Ok(has_run)
    }
}
