//! Deletion of most rows of a table: a copy of the rows that stay, and one transaction that
//! empties the table and puts them back.

use std::ops::ControlFlow;
use std::time::Duration;

use super::context::PolicyContext;
use super::purge::{Cursor, DataVersion, DueScan, PurgeBatchResult};
use crate::domain::error::Result;

/// How a purge deletes rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PurgeMethod {
    /// Row by row; with the reason why not by a rebuild, if one was asked for.
    Delete(Option<RebuildObstacle>),
    /// All at once: the table is emptied, and the rest put back.
    Rebuild,
}

impl PurgeMethod {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delete(_) => "delete",
            Self::Rebuild => "rebuild",
        }
    }
}

/// Reason why rows are deleted one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RebuildObstacle {
    /// Not a framework's table in a file.
    Unsupported,
    /// A hook receives each session.
    Hook,
    /// An archive receives each row.
    Archive,
    Triggers,
    ForeignKeys,
    Dependents,
    /// The configuration ends sessions that the framework accepts.
    StricterRules,
    /// Too few rows, or too few of them due.
    FewDue,
    Memory,
    DiskSpace,
    /// The run or its lease leaves too little time for one long transaction.
    Time,
    /// Others wrote to the database between each copy and its transaction.
    Written,
    /// The table does not take its own rows as they are.
    Rejected,
}

/// A result, unless there is an obstacle. Then nothing has changed.
pub type RebuildStep<T> = Result<ControlFlow<RebuildObstacle, T>>;

/// Rows of the sample of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SampledRows {
    pub rows: u64,
    pub due: u64,
}

/// Counts of the scans that made a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CopiedTable {
    /// Version that all scans have read.
    pub version: Option<DataVersion>,
    pub rows: u64,
    pub due: u64,
}

pub trait TableRebuild {
    /// Checks the table as before a deletion, and begins a copy of it in memory.
    fn start_copy(&mut self, scope: &PolicyContext<'_>) -> RebuildStep<SampledRows>;

    /// Copies the rows after a cursor that are not due, for about this time, without a lock that
    /// outlasts it. Counts all rows as a counting scan does.
    fn copy_rows(
        &mut self,
        scope: &PolicyContext<'_>,
        after: Option<&Cursor>,
        time: Duration,
    ) -> RebuildStep<DueScan>;

    /// Replaces the rows of the table by the copy in one transaction, which verifies that nothing
    /// has been written since, and that the table then has exactly the rows of the copy.
    fn replace_rows(&mut self, copied: CopiedTable) -> RebuildStep<PurgeBatchResult>;

    /// Frees the memory of a copy, if there is one.
    fn drop_copy(&mut self) -> Result<()>;
}
