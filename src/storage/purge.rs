use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::kept_rows::KeptRows;
use super::timing::WriteTiming;
use crate::domain::policy::Verdict;
use crate::domain::profile::SqlValue;
use crate::domain::session::{EndReason, Session, SessionKey};
use crate::domain::time::UnixTime;

#[derive(Debug, Clone, Copy)]
pub struct ScanLimits {
    /// Maximum number of due rows. `usize::MAX` makes a counting scan, which may leave
    /// [`DueRange::seen`] empty.
    pub due: usize,
    pub rows: usize,
    /// Approximate maximum duration. At least one row is scanned.
    pub time: Duration,
    /// Time for the [backlog](PurgeCounts::backlog): also counts sessions that were due then.
    /// `None` skips the count.
    pub backlog: Option<UnixTime>,
    /// Keeps a snapshot of each due row, so that its session can be returned when it ends.
    pub snapshots: bool,
}

impl ScanLimits {
    pub const ALL: Self = Self {
        due: usize::MAX,
        rows: usize::MAX,
        time: Duration::MAX,
        backlog: None,
        snapshots: false,
    };
}

#[derive(Debug, Clone, Default)]
pub struct DueScan {
    /// Cursor after the last row scanned; `None` at the end of the table.
    pub last: Option<Cursor>,
    /// Fraction of the key space before that cursor, in `[0, 1]`.
    pub fraction: f64,
    pub rows: u64,
    pub due: Option<DueRange>,
    pub counts: PurgeCounts,
    pub found: FoundSessions,
    /// Sessions that have not ended, by task, before the purge changed any.
    pub sessions: BTreeMap<String, u64>,
    pub unreadable_value: Option<UnreadableValue>,
    /// Expired rows that would be kept, for a counting scan. They do not count as due.
    pub kept: KeptRows,
    pub version: Option<DataVersion>,
}

/// Sessions that have not ended, as a scan finds them before the purge changes any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FoundSessions {
    /// Live sessions in the states active, idle and abandoned.
    pub live: [u64; 3],
    /// Sessions that are due, and rows of a framework's table that are kept although they have
    /// expired.
    pub expired: u64,
    /// Sessions that the purge would end, by reason in the order of [`EndReason::ALL`].
    pub ends: [u64; EndReason::ALL.len()],
}

impl FoundSessions {
    pub fn add(&mut self, other: Self) {
        let add = |counts: &mut [u64], more: &[u64]| {
            counts.iter_mut().zip(more).for_each(|(count, more)| *count += more);
        };
        add(&mut self.live, &other.live);
        add(&mut self.ends, &other.ends);
        self.expired += other.expired;
    }

    /// Sessions by reason, if `ended` of them ended. Where that differs from what was found,
    /// because sessions were used or became due in the meantime, the reason of most of them has
    /// the difference.
    #[must_use]
    pub fn ended(&self, ended: u64) -> [u64; EndReason::ALL.len()] {
        let mut ends = self.ends;
        let most =
            |ends: &[u64]| (0..ends.len()).rev().max_by_key(|place| ends[*place]).unwrap_or(0);
        let found: u64 = ends.iter().sum();
        if found == 0 {
            let expired = EndReason::ALL.iter().position(|reason| *reason == EndReason::Expired);
            ends[expired.unwrap_or(0)] = ended;
        } else if ended >= found {
            ends[most(&ends)] += ended - found;
        }
        let mut surplus = found.saturating_sub(ended);
        while surplus > 0 {
            let largest = &mut ends[most(&ends)];
            let fewer = surplus.min(*largest);
            *largest -= fewer;
            surplus -= fewer;
        }
        ends
    }
}

/// Value that does not match the configured time encoding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableValue {
    /// Column, with the path within it if any.
    pub input: String,
    /// Printable value: text in quotes, truncated if long.
    pub value: String,
}

/// Data version of the database. It changes with writes of other connections only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DataVersion(pub i64);

/// Key range, both ends included, with due rows.
#[derive(Debug, Clone, PartialEq)]
pub struct DueRange {
    pub first: SessionKey,
    pub last: SessionKey,
    /// Counts of the scan; `None` without a scan.
    pub found: Option<DueCounts>,
    /// Snapshots of the due rows, each of which is deleted only if it is unchanged.
    pub seen: Vec<RowSnapshot>,
    /// Keys of the due rows, each of which is judged again when it is deleted. Without keys and
    /// snapshots, this holds for all rows of the range, where a statement can judge them.
    pub keys: Vec<SessionKey>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Cursor {
    /// Row with this key, in key order.
    Key(SessionKey),
    /// Time and row, in the order of the expiry index.
    Time(SqlValue, i64),
}

#[derive(Debug, Clone, PartialEq)]
pub struct RowSnapshot {
    pub key: SessionKey,
    /// Values that decided whether the row is due.
    pub values: Vec<SqlValue>,
    /// Reason why it is due.
    pub reason: EndReason,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DueCounts {
    pub counts: PurgeCounts,
    /// Rows to delete, by task and reason of the end.
    pub deletions: BTreeMap<(String, EndReason), u64>,
    /// Spellings of the tasks with due rows.
    pub tasks: BTreeSet<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PurgeCounts {
    /// Sessions that have not ended.
    pub sessions: u64,
    pub would_mark: u64,
    pub would_end: u64,
    /// Due sessions that were due already at [the given time](ScanLimits::backlog).
    pub backlog: u64,
    /// Rows that a purge would delete, including retained rows of ended sessions.
    pub would_delete: u64,
    /// Rows that a purge would change.
    pub due: u64,
    /// Rows with unreadable times. They are kept.
    pub unreadable: u64,
    /// Rows that were used or opened [in the future](super::PolicyContext::is_ahead), or marked,
    /// if any policy marks sessions.
    pub future: u64,
}

impl PurgeCounts {
    /// Live sessions: not ended and not due.
    pub const fn live(&self) -> u64 {
        self.sessions.saturating_sub(self.would_end)
    }

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

    /// Sessions that would end and be deleted at once: they count as ended, as deleted, and
    /// once as due.
    pub fn would_discard(&self) -> u64 {
        self.would_mark + self.would_end + self.would_delete - self.due
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PurgeBatchResult {
    pub marked: u64,
    pub ended: u64,
    /// Rows of a framework's table that were deleted, by reason.
    pub ended_by: BTreeMap<EndReason, u64>,
    pub deleted: u64,
    pub timing: WriteTiming,
    /// Ended sessions, if requested.
    pub ended_sessions: Vec<Session>,
    /// Ended sessions that are not returned although requested: the cluster's response was lost.
    pub unreported: u64,
    /// True if the batch was cut short because the file system is full.
    pub is_cut_short: bool,
}
