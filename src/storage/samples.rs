use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::session::EndReason;
use crate::domain::time::{Span, UnixTime};

/// Figures of a table at one time, and what the runs did that it stands for.
///
/// A run counts sessions and rows as it finds them, and the bytes as it leaves them. A figure that
/// it does not know is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sample {
    /// Time of the last of its runs, or of a reading without a run.
    pub at: UnixTime,
    /// Length of the period, counted from 1970 in UTC, whose samples were merged into this one;
    /// zero: none were.
    pub period: Span,
    /// Number of runs that it stands for; zero for a reading.
    pub runs: u64,
    /// Live sessions in the states active, idle and abandoned; in a framework's table, all are
    /// active.
    pub live: Option<[u64; 3]>,
    /// Sessions that were due.
    pub expired: Option<u64>,
    /// All rows, including those of ended sessions.
    pub rows: Option<u64>,
    /// Sessions that the runs ended, by reason.
    pub ended_by: BTreeMap<EndReason, u64>,
    /// Rows that the runs deleted.
    pub deleted: u64,
    pub file_bytes: Option<u64>,
    pub free_bytes: Option<u64>,
    /// Longest write transaction.
    pub longest_hold: Option<Duration>,
    /// Duration of the longest run.
    pub duration: Option<Duration>,
}

impl Sample {
    /// Merges a later sample into this one: figures of a time are the last that are known, others
    /// are added up, and of holds and durations the longest counts.
    pub fn merge(&mut self, later: &Self) {
        self.at = later.at;
        self.period = self.period.max(later.period);
        self.runs += later.runs;
        self.live = later.live.or(self.live);
        self.expired = later.expired.or(self.expired);
        self.rows = later.rows.or(self.rows);
        for (reason, sessions) in &later.ended_by {
            *self.ended_by.entry(*reason).or_default() += sessions;
        }
        self.deleted += later.deleted;
        self.file_bytes = later.file_bytes.or(self.file_bytes);
        self.free_bytes = later.free_bytes.or(self.free_bytes);
        self.longest_hold = self.longest_hold.max(later.longest_hold);
        self.duration = self.duration.max(later.duration);
    }

    /// Live sessions in all states.
    pub fn live_total(&self) -> Option<u64> {
        self.live.map(|states| states.iter().sum())
    }

    /// Sessions that the runs ended.
    pub fn ended(&self) -> u64 {
        self.ended_by.values().sum()
    }
}
