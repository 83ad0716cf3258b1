//! Tests of `store::native::open`.

use rusqlite::{Connection, StatementStatus, params_from_iter};
use sessctl::domain::policy::{Licence, OverflowPolicy, Policies, Policy};
use sessctl::domain::session::SessionKey;
use sessctl::domain::task::TaskPattern;
use sessctl::domain::time::{Span, UnixTime};
use sessctl::storage::NewSession;
use sessctl::store::native::open_session::query::OpenQuery;
use sessctl::store::native::open_session::{OpenBatch, sync_indexes};
use sessctl::store::statement::Statement;
use tempfile::TempDir;

/// Live sessions of another task: more than the number up to which a table counts as
/// small.
const OTHER_SESSIONS: i32 = 5_000;

/// Number of rows that opening a session under these policies scans without an index.
fn rows_scanned(db: &Connection, policies: &Policies) -> i32 {
    for index in sync_indexes(policies) {
        db.execute(&index.sql, []).unwrap();
    }
    let session = NewSession {
        key: SessionKey::Text("f".repeat(64).into()),
        user: Some("alice".to_owned()),
        task: "web".to_owned(),
        client: None,
        agent: None,
        created_at: UnixTime(1_781_524_800),
        idle_timeout: None,
    };
    let batch = OpenBatch::of(OpenQuery::new(&session, policies), true);
    let transaction = db.unchecked_transaction().unwrap();
    let scan = |statement: &Statement| {
        let mut prepared = transaction.prepare(&statement.sql).unwrap();
        let mut rows = prepared.query(params_from_iter(&statement.values)).unwrap();
        while rows.next().unwrap().is_some() {}
        drop(rows);
        prepared.get_status(StatementStatus::FullscanStep)
    };
    batch.statements.iter().map(scan).sum()
}

#[test]
fn opening_with_an_index_never_scans_other_tasks() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("sessions.db");
    drop(sessctl::store::open_native::create_file(&path).unwrap());
    let db = Connection::open(&path).unwrap();
    let others = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n LIMIT ?1) \
                  INSERT INTO sessions \
                  SELECT printf('%064x', n), 'bob', 'http', NULL, 1, 1, 1, NULL, NULL, NULL, NULL \
                  FROM n";
    db.execute(others, [OTHER_SESSIONS]).unwrap();
    let own =
        Policy { limit: 4, user_limit: 2, lifetime: Some(Span::hours(8)), ..Policy::default() };
    let without_trace = Policy { retention: Some(Span::ZERO), ..own.clone() };
    for tasks in [vec![], vec!["web"], vec!["web", "desktop"], vec!["web", "desk*", "*top"]] {
        for when_full in OverflowPolicy::ALL {
            let mut policies = Policies::uniform(own.clone());
            policies.insert("desktop", without_trace.clone());
            let patterns: Vec<_> = tasks.iter().copied().map(TaskPattern::from).collect();
            if !patterns.is_empty() {
                let licence = Licence { tasks: patterns, limit: 10, when_full: *when_full };
                policies.licences.push(licence);
            }
            let rows = rows_scanned(&db, &policies);
            assert!(rows < OTHER_SESSIONS, "{tasks:?} {when_full}: {rows}");
        }
    }
}
