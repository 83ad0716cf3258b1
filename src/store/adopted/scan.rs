//! Scan for due rows in a framework's table.

use std::ops::ControlFlow;
use std::time::Instant;

use super::blocking_references::BlockingReferences;
use super::key_spread::KeySpread;
use super::reader::TableReader;
use super::unreadable_value::unreadable_value;
use crate::domain::error::Result;
use crate::domain::policy::Verdict;
use crate::domain::profile::{Expiry, RowStatus, SqlValueRef};
use crate::domain::session::{EndReason, SessionKey};
use crate::domain::time::UnixTime;
use crate::storage::{
    Cursor, DueCounts, DueRange, DueScan, PolicyContext, PurgeCounts, RowSnapshot, ScanLimits,
    UnreadableValue,
};
use crate::store::database::{Database, RowRef};
use crate::store::scan_limits;

/// Maximum number of keys, which are held in memory.
const MAX_KEYS: usize = 500_000;

pub(super) fn scan_by_key(
    database: &impl Database,
    reader: &TableReader,
    scope: &PolicyContext<'_>,
    after: Option<&Cursor>,
    limits: ScanLimits,
    spread: &KeySpread,
    blocking: &BlockingReferences<'_>,
) -> Result<DueScan> {
    let version = database.version()?;
    let mut counter = ScanCounter::new(scope, limits, blocking);
    let mut page = |last: Option<&dyn RowRef>| {
        let mut sql = reader.select(&reader.snapshot_columns());
        sql.push(" WHERE TRUE");
        if let (Some(Cursor::Key(after)), None) = (after, last) {
            reader.key.push_compared(sql.push(" AND "), ">", after);
        }
        reader.order_by_key(&mut sql, last, false);
        sql
    };
    database.query_pages(&mut page, &mut |row| {
        counter.add_row(reader, row);
        let key = if counter.is_done() { reader.key_of(row) } else { None };
        Ok(counter.stop_at(key.map(Cursor::Key)))
    })?;
    let fraction = match &counter.last {
        Some(Cursor::Key(key)) => spread.position(key),
        _ => 1.0,
    };
    Ok(DueScan { fraction, version, ..counter.into_scan(database, reader, blocking)? })
}

pub(super) struct ScanCounter {
    now: UnixTime,
    /// The last moment that is not in the future.
    present: UnixTime,
    limits: ScanLimits,
    started: Instant,
    rows: u64,
    sessions: u64,
    unreadable: u64,
    future: u64,
    due: u64,
    /// Due rows that are still to be read and added.
    pub(super) pending: u64,
    /// Due sessions that were already due at the time of interest.
    backlog: u64,
    snapshots: Vec<RowSnapshot>,
    /// Keys of the due rows, if there are no snapshots.
    keys: Vec<SessionKey>,
    /// Keys of due rows in a counting scan, if references may block some of them.
    due_keys: Option<Vec<SessionKey>>,
    unreadable_value: Option<UnreadableValue>,
    pub(super) last: Option<Cursor>,
}

impl ScanCounter {
    pub(super) fn new(
        scope: &PolicyContext<'_>,
        limits: ScanLimits,
        blocking: &BlockingReferences<'_>,
    ) -> Self {
        Self {
            now: scope.now,
            present: scope.present(),
            limits,
            started: Instant::now(),
            rows: 0,
            sessions: 0,
            unreadable: 0,
            future: 0,
            due: 0,
            pending: 0,
            backlog: 0,
            snapshots: Vec::new(),
            keys: Vec::new(),
            due_keys: (limits.due == usize::MAX && blocking.is_possible()).then(Vec::new),
            unreadable_value: None,
            last: None,
        }
    }

    /// Adds a row of [`TableReader::snapshot_columns`], and reports whether it is due.
    pub(super) fn add_row(&mut self, reader: &TableReader, row: &dyn RowRef) -> bool {
        if reader.is_inserted_since(row) {
            self.rows += 1;
            return false;
        }
        let status =
            reader.with_inputs(row, reader.inputs_at(), |inputs| self.count_row(reader, inputs));
        if let Some(status) = status {
            self.add_due(reader, row, status);
        }
        status.is_some()
    }

