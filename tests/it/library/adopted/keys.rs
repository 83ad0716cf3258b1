//! Keys of all kinds, and names that need quoting.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use sessctl::domain::profile::Profile;
use sessctl::domain::session::{End, EndReason, Session, SessionKey};
use sessctl::storage::EndRequest;

use crate::support::NOW;
use crate::support::adopted::{ApplicationDb, all_sessions, all_tasks, look, purge_all, refused};
use crate::support::profiles::{draft, seconds};
use crate::support::sqlite_values::any_value;

fn plain(table: &str, id: &str) -> Profile {
    draft("plain", table, id, &[id, "expiry"]).time("expiry", seconds()).at(0, false).0
}

#[test]
fn tables_without_row_ids_are_scanned_by_their_key() {
    let hash = "CREATE TABLE t (id BLOB PRIMARY KEY, expiry) WITHOUT ROWID;
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
        INSERT INTO t SELECT CAST(printf('%04d', i * 7919 % 3001) AS BLOB),
        1781524800 + CASE i % 3 WHEN 0 THEN -60 ELSE 60 END FROM n";
    let text = hash.replace("AS BLOB", "AS TEXT").replace("id BLOB", "id TEXT");
    let number = hash.replace("AS BLOB", "AS INTEGER").replace("id BLOB", "id INTEGER");
    for sql in [hash, &text, &number] {
        let db = ApplicationDb::of(sql);
        let mut store = db.store(plain("t", "id"));
        let totals = purge_all(store.as_mut(), 100).unwrap();
        assert_eq!((totals.settled.deleted, totals.rows), (1_000, 3_000), "{sql}");
        assert_eq!(db.column("t", "id").len(), 2_000);
    }
}

#[test]
fn keys_of_all_storage_classes_are_scanned_in_order() {
    let db = ApplicationDb::of(
        "CREATE TABLE t (id PRIMARY KEY, expiry) WITHOUT ROWID;
         INSERT INTO t VALUES (1, 1781524700), (1.5, 1781524700), ('a', 1781524700),
         (x'00ff', 1781524700), (2, 1781524900), ('b', 1781524900), (CAST(x'ff' AS TEXT), 1781524700)",
    );
    let mut store = db.store(plain("t", "id"));
    let totals = purge_all(store.as_mut(), 1).unwrap();
    assert_eq!((totals.settled.deleted, totals.rows, totals.counts.unreadable), (5, 7, 0));
}

/// Statements before and after the declaration of a key column.
const TABLES: [(&str, &str); 3] = [
    ("CREATE TABLE t (id ", " NOT NULL PRIMARY KEY, expiry, what) WITHOUT ROWID"),
    ("CREATE TABLE t (id ", " UNIQUE, expiry, what)"),
    ("CREATE TABLE t (id ", ", expiry, what); CREATE INDEX i ON t (expiry)"),
];

/// The rows of a table, in the order of its key: what tells each apart, and its moment.
fn rows(db: &ApplicationDb) -> Vec<(String, i64)> {
    let application = db.application();
    let key = "SELECT typeof(id) || ' ' || ifnull(quote(CAST(id AS BLOB)), ''), expiry FROM t";
    let mut rows = application.prepare(&format!("{key} ORDER BY id")).unwrap();
    let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn rows_go_by_their_keys_whatever_those_are(
        keys in vec((any_value(), any_value(), any::<bool>()), 1..60),
        kind in select(vec!["", "TEXT", "INTEGER", "NUMERIC", "REAL", "BLOB"]),
        step in 1..9_usize,
    ) {
        for (table, rest) in TABLES {
            let db = ApplicationDb::of(&format!("{table}{kind}{rest}"));
            let application = db.application();
            application.execute_batch("BEGIN").unwrap();
            for (key, what, is_due) in &keys {
                let expiry = NOW.0 + if *is_due { -60 } else { 60 };
                let insert = "INSERT OR IGNORE INTO t VALUES (?1, ?2, ?3)";
                application.execute(insert, (key, expiry, what)).unwrap();
            }
            application.execute_batch("COMMIT").unwrap();
            let columns = ["id", "expiry", "what"];
            let draft = draft("t", "t", "id", &columns).time("expiry", seconds()).at(0, false);
            let mut store = db.store(draft.input("what").0);
            let mut before = rows(&db);
            // A list has them all, and in the order of their keys
            let sessions = all_sessions(store.as_ref());
            prop_assert_eq!(sessions.len(), before.len());
            prop_assert!(rest.ends_with("what)") || rest.contains("INDEX")
                || sessions.is_sorted_by(|one, other| one.key < other.key));
            let keys: Vec<SessionKey> = sessions.iter().map(|session| session.key.clone()).collect();
            let found: Vec<_> = store.find(&keys).unwrap().into_iter().flatten().collect();
            prop_assert_eq!(&found, &sessions);
            for session in &sessions {
                let of_handle = store.by_handle(&session.handle, 99).unwrap();
                prop_assert!(of_handle.iter().any(|other| other.key == session.key));
            }
            // A purge takes what it promises, which is what is due
            let promised = look(store.as_ref(), None, usize::MAX).counts.would_delete;
            let totals = purge_all(store.as_mut(), step).unwrap();
            let due = before.extract_if(.., |(_, expiry)| *expiry < NOW.0).count() as u64;
            prop_assert_eq!((promised, totals.settled.deleted), (due, due));
            prop_assert_eq!(totals.counts.unreadable, 0);
            prop_assert_eq!(rows(&db), before);
            // And the others end when somebody names them
            let end = End { at: NOW, reason: EndReason::Cycled };
            let left = all_sessions(store.as_ref());
            let ending = |session: &Session| EndRequest { key: session.key.clone(), end, keep_row: false };
            let endings: Vec<EndRequest> = left.iter().map(ending).collect();
            prop_assert!(store.end(&endings).unwrap().into_iter().all(|done| done));
            prop_assert_eq!(rows(&db), []);
        }
    }
}

