//! Requests, progress and results of a copy.

use std::time::Duration;

use crate::app::stop::StopReason;
use crate::domain::write_limits::HoldLimit;
use crate::storage::OnConflict;
use crate::storage::raw_row::TableChecksum;

#[derive(Debug, Clone)]
pub struct CopyRequest {
    /// Overwrite rows that are newer in the destination, and delete those that exist only there.
    pub replace: bool,
    /// Create the indexes in the destination that the limits of the policies need.
    pub sync_indexes: bool,
    /// Target duration of each write transaction in the destination.
    pub hold: HoldLimit,
}

impl Default for CopyRequest {
    fn default() -> Self {
        Self { replace: false, sync_indexes: false, hold: HoldLimit::DEFAULT }
    }
}

impl CopyRequest {
    pub(super) const fn on_conflict(&self) -> OnConflict {
        if self.replace { OnConflict::Overwrite } else { OnConflict::KeepNewer }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct CopyProgress {
    /// True once all rows are copied and both sides are being compared.
    pub is_comparing: bool,
    /// Share of the work that is done, in `[0, 1]`: the comparison is the second half of it,
    /// or all if nothing is copied.
    pub fraction: f64,
    /// Rows of the source that were read or, during the comparison, compared.
    pub rows: u64,
    /// Rows that were written or deleted.
    pub written: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CopyReport {
    pub new: u64,
    /// Rows that were different and were overwritten.
    pub changed: u64,
    /// Rows that existed only in the destination and were deleted.
    pub deleted: u64,
    /// Rows that were newer in the destination and were left alone.
    pub newer: u64,
    /// Rows that existed only in the destination and were left alone.
    pub extra: u64,
    pub counters: u64,
    /// Comparison of both sides afterwards; `None`: it stopped before.
    pub comparison: Option<Comparison>,
    pub elapsed: Duration,
    pub stopped: Option<StopReason>,
}

impl CopyReport {
    pub const fn written(&self) -> u64 {
        self.new + self.changed
    }

    /// Returns the rows that were left alone because another program may have written them.
    pub const fn left_alone(&self) -> u64 {
        self.newer + self.extra
    }
}

/// Contents of two tables, and the number of rows in which they differ.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Comparison {
    pub here: TableChecksum,
    pub there: TableChecksum,
    /// Rows that exist only in the source.
    pub missing: u64,
    /// Rows that differ, and are not newer in the destination.
    pub older: u64,
    pub newer: u64,
    /// Rows that exist only in the destination.
    pub extra: u64,
    /// Counters that another copy would set or drop.
    pub counters: u64,
}

impl Comparison {
    pub const fn differ(&self) -> u64 {
        self.missing + self.older + self.newer + self.extra
    }

    pub fn is_same(&self) -> bool {
        self.here == self.there
    }
}
