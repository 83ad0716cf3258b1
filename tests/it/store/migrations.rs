//! Tests of `store::migrations`.

use rusqlite::Connection;
use sessctl::store::migrations::{
    APPLICATION_ID, DatabaseKind, SCHEMA_VERSION, SCRIPTS, SELECT_VERSION, joined_scripts, pending,
    tables,
};

#[test]
fn all_scripts_apply_in_order() {
    let connection = Connection::open_in_memory().unwrap();
    for (done, script) in SCRIPTS.iter().enumerate() {
        let before = tables(&connection).unwrap();
        assert_eq!(pending(DatabaseKind::Cluster, &before).count(), SCRIPTS.len() - done);
        connection.execute_batch(script.sql).unwrap();
    }
    assert_eq!(pending(DatabaseKind::Cluster, &tables(&connection).unwrap()).count(), 0);
}

#[test]
fn a_blank_database_gets_all_scripts_and_its_version() {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(&joined_scripts(DatabaseKind::File, &[])).unwrap();
    let version: (i64, i64) =
        connection.query_row(SELECT_VERSION, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    assert_eq!(version, (APPLICATION_ID, SCHEMA_VERSION));
}

/// Indexes and triggers of the table of runs.
const PARTS: &str = "delete_run_sessions runs_at_work runs_by_plan runs_by_start";

fn apply_first(connection: &Connection, scripts: usize) {
    for script in &SCRIPTS[..scripts] {
        connection.execute_batch(script.sql).unwrap();
    }
}

fn apply_rest(connection: &Connection) {
    let script = joined_scripts(DatabaseKind::File, &tables(connection).unwrap());
    connection.execute_batch(&script).unwrap();
}

fn runs(connection: &Connection, columns: &str) -> Vec<String> {
    let sql = format!("SELECT concat_ws('|', {columns}) FROM runs ORDER BY id");
    let mut statement = connection.prepare(&sql).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<rusqlite::Result<_>>().unwrap()
}

fn parts_of_runs(connection: &Connection) -> String {
    let sql = "SELECT group_concat(name, ' ') FROM (SELECT name FROM sqlite_schema \
               WHERE tbl_name = 'runs' AND sql IS NOT NULL AND type <> 'table' ORDER BY name)";
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn a_ledger_without_audit_keeps_its_runs_and_gets_the_rest() {
    // Given a ledger before the audit, with runs of all kinds, and a job that is running
    let connection = Connection::open_in_memory().unwrap();
    apply_first(&connection, 7);
    connection
        .execute_batch(
            "INSERT INTO runs VALUES \
             (3, 'a', NULL, NULL, '', 'purge', 'im*', 1, 2, 3, 'mail1', 4, '0.1.0', 5, 'done', NULL, \
             6, 7, 8, '', 'rules', 'mail'), \
             (9, 'b', 'cycle x', 'x', 'mail2', 'cycle', 'imap', 1, 2, 0, 'mail2', 4, '0.1.0', NULL, \
             'running', 'because', 0, 0, 0, 'spec', '', '')",
        )
        .unwrap();
    let rows = |columns: &str| runs(&connection, columns);
    let columns = "id, holder, lease, job, account, work, task, planned_at, started_at, missed, \
                   host, pid, version, finished_at, outcome, reason, marked, ended, deleted, spec, \
                   rules, user";
    let before = rows(columns);
    // When the rest is applied
    apply_rest(&connection);
    // Then they are all there, and the newest id is still the largest
    assert_eq!(rows(columns), before);
    assert_eq!(before.len(), 2);
    assert_eq!(
        rows("id, sudo_user, login_user, selection, why, progress_at, named"),
        ["3|0", "9|0"]
    );
    assert_eq!(parts_of_runs(&connection), PARTS);
    // And a statement of an earlier version still works
    connection
        .execute_batch(
            "INSERT INTO runs (holder, lease, job, account, spec, work, task, rules, planned_at, \
             started_at, missed, host, pid, version, user, outcome) \
             SELECT 'c', NULL, NULL, '', '', 'purge', NULL, '', 1, 2, 0, 'mail1', 1, '0.2.0', '', \
             'running'",
        )
        .unwrap();
    assert_eq!(rows("id").last().unwrap(), "10");
}

#[test]
fn a_ledger_without_samples_keeps_its_runs_and_their_sessions() {
    // Given a ledger before the samples, with the named sessions of a run and an invalid view
    let connection = Connection::open_in_memory().unwrap();
    apply_first(&connection, 8);
    connection
        .execute_batch(
            "INSERT INTO runs VALUES \
             (3, 'a', NULL, NULL, '', 'close', 'im*', 1, 2, 3, 'mail1', 4, '0.1.0', 5, 'done', 'x', \
             6, 7, 8, '', 'rules', 'mail', 'sue', 'root', 'all', 'why', 10, 2), \
             (9, 'b', 'cycle x', 'x', 'mail2', 'cycle', 'imap', 1, 2, 0, 'mail2', 4, '0.1.0', NULL, \
             'running', NULL, 0, 0, 0, 'spec', '', '', NULL, NULL, NULL, NULL, 11, 0); \
             INSERT INTO run_sessions VALUES (3, 'abc', 'mail'), (3, 'def', NULL); \
             CREATE TABLE theirs (x); CREATE VIEW broken AS SELECT x FROM theirs; \
             DROP TABLE theirs;",
        )
        .unwrap();
    let columns = "id, holder, lease, job, account, work, task, planned_at, started_at, missed, \
                   host, pid, version, finished_at, outcome, reason, marked, ended, deleted, spec, \
                   rules, user, sudo_user, login_user, selection, why, progress_at, named";
    let before = runs(&connection, columns);
    // When the rest is applied
    apply_rest(&connection);
    // Then all are there, without the progress that they have not published
    assert_eq!(runs(&connection, columns), before);
    assert_eq!(before.len(), 2);
    let progress = "id, fraction, last_hold, longest_hold, log_bytes";
    assert_eq!(runs(&connection, progress), ["3", "9"]);
    assert_eq!(parts_of_runs(&connection), PARTS);
    let named = || -> i64 {
        connection.query_row("SELECT count(*) FROM run_sessions", [], |row| row.get(0)).unwrap()
    };
    assert_eq!(named(), 2);
    // And the statements of the version before still work
    connection
        .execute_batch(
            "INSERT INTO runs (holder, lease, job, account, spec, work, task, rules, planned_at, \
             started_at, missed, host, pid, version, user, outcome, sudo_user, login_user, \
             selection, why) SELECT 'c', 'purge', NULL, '', '', 'purge', NULL, 'r', 1, 2, 0, 'mail1', \
             1, '0.2.0', '', 'running', NULL, NULL, NULL, NULL WHERE TRUE \
             ON CONFLICT (holder) DO NOTHING; \
             UPDATE runs SET finished_at = 5, outcome = 'done', reason = NULL, marked = 1, ended = 2, \
             deleted = 3 WHERE holder = 'c'; \
             DELETE FROM runs WHERE id = 3;",
        )
        .unwrap();
    assert_eq!(runs(&connection, "id, outcome, deleted"), ["9|running|0", "10|done|3"]);
    assert_eq!(named(), 0);
    // And jobs that write reports are recorded
    connection.execute_batch("UPDATE runs SET work = 'report' WHERE id = 10").unwrap();
}
