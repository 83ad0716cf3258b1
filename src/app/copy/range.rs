//! Reading and comparing both sides of a copy, range by range of the keys.

use super::report::Comparison;
use crate::app::capabilities::row_copy;
use crate::domain::error::Result;
use crate::storage::raw_row::{Counter, RawRow, TableDiff, TableHasher, key_position};
use crate::storage::{Backend, OnConflict, RowRange};

/// Maximum number of rows that are read at once from either side, and of one write. An
/// entry of a cluster's Raft log should be small.
pub(super) const MAX_ROWS: usize = 1_000;
/// Maximum number of bytes likewise.
pub(super) const MAX_BYTES: usize = 256 << 10;

pub(super) struct KeyRange {
    pub(super) here: Vec<RawRow>,
    pub(super) there: Vec<RawRow>,
    /// Last key of the range; `None`: it reaches to the end of both tables.
    pub(super) until: Option<String>,
}

impl KeyRange {
    /// Reads the range after a key. It ends where the page of one of the sides ends.
    pub(super) fn after(
        after: Option<&str>,
        here: &dyn Backend,
        there: &dyn Backend,
    ) -> Result<Self> {
        let last = |rows: &[RawRow]| rows.last().map(|row| row.id.clone());
        let page = RowRange { after, until: None, rows: MAX_ROWS, bytes: MAX_BYTES };
        let mut from = row_copy(here)?.read_rows(page)?;
        let mut until = if from.has_more { last(&from.rows) } else { None };
        let to = row_copy(there)?.read_rows(RowRange { until: until.as_deref(), ..page })?;
        if to.has_more {
            until = last(&to.rows);
            from.rows.retain(|row| until.as_ref().is_none_or(|until| row.id <= *until));
        }
        Ok(Self { here: from.rows, there: to.rows, until })
    }

    /// Returns the share of the key range up to its end.
    pub(super) fn fraction(&self) -> f64 {
        self.until.as_deref().map_or(1.0, key_position)
    }
}

#[derive(Default)]
pub(super) struct DiffTotals {
    here: TableHasher,
    there: TableHasher,
    counts: Comparison,
}

impl DiffTotals {
    pub(super) fn add(&mut self, range: &KeyRange) {
        self.here.take(&range.here);
        self.there.take(&range.there);
        let diff = TableDiff::between(&range.here, &range.there);
        self.counts.missing += diff.missing.len() as u64;
        self.counts.older += diff.older.len() as u64;
        self.counts.newer += diff.newer.len() as u64;
        self.counts.extra += diff.extra.len() as u64;
    }

    pub(super) fn comparison(self, counters: u64) -> Comparison {
        let (here, there) = (self.here.content(), self.there.content());
        Comparison { here, there, counters, ..self.counts }
    }
}

/// Returns the counters to set there, and those to drop.
pub fn counters_to_change<'a>(
    here: &'a [Counter],
    there: &'a [Counter],
    on_conflict: OnConflict,
) -> (Vec<&'a Counter>, Vec<&'a Counter>) {
    let is_right = |counter: &&Counter| {
        let other = there.iter().find(|other| other.is_of(counter));
        other.is_some_and(|other| match on_conflict {
            OnConflict::KeepNewer => other.value >= counter.value,
            OnConflict::Overwrite => other == *counter,
        })
    };
    let is_extra = |counter: &&Counter| {
        on_conflict == OnConflict::Overwrite && !here.iter().any(|other| other.is_of(counter))
    };
    let set = here.iter().filter(|counter| !is_right(counter)).collect();
    (set, there.iter().filter(is_extra).collect())
}
