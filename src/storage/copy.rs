//! Rows and counters as they are stored, for copying a table to another database.

use std::time::Duration;

use super::purge::DataVersion;
use crate::domain::error::Result;
use crate::storage::raw_row::{Counter, RawRow, TaskName};

/// Which rows to read: those of a range of keys, from its beginning on.
#[derive(Debug, Clone, Copy, Default)]
pub struct RowRange<'a> {
    /// The range begins behind this key; `None`: with the first.
    pub after: Option<&'a str>,
    /// It ends with this key; `None`: with the last.
    pub until: Option<&'a str>,
    /// At most so many.
    pub rows: usize,
    /// No further row when those that were read have so many bytes.
    pub bytes: usize,
}

/// Rows of a stretch, in key order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RowPage {
    /// The rows.
    pub rows: Vec<RawRow>,
    /// Whether the range may have more.
    pub has_more: bool,
}

/// Which rows and counters that are there already may be written over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnConflict {
    /// Those that are not [newer](RawRow::is_newer_than), and counters that are not
    /// higher.
    KeepNewer,
    /// All.
    Overwrite,
}

/// What a write of copies has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WriteResult {
    /// Rows that were inserted, written over, or deleted.
    pub rows: u64,
    /// For how long others could not write.
    pub hold: Duration,
    /// The part of that which went into the commit.
    pub commit: Duration,
    /// How long others, who wrote, have kept it waiting.
    pub waited: Duration,
    /// The state of the database afterwards, where it has a name.
    pub version: Option<DataVersion>,
}

/// A table whose rows can be copied as they are.
///
/// Each method that writes is one atomic list of statements, and one that fails has
/// changed nothing.
#[expect(clippy::missing_errors_doc, reason = "they are the same for all, as said above")]
pub trait RowCopy {
    /// Reads rows, without a lock that outlasts it.
    fn read_rows(&self, stretch: RowRange<'_>) -> Result<RowPage>;

    /// Writes rows as they are. One that is there already stays if `over` does not allow
    /// it to be written over at this moment, and is not counted.
    fn upsert_rows(&mut self, rows: &[&RawRow], over: OnConflict) -> Result<WriteResult>;

    /// Deletes rows, without counting them as deleted sessions.
    fn remove(&mut self, rows: &[&RawRow]) -> Result<WriteResult>;

    /// All counters.
    fn read_counters(&self) -> Result<Vec<Counter>>;

    /// The names of the tasks.
    fn read_task_names(&self) -> Result<Vec<TaskName>>;

    /// Gives tasks these names; if `over` does not allow all of them, those whose session was
    /// opened before the one that has given the name here.
    fn upsert_task_names(&mut self, names: &[TaskName], over: OnConflict) -> Result<()>;

    /// Sets these counters, as far as `over` allows it, and drops those.
    fn set_counters(&mut self, set: &[&Counter], drop: &[&Counter], over: OnConflict)
    -> Result<()>;
}
