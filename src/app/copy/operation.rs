//! Copying and comparing, range by range of the keys. Rows that are equal on both sides are
//! left alone, so that a repetition resumes where the last copy stopped, and copies what
//! has changed since.

use std::ops::ControlFlow;
use std::time::Duration;

use super::range::{KeyRange, MAX_BYTES, MAX_ROWS, Tally, counters_to_change};
use super::report::{CopyReport, CopyRequest};
use super::run::{CopyAction, CopyRun, GoOn};
use crate::app::lease::lease_held_error;
use crate::app::permissions::{opening, row_copy, row_copy_mut};
use crate::app::run::PURGE;
use crate::app::service::SessionService;
use crate::app::stop::StopReason;
use crate::domain::error::{Error, Result};
use crate::domain::time::UnixTime;
use crate::storage::raw_row::{RawRow, TableDiff};
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
    /// 2. Rows that are newer or exist only here are left alone and
    ///    counted; with `replace`, they are overwritten and deleted. The same applies to
    ///    counters that are higher here.
    /// 3. The source is only read. Rows that are written to it meanwhile show as differences
    ///    in the comparison, and the next copy brings them.
    ///
    /// No purge and no other copy runs here at the same time.
    ///
    /// # Errors
    /// [`Error::LeaseHeld`] if one is running. [`Error::Refused`] if the source is this
    /// database, the destination of another copy, or a framework table; if the source is
    /// empty and `replace` would delete all sessions here; or, without `replace`, if the
    /// ledger here has any run: deleted rows would come back. In these cases nothing has
    /// changed. Any error of reading or writing the tables; earlier batches stay applied.
    pub fn copy_from(
        &mut self,
        source: &dyn Backend,
        request: &CopyRequest,
        now: UnixTime,
        go_on: GoOn<'_>,
    ) -> Result<CopyReport> {
        let begun = self.timer.now();
        let mut copy = CopyRun::new(source, request, go_on);
        let run = self.acquire_lease(PURGE, MOVE, now)?;
        copy.run = Some(run);
        let allowed = self.ensure_can_copy(&copy, now);
        let result = allowed.and_then(|()| self.copy_and_compare(&mut copy));
        let released = copy.run.iter().try_for_each(|run| self.release_lease(run));
        // The error of the work takes precedence.
        let stopped = result.and_then(|stopped| released.map(|()| stopped))?;
        Ok(CopyReport { stopped, elapsed: self.timer.elapsed(begun), ..copy.done })
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
        go_on: GoOn<'_>,
    ) -> Result<CopyReport> {
        let begun = self.timer.now();
        let mut copy = CopyRun::new(source, request, go_on);
        let stopped = self.compare_all(&mut copy)?;
        let done = &mut copy.done;
        if let Some(comparison) = done.comparison.as_ref().filter(|_| !request.replace) {
            (done.newer, done.extra) = (comparison.newer, comparison.extra);
        }
        Ok(CopyReport { stopped, elapsed: self.timer.elapsed(begun), ..copy.done })
    }

    /// Makes sure that the copy is possible. The lease is held already: no other copy to
    /// this table can start.
    fn ensure_can_copy(&self, copy: &CopyRun<'_>, now: UnixTime) -> Result<()> {
        let is_active = |holder: &LeaseHolder| {
            Lease::holds(holder.renewed_at, now) && !self.is_gone(&holder.holder)
        };
        let holder = copy.source.lease_holder(PURGE)?;
        if let Some(holder) = holder.filter(|holder| holder.work == MOVE && is_active(holder)) {
            // If the source is this database, it has the lease that was just acquired.
            if holder.renewed_at == now {
                return Err(Error::Refused(
                    "the source is the destination itself, or the destination of another move \
                     that has just started"
                        .to_owned(),
                ));
            }
            return Err(lease_held_error(holder, now));
        }
        if !copy.request.replace && self.has_run(now)? {
            return Err(Error::Refused(
                "a purge or a job has already run in the destination: rows that it has deleted \
                 since an earlier pass would come back. If nobody uses the destination yet, \
                 replace its content by that of the source"
                    .to_owned(),
            ));
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

    fn copy_and_compare(&mut self, copy: &mut CopyRun<'_>) -> Result<Option<StopReason>> {
        if let Some(stopped) = self.copy_rows(copy)? {
            return Ok(Some(stopped));
        }
        self.copy_counters(copy)?;
        let names = row_copy(copy.source)?.read_task_names()?;
        row_copy_mut(self.store.as_mut())?.upsert_task_names(&names, copy.request.on_conflict())?;
        if copy.request.sync_indexes {
            opening(self.store.as_mut())?.sync_indexes(&self.policies)?;
        }
        self.compare_all(copy)
    }

    fn copy_rows(&mut self, copy: &mut CopyRun<'_>) -> Result<Option<StopReason>> {
        let mut after = None;
        loop {
            let range = KeyRange::after(after.as_deref(), copy.source, self.store.as_ref())?;
            let stopped = self.sync_range(copy, &range)?;
            copy.record_progress(&range);
            let stopped = match stopped {
                None => self.check_copy(copy)?,
                stopped => stopped,
            };
            if stopped.is_some() || range.until.is_none() {
                return Ok(stopped);
            }
            after = range.until;
        }
    }

    /// Writes what differs within a range of keys.
    fn sync_range(
        &mut self,
        copy: &mut CopyRun<'_>,
        range: &KeyRange,
    ) -> Result<Option<StopReason>> {
        let mut diff = TableDiff::between(&range.here, &range.there);
        if copy.request.replace {
            diff.older.append(&mut diff.newer);
        } else {
            copy.done.newer += diff.newer.len() as u64;
            copy.done.extra += diff.extra.len() as u64;
            diff.extra.clear();
        }
        let changes = [
            (CopyAction::Insert, diff.missing),
            (CopyAction::Overwrite, diff.older),
            (CopyAction::Delete, diff.extra),
        ];
        for (action, rows) in changes {
            if let Some(stopped) = self.write_rows(copy, action, &rows)? {
                return Ok(Some(stopped));
            }
        }
        Ok(None)
    }

    fn write_rows(
        &mut self,
        copy: &mut CopyRun<'_>,
        action: CopyAction,
        rows: &[&RawRow],
    ) -> Result<Option<StopReason>> {
        let on_conflict = copy.request.on_conflict();
        let mut rest = rows;
        while !rest.is_empty() {
            // Immediately before it writes: the process may have been suspended.
            if let Some(stopped) = self.check_copy(copy)? {
                return Ok(Some(stopped));
            }
            let (batch, others) = rest.split_at(batch_len(rest, copy.throttle.rows()));
            let written = match action {
                CopyAction::Insert | CopyAction::Overwrite => {
                    row_copy_mut(self.store.as_mut())?.upsert_rows(batch, on_conflict)?
                }
                CopyAction::Delete => row_copy_mut(self.store.as_mut())?.remove(batch)?,
            };
            copy.record_write(action, batch.len() as u64, &written);
            self.timer.sleep(copy.throttle.pause(Duration::ZERO));
            rest = others;
        }
        Ok(None)
    }

    /// Sends the heartbeat of a copy, and checks whether to stop it.
    fn check_copy(&mut self, copy: &mut CopyRun<'_>) -> Result<Option<StopReason>> {
        if let Some(run) = &mut copy.run
            && !self.heartbeat(run)?
        {
            return Ok(Some(StopReason::Lease));
        }
        let is_stopped = (copy.go_on)(&copy.progress).is_break();
        Ok(is_stopped.then_some(StopReason::Signal))
    }

    fn copy_counters(&mut self, copy: &mut CopyRun<'_>) -> Result<()> {
        let here = row_copy(copy.source)?.read_counters()?;
        let there = row_copy(self.store.as_ref())?.read_counters()?;
        let on_conflict = copy.request.on_conflict();
        let (set, drop) = counters_to_change(&here, &there, on_conflict);
        copy.done.counters = (set.len() + drop.len()) as u64;
        row_copy_mut(self.store.as_mut())?.set_counters(&set, &drop, on_conflict)
    }

    fn compare_all(&mut self, copy: &mut CopyRun<'_>) -> Result<Option<StopReason>> {
        copy.begin_comparison();
        let mut tally = Tally::default();
        let mut after = None;
        loop {
            let range = KeyRange::after(after.as_deref(), copy.source, self.store.as_ref())?;
            tally.add(&range);
            copy.record_progress(&range);
            if range.until.is_none() {
                break;
            }
            if let Some(stopped) = self.check_copy(copy)? {
                return Ok(Some(stopped));
            }
            after = range.until;
        }
        let here = row_copy(copy.source)?.read_counters()?;
        let there = row_copy(self.store.as_ref())?.read_counters()?;
        let (set, drop) = counters_to_change(&here, &there, copy.request.on_conflict());
        copy.done.comparison = Some(tally.comparison((set.len() + drop.len()) as u64));
        Ok(None)
    }
}

/// Returns how many of these rows make up a batch: at least one.
fn batch_len(rows: &[&RawRow], max_rows: usize) -> usize {
    let mut bytes = 0;
    let fits = |row: &&&RawRow| {
        bytes += row.size();
        bytes <= MAX_BYTES
    };
    rows.iter().take(max_rows.min(MAX_ROWS)).take_while(fits).count().max(1)
}
