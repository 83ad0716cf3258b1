//! Capabilities of a framework's table.

use super::adopted_table::Adopted;
use crate::domain::error::Result;
use crate::storage::{
    Archiving, Backend, FileInspection, TableInspection, TableRebuild, Vacuum, Wal,
};
use crate::store::database::Database;
use crate::store::database::rqlite::Rqlite;
use crate::store::database::sqlite::SqliteFile;

/// The application opens and touches the sessions.
impl Backend for Adopted<SqliteFile> {
    fn display_name(&self) -> &str {
        self.database.display_name()
    }

    fn wal(&self) -> Option<&dyn Wal> {
        Some(&self.database)
    }

    fn vacuum(&mut self) -> Option<&mut dyn Vacuum> {
        Some(self)
    }

    fn table_rebuild(&mut self) -> Option<&mut dyn TableRebuild> {
        Some(self)
    }

    fn archiving(&mut self) -> Option<&mut dyn Archiving> {
        Some(self)
    }

    fn mean_row_bytes(&self) -> Result<Option<u64>> {
        self.database.mean_row_bytes(&self.reader.table.name)
    }

    fn inspect_file(&self) -> Result<Option<FileInspection>> {
        self.database.inspect().map(Some)
    }

    fn inspect_table(&self) -> Result<Option<TableInspection>> {
        self.inspect().map(Some)
    }
}

impl Backend for Adopted<Rqlite> {
    fn display_name(&self) -> &str {
        self.database.display_name()
    }

    fn inspect_table(&self) -> Result<Option<TableInspection>> {
        self.inspect().map(Some)
    }
}
