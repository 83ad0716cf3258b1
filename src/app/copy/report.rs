//! What a move is asked for, and what it says of itself.

use std::time::Duration;

use crate::app::purge::StopReason;
use crate::domain::write_limits::{HoldLimit, WriteLimits};
use crate::storage::OnConflict;
use crate::storage::raw_row::TableChecksum;

/// How a table is to be moved.
#[derive(Debug, Clone)]
pub struct CopyRequest {
    /// Whether the destination is to become equal to the source: what is newer there is
    /// written over, and what is there alone is deleted.
    pub replace: bool,
    /// Whether the destination gets the indexes that the limits of the policies want.
    pub suit: bool,
    /// For about how long one write transaction may hold up others who write to the
    /// destination.
    pub hold: HoldLimit,
}

impl Default for CopyRequest {
    fn default() -> Self {
        Self { replace: false, suit: false, hold: WriteLimits::default().hold }
    }
}

impl CopyRequest {
    pub(super) const fn over(&self) -> OnConflict {
        if self.replace { OnConflict::Overwrite } else { OnConflict::KeepNewer }
    }
}

/// How far a move is.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct CopyProgress {
    /// Whether all is copied, and both sides are being compared.
    pub is_comparing: bool,
    /// Which share of its way it has come, in `[0, 1]`: the comparison is the second half
    /// of it, or all where nothing is copied.
    pub walked: f64,
    /// Rows of the source that were read, or since the comparison has begun, compared.
    pub rows: u64,
    /// Rows that were written or deleted.
    pub written: u64,
}

/// What a move has done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CopyReport {
    /// Rows that were not there.
    pub new: u64,
    /// Rows that were there otherwise, and have been written over.
    pub changed: u64,
    /// Rows that were there alone, and have been deleted.
    pub deleted: u64,
    /// Rows that were newer there, and have been left alone.
    pub newer: u64,
    /// Rows that were there alone, and have been left alone.
    pub extra: u64,
    /// Counters that were set or dropped.
    pub counters: u64,
    /// What both sides held afterwards; `None`: it stopped before.
    pub comparison: Option<Comparison>,
    /// How long it took.
    pub elapsed: Duration,
    /// Why it stopped early, if it did.
    pub stopped: Option<StopReason>,
}

impl CopyReport {
    /// Rows that were written.
    pub const fn written(&self) -> u64 {
        self.new + self.changed
    }

    /// Rows that were left alone as another program might have written them.
    pub const fn left_alone(&self) -> u64 {
        self.newer + self.extra
    }
}

/// What two tables hold, and in how many rows they differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// What the source held.
    pub here: TableChecksum,
    /// What the destination held.
    pub there: TableChecksum,
    /// Rows that were in the source alone.
    pub missing: u64,
    /// Rows that were otherwise in the destination, and not newer.
    pub older: u64,
    /// Rows that were newer in the destination.
    pub newer: u64,
    /// Rows that were in the destination alone.
    pub extra: u64,
    /// Counters that another run would set or drop.
    pub counters: u64,
}

impl Comparison {
    /// In how many rows they differ.
    pub const fn differ(&self) -> u64 {
        self.missing + self.older + self.newer + self.extra
    }

    /// Whether they hold the same rows.
    pub fn is_same(&self) -> bool {
        self.here == self.there
    }
}
