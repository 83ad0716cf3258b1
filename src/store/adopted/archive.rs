//! Archiving the rows of a framework's table.

use super::adopted_table::Adopted;
use super::reader::TableReader;
use super::values::{id_digest, with_values};
use crate::domain::error::Result;
use crate::storage::{Archive, ArchivedSession, Archiving, RestoreOutcome};
use crate::store::archive::{ChildTable, RestoredTables, SessionNaming, record_to, stop_recording};
use crate::store::database::RowRef;
use crate::store::database::sqlite::SqliteFile;

impl TableReader {
    fn naming(&self) -> SessionNaming {
        let (profile, id_width) = (self.profile.clone(), self.id_width());
        let read = move |row: &dyn RowRef, at: usize| {
            let handle = with_values(row, at, id_width, id_digest).handle();
            (handle, profile.owner(row.value(at + id_width)).user())
        };
        let mut expressions = self.id_expressions().to_vec();
        expressions.push(self.user().to_owned());
        SessionNaming {
            table: self.table.name.clone(),
            end: None,
            expressions,
            reason: None,
            read: Box::new(read),
        }
    }
}

impl Archiving for Adopted<SqliteFile> {
    fn archive_to(&mut self, archive: Option<Box<dyn Archive>>) -> Result<()> {
        let Some(archive) = archive else { return stop_recording(&mut self.database) };
        let dependents = &self.reader.profile.dependents;
        let children = ChildTable::all_of(&self.database, &self.reader.table.name, dependents)?;
        record_to(&mut self.database, self.reader.naming(), children, archive)
    }

    fn check_columns(&self, sessions: &[ArchivedSession]) -> Result<()> {
        RestoredTables::of(&self.database, &self.reader.profile.id, sessions).map(drop)
    }

    fn restore(&mut self, sessions: &[ArchivedSession]) -> Result<Vec<RestoreOutcome>> {
        self.reader.profile.may_delete()?;
        let tables = RestoredTables::of(&self.database, &self.reader.profile.id, sessions)?;
        tables.restore(&mut self.database, sessions)
    }

    fn would_restore(&self, sessions: &[ArchivedSession]) -> Result<Vec<bool>> {
        let tables = RestoredTables::of(&self.database, &self.reader.profile.id, sessions)?;
        tables.would_restore(&self.database, sessions)
    }
}
