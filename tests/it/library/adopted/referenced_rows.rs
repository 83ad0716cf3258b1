//! Tables at random that refer to sessions: what is kept is what SQLite would keep.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use rusqlite::types::Value;
use sessctl::domain::profile::Profile;

use crate::support::adopted::{ApplicationDb, all_tasks, purge_all};
use crate::support::profiles::{draft, seconds};

fn profile() -> Profile {
    draft("t", "t", "k", &["k", "a", "b", "expiry"]).time("expiry", seconds()).at(0, false).0
}

fn any_value() -> impl Strategy<Value = Value> {
    let text = |text: &str| Value::Text(text.to_owned());
    select(vec![
        Value::Null,
        text("a"),
        text("A"),
        text("1"),
        text("01"),
        text("a "),
        Value::Integer(1),
        Value::Integer(2),
        Value::Real(1.5),
        Value::Blob(b"a".to_vec()),
    ])
}

const TYPES: [&str; 6] =
    ["", "TEXT", "INTEGER", "TEXT COLLATE NOCASE", "TEXT COLLATE RTRIM", "BLOB"];

/// The keys of the sessions that SQLite deletes, each by itself.
fn deletable(db: &ApplicationDb) -> BTreeSet<String> {
    let mut application = db.application();
    application.pragma_update(None, "foreign_keys", "ON").unwrap();
    let due = "SELECT k FROM t WHERE expiry < 1781524800";
    let mut sql = application.prepare(due).unwrap();
    let keys: Vec<i64> = sql.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    drop(sql);
    let mut goes = |key: &i64| {
        let transaction = application.transaction().unwrap();
        let deleted = transaction.execute("DELETE FROM t WHERE k = ?1", [key]);
        transaction.rollback().unwrap();
        deleted.is_ok()
    };
    keys.into_iter().filter(|key| goes(key)).map(|key| key.to_string()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]
    #[test]
    fn exactly_the_sessions_that_sqlite_would_delete_go(
        types in vec(select(TYPES.to_vec()), 2),
        others in proptest::option::of(vec(select(TYPES.to_vec()), 2)),
        action in select(vec!["NO ACTION", "RESTRICT"]),
        is_of_two in any::<bool>(),
        nested in select(vec!["", "NO ACTION", "RESTRICT", "CASCADE", "SET NULL"]),
        index in select(vec!["", "CREATE INDEX i ON c (a)", "CREATE INDEX i ON c (a COLLATE NOCASE, b)"]),
        sessions in vec((any_value(), any_value(), any::<bool>()), 1..9),
        children in vec((any_value(), any_value()), 0..5),
    ) {
        let types = [types.clone(), others.unwrap_or(types)].concat();
        let unique = if is_of_two { "UNIQUE (a, b)" } else { "UNIQUE (a)" };
        let key = if is_of_two {
            "FOREIGN KEY (b, a) REFERENCES t (b, a)"
        } else {
            "FOREIGN KEY (a) REFERENCES T (A)"
        };
        let unique = if is_of_two { format!("{unique}, UNIQUE (b, a)") } else { unique.to_owned() };
        // The rows of c keep the sessions, or go with them unless further rows keep those.
        let (of_c, further) = if nested.is_empty() {
            (action, String::new())
        } else {
            ("CASCADE", format!(
                "CREATE TABLE f (c INTEGER REFERENCES c ON DELETE {nested});
                 INSERT INTO f VALUES (1), (2), (NULL)"
            ))
        };
        let db = ApplicationDb::of(&format!(
            "CREATE TABLE t (k INTEGER PRIMARY KEY, a {}, b {}, expiry, {unique});
             CREATE TABLE c (id INTEGER PRIMARY KEY, a {}, b {}, {key} ON DELETE {of_c});
             {further}; {index}",
            types[0], types[1], types[2], types[3]
        ));
        let application = db.application();
        for (a, b, is_due) in sessions {
            let expiry = if is_due { 1_781_524_700 } else { 1_781_524_900 };
            let sql = "INSERT OR IGNORE INTO t (a, b, expiry) VALUES (?1, ?2, ?3)";
            application.execute(sql, rusqlite::params![a, b, expiry]).unwrap();
        }
        for (a, b) in children {
            application
                .execute("INSERT INTO c (a, b) VALUES (?1, ?2)", rusqlite::params![a, b])
                .unwrap();
        }
        let goes = deletable(&db);
        let before: BTreeSet<String> = db.column("t", "k").into_iter().collect();
        let mut store = db.store(profile());
        let due = all_tasks();
        let planned = store.scan_due(&due, None, sessctl::storage::ScanLimits::ALL).unwrap();
        let totals = purge_all(store.as_mut(), 3).unwrap();
        let left: BTreeSet<String> = db.column("t", "k").into_iter().collect();
        let gone: BTreeSet<String> = before.difference(&left).cloned().collect();
        let kept = store.take_kept();
        prop_assert_eq!(totals.settled.deleted, gone.len() as u64);
        // Where the columns differ, so do the comparisons that SQLite itself makes: a cascade
        // also deletes rows that refer to another session, which is then no longer kept.
        prop_assert!(gone.is_superset(&goes), "{gone:?} {goes:?}");
        if types[..2] == types[2..] {
            prop_assert_eq!(&gone, &goes);
            prop_assert_eq!(kept.rejected, 0, "{:?}", kept.examples);
            prop_assert_eq!(planned.counts.would_delete, goes.len() as u64);
            prop_assert_eq!(planned.kept, kept);
        }
    }
}
