//! Tests of `store::database::sqlite::wal`.

use std::time::Duration;

use rusqlite::Connection;
use sessctl::storage::{CheckpointMode, WalStatus};
use sessctl::store::database::sqlite::wal::{
    AUTOCHECKPOINT_PAGES, checkpoint, set_autocheckpoint, status,
};

/// Database in WAL mode, in a temporary directory.
fn database() -> (tempfile::TempDir, Connection) {
    let folder = tempfile::TempDir::new().unwrap();
    let connection = Connection::open(folder.path().join("a.db")).unwrap();
    connection
        .execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (a); INSERT INTO t VALUES (1)")
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
