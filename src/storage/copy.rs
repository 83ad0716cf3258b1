use super::purge::DataVersion;
use super::timing::WriteTiming;
use crate::domain::error::Result;
use crate::storage::raw_row::{Counter, RawRow, TaskName};

#[derive(Debug, Clone, Copy, Default)]
pub struct RowRange<'a> {
    /// Exclusive start; `None` for the first key.
    pub after: Option<&'a str>,
    /// Inclusive end; `None` for the last key.
    pub until: Option<&'a str>,
    pub rows: usize,
    /// Size in bytes after which no further row is read.
    pub bytes: usize,
}

/// Page of rows, in key order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RowPage {
    pub rows: Vec<RawRow>,
    /// True if the range may have more rows.
    pub has_more: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnConflict {
    /// Overwrites existing rows that are not [newer](RawRow::is_newer_than), and counters that
    /// are not higher.
    KeepNewer,
    Overwrite,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WriteResult {
    /// Rows inserted, overwritten or deleted.
    pub rows: u64,
    pub timing: WriteTiming,
    /// Data version of the database afterwards, if known.
    pub version: Option<DataVersion>,
}

/// Each method that writes is one atomic batch; a method that fails has changed nothing.
pub trait RowCopy {
    fn read_rows(&self, range: RowRange<'_>) -> Result<RowPage>;

    /// An existing row that `on_conflict` protects stays, and is not counted.
    fn upsert_rows(&mut self, rows: &[&RawRow], on_conflict: OnConflict) -> Result<WriteResult>;

    /// Deletes rows, without counting them as deleted sessions.
    fn remove(&mut self, rows: &[&RawRow]) -> Result<WriteResult>;

    fn read_counters(&self) -> Result<Vec<Counter>>;

    fn read_task_names(&self) -> Result<Vec<TaskName>>;

    /// Sets the canonical names of tasks. Unless `on_conflict` overwrites all, a name is set only
    /// if its session was opened before that of the existing name.
    fn upsert_task_names(&mut self, names: &[TaskName], on_conflict: OnConflict) -> Result<()>;

    /// Sets the counters `set`, as far as `on_conflict` allows it, and deletes the counters `drop`.
    fn set_counters(
        &mut self,
        set: &[&Counter],
        drop: &[&Counter],
        on_conflict: OnConflict,
    ) -> Result<()>;
}
