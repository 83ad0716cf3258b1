//! A fast purge where most rows are due: a copy of the rest, and one transaction.

use std::ops::ControlFlow;
use std::time::Instant;

use super::sweep::Sweep;
use crate::app::batch_loop::{BatchLoop, BatchWork, LoopResult};
use crate::domain::error::{Error, InterruptReason};
use crate::storage::{
    CopiedTable, DueScan, FoundSessions, PurgeBatchResult, PurgeMethod, RebuildObstacle,
    SampledRows,
};

/// Number of copies before the purge gives up on a database that others write to.
const COPIES: usize = 3;
/// Rows below which the time of a purge does not matter.
const MIN_ROWS: u64 = 10_000;
/// Part (1/n) of the rows that may stay: each is written again, with its entries in all indexes.
const MAX_KEPT_SHARE: u64 = 4;
/// Time that must be left for the transaction, as a multiple of the time of the copy.
const TRANSACTION_FACTOR: u32 = 4;

type Attempt<T> = LoopResult<ControlFlow<RebuildObstacle, T>>;

impl Sweep<'_> {
    /// Rebuilds the table if the purge is to be fast and if that is faster; reports whether it did.
    pub(super) fn rebuild(&mut self, batches: &mut BatchLoop<'_>) -> LoopResult<bool> {
        if !self.request.write_limits.fast {
            return Ok(false);
        }
        let rebuilt = self.try_rebuild(batches);
        let dropped = match batches.service.store.table_rebuild() {
            Some(table) => table.drop_copy(),
            None => Ok(()),
        };
        let obstacle = rebuilt?.break_value();
        dropped?;
        self.method =
            obstacle.map_or(PurgeMethod::Rebuild, |obstacle| PurgeMethod::Delete(Some(obstacle)));
        if obstacle.is_some() {
            self.done.fraction = 0.0;
        } else {
            // Report the final progress; there is nothing left to stop.
            let _ = self.go_on();
        }
        Ok(obstacle.is_none())
    }

    fn try_rebuild(&mut self, batches: &mut BatchLoop<'_>) -> Attempt<()> {
        if batches.service.notifier.is_enabled() {
            return Ok(ControlFlow::Break(RebuildObstacle::Hook));
        }
        if batches.service.is_archiving {
            return Ok(ControlFlow::Break(RebuildObstacle::Archive));
        }
        for _ in 0..COPIES {
            let replaced = match self.copy_table(batches)? {
                ControlFlow::Continue(scans) => self.replace_rows(batches, scans)?,
                ControlFlow::Break(obstacle) => ControlFlow::Break(obstacle),
            };
            if replaced != ControlFlow::Break(RebuildObstacle::Written) {
                return Ok(replaced);
            }
        }
        Ok(ControlFlow::Break(RebuildObstacle::Written))
    }

    /// Copies the rows that stay, with the heartbeat, and within the limits of the run.
    fn copy_table(&mut self, batches: &mut BatchLoop<'_>) -> Attempt<Vec<DueScan>> {
        if let ControlFlow::Break(obstacle) = self.start_copy(batches)? {
            return Ok(ControlFlow::Break(obstacle));
        }
        let begun = self.timer.now();
        let mut scans: Vec<DueScan> = Vec::new();
        loop {
            batches.service.limit_statements(batches.until);
            let scan = match self.copy_rows(batches, scans.last())? {
                ControlFlow::Continue(scan) => scan,
                ControlFlow::Break(obstacle) => return Ok(ControlFlow::Break(obstacle)),
            };
            if scans.first().is_some_and(|first| first.version != scan.version) {
                return Ok(ControlFlow::Break(RebuildObstacle::Written));
            }
            if self.is_late(begun, batches.until) {
                return Ok(ControlFlow::Break(RebuildObstacle::Time));
            }
            self.done.fraction = scan.fraction;
            let is_last = scan.last.is_none();
            scans.push(scan);
            if is_last {
                return Ok(ControlFlow::Continue(scans));
            }
            batches.check(self)?;
        }
    }

    /// Reports whether a transaction of a few times the copy's duration might be interrupted: it
    /// would be in vain, where deleted rows are not.
    fn is_late(&self, begun: Instant, until: Option<Instant>) -> bool {
        let needed = self.timer.elapsed(begun) * TRANSACTION_FACTOR;
        until.is_some_and(|until| self.timer.now() + needed >= until)
    }

    fn start_copy(&self, batches: &mut BatchLoop<'_>) -> Attempt<()> {
        let service = &mut *batches.service;
        let scope = self.scope(&service.policies);
        let Some(table) = service.store.table_rebuild() else {
            return Ok(ControlFlow::Break(RebuildObstacle::Unsupported));
        };
        Ok(match table.start_copy(&scope)? {
            ControlFlow::Continue(SampledRows { rows, due }) => worthwhile(rows, due),
            ControlFlow::Break(obstacle) => ControlFlow::Break(obstacle),
        })
    }

    fn copy_rows(&self, batches: &mut BatchLoop<'_>, last: Option<&DueScan>) -> Attempt<DueScan> {
        let service = &mut *batches.service;
        let time = service.scan_time()?;
        let scope = self.scope(&service.policies);
        let Some(table) = service.store.table_rebuild() else {
            return Ok(ControlFlow::Break(RebuildObstacle::Unsupported));
        };
        let after = last.and_then(|scan| scan.last.as_ref());
        Ok(table.copy_rows(&scope, after, time)?)
    }

    fn replace_rows(&mut self, batches: &mut BatchLoop<'_>, scans: Vec<DueScan>) -> Attempt<()> {
        let rows = scans.iter().map(|scan| scan.rows).sum();
        let due = scans.iter().map(|scan| scan.counts.due).sum();
        let version = scans.first().and_then(|scan| scan.version);
        if rows < MIN_ROWS || worthwhile(rows, due).is_break() {
            return Ok(ControlFlow::Break(RebuildObstacle::FewDue));
        }
        // Immediately before it writes: the process may have been suspended.
        batches.keep_lease(self)?;
        batches.service.limit_statements(batches.until);
        let Some(table) = batches.service.store.table_rebuild() else {
            return Ok(ControlFlow::Break(RebuildObstacle::Unsupported));
        };
        let replaced = table.replace_rows(CopiedTable { version, rows, due });
        if let Err(Error::Interrupted { cause: InterruptReason::Lease, .. }) = replaced {
            return Ok(ControlFlow::Break(RebuildObstacle::Time));
        }
        if let Err(error @ Error::Interrupted { .. }) = replaced {
            self.interrupted_due = due;
            self.record_scans(scans);
            return Err(error.into());
        }
        Ok(replaced?.map_continue(|batch: PurgeBatchResult| {
            let mut found = FoundSessions::default();
            scans.iter().for_each(|scan| found.add(scan.found));
            self.record_batch(due, &found, &batch);
            self.record_scans(scans);
        }))
    }

    fn record_scans(&mut self, scans: Vec<DueScan>) {
        for scan in scans {
            self.record_scan(scan);
        }
    }
}

fn worthwhile(rows: u64, due: u64) -> ControlFlow<RebuildObstacle> {
    let is_most_due = (rows - due.min(rows)) * MAX_KEPT_SHARE <= rows && due > 0;
    if is_most_due {
        ControlFlow::Continue(())
    } else {
        ControlFlow::Break(RebuildObstacle::FewDue)
    }
}
