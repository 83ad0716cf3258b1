//! Counting what is due, without changing anything.

use std::ops::ControlFlow;
use std::time::Duration;

use super::limits::PurgeLimits;
use super::report::{PurgeProgress, PurgeRequest};
use crate::app::run::ActiveRun;
use crate::app::service::SessionService;
use crate::app::stop::StopReason;
use crate::domain::error::Result;
use crate::domain::time::UnixTime;
use crate::storage::{
    Backend, Cursor, DueScan, KeptRows, PolicyContext, PurgeCounts, ScanLimits, UnreadableValue,
};

/// Totals of several scans.
#[derive(Debug, Default)]
pub(super) struct ScanTotals {
    pub(super) counts: PurgeCounts,
    /// An example of an unreadable value.
    pub(super) unreadable_value: Option<UnreadableValue>,
    /// Due rows that are kept.
    pub(super) kept: KeptRows,
}

impl ScanTotals {
    pub(super) fn add(&mut self, other: Self) {
        self.counts.add(other.counts);
        self.unreadable_value = self.unreadable_value.take().or(other.unreadable_value);
        self.kept.add(other.kept);
    }
}

/// Maximum time of one scan. Without a write-ahead log, other processes cannot commit
/// during a scan.
const SCAN_TIME: Duration = Duration::from_millis(250);
const SCAN_TIME_WITHOUT_WAL: Duration = Duration::from_millis(5);

impl SessionService {
    /// Counts all rows, and those that were due at `backlog` already.
    pub(super) fn count(
        &self,
        scope: &PolicyContext<'_>,
        backlog: Option<UnixTime>,
    ) -> Result<ScanTotals> {
        let mut totals = ScanTotals::default();
        let scan = PreviewScan { store: self.store.as_ref(), scope, backlog };
        scan.visit(None, &mut |found| {
            totals.add(found);
            ControlFlow::Continue(())
        })?;
        Ok(totals)
    }

    /// Counts all rows on behalf of a run, with its heartbeat and within its limits.
    pub(super) fn count_for(
        &mut self,
        run: &mut ActiveRun,
        request: &PurgeRequest,
        now: UnixTime,
        backlog: Option<UnixTime>,
        limits: &mut PurgeLimits<'_>,
    ) -> Result<ControlFlow<StopReason, PurgeCounts>> {
        let (mut counts, mut after) = (PurgeCounts::default(), None);
        loop {
            let scope = request.scope(&self.policies, now);
            let scan = PreviewScan { store: self.store.as_ref(), scope: &scope, backlog };
            let (found, last) = scan.next(after.as_ref())?;
            counts.add(found.counts);
            if last.is_none() {
                return Ok(ControlFlow::Continue(counts));
            }
            after = last;
            self.limit_statements(limits.until);
            if let Some(stopped) = self.check_limits(run, &PurgeProgress::default(), limits)? {
                return Ok(ControlFlow::Break(stopped));
            }
        }
    }

    /// Counts the rows after a cursor, for at most about this time, and reports whether it
    /// reached the end of the table.
    pub(super) fn count_from(
        &self,
        scope: &PolicyContext<'_>,
        after: Option<&Cursor>,
        time: Duration,
    ) -> Result<(ScanTotals, bool)> {
        let begun = self.timer.now();
        let mut totals = ScanTotals::default();
        let scan = PreviewScan { store: self.store.as_ref(), scope, backlog: None };
        let all = scan.visit(after.cloned(), &mut |found| {
            totals.add(found);
            let is_over = self.timer.elapsed(begun) >= time;
            if is_over { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        Ok((totals, all))
    }
}

/// A counting scan in steps.
#[derive(Clone, Copy)]
struct PreviewScan<'a> {
    store: &'a dyn Backend,
    scope: &'a PolicyContext<'a>,
    /// See [`ScanLimits::backlog`].
    backlog: Option<UnixTime>,
}

impl PreviewScan<'_> {
    /// Scans until the end of the table or until the visitor stops it, and reports whether
    /// it reached the end.
    fn visit(
        self,
        mut after: Option<Cursor>,
        visit: &mut dyn FnMut(ScanTotals) -> ControlFlow<()>,
    ) -> Result<bool> {
        loop {
            let (found, last) = self.next(after.as_ref())?;
            let is_enough = visit(found).is_break();
            match last {
                None => return Ok(true),
                Some(_) if is_enough => return Ok(false),
                last => after = last,
            }
        }
    }

    /// Scans the next rows, and returns the cursor of the last; `None`: the end.
    fn next(self, after: Option<&Cursor>) -> Result<(ScanTotals, Option<Cursor>)> {
        let blocks_writers = match self.store.wal() {
            Some(wal) => wal.wal_status()?.is_none(),
            None => false,
        };
        let time = if blocks_writers { SCAN_TIME_WITHOUT_WAL } else { SCAN_TIME };
        let limits = ScanLimits { time, backlog: self.backlog, ..ScanLimits::ALL };
        let scan = self.store.scan_due(self.scope, after, limits)?;
        let DueScan { counts, unreadable_value, kept, last, .. } = scan;
        Ok((ScanTotals { counts, unreadable_value, kept }, last))
    }
}
