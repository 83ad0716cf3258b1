//! Archiving the rows of sessctl's own table.

use super::rows::HANDLE_DIGITS;
use super::table::Native;
use crate::domain::error::Result;
use crate::storage::{Archive, ArchivedSession, Archiving, RestoreOutcome};
use crate::store::archive::{ChildTable, RestoredTables, SessionNaming, record_to, stop_recording};
use crate::store::database::RowRef;
use crate::store::database::sqlite::SqliteFile;

const TABLE: &str = "sessions";
const ENDS: &str = "OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL";

fn naming() -> SessionNaming {
    let read = |row: &dyn RowRef, at: usize| {
        let id = row.text(at).unwrap_or_default();
        (id.get(..HANDLE_DIGITS).unwrap_or(&id).to_owned(), row.text(at + 1))
    };
    let changed = ["ended_at", "end_reason"].map(str::to_owned).to_vec();
    SessionNaming {
        table: TABLE.to_owned(),
        end: Some((changed, ENDS)),
        expressions: vec!["id".to_owned(), "user".to_owned()],
        reason: Some("end_reason"),
        read: Box::new(read),
    }
}

impl Archiving for Native<SqliteFile> {
    fn archive_to(&mut self, archive: Option<Box<dyn Archive>>) -> Result<()> {
        let Some(archive) = archive else { return stop_recording(&mut self.database) };
        let children = ChildTable::all_of(&self.database, TABLE, &[])?;
        record_to(&mut self.database, naming(), children, archive)
    }

    fn check_columns(&self, sessions: &[ArchivedSession]) -> Result<()> {
        RestoredTables::of(&self.database, &[], sessions).map(drop)
    }

    fn restore(&mut self, sessions: &[ArchivedSession]) -> Result<Vec<RestoreOutcome>> {
        RestoredTables::of(&self.database, &[], sessions)?.restore(&mut self.database, sessions)
    }

    fn would_restore(&self, sessions: &[ArchivedSession]) -> Result<Vec<bool>> {
        RestoredTables::of(&self.database, &[], sessions)?.would_restore(&self.database, sessions)
    }
}
