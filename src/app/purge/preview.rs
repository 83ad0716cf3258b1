//! Counting what is due, without changing anything.

use std::time::Duration;

use crate::app::service::SessionService;
use crate::domain::error::Result;
use crate::domain::time::UnixTime;
use crate::storage::{
    Cursor, DueScan, FoundSessions, KeptRows, PolicyContext, PurgeCounts, ScanLimits,
    UnreadableValue,
};

#[derive(Debug, Default)]
pub(in crate::app) struct ScanTotals {
    pub(super) counts: PurgeCounts,
    pub(in crate::app) found: FoundSessions,
    pub(super) unreadable_value: Option<UnreadableValue>,
    pub(super) kept: KeptRows,
}

impl ScanTotals {
    pub(super) fn add(&mut self, other: Self) {
        self.counts.add(other.counts);
        self.found.add(other.found);
        self.unreadable_value = self.unreadable_value.take().or(other.unreadable_value);
        self.kept.add(other.kept);
    }
}

/// Maximum time of a scan: without a write-ahead log, other processes cannot commit during it.
const SCAN_TIME: Duration = Duration::from_millis(250);
const SCAN_TIME_WITHOUT_WAL: Duration = Duration::from_millis(5);

impl SessionService {
    /// Counts the rows after a cursor, for at most about this time, and those that were due
    /// at `backlog` already. Reports whether it reached the end of the table.
    pub(super) fn count_from(
        &self,
        scope: &PolicyContext<'_>,
        backlog: Option<UnixTime>,
        mut after: Option<Cursor>,
        time: Duration,
    ) -> Result<(ScanTotals, bool)> {
        let begun = self.timer.now();
        let mut totals = ScanTotals::default();
        loop {
            let (found, last) = self.count_next(scope, backlog, after.as_ref())?;
            totals.add(found);
            if last.is_none() || self.timer.elapsed(begun) >= time {
                return Ok((totals, last.is_none()));
            }
            after = last;
        }
    }

    /// Counts the next rows, and returns the cursor of the last; `None`: the end.
    pub(super) fn count_next(
        &self,
        scope: &PolicyContext<'_>,
        backlog: Option<UnixTime>,
        after: Option<&Cursor>,
    ) -> Result<(ScanTotals, Option<Cursor>)> {
        let limits = ScanLimits { time: self.scan_time()?, backlog, ..ScanLimits::ALL };
        let scan = self.store.scan_due(scope, after, limits)?;
        let DueScan { counts, found, unreadable_value, kept, last, .. } = scan;
        Ok((ScanTotals { counts, found, unreadable_value, kept }, last))
    }

    /// Maximum time of a scan that reads the whole table in parts.
    pub(super) fn scan_time(&self) -> Result<Duration> {
        let blocks_writers = match self.store.wal() {
            Some(wal) => wal.wal_status()?.is_none(),
            None => false,
        };
        Ok(if blocks_writers { SCAN_TIME_WITHOUT_WAL } else { SCAN_TIME })
    }
}
