//! A copy in progress.

use std::ops::ControlFlow;
use std::time::Duration;

use super::range::{DiffTotals, KeyRange, MAX_BYTES, MAX_ROWS, counters_to_change};
use super::report::{CopyProgress, CopyReport, CopyRequest};
use crate::app::batch_loop::{BatchLoop, BatchWork, LoopResult};
use crate::app::capabilities::{row_copy, row_copy_mut, session_opener};
use crate::app::service::SessionService;
use crate::app::throttle::Throttle;
use crate::domain::error::Result;
use crate::storage::raw_row::{RawRow, TableDiff};
use crate::storage::{Backend, WriteResult};

pub(super) type CopyCallback<'a> = &'a mut dyn FnMut(&CopyProgress) -> ControlFlow<()>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CopyAction {
    Insert,
    Overwrite,
    Delete,
}

pub(super) struct CopyRun<'a> {
    pub(super) request: &'a CopyRequest,
    pub(super) source: &'a dyn Backend,
    /// False: it only compares.
    writes: bool,
    throttle: Throttle,
    /// Last key of the last range.
    after: Option<String>,
    is_at_end: bool,
    differences: DiffTotals,
    pub(super) done: CopyReport,
    progress: CopyProgress,
    go_on: CopyCallback<'a>,
}

impl BatchWork for CopyRun<'_> {
    fn go_on(&mut self) -> ControlFlow<()> {
        (self.go_on)(&self.progress)
    }

    fn run_batch(&mut self, batches: &mut BatchLoop<'_>) -> LoopResult<bool> {
        if self.is_at_end {
            return Ok(false);
        }
        let store = batches.service.store.as_ref();
        let range = KeyRange::after(self.after.as_deref(), self.source, store)?;
        if self.progress.is_comparing {
            self.differences.add(&range);
        } else {
            self.sync_range(&range, batches)?;
        }
        self.record_progress(&range);
        self.is_at_end = range.until.is_none();
        self.after = range.until;
        // A comparison that has reached the end cannot be stopped any more.
        if self.is_at_end && self.progress.is_comparing {
            return Ok(false);
        }
        batches.keep_lease(self)?;
        Ok(true)
    }
}

impl<'a> CopyRun<'a> {
    pub(super) fn new(
        source: &'a dyn Backend,
        request: &'a CopyRequest,
        writes: bool,
        go_on: CopyCallback<'a>,
    ) -> Self {
        Self {
            request,
            source,
            writes,
            throttle: Throttle::with_target(request.hold.0),
            after: None,
            is_at_end: false,
            differences: DiffTotals::default(),
            done: CopyReport::default(),
            progress: CopyProgress::default(),
            go_on,
        }
    }

    pub(super) fn copy_and_compare(&mut self, batches: &mut BatchLoop<'_>) -> LoopResult {
        batches.run(self)?;
        let (on_conflict, service) = (self.request.on_conflict(), &mut *batches.service);
        self.copy_counters(service)?;
        let names = row_copy(self.source)?.read_task_names()?;
        row_copy_mut(service.store.as_mut())?.upsert_task_names(&names, on_conflict)?;
        if self.request.sync_indexes {
            session_opener(service.store.as_mut())?.sync_indexes(&service.policies)?;
        }
        self.compare_all(batches)
    }

    pub(super) fn compare_all(&mut self, batches: &mut BatchLoop<'_>) -> LoopResult {
        (self.after, self.is_at_end) = (None, false);
        let written = self.progress.written;
        self.progress = CopyProgress { is_comparing: true, written, ..CopyProgress::default() };
        batches.run(self)?;
        let here = row_copy(self.source)?.read_counters()?;
        let there = row_copy(batches.service.store.as_ref())?.read_counters()?;
        let (set, drop) = counters_to_change(&here, &there, self.request.on_conflict());
        let counters = (set.len() + drop.len()) as u64;
        self.done.comparison = Some(std::mem::take(&mut self.differences).comparison(counters));
        Ok(())
    }

    fn copy_counters(&mut self, service: &mut SessionService) -> Result<()> {
        let here = row_copy(self.source)?.read_counters()?;
        let there = row_copy(service.store.as_ref())?.read_counters()?;
        let on_conflict = self.request.on_conflict();
        let (set, drop) = counters_to_change(&here, &there, on_conflict);
        self.done.counters = (set.len() + drop.len()) as u64;
        row_copy_mut(service.store.as_mut())?.set_counters(&set, &drop, on_conflict)
    }

    fn sync_range(&mut self, range: &KeyRange, batches: &mut BatchLoop<'_>) -> LoopResult {
        let mut diff = TableDiff::between(&range.here, &range.there);
        if self.request.replace {
            diff.older.append(&mut diff.newer);
        } else {
            self.done.newer += diff.newer.len() as u64;
            self.done.extra += diff.extra.len() as u64;
            diff.extra.clear();
        }
        self.write_rows(CopyAction::Insert, &diff.missing, batches)?;
        self.write_rows(CopyAction::Overwrite, &diff.older, batches)?;
        self.write_rows(CopyAction::Delete, &diff.extra, batches)
    }

    fn write_rows(
        &mut self,
        action: CopyAction,
        mut rows: &[&RawRow],
        batches: &mut BatchLoop<'_>,
    ) -> LoopResult {
        while !rows.is_empty() {
            // Immediately before it writes: the process may have been suspended.
            batches.check(self)?;
            let (batch, others) = rows.split_at(batch_len(rows, self.throttle.rows()));
            let table = row_copy_mut(batches.service.store.as_mut())?;
            let written = match action {
                CopyAction::Insert | CopyAction::Overwrite => {
                    table.upsert_rows(batch, self.request.on_conflict())?
                }
                CopyAction::Delete => table.remove(batch)?,
            };
            self.record_write(action, batch.len() as u64, &written);
            batches.service.timer.sleep(self.throttle.pause(Duration::ZERO));
            rows = others;
        }
        Ok(())
    }

    fn record_progress(&mut self, range: &KeyRange) {
        let fraction = range.fraction();
        self.progress.fraction = match (self.writes, self.progress.is_comparing) {
            (false, _) => fraction,
            (true, false) => fraction / 2.0,
            (true, true) => f64::midpoint(1.0, fraction),
        };
        self.progress.rows += range.here.len() as u64;
    }

    fn record_write(&mut self, action: CopyAction, rows: u64, written: &WriteResult) {
        let count = match action {
            CopyAction::Insert => &mut self.done.new,
            CopyAction::Overwrite => &mut self.done.changed,
            CopyAction::Delete => &mut self.done.deleted,
        };
        *count += written.rows;
        if action != CopyAction::Delete {
            // Another process has written newer rows meanwhile.
            self.done.newer += rows.saturating_sub(written.rows);
        }
        self.progress.written += written.rows;
        self.throttle.observe_version(written.version);
        self.throttle.record(rows, written.timing);
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
