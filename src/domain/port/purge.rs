//! What a purge sees and what it has done.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::policy::Verdict;
use crate::domain::session::{Key, Session};

/// From which key to which, both included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRange {
    /// The first key.
    pub first: Key,
    /// The last key.
    pub last: Key,
}

/// How far one look ahead of a purge may go.
#[derive(Debug, Clone, Copy)]
pub struct Reach {
    /// At most so many rows that are due.
    pub due: usize,
    /// At most so many rows in all.
    pub rows: usize,
}

/// What a purge finds when it looks at the next rows in key order.
#[derive(Debug, Clone, Default)]
pub struct Survey {
    /// The last key that was looked at; `None`: there are no more rows.
    pub last: Option<Key>,
    /// From the first to the last row that is due, if any is.
    pub due: Option<KeyRange>,
    /// What is due, and what is not.
    pub census: Census,
    /// Live sessions by task, before the purge has changed any.
    pub live: BTreeMap<String, u64>,
}

/// Sessions counted by what a purge would do with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Census {
    /// Live sessions, those that would end among them.
    pub live: u64,
    /// Live sessions that a purge would mark.
    pub would_mark: u64,
    /// Live sessions that it would end.
    pub would_end: u64,
    /// Rows that it would delete, those of the waste basket among them.
    pub would_delete: u64,
    /// Rows that it would change in any way.
    pub due: u64,
}

impl Census {
    /// Counts one session.
    pub fn count(&mut self, live: bool, verdict: Verdict) {
        let (ends, goes) = match verdict {
            Verdict::Keep | Verdict::Mark(_) => (false, false),
            Verdict::End(_) => (true, false),
            Verdict::Discard(_) => (true, true),
            Verdict::Delete => (false, true),
        };
        let is_marked = matches!(verdict, Verdict::Mark(_));
        self.live += u64::from(live);
        self.would_mark += u64::from(is_marked);
        self.would_end += u64::from(ends);
        self.would_delete += u64::from(goes);
        self.due += u64::from(is_marked || ends || goes);
    }

    /// Adds the counts of other rows.
    pub fn add(&mut self, other: Self) {
        self.live += other.live;
        self.would_mark += other.would_mark;
        self.would_end += other.would_end;
        self.would_delete += other.would_delete;
        self.due += other.due;
    }
}

/// What one write transaction of a purge has done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settled {
    /// Live sessions that it marked as unused.
    pub marked: u64,
    /// Live sessions that it ended.
    pub ended: u64,
    /// Rows that it deleted.
    pub deleted: u64,
    /// For how long it held the write lock.
    pub hold: Duration,
    /// The sessions that it ended, if the caller wanted to be told.
    pub told: Vec<Session>,
}
