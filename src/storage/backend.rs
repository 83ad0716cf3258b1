use super::archive::Archiving;
use super::copy::RowCopy;
use super::inspection::{FileInspection, TableInspection};
use super::interrupt::Interruptible;
use super::ledger::Ledger;
use super::open::SessionOpener;
use super::rebuild::TableRebuild;
use super::sessions::SessionStore;
use super::vacuum::Vacuum;
use super::wal::Wal;
use crate::domain::error::Result;

/// All but sessions and ledger is a capability: `None` where the table or its database lacks it.
pub trait Backend: SessionStore + Ledger + Interruptible {
    fn display_name(&self) -> &str;

    /// Opening and touching sessions; absent where the application does both.
    fn session_opener(&mut self) -> Option<&mut dyn SessionOpener> {
        None
    }

    fn wal(&self) -> Option<&dyn Wal> {
        None
    }

    /// Free space of an SQLite file.
    fn vacuum(&mut self) -> Option<&mut dyn Vacuum> {
        None
    }

    /// Deletion of most rows of a framework's table in an SQLite file.
    fn table_rebuild(&mut self) -> Option<&mut dyn TableRebuild> {
        None
    }

    /// Archiving the rows of an SQLite file.
    fn archiving(&mut self) -> Option<&mut dyn Archiving> {
        None
    }

    fn row_copy(&self) -> Option<&dyn RowCopy> {
        None
    }

    fn row_copy_mut(&mut self) -> Option<&mut dyn RowCopy> {
        None
    }

    /// Mean size in bytes of a row of sessions, from a sample; `None`: unknown.
    ///
    /// # Errors
    /// Any error of reading the database.
    fn mean_row_bytes(&self) -> Result<Option<u64>> {
        Ok(None)
    }

    /// Properties of the file; `None` for a database without one.
    ///
    /// # Errors
    /// Any error of reading the database.
    fn inspect_file(&self) -> Result<Option<FileInspection>> {
        Ok(None)
    }

    /// Properties of a framework's table; `None` for the native table.
    ///
    /// # Errors
    /// Any error of reading the database.
    fn inspect_table(&self) -> Result<Option<TableInspection>> {
        Ok(None)
    }
}
