//! What a purge sees and what it has done.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::kept_rows::KeptRows;
use crate::domain::policy::Verdict;
use crate::domain::profile::SqlValue;
use crate::domain::session::{EndReason, Key, Session};
use crate::domain::time::UnixTime;

/// How far one look ahead of a purge may go.
#[derive(Debug, Clone, Copy)]
pub struct ScanLimits {
    /// At most so many rows that are due. Without a limit, `usize::MAX`, the look is one
    /// that only counts: it may leave [`DueRange::seen`] out, which would have no end.
    pub due: usize,
    /// At most so many rows in all.
    pub rows: usize,
    /// At most for about so long. At least one row is looked at.
    pub time: Duration,
    /// Count also which sessions were due at this moment already: the
    /// [backlog](PurgeCounts::backlog). `None`: nobody wants to know, and it costs nothing.
    pub backlog: Option<UnixTime>,
}

impl ScanLimits {
    /// As far as there are rows.
    pub const ALL: Self =
        Self { due: usize::MAX, rows: usize::MAX, time: Duration::MAX, backlog: None };
}

/// What a purge finds when it looks at the next rows in key order.
#[derive(Debug, Clone, Default)]
pub struct DueScan {
    /// The last place that was looked at, to go on behind it; `None`: there are no more
    /// rows.
    pub last: Option<Cursor>,
    /// Which share of the range of all keys lies before that one, in `[0, 1]`.
    pub walked: f64,
    /// Rows that were looked at.
    pub rows: u64,
    /// From the first to the last row that is due, if any is.
    pub due: Option<DueRange>,
    /// What is due, and what is not.
    pub census: PurgeCounts,
    /// Sessions by task that have not ended, before the purge has changed any.
    pub sessions: BTreeMap<String, u64>,
    /// What one of the rows has that are [unreadable](PurgeCounts::unreadable), if any is.
    pub misfit: Option<UnreadableValue>,
    /// Rows whose time has come and that would be kept all the same, if this is a look that
    /// only counts. They are not among those that are due.
    pub kept: KeptRows,
    /// The state of the database at which this was found, where it has a name.
    pub version: Option<DataVersion>,
}

/// A value that is no time in the form that it should have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableValue {
    /// The column, with the path in it if there is one.
    pub input: String,
    /// The value, as people read it: text in quotes, cut where it is long.
    pub value: String,
}

/// A state of the database. While it is the same, nobody else has written; what
/// is written over one's own connection makes no new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DataVersion(pub i64);

/// The rows between two keys, both included, some of which are due.
#[derive(Debug, Clone, PartialEq)]
pub struct DueRange {
    /// The first key.
    pub first: Key,
    /// The last key.
    pub last: Key,
    /// What a look ahead has found there; `None`: nobody has looked.
    pub found: Option<DueCounts>,
    /// The rows that are due, as they were seen: where a table's statements cannot judge
    /// a row anew, it goes if it is still as it was.
    pub seen: Vec<RowSnapshot>,
}

/// A place in a walk through a table.
#[derive(Debug, Clone, PartialEq)]
pub enum Cursor {
    /// At the row with this key, in key order.
    Key(Key),
    /// At this time and row, in the order of a column that says when sessions are over.
    Time(SqlValue, i64),
}

/// A row as it was seen.
#[derive(Debug, Clone, PartialEq)]
pub struct RowSnapshot {
    /// Its key.
    pub key: Key,
    /// The values that it was judged by.
    pub values: Vec<SqlValue>,
}

/// What a look ahead has found in a range.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DueCounts {
    /// What is due, and what is not.
    pub census: PurgeCounts,
    /// The rows that go, by the task and the reason of the end.
    pub going: BTreeMap<(String, EndReason), u64>,
    /// The tasks with rows that are due, as they are spelled.
    pub tasks: BTreeSet<String>,
}

/// Sessions counted by what a purge would do with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PurgeCounts {
    /// Sessions that have not ended.
    pub sessions: u64,
    /// Live sessions that a purge would mark.
    pub would_mark: u64,
    /// Sessions that are due: it would end them.
    pub would_end: u64,
    /// Those of them that were due already at [the time](ScanLimits::backlog) that was asked
    /// for.
    pub backlog: u64,
    /// Rows that it would delete, those of the waste basket among them.
    pub would_delete: u64,
    /// Rows that it would change in any way.
    pub due: u64,
    /// Rows of which it cannot be said whether they are due: their times are not in the
    /// form that they should have. They are kept.
    pub unreadable: u64,
    /// Rows that were used or opened [in the future](super::PolicyContext::is_ahead), or marked,
    /// if any policy marks sessions.
    pub future: u64,
}

impl PurgeCounts {
    /// Live sessions: those that have not ended and are not due.
    pub const fn live(&self) -> u64 {
        self.sessions.saturating_sub(self.would_end)
    }

    /// Counts so many rows of one kind: whether they have ended, what a purge would do
    /// with them, and whether they were due before.
    pub fn count(&mut self, rows: u64, has_ended: bool, verdict: Verdict, was_due: bool) {
        let (ends, goes) = match verdict {
            Verdict::Keep | Verdict::Mark(_) => (false, false),
            Verdict::End(_) => (true, false),
            Verdict::Discard(_) => (true, true),
            Verdict::Delete => (false, true),
        };
        let is_marked = matches!(verdict, Verdict::Mark(_));
        self.sessions += rows * u64::from(!has_ended);
        self.would_mark += rows * u64::from(is_marked);
        self.would_end += rows * u64::from(ends);
        self.backlog += rows * u64::from(ends && was_due);
        self.would_delete += rows * u64::from(goes);
        self.due += rows * u64::from(is_marked || ends || goes);
    }

    /// Adds the counts of other rows.
    pub fn add(&mut self, other: Self) {
        self.sessions += other.sessions;
        self.would_mark += other.would_mark;
        self.would_end += other.would_end;
        self.backlog += other.backlog;
        self.would_delete += other.would_delete;
        self.due += other.due;
        self.unreadable += other.unreadable;
        self.future += other.future;
    }

    /// Sessions that would end and leave nothing: they count as ended and as
    /// deleted, and once as due.
    pub fn would_discard(&self) -> u64 {
        self.would_mark + self.would_end + self.would_delete - self.due
    }
}

/// What one write transaction of a purge has done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PurgeBatchResult {
    /// Live sessions that it marked as unused.
    pub marked: u64,
    /// Sessions that it ended.
    pub ended: u64,
    /// Rows that it deleted.
    pub deleted: u64,
    /// For how long it held the write lock.
    pub hold: Duration,
    /// The part of that which went into the commit.
    pub commit: Duration,
    /// For how long it waited for that lock.
    pub waited: Duration,
    /// The sessions that it ended, if the caller wanted to be told.
    pub told: Vec<Session>,
    /// How many it ended of which it cannot tell, though the caller wanted to be told: the
    /// answer of a cluster was lost.
    pub untold: u64,
    /// Whether it is not all that was to be done, since the file system is full.
    pub is_cut_short: bool,
}
