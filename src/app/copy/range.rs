//! What both sides of a move have, range by range of their keys.

use super::{Comparison, MOST_BYTES, MOST_ROWS};
use crate::app::permissions::row_copy;
use crate::domain::error::Result;
use crate::storage::raw_row::{Counter, RawRow, TableDiff, TableHasher};
use crate::storage::{Backend, OnConflict, RowRange};

/// A range of keys, and what both sides have there.
pub(super) struct KeyRange {
    pub(super) here: Vec<RawRow>,
    pub(super) there: Vec<RawRow>,
    /// The last key of it; `None`: nothing is left behind it.
    pub(super) until: Option<String>,
}

impl KeyRange {
    /// The next one behind a key. It ends where one of the sides has no more for now.
    pub(super) fn behind(
        after: Option<&str>,
        here: &dyn Backend,
        there: &dyn Backend,
    ) -> Result<Self> {
        let last = |rows: &[RawRow]| rows.last().map(|row| row.id.clone());
        let stretch = RowRange { after, until: None, rows: MOST_ROWS, bytes: MOST_BYTES };
        let mut from = row_copy(here)?.read_rows(stretch)?;
        let mut until = if from.has_more { last(&from.rows) } else { None };
        let to = row_copy(there)?.read_rows(RowRange { until: until.as_deref(), ..stretch })?;
        if to.has_more {
            until = last(&to.rows);
            from.rows.retain(|row| until.as_ref().is_none_or(|until| row.id <= *until));
        }
        Ok(Self { here: from.rows, there: to.rows, until })
    }

    /// Which share of the range of all keys ends with it.
    pub(super) fn walked(&self) -> f64 {
        self.until.as_deref().map_or(1.0, share)
    }
}

/// What a comparison has come to.
#[derive(Default)]
pub(super) struct Tally {
    here: TableHasher,
    there: TableHasher,
    missing: u64,
    older: u64,
    newer: u64,
    extra: u64,
}

impl Tally {
    pub(super) fn take(&mut self, section: &KeyRange) {
        self.here.take(&section.here);
        self.there.take(&section.there);
        let differences = TableDiff::between(&section.here, &section.there);
        self.missing += differences.missing.len() as u64;
        self.older += differences.older.len() as u64;
        self.newer += differences.newer.len() as u64;
        self.extra += differences.extra.len() as u64;
    }

    pub(super) fn comparison(self, counters: u64) -> Comparison {
        let Self { here, there, missing, older, newer, extra } = self;
        let (here, there) = (here.content(), there.content());
        Comparison { here, there, missing, older, newer, extra, counters }
    }
}

/// The counters that have to be set there and those to be dropped.
pub(super) fn counters_to_change<'a>(
    here: &'a [Counter],
    there: &'a [Counter],
    over: OnConflict,
) -> (Vec<&'a Counter>, Vec<&'a Counter>) {
    let is_right = |counter: &&Counter| {
        let other = there.iter().find(|other| other.is_of(counter));
        other.is_some_and(|other| match over {
            OnConflict::KeepNewer => other.value >= counter.value,
            OnConflict::Overwrite => other == *counter,
        })
    };
    let is_extra = |counter: &&Counter| {
        over == OnConflict::Overwrite && !here.iter().any(|other| other.is_of(counter))
    };
    let set = here.iter().filter(|counter| !is_right(counter)).collect();
    (set, there.iter().filter(is_extra).collect())
}

/// Which share of all keys lies before this one: keys are spread evenly.
fn share(key: &str) -> f64 {
    let digits = key.get(..8).and_then(|digits| u32::from_str_radix(digits, 16).ok());
    f64::from(digits.unwrap_or(0)) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counter(task: &str, value: i64) -> Counter {
        Counter { task: task.into(), name: b"peak".to_vec(), value }
    }

    #[test]
    fn a_higher_counter_stays_unless_all_are_to_be_equal() {
        let here = [counter("a", 3), counter("b", 3), counter("c", 3), counter("d", 3)];
        let there = [counter("A", 3), counter("b", 2), counter("c", 4), counter("e", 1)];
        let change = |over| {
            let (set, drop) = counters_to_change(&here, &there, over);
            let tasks = |counters: Vec<&Counter>| -> String {
                counters.iter().map(|counter| char::from(counter.task[0])).collect()
            };
            (tasks(set), tasks(drop))
        };
        assert_eq!(change(OnConflict::KeepNewer), ("bd".to_owned(), String::new()));
        assert_eq!(change(OnConflict::Overwrite), ("abcd".to_owned(), "e".to_owned()));
    }
}
