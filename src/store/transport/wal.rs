//! SQLite's write-ahead log, and the name that it gives to a state of the database.

use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

use crate::domain::port::{Effort, LogSize, Version};

/// After so many pages, a commit moves the log into the database: SQLite's default.
const AUTOMATIC: u32 = 1000;

/// The state of the database. Commits of this connection do not change it, those of
/// all others do.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<Option<Version>> {
    let mut asked = connection.prepare_cached("PRAGMA data_version")?;
    asked.query_row([], |row| row.get(0)).map(|version| Some(Version(version)))
}

/// Whether commits leave the log as it is.
pub(super) fn keep(connection: &Connection, keep: bool) -> rusqlite::Result<()> {
    let pages = if keep { 0 } else { AUTOMATIC };
    connection.pragma_update_and_check(None, "wal_autocheckpoint", pages, |_| Ok(()))
}

/// How large the log is, if there is one. This takes no lock.
pub(super) fn size(connection: &Connection) -> rusqlite::Result<Option<LogSize>> {
    checkpoint(connection, "PRAGMA wal_checkpoint(NOOP)")
}

/// Moves what it can of the log into the database.
pub(super) fn move_into_the_database(
    connection: &Connection,
    effort: Effort,
    patience: Duration,
) -> rusqlite::Result<Option<LogSize>> {
    let moved = match effort {
        Effort::Gentle => checkpoint(connection, "PRAGMA wal_checkpoint(PASSIVE)"),
        Effort::Firm(time) => {
            connection.busy_timeout(time)?;
            let moved = checkpoint(connection, "PRAGMA wal_checkpoint(RESTART)");
            connection.busy_timeout(patience)?;
            moved
        }
    };
    match moved {
        // Somebody else is at it, or there is no log.
        Ok(None) => size(connection),
        Err(error) if is_busy(&error) => size(connection),
        moved => moved,
    }
}

/// Runs a checkpoint, and reads what it says of the log: -1 where there is none.
fn checkpoint(connection: &Connection, pragma: &str) -> rusqlite::Result<Option<LogSize>> {
    let page: i64 =
        connection.prepare_cached("PRAGMA page_size")?.query_row([], |row| row.get(0))?;
    let mut asked = connection.prepare_cached(pragma)?;
    asked.query_row([], |row| {
        let (is_in_use, pages, moved): (bool, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let bytes = |pages: i64| u64::try_from(pages * page).unwrap_or(0);
        let size = LogSize { bytes: bytes(pages), pending: bytes(pages - moved), is_in_use };
        Ok((pages >= 0).then_some(size))
    })
}

fn is_busy(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    matches!(code, Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}