#[test]
fn names_may_be_words_of_sql_or_have_quotes_in_them() {
    let db = ApplicationDb::of(
        r#"CREATE TABLE "select ""from" ("key" TEXT PRIMARY KEY, "order by ""x""" INTEGER);
        CREATE INDEX "index ""i""" ON "select ""from" ("order by ""x""");
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
        INSERT INTO "select ""from" SELECT 'k' || i, 1781524790 + i FROM n"#,
    );
    let column = r#"order by "x""#;
    let profile = draft("quoted", "select \"from", "key", &["key", column])
        .time(column, seconds())
        .at(0, false)
        .0;
    let mut store = db.store(profile);
    let totals = purge_all(store.as_mut(), 4).unwrap();
    assert_eq!((totals.settled.deleted, totals.sessions, totals.by_time), (9, 300, true));
}

#[test]
fn names_are_compared_without_case() {
    let db = ApplicationDb::of(
        "CREATE TABLE T (ID TEXT, Expiry INT); INSERT INTO t VALUES ('a', 1781524700)",
    );
    let mut store = db.store(plain("t", "id"));
    assert_eq!(purge_all(store.as_mut(), 4).unwrap().settled.deleted, 1);
}

#[test]
fn a_column_may_have_the_name_of_the_row_id() {
    let make = |columns: &str| {
        ApplicationDb::of(&format!(
            "CREATE TABLE t ({columns}, expiry); INSERT INTO t VALUES (1, 2, 3, 1781524700)"
        ))
    };
    let profile = |id: &str| {
        draft("t", "t", id, &["rowid", "_rowid_", "oid", "expiry"])
            .time("expiry", seconds())
            .at(0, false)
            .0
    };
    let db = make("rowid INTEGER PRIMARY KEY, _rowid_, oid");
    let mut store = db.store(profile("oid"));
    assert_eq!(purge_all(store.as_mut(), 4).unwrap().settled.deleted, 1);
    let db = make("rowid, _rowid_, oid");
    insta::assert_snapshot!(refused(db.open(profile("oid"))), @"refused: t has columns rowid, _rowid_ and oid, so its row ids have no usable name");
    let db =
        ApplicationDb::of("CREATE TABLE t (rowid, expiry); INSERT INTO t VALUES ('x', 1781524700)");
    let mut store = db.store(plain("t", "rowid"));
    assert_eq!(purge_all(store.as_mut(), 4).unwrap().settled.deleted, 1);
}

#[test]
fn tables_that_cannot_be_scanned_by_key_are_refused() {
    for sql in [
        "CREATE TABLE t (id, part, expiry, PRIMARY KEY (id, part DESC)) WITHOUT ROWID",
        "CREATE TABLE t (id, part, expiry, PRIMARY KEY (id COLLATE NOCASE, part)) WITHOUT ROWID",
        "CREATE TABLE t (id, part COLLATE NOCASE, expiry, PRIMARY KEY (id, part COLLATE BINARY))
         WITHOUT ROWID",
        "CREATE TABLE o (id, part, expiry); CREATE VIEW t AS SELECT * FROM o",
        "CREATE VIRTUAL TABLE t USING fts5 (id, part, expiry)",
    ] {
        let db = ApplicationDb::of(sql);
        let profile = draft("t", "t", "id", &["id", "part", "expiry"])
            .time("expiry", seconds())
            .at(0, false)
            .0;
        let said = refused(db.open(profile));
        assert!(said.contains("WITHOUT ROWID") || said.contains("is a v"), "{said}");
    }
}

