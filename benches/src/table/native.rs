//! sessctl's native table.

use std::path::Path;

use anyhow::Result;
use rusqlite::{OpenFlags, params};

use super::{IDLE_TIMEOUT, TableSpec, enable_wal, open_for_bulk_load, sessctl_init};

const INSERT: &str = "
    INSERT INTO sessions (id, user, task, client, created_at, last_used_at, idle_timeout)
    VALUES (?, ?, ?, ?, ?, ?, ?)";

/// Inserts the rows in random key order, as an application does, so that the pages are as full as
/// in practice; sorted inserts would fill them.
pub(super) fn build(spec: &TableSpec, path: &Path, sessctl: &Path, now: i64) -> Result<()> {
    sessctl_init(sessctl, path, None)?;
    let mut connection = open_for_bulk_load(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let transaction = connection.transaction()?;
    let mut insert = transaction.prepare(INSERT)?;
    for number in 0..spec.rows {
        let mut row = spec.row(number, now);
        let (user, task, client) = (row.user(spec.row_bytes), row.task(), row.client());
        let times = (row.created_at, row.last_used_at, IDLE_TIMEOUT);
        insert.execute(params![row.id, user, task, client, times.0, times.1, times.2])?;
    }
    drop(insert);
    transaction.commit()?;
    enable_wal(connection)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_sessctl_is_reported_with_its_path() {
        let dir = tempfile::tempdir().unwrap();
        let spec = TableSpec::half_due(super::super::Kind::Native, 10);
        let sessctl = dir.path().join("no-such-program");
        let error = spec.build(&dir.path().join("a.db"), &sessctl, 0).unwrap_err();
        assert!(format!("{error:#}").contains("no-such-program: build it, or name it"));
    }
}
