//! SQLite's write-ahead log and data version.

use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

use crate::storage::{CheckpointMode, DataVersion, WalStatus};

pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// SQLite's default threshold of automatic checkpoints, in pages.
const AUTOCHECKPOINT_PAGES: u32 = 1000;

/// Data version, which changes with commits of other connections only.
pub(super) fn data_version(connection: &Connection) -> rusqlite::Result<Option<DataVersion>> {
    let mut asked = connection.prepare_cached("PRAGMA data_version")?;
    asked.query_row([], |row| row.get(0)).map(|version| Some(DataVersion(version)))
}

pub(super) fn set_autocheckpoint(connection: &Connection, enabled: bool) -> rusqlite::Result<()> {
    let pages = if enabled { AUTOCHECKPOINT_PAGES } else { 0 };
    connection.pragma_update_and_check(None, "wal_autocheckpoint", pages, |_| Ok(()))
}

/// Size of the log, if any. Takes no lock.
pub(super) fn status(connection: &Connection) -> rusqlite::Result<Option<WalStatus>> {
    match run_checkpoint(connection, "PRAGMA wal_checkpoint(NOOP)") {
        // Read-only connections cannot query the size of the log.
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ReadOnly) => {
            Ok(Some(WalStatus::default()))
        }
        size => size,
    }
}

/// Runs a checkpoint, and answers the size of the log afterwards.
pub(super) fn checkpoint(
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

fn is_busy(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    matches!(code, Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Database in WAL mode, in a temporary directory.
    fn database() -> (tempfile::TempDir, Connection) {
        let folder = tempfile::TempDir::new().unwrap();
        let connection = Connection::open(folder.path().join("a.db")).unwrap();
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL; CREATE TABLE t (a); INSERT INTO t VALUES (1)",
            )
            .unwrap();
        (folder, connection)
    }

    fn automatic(connection: &Connection) -> u32 {
        connection.query_row("PRAGMA wal_autocheckpoint", [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn a_commit_leaves_the_log_only_while_it_is_to_be_kept() {
        let (_folder, connection) = database();
        set_autocheckpoint(&connection, false).unwrap();
        assert_eq!(automatic(&connection), 0);
        set_autocheckpoint(&connection, true).unwrap();
        assert_eq!(automatic(&connection), AUTOCHECKPOINT_PAGES);
    }

    #[test]
    fn a_log_is_moved_as_far_as_a_reader_lets_it() {
        let (folder, connection) = database();
        let busy_timeout = Duration::from_secs(5);
        let firm = CheckpointMode::Restart(Duration::from_millis(1));
        let moved =
            |mode| checkpoint(&connection, mode, busy_timeout).unwrap().expect("there is a log");
        let before = status(&connection).unwrap().unwrap();
        assert!(before.bytes > 0 && before.pending == before.bytes);
        assert_eq!(moved(CheckpointMode::Passive), WalStatus { pending: 0, ..before });
        // Somebody who reads what was before the next change
        let reader = Connection::open(folder.path().join("a.db")).unwrap();
        reader.execute_batch("BEGIN; SELECT * FROM t").unwrap();
        connection.execute_batch("INSERT INTO t VALUES (2)").unwrap();
        reader.execute_batch("COMMIT; BEGIN; SELECT * FROM t").unwrap();
        connection.execute_batch("INSERT INTO t VALUES (3)").unwrap();
        let stuck = moved(firm);
        assert!(stuck.is_in_use && stuck.pending > 0, "{stuck:?}");
        reader.execute_batch("COMMIT").unwrap();
        let free = moved(firm);
        assert!(!free.is_in_use && free.pending == 0, "{free:?}");
    }

    #[test]
    fn a_database_without_a_log_has_no_size_of_it() {
        let connection = Connection::open_in_memory().unwrap();
        assert_eq!(status(&connection).unwrap(), None);
        let moved = checkpoint(&connection, CheckpointMode::Passive, Duration::ZERO);
        assert_eq!(moved.unwrap(), None);
    }
}