#[test]
fn columns_that_are_computed_count_as_columns() {
    let db = ApplicationDb::of(
        "CREATE TABLE t (id TEXT, at INTEGER, expiry INTEGER AS (at + 60) VIRTUAL);
         INSERT INTO t (id, at) VALUES ('a', 1781524700), ('b', 1781524799)",
    );
    let profile =
        draft("t", "t", "id", &["id", "at", "expiry"]).time("expiry", seconds()).at(0, false).0;
    let mut store = db.store(profile);
    assert_eq!(purge_all(store.as_mut(), 4).unwrap().settled.deleted, 1);
    let unlike = draft("t", "t", "id", &["id", "at", "expires"]).0;
    assert!(refused(db.open(unlike)).contains("it has unexpected columns expiry"));
}

#[test]
fn a_session_ends_by_its_key_if_the_row_is_still_its_own() {
    for (sql, first) in [
        ("CREATE TABLE t (id, expiry)", 0),
        ("CREATE TABLE t (id PRIMARY KEY, expiry) WITHOUT ROWID", 1),
    ] {
        let rows = "('a', 1781524900), ('b', 1781524900), (7, 1781524900), (x'01', 1781524900)";
        let db = ApplicationDb::of(&format!("{sql}; INSERT INTO t VALUES {rows}"));
        if first == 0 {
            db.application().execute_batch("INSERT INTO t VALUES (NULL, 1), (1.5, 1)").unwrap();
        }
        let mut store = db.store(plain("t", "id"));
        let sessions = all_sessions(store.as_ref());
        let keys: Vec<SessionKey> = sessions.iter().map(|session| session.key.clone()).collect();
        let found = store.find(&keys).unwrap();
        assert_eq!(found.into_iter().map(Option::unwrap).collect::<Vec<_>>(), sessions);
        let b = keys.iter().position(|key| match key {
            SessionKey::Row(_, id) => **id == SessionKey::Text("b".into()),
            key => *key == SessionKey::Text("b".into()),
        });
        db.application().execute("UPDATE t SET id = 'c' WHERE id = 'b'", []).unwrap();
        let end = End { at: NOW, reason: EndReason::Cycled };
        let ending = |key: &SessionKey| EndRequest { key: key.clone(), end, keep_row: false };
        let endings: Vec<EndRequest> = keys.iter().map(ending).collect();
        let done = store.end(&endings).unwrap();
        let kept: Vec<usize> = (0..done.len()).filter(|place| !done[*place]).collect();
        assert_eq!(kept, [b.unwrap()]);
        assert_eq!(store.find(&keys).unwrap().iter().flatten().count(), 0);
        assert_eq!(db.column("t", "id"), ["c"]);
        let stat = &store.tasks(&all_tasks()).unwrap()[0];
        assert_eq!(stat.ended_by[&EndReason::Cycled], done.len() as u64 - 1);
        assert_eq!((stat.opened, stat.deleted), (done.len() as u64, done.len() as u64 - 1));
    }
}

#[test]
fn a_session_ends_whose_id_is_not_its_primary_key() {
    let db = ApplicationDb::of(
        "CREATE TABLE t (pk TEXT PRIMARY KEY, token TEXT, expiry INTEGER) WITHOUT ROWID;
         CREATE UNIQUE INDEX i ON t (token); CREATE TABLE child (t TEXT);
         INSERT INTO t VALUES ('1', 'a', 1781524900), ('2', 'b', 1781524900), ('3', 'c', 1781524700);
         INSERT INTO child VALUES ('a'), ('b'), ('c')",
    );
    let profile = draft("t", "t", "token", &["pk", "token", "expiry"])
        .time("expiry", seconds())
        .at(0, false)
        .dependent("child", "t", "token")
        .0;
    let mut store = db.store(profile);
    let sessions = all_sessions(store.as_ref());
    let end = End { at: NOW, reason: EndReason::Cycled };
    let ending = EndRequest { key: sessions[1].key.clone(), end, keep_row: false };
    assert_eq!(store.end(&[ending]).unwrap(), [true]);
    assert_eq!((db.column("t", "token"), db.column("child", "t")), {
        let left = || vec!["a".to_owned(), "c".to_owned()];
        (left(), left())
    });
    assert_eq!(purge_all(store.as_mut(), 9).unwrap().settled.deleted, 1);
    assert_eq!(db.column("child", "t"), ["a"]);
}
