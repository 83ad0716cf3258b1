//! Fast purges that are killed before the system calls of a rebuild: the table then is as it was
//! before, or as it is afterwards.

use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use rusqlite::Connection;
use serde_json::Value;

use crate::support::{Finished, Sandbox, run_by};

const CALLS: [&str; 6] = ["pwrite64", "fcntl", "fsync", "fdatasync", "ftruncate", "unlink"];
const ROWS: u32 = 12_000;
const LIVE: u32 = 600;
/// Number of calls at the start before each of which a purge is killed; then fewer and fewer.
const DENSE_CALLS: u64 = 3;

/// Django's table with rows of some hundred bytes.
fn fill(sandbox: &Sandbox, journal: &str) {
    let db = sandbox.db();
    db.pragma_update(None, "journal_mode", journal).unwrap();
    let fill = format!(
        "CREATE TABLE django_session (session_key varchar(40) NOT NULL PRIMARY KEY, \
         session_data text NOT NULL, expire_date datetime NOT NULL); \
         CREATE INDEX by_date ON django_session (expire_date); \
         WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n LIMIT {ROWS}) \
         INSERT INTO django_session (rowid, session_key, session_data, expire_date) \
         SELECT 3 * n, lower(hex(randomblob(16))), hex(randomblob(100)), \
         iif(n % 20 = 0, '2101', '2001') || '-02-03 04:05:06.789000' FROM n"
    );
    db.execute_batch(&fill).unwrap();
}

fn rows(db: &Connection, is: &str) -> Vec<(i64, String, String, String)> {
    let sql = format!("SELECT rowid, * FROM django_session WHERE expire_date {is} ORDER BY rowid");
    let mut query = db.prepare(&sql).unwrap();
    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
    query.query_map([], row).unwrap().map(Result::unwrap).collect()
}

fn purge(sandbox: &Sandbox) -> Command {
    sandbox.command(["--profile", "django", "purge", "--fast", "--json"])
}

/// Kills a purge before the call of this number; returns true if it made that call.
fn kill_before_call(original: &Sandbox, call: &str, number: u64) -> bool {
    let sandbox = Sandbox::without_database();
    std::fs::copy(original.path("app.db"), sandbox.path("app.db")).unwrap();
    let before = rows(&original.db(), "> '2050-01-01'");
    let trace = format!("trace=?{call}");
    let kill = format!("inject=?{call}:signal=KILL:when={number}");
    let strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", &trace, "-e", &kill];
    let output = run_by(&strace, &purge(&sandbox)).output().unwrap();
    let is_killed = output.status.signal() == Some(9);
    let db = sandbox.db();
    let integrity: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(integrity, "ok");
    assert!(rows(&db, "> '2050-01-01'") == before, "{call} {number}: other rows live");
    let due = rows(&db, "< '2050-01-01'").len();
    assert!([0, (ROWS - LIVE) as usize].contains(&due), "{call} {number}: {due} are left");
    if is_killed {
        drop(db);
        Finished(purge(&sandbox).output().unwrap()).succeeds();
        assert!(rows(&sandbox.db(), "IS NOT NULL") == before, "{call} {number}");
    } else {
        let summary: Value = Finished(output).succeeds().json();
        assert_eq!((&summary["method"], due), (&"rebuild".into(), 0));
    }
    is_killed
}

fn kill_before_each_call(journal: &str) {
    let original = Sandbox::without_database();
    fill(&original, journal);
    for call in CALLS {
        let after = |number: &u64| Some(number + 1 + number / DENSE_CALLS);
        let numbers = std::iter::successors(Some(1), after);
        let killed =
            numbers.take_while(|number| kill_before_call(&original, call, *number)).count();
        assert!(killed > 6 || !["pwrite64", "fcntl"].contains(&call), "{killed} {call}");
    }
}

#[test]
#[ignore = "needs strace"]
fn killed_in_a_rebuild_with_a_write_ahead_log() {
    kill_before_each_call("wal");
}

#[test]
#[ignore = "needs strace"]
fn killed_in_a_rebuild_without_a_write_ahead_log() {
    kill_before_each_call("delete");
}
