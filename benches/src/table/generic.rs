//! The *usual table* of docs/performance.md: a rowid table with an index on the key and an index on
//! the expiry time.

use std::path::Path;

use anyhow::Result;
use rusqlite::params;

use super::{IDLE_TIMEOUT, TableSpec, create_file, enable_wal};

const SCHEMA: &str = "
    CREATE TABLE sessions (
        id           TEXT    NOT NULL PRIMARY KEY,
        user         TEXT,
        task         TEXT    NOT NULL,
        client       TEXT,
        created_at   INTEGER NOT NULL,
        last_used_at INTEGER NOT NULL,
        expires_at   INTEGER NOT NULL
    );
    CREATE INDEX sessions_expires_at ON sessions (expires_at);";

const INSERT: &str = "
    INSERT INTO sessions (id, user, task, client, created_at, last_used_at, expires_at)
    VALUES (?, ?, ?, ?, ?, ?, ?)";

pub(super) fn build(spec: &TableSpec, path: &Path, now: i64) -> Result<()> {
    let mut connection = create_file(path)?;
    connection.execute_batch(SCHEMA)?;
    let transaction = connection.transaction()?;
    let mut insert = transaction.prepare(INSERT)?;
    for number in 0..spec.rows {
        let mut row = spec.row(number, now);
        let (user, task, client) = (row.user(spec.row_bytes), row.task(), row.client());
        let (created_at, last_used_at) = (row.created_at, row.last_used_at);
        let expires_at = last_used_at + IDLE_TIMEOUT;
        insert.execute(params![
            row.id,
            user,
            task,
            client,
            created_at,
            last_used_at,
            expires_at
        ])?;
    }
    drop(insert);
    transaction.commit()?;
    enable_wal(connection)
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::super::Kind;
    use super::*;

    #[test]
    fn half_of_the_rows_have_expired() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("generic.db");
        TableSpec::half_due(Kind::Generic, 1000)
            .build(&path, Path::new(""), 1_000_000_000)
            .unwrap();
        let connection = Connection::open(&path).unwrap();
        let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(count("SELECT count(*) FROM sessions"), 1000);
        let due = count("SELECT count(*) FROM sessions WHERE expires_at < 1000000000");
        assert!((430..570).contains(&due), "{due}");
        let mode: String =
            connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
        assert_eq!(mode, "wal");
    }
}
