use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

use crate::storage::{CheckpointMode, DataVersion, WalStatus};

pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// SQLite's default threshold of automatic checkpoints, in pages.
pub const AUTOCHECKPOINT_PAGES: u32 = 1000;

/// Data version, which changes with commits of other connections only.
pub(super) fn data_version(connection: &Connection) -> rusqlite::Result<Option<DataVersion>> {
    let mut asked = connection.prepare_cached("PRAGMA data_version")?;
    asked.query_row([], |row| row.get(0)).map(|version| Some(DataVersion(version)))
}

pub fn set_autocheckpoint(connection: &Connection, enabled: bool) -> rusqlite::Result<()> {
    let pages = if enabled { AUTOCHECKPOINT_PAGES } else { 0 };
    connection.pragma_update_and_check(None, "wal_autocheckpoint", pages, |_| Ok(()))
}

/// Size of the log, if any. Takes no lock.
pub fn status(connection: &Connection) -> rusqlite::Result<Option<WalStatus>> {
    match run_checkpoint(connection, "PRAGMA wal_checkpoint(NOOP)") {
        // Read-only connections cannot query the size of the log.
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ReadOnly) => {
            Ok(Some(WalStatus::default()))
        }
        size => size,
    }
}

pub fn checkpoint(
    connection: &Connection,
    mode: CheckpointMode,
    busy_timeout: Duration,
) -> rusqlite::Result<Option<WalStatus>> {
    let moved = match mode {
        CheckpointMode::Passive => run_checkpoint(connection, "PRAGMA wal_checkpoint(PASSIVE)"),
        CheckpointMode::Restart(time) => {
            let moved = checkpoint_with_timeout(connection, "PRAGMA wal_checkpoint(RESTART)", time);
            connection.busy_timeout(busy_timeout)?;
            moved
        }
        CheckpointMode::Truncate => {
            // First the part that blocks nobody.
            run_checkpoint(connection, "PRAGMA wal_checkpoint(PASSIVE)")?;
            let pragma = "PRAGMA wal_checkpoint(TRUNCATE)";
            let moved = checkpoint_with_timeout(connection, pragma, Duration::ZERO);
            connection.busy_timeout(busy_timeout)?;
            moved
        }
    };
    match moved {
        // Another checkpoint is running, or there is no log.
        Ok(None) => status(connection),
        Err(error) if is_busy(&error) => status(connection),
        moved => moved,
    }
}

fn checkpoint_with_timeout(
    connection: &Connection,
    pragma: &str,
    busy_timeout: Duration,
) -> rusqlite::Result<Option<WalStatus>> {
    connection.busy_timeout(busy_timeout)?;
    run_checkpoint(connection, pragma)
}

/// Runs a checkpoint, and parses its result row, which is -1 without a log.
fn run_checkpoint(connection: &Connection, pragma: &str) -> rusqlite::Result<Option<WalStatus>> {
    let page: i64 =
        connection.prepare_cached("PRAGMA page_size")?.query_row([], |row| row.get(0))?;
    let mut asked = connection.prepare_cached(pragma)?;
    asked.query_row([], |row| {
        let (is_in_use, pages, moved): (bool, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let bytes = |pages: i64| u64::try_from(pages * page).unwrap_or(0);
        let size = WalStatus { bytes: bytes(pages), pending: bytes(pages - moved), is_in_use };
        Ok((pages >= 0).then_some(size))
    })
}

pub(super) fn is_busy(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    matches!(code, Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}
