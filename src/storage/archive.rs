//! Saving whole rows before they go, and putting them back.

use crate::domain::error::Result;
use crate::domain::profile::SqlValue;

/// Column with its value.
pub type NamedValue = (String, SqlValue);

/// Row as it was before a run deleted or changed it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ArchivedRow {
    pub table: String,
    /// Columns of the primary key.
    pub key: Vec<String>,
    /// Row id, where no column has it.
    pub row_id: Option<i64>,
    /// All columns that are stored.
    pub columns: Vec<NamedValue>,
    /// New values of the columns that the run changed; empty: it deleted the row.
    pub changed: Vec<NamedValue>,
}

impl ArchivedRow {
    /// Reports whether both rows were deleted from one table and had the same values.
    pub fn is_equal(&self, other: &Self) -> bool {
        let is_deleted = self.changed.is_empty() && other.changed.is_empty();
        is_deleted && self.table == other.table && self.columns == other.columns
    }
}

/// Session with the rows that go, or lose their reference, with it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ArchivedSession {
    pub handle: String,
    pub user: Option<String>,
    /// Reason of the end, as far as the row has it.
    pub reason: Option<String>,
    pub row: ArchivedRow,
    /// Parents before the rows that refer to them.
    pub children: Vec<ArchivedRow>,
}

/// Place where sessions are saved.
pub trait Archive {
    /// Saves sessions durably. The transaction that ends them commits only afterwards.
    fn save(&mut self, sessions: &[ArchivedSession]) -> Result<()>;
}

/// Result of restoring one session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RestoreOutcome {
    Restored,
    /// Left alone: a row is there, with the same key or in a state of its own.
    Exists,
    /// The database does not take the row, for this reason.
    Rejected(String),
}

/// Archiving and restoring the rows of a table in an SQLite file.
pub trait Archiving {
    /// Saves each session in an archive from now on, before the transaction that ends it or
    /// deletes its row commits; `None`: no longer. If saving fails, so does the transaction.
    fn archive_to(&mut self, archive: Option<Box<dyn Archive>>) -> Result<()>;

    /// Checks that the tables have all columns of these rows.
    fn check_columns(&self, sessions: &[ArchivedSession]) -> Result<()>;

    /// Puts sessions back in one transaction, each with its children, unless something is there.
    fn restore(&mut self, sessions: &[ArchivedSession]) -> Result<Vec<RestoreOutcome>>;

    /// For each session, whether [`restore`](Self::restore) would put it back.
    fn would_restore(&self, sessions: &[ArchivedSession]) -> Result<Vec<bool>>;
}
