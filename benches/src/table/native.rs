//! sessctl's own table.

use std::path::Path;

use anyhow::Result;
use rusqlite::{OpenFlags, params};

use super::{IDLE_TIMEOUT, Spec, finish, init, open_to_fill};

const INSERT: &str = "
    INSERT INTO sessions (id, user, task, client, created_at, last_used_at, idle_timeout)
    VALUES (?, ?, ?, ?, ?, ?, ?)";

/// The rows come in random order of their keys, as an application's do: the pages
/// are then as full as they would be in use, which no sorted insert gives.
pub(super) fn build(spec: &Spec, path: &Path, sessctl: &Path, now: i64) -> Result<()> {
    init(sessctl, path, None)?;
    let mut connection = open_to_fill(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let transaction = connection.transaction()?;
    let mut insert = transaction.prepare(INSERT)?;
    for number in 0..spec.rows {
        let mut row = spec.row(number, now);
        let (user, task, client) = (row.user(spec.bytes), row.task(), row.client());
        let times = (row.created_at, row.last_used_at, IDLE_TIMEOUT);
        insert.execute(params![row.id, user, task, client, times.0, times.1, times.2])?;
    }
    drop(insert);
    transaction.commit()?;
    finish(connection)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_sessctl_it_says_what_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        let spec = Spec::half(super::super::Kind::Native, 10);
        let sessctl = folder.path().join("no-such-program");
        let error = spec.build(&folder.path().join("a.db"), &sessctl, 0).unwrap_err();
        assert!(format!("{error:#}").contains("no-such-program: build it, or name it"));
    }
}