    /// Counts a row, and records the unreadable value of the first unreadable row. A due
    /// row is returned, and not yet counted as due.
    pub(super) fn count_row(
        &mut self,
        reader: &TableReader,
        inputs: &[SqlValueRef<'_>],
    ) -> Option<RowStatus> {
        self.rows += 1;
        let status = reader.profile.judge(inputs);
        let RowStatus::Session(expiry) = status else {
            return None;
        };
        self.sessions += 1;
        if expiry == Expiry::Unknown {
            self.unreadable += 1;
            self.unreadable_value =
                self.unreadable_value.take().or_else(|| unreadable_value(reader, inputs));
        }
        self.future += u64::from(reader.profile.is_after(self.present, inputs));
        Some(status).filter(|status| self.is_expired(*status))
    }

    pub(super) fn is_expired(&self, status: RowStatus) -> bool {
        matches!(status, RowStatus::Session(expiry) if expiry.is_expired(self.now))
    }

    pub(super) fn add_due(&mut self, reader: &TableReader, row: &dyn RowRef, status: RowStatus) {
        // A counting scan never deletes, and there may be millions of rows.
        if self.limits.due == usize::MAX {
            if let Some(keys) = &mut self.due_keys {
                keys.extend(reader.key_of(row));
            }
        } else {
            let is_added = if self.limits.snapshots {
                reader.snapshot(row).map(|snapshot| self.snapshots.push(snapshot))
            } else {
                reader.row_key(row).map(|key| self.keys.push(key))
            };
            if is_added.is_none() {
                self.unreadable += 1;
                return;
            }
        }
        self.due += 1;
        self.backlog += u64::from(self.was_in_backlog(status));
    }

    /// `false` for a session that expired without a time: since when, is unknown.
    fn was_in_backlog(&self, status: RowStatus) -> bool {
        let RowStatus::Session(expiry @ Expiry::At { .. }) = status else {
            return false;
        };
        self.limits.backlog.is_some_and(|at| expiry.is_expired(at))
    }

    pub(super) fn is_done(&self) -> bool {
        let due = self.due + self.pending;
        self.keys.len() >= MAX_KEYS
            || scan_limits::is_reached(self.limits, self.rows, due, self.started)
    }

    pub(super) fn stop_at(&mut self, cursor: Option<Cursor>) -> ControlFlow<()> {
        let is_last = cursor.is_some();
        self.last = cursor;
        if is_last { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn counts(&self) -> PurgeCounts {
        let (unreadable, future) = (self.unreadable, self.future);
        let mut counts = PurgeCounts { unreadable, future, ..PurgeCounts::default() };
        let expired = Verdict::Discard(EndReason::Expired);
        counts.count(self.backlog, false, expired, true);
        counts.count(self.due - self.backlog, false, expired, false);
        counts.count(self.sessions - self.due, false, Verdict::Keep, false);
        counts
    }

    /// Adds up the counts. A counting scan excludes due rows that would be kept.
    pub(super) fn into_scan(
        mut self,
        database: &impl Database,
        reader: &TableReader,
        blocking: &BlockingReferences<'_>,
    ) -> Result<DueScan> {
        let keys = self.due_keys.take().unwrap_or_default();
        let kept = blocking.find_kept(database, reader, &keys)?.1;
        self.due -= kept.rows().min(self.due);
        // What others refer to stays due from one run to the next.
        self.backlog = self.backlog.saturating_sub(kept.rows()).min(self.due);
        let task = &reader.profile.task;
        let counts = self.counts();
        let deletions = [((task.clone(), EndReason::Expired), self.due)];
        let found = DueCounts {
            counts,
            deletions: deletions.into_iter().collect(),
            ..DueCounts::default()
        };
        let seen = self.snapshots.first().zip(self.snapshots.last());
        let seen = seen.map(|(first, last)| (&first.key, &last.key));
        let ends = seen.or(self.keys.first().zip(self.keys.last()));
        let ends = ends.map(|(first, last)| (first.clone(), last.clone()));
        Ok(DueScan {
            last: self.last,
            fraction: 1.0,
            rows: self.rows,
            due: ends.map(|(first, last)| DueRange {
                first,
                last,
                found: Some(found),
                seen: self.snapshots,
                keys: self.keys,
            }),
            counts,
            sessions: [(task.to_ascii_lowercase(), self.sessions)]
                .into_iter()
                .filter(|(_, sessions)| *sessions > 0)
                .collect(),
            unreadable_value: self.unreadable_value,
            version: None,
            kept,
        })
    }
}
