//! Scan for due rows in a framework's table.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Instant;

use super::blocking_references::BlockingReferences;
use super::key_spread::KeySpread;
use super::reader::TableReader;
use super::unreadable_value::unreadable_value;
use crate::domain::error::Result;
use crate::domain::policy::{UserExcess, Verdict};
use crate::domain::profile::{Expiry, RowStatus, SessionTimes, SqlValueRef, Standing};
use crate::domain::session::{EndReason, SessionKey};
use crate::domain::time::UnixTime;
use crate::storage::{
    Cursor, DueCounts, DueRange, DueScan, FoundSessions, PolicyContext, PurgeCounts, RowSnapshot,
    ScanLimits, UnreadableValue,
};
use crate::store::database::{Database, RowRef};
use crate::store::scan_limits;

/// Maximum number of keys, which are held in memory.
const MAX_KEYS: usize = 500_000;

pub(super) struct KeyScan<'a> {
    pub(super) scope: &'a PolicyContext<'a>,
    pub(super) after: Option<&'a Cursor>,
    pub(super) limits: ScanLimits,
    pub(super) blocking: &'a BlockingReferences<'a>,
    /// Users above their limit.
    pub(super) excess: &'a UserExcess,
}

pub(super) fn scan_by_key(
    database: &impl Database,
    reader: &TableReader,
    KeyScan { scope, after, limits, blocking, excess }: KeyScan<'_>,
) -> Result<DueScan> {
    let spread = KeySpread::of(database, reader)?;
    let version = database.version()?;
    let mut counter = ScanCounter::new(scope, limits, blocking).with_excess(excess);
    let columns =
        if excess.is_empty() { reader.snapshot_columns() } else { reader.owned_columns() };
    let mut page = |last: Option<&dyn RowRef>| {
        let mut sql = reader.select(&columns);
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

/// A row that is due.
#[derive(Debug, Clone, Copy)]
pub(super) struct DueRow {
    reason: EndReason,
    /// True if it was due at the time of interest, by the framework's rules.
    was_due: bool,
}

pub(super) struct ScanCounter<'a> {
    now: UnixTime,
    /// The last moment that is not in the future.
    present: UnixTime,
    limits: ScanLimits,
    started: Instant,
    rows: u64,
    sessions: u64,
    /// Sessions that are live, and rows of all others.
    live: u64,
    expired: u64,
    unreadable: u64,
    future: u64,
    due: BTreeMap<EndReason, u64>,
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
    /// Users above the limit; `None`: there is no limit.
    excess: Option<&'a UserExcess>,
    pub(super) last: Option<Cursor>,
}

impl<'a> ScanCounter<'a> {
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
            live: 0,
            expired: 0,
            unreadable: 0,
            future: 0,
            due: BTreeMap::new(),
            pending: 0,
            backlog: 0,
            snapshots: Vec::new(),
            keys: Vec::new(),
            due_keys: (limits.due == usize::MAX && blocking.is_possible()).then(Vec::new),
            unreadable_value: None,
            excess: None,
            last: None,
        }
    }

    /// Rows have [`owned_columns`](TableReader::owned_columns) if any user is above the limit.
    fn with_excess(self, excess: &'a UserExcess) -> Self {
        Self { excess: Some(excess).filter(|excess| !excess.is_empty()), ..self }
    }

    /// Adds a row of [`TableReader::snapshot_columns`], and reports whether it is due.
    pub(super) fn add_row(&mut self, reader: &TableReader, row: &dyn RowRef) -> bool {
        if reader.is_inserted_since(row) {
            self.rows += 1;
            return false;
        }
        let excess = self.excess;
        let exceeds = |times: &SessionTimes| {
            excess.is_some_and(|excess| reader.exceeds_limit(excess, row, times))
        };
        let due = reader
            .with_inputs(row, reader.inputs_at(), |inputs| self.count_row(reader, inputs, exceeds));
        if let Some(due) = due {
            self.add_due(reader, row, due);
        }
        due.is_some()
    }

    /// Counts a row, and records the unreadable value of the first unreadable row. A due
    /// row is returned, and not yet counted as due.
    pub(super) fn count_row(
        &mut self,
        reader: &TableReader,
        inputs: &[SqlValueRef<'_>],
        exceeds: impl FnOnce(&SessionTimes) -> bool,
    ) -> Option<DueRow> {
        self.rows += 1;
        let RowStatus::Session(expiry) = reader.profile.judge(inputs) else {
            return None;
        };
        let standing = reader.standing(expiry, inputs, self.now, exceeds);
        // A retained row is that of a session that has ended.
        self.sessions += u64::from(standing != Standing::Retained);
        let is_live = standing == Standing::Live;
        *(if is_live { &mut self.live } else { &mut self.expired }) += 1;
        if expiry == Expiry::Unknown {
            self.unreadable += 1;
            self.unreadable_value =
                self.unreadable_value.take().or_else(|| unreadable_value(reader, inputs));
        }
        self.future += u64::from(reader.profile.is_after(self.present, inputs));
        self.due_row(reader, expiry, standing, inputs)
    }

    /// Judges a row of [`snapshot_columns`](TableReader::snapshot_columns) without counting it.
    pub(super) fn judge(&self, reader: &TableReader, row: &dyn RowRef) -> Option<DueRow> {
        reader.with_inputs(row, reader.inputs_at(), |inputs| {
            let RowStatus::Session(expiry) = reader.profile.judge(inputs) else {
                return None;
            };
            let standing = reader.standing(expiry, inputs, self.now, |_| false);
            self.due_row(reader, expiry, standing, inputs)
        })
    }

    /// A session that expired without a time is not in the backlog: since when, is unknown. Nor is
    /// one that the framework accepts.
    fn due_row(
        &self,
        reader: &TableReader,
        expiry: Expiry,
        standing: Standing,
        inputs: &[SqlValueRef<'_>],
    ) -> Option<DueRow> {
        let reason = standing.deletion_reason()?;
        let is_dated = standing == Standing::Expired && matches!(expiry, Expiry::At { .. });
        let was_due = |at| reader.standing(expiry, inputs, at, |_| false) == Standing::Expired;
        Some(DueRow { reason, was_due: is_dated && self.limits.backlog.is_some_and(was_due) })
    }

    pub(super) fn add_due(&mut self, reader: &TableReader, row: &dyn RowRef, due: DueRow) {
        // A counting scan never deletes, and there may be millions of rows.
        if self.limits.due == usize::MAX {
            if let Some(keys) = &mut self.due_keys {
                keys.extend(reader.key_of(row));
            }
        } else {
            let is_added = if self.limits.snapshots {
                reader.snapshot(row, due.reason).map(|snapshot| self.snapshots.push(snapshot))
            } else {
                reader.row_key(row).map(|key| self.keys.push(key))
            };
            if is_added.is_none() {
                self.unreadable += 1;
                return;
            }
        }
        *self.due.entry(due.reason).or_default() += 1;
        self.backlog += u64::from(due.was_due);
    }

    fn all_due(&self) -> u64 {
        self.due.values().sum()
    }

    pub(super) fn is_done(&self) -> bool {
        let due = self.all_due() + self.pending;
        self.keys.len() >= MAX_KEYS
            || scan_limits::is_reached(self.limits, self.rows, due, self.started)
    }

    pub(super) fn stop_at(&mut self, cursor: Option<Cursor>) -> ControlFlow<()> {
        let is_last = cursor.is_some();
        self.last = cursor;
        if is_last { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn found(&self) -> FoundSessions {
        let live = [self.live, 0, 0];
        let mut found = FoundSessions { live, expired: self.expired, ..FoundSessions::default() };
        for (ends, reason) in found.ends.iter_mut().zip(EndReason::ALL) {
            *ends = self.due.get(reason).copied().unwrap_or(0);
        }
        found
    }

    fn counts(&self) -> PurgeCounts {
        let (unreadable, future) = (self.unreadable, self.future);
        let mut counts = PurgeCounts { unreadable, future, ..PurgeCounts::default() };
        let (due, over) = (self.all_due(), Verdict::Discard(EndReason::Expired));
        counts.count(self.backlog, false, over, true);
        counts.count(due - self.backlog, false, over, false);
        counts.count(self.sessions - due, false, Verdict::Keep, false);
        counts
    }

    /// Subtracts rows that are kept although they are due: of which reason, does not matter.
    fn subtract(&mut self, mut kept: u64) {
        for due in self.due.values_mut() {
            let fewer = kept.min(*due);
            *due -= fewer;
            kept -= fewer;
        }
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
        self.subtract(kept.rows());
        // What others refer to stays due from one run to the next.
        self.backlog = self.backlog.saturating_sub(kept.rows()).min(self.all_due());
        let task = &reader.profile.task;
        let (counts, states) = (self.counts(), self.found());
        let deletions = self.due.iter().map(|(reason, rows)| ((task.clone(), *reason), *rows));
        let found = DueCounts { counts, deletions: deletions.collect(), ..DueCounts::default() };
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
            found: states,
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
