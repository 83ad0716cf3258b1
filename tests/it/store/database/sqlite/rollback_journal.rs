//! Tests of `store::database::sqlite::rollback_journal`.

use std::fs;
use std::path::PathBuf;

use rusqlite::Connection;
use sessctl::store::database::sqlite::rollback_journal::keep;
use tempfile::TempDir;

struct Database {
    directory: TempDir,
}

impl Database {
    fn new(journal_mode: &str) -> Self {
        let database = Self { directory: TempDir::new().unwrap() };
        let sql = format!("PRAGMA journal_mode = {journal_mode}; CREATE TABLE t (value)");
        database.connect().execute_batch(&sql).unwrap();
        database
    }

    fn path(&self, suffix: &str) -> PathBuf {
        self.directory.path().join(format!("t.db{suffix}"))
    }

    fn connect(&self) -> Connection {
        let connection = Connection::open(self.path("")).unwrap();
        connection.busy_timeout(std::time::Duration::ZERO).unwrap();
        connection
    }

    fn has_journal(&self) -> bool {
        self.path("-journal").exists()
    }
}

fn insert(connection: &Connection) {
    connection.execute("INSERT INTO t VALUES (1)", []).unwrap();
}

fn count(connection: &Connection) -> i64 {
    connection.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap()
}

fn mode(connection: &Connection) -> String {
    connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap()
}

#[test]
fn a_kept_journal_is_none_for_others_and_is_removed_at_the_end() {
    let database = Database::new("delete");
    let connection = database.connect();
    keep(&connection, true).unwrap();
    insert(&connection);
    let journal = fs::read(database.path("-journal")).unwrap();
    assert!(journal.len() > 512 && journal[..28].iter().all(|byte| *byte == 0));
    assert_eq!(count(&database.connect()), 1);
    insert(&connection);
    keep(&connection, false).unwrap();
    assert!(!database.has_journal());
    assert_eq!((count(&database.connect()), mode(&connection)), (2, "delete".to_owned()));
}

#[test]
fn another_connection_may_remove_a_kept_journal() {
    let database = Database::new("delete");
    let (connection, other) = (database.connect(), database.connect());
    keep(&connection, true).unwrap();
    insert(&connection);
    insert(&other);
    assert!(!database.has_journal());
    insert(&connection);
    assert!(database.has_journal());
    keep(&connection, false).unwrap();
    assert!(!database.has_journal());
    assert_eq!(count(&other), 3);
}

#[test]
fn a_journal_is_left_to_the_connection_that_has_the_lock() {
    let database = Database::new("delete");
    let (connection, other) = (database.connect(), database.connect());
    keep(&connection, true).unwrap();
    insert(&connection);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    insert(&other);
    keep(&connection, false).unwrap();
    assert!(database.has_journal());
    other.execute_batch("COMMIT").unwrap();
    assert!(!database.has_journal());
}

#[test]
fn a_database_that_another_connection_has_locked_stays_as_it_is() {
    let database = Database::new("delete");
    let (connection, other) = (database.connect(), database.connect());
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    for is_kept in [true, false] {
        keep(&connection, is_kept).unwrap();
    }
    other.execute_batch("COMMIT").unwrap();
    insert(&connection);
    keep(&connection, false).unwrap();
    assert!(!database.has_journal());
}

#[test]
fn other_journal_modes_stay() {
    for journal_mode in ["wal", "truncate", "memory"] {
        let database = Database::new("delete");
        let connection = database.connect();
        connection.pragma_update_and_check(None, "journal_mode", journal_mode, |_| Ok(())).unwrap();
        for is_kept in [true, false] {
            keep(&connection, is_kept).unwrap();
            insert(&connection);
            assert_eq!(mode(&connection), journal_mode);
        }
    }
}
