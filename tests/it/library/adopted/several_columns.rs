//! Keys, ids and references of several columns, and the row id as the id.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use sessctl::config::profile::parse;
use sessctl::domain::profile::Profile;
use sessctl::domain::session::{End, EndReason, Session, SessionKey};
use sessctl::storage::EndRequest;
use sessctl::store::adopted::diagnose;

use super::rebuild::rebuild;
use crate::support::adopted::{
    ApplicationDb, all_sessions, all_tasks, few, look, purge_all, purge_by_key, refused,
};
use crate::support::profiles::{Draft, draft, seconds};
use crate::support::sqlite_values::any_value;
use crate::support::{NOW, handle};

const TRAC: &str = r#"
name = "trac"
table = "session"
id = ["sid", "authenticated"]
columns = ["sid", "authenticated", "last_visit"]
used = "last_visit"

[times.last_visit]
encoding = "unix"
unit = "seconds"

[[filter]]
column = "authenticated"
equals = 0

[[expired]]
after = "last_visit"
lifetime = "90d"
boundary = "<"

[[dependents]]
table = "session_attribute"
column = ["sid", "authenticated"]
"#;

fn read(text: &str) -> Profile {
    parse(text, "profile", &BTreeMap::new()).unwrap()
}

/// A table with this id, whose only time is `expiry`.
fn plain(id: &[&str], columns: &[&str]) -> Draft {
    let mut draft = draft("t", "t", "", columns).time("expiry", seconds()).at(0, false);
    draft.0.id = id.iter().map(|&name| name.to_owned()).collect();
    draft
}

/// Adds a dependent table with several columns.
fn dependent(mut draft: Draft, table: &str, columns: &[&str], references: &[&str]) -> Draft {
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    draft = draft.dependent(table, "", "");
    let last = draft.0.dependents.last_mut().unwrap();
    (last.columns, last.references) = (names(columns), names(references));
    draft
}

fn cycle(session: &Session) -> EndRequest {
    let end = End { at: NOW, reason: EndReason::Cycled };
    EndRequest { key: session.key.clone(), end, keep_row: false }
}

/// The rows of a query, as text that distinguishes values.
fn rows(db: &ApplicationDb, sql: &str) -> Vec<String> {
    let db = db.application();
    let mut query = db.prepare(sql).unwrap();
    let columns = query.column_count();
    let row = |row: &rusqlite::Row<'_>| {
        let values = (0..columns).map(|at| format!("{:?}", row.get_ref(at).unwrap()));
        Ok(values.collect::<Vec<_>>().join(" "))
    };
    query.query_map([], row).unwrap().map(Result::unwrap).collect()
}

#[test]
fn anonymous_sessions_of_trac_expire_with_their_attributes() {
    let db = ApplicationDb::of(
        "CREATE TABLE session (sid text, authenticated integer, last_visit integer,
             UNIQUE (sid, authenticated));
         CREATE TABLE session_attribute (sid text, authenticated integer, name text, value text,
             UNIQUE (sid, authenticated, name));
         WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 99)
         INSERT INTO session SELECT 'anon' || i, 0, 1781524800 - 86400 * i FROM n;
         INSERT INTO session VALUES ('alice', 1, 1764244800), ('alice', 0, 1764244800),
             ('bob', 1, 1781438400);
         INSERT INTO session_attribute SELECT sid, authenticated, 'email', sid FROM session;
         INSERT INTO session_attribute VALUES (NULL, 0, 'email', 'x'), ('alice', NULL, 'email', 'x')",
    );
    let found = diagnose(db.path(), &read(TRAC), NOW).unwrap();
    assert_eq!((found.refusals.len(), found.warnings.len(), found.sampled_over), (0, 0, 10));
    assert_eq!(
        found.dependents,
        ["rows of session_attribute whose sid, authenticated are a session's sid, authenticated \
          are deleted with it (the profile's [[dependents]])"]
    );
    let mut store = db.store(read(TRAC));
    assert_eq!(purge_all(store.as_mut(), 3).unwrap().settled.deleted, 10);
    let left = |table: &str| {
        let alice = format!("SELECT authenticated FROM {table} WHERE sid = 'alice'");
        let all = format!("SELECT count(*) FROM {table}");
        (rows(&db, &all), rows(&db, &alice))
    };
    let one = || vec!["Integer(1)".to_owned()];
    assert_eq!(left("session"), (vec!["Integer(93)".to_owned()], one()));
    let attributes = vec!["Null".to_owned(), "Integer(1)".to_owned()];
    assert_eq!(left("session_attribute"), (vec!["Integer(95)".to_owned()], attributes));
}

/// Tables with the same rows, and what identifies a session.
const TABLES: [(&str, &[&str]); 5] = [
    ("CREATE TABLE t (a {}, b {}, expiry, PRIMARY KEY (a, b)) WITHOUT ROWID", &["a", "b"]),
    (
        "CREATE TABLE t (a {}, b {}, expiry, PRIMARY KEY (b DESC, a DESC)) WITHOUT ROWID",
        &["a", "b"],
    ),
    ("CREATE TABLE t (a {} NOT NULL, b {} NOT NULL, expiry, UNIQUE (b, a))", &["a", "b"]),
    ("CREATE TABLE t (a {} NOT NULL, b {} NOT NULL, expiry, PRIMARY KEY (a, b))", &["rowid"]),
    (
        "CREATE TABLE t (n INTEGER PRIMARY KEY, a {} NOT NULL, b {} NOT NULL, expiry, \
         UNIQUE (a, b))",
        &["n"],
    ),
];

const CONTENT: &str = "SELECT typeof(a), CAST(a AS BLOB), typeof(b), CAST(b AS BLOB), expiry FROM t \
                       ORDER BY 1, 2, 3, 4";

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn a_key_of_several_columns_is_as_good_as_one_of_its_own(
        keys in vec((any_value(), any_value(), any::<bool>()), 1..60),
        kind in select(vec!["", "TEXT", "INTEGER", "NUMERIC", "REAL", "BLOB"]),
        step in 1..9_usize,
    ) {
        let mut left: Option<Vec<String>> = None;
        for (table, id) in TABLES {
            let db = ApplicationDb::of(&table.replace("{}", kind));
            let application = db.application();
            application.execute_batch("BEGIN").unwrap();
            for (a, b, is_due) in &keys {
                let expiry = NOW.0 + if *is_due { -60 } else { 60 };
                let insert = "INSERT OR IGNORE INTO t (a, b, expiry) VALUES (?1, ?2, ?3)";
                application.execute(insert, (a, b, expiry)).unwrap();
            }
            application.execute_batch("COMMIT").unwrap();
            let mut columns = vec!["a", "b", "expiry"];
            columns.extend(table.contains("(n").then_some("n"));
            let mut store = db.store(plain(id, &columns).0);
            // A list has them all, each under its own handle
            let sessions = all_sessions(store.as_ref());
            prop_assert_eq!(sessions.len(), rows(&db, CONTENT).len());
            let keys: Vec<SessionKey> = sessions.iter().map(|one| one.key.clone()).collect();
            let found: Vec<_> = store.find(&keys).unwrap().into_iter().flatten().collect();
            prop_assert_eq!(&found, &sessions);
            prop_assert!(!table.contains("(a, b)) WITHOUT") || keys.is_sorted());
            for session in sessions.iter().take(9) {
                let of_handle = store.by_handle(&session.handle, 99).unwrap();
                prop_assert_eq!(of_handle.len(), 1);
                prop_assert_eq!(&of_handle[0].key, &session.key);
            }
            // A purge takes what is due
            let due = rows(&db, &format!("SELECT 1 FROM t WHERE expiry < {}", NOW.0)).len() as u64;
            let promised = look(store.as_ref(), None, usize::MAX).counts.would_delete;
            let totals = if step % 2 == 0 {
                purge_all(store.as_mut(), step)
            } else {
                purge_by_key(store.as_mut(), step)
            };
            prop_assert_eq!((promised, totals.unwrap().settled.deleted), (due, due));
            let now = rows(&db, CONTENT);
            prop_assert_eq!(left.get_or_insert_with(|| now.clone()), &now);
            // And the others end when somebody names them
            let endings: Vec<EndRequest> = all_sessions(store.as_ref()).iter().map(cycle).collect();
            prop_assert!(store.end(&endings).unwrap().into_iter().all(|done| done));
            prop_assert_eq!(rows(&db, CONTENT).len(), 0);
        }
    }

    #[test]
    fn a_rebuild_leaves_what_deletions_leave(
        keys in vec((any_value(), any_value(), 0..4_u8), 1..60),
    ) {
        let make = || {
            let db = ApplicationDb::of(&TABLES[0].0.replace("{}", ""));
            for (a, b, due) in &keys {
                let expiry = NOW.0 + if *due > 0 { -60 } else { 60 };
                let insert = "INSERT OR IGNORE INTO t (b, a, expiry) VALUES (?1, ?2, ?3)";
                db.application().execute(insert, (a, b, expiry)).unwrap();
            }
            db
        };
        let profile = || plain(&["a", "b"], &["a", "b", "expiry"]).0;
        let (one, other) = (make(), make());
        purge_all(one.store(profile()).as_mut(), 9).unwrap();
        prop_assert!(rebuild(&other, profile()).is_continue());
        prop_assert_eq!(rows(&one, CONTENT), rows(&other, CONTENT));
    }
}

#[test]
fn different_ids_have_different_handles() {
    let values = "('a', 'bc'), ('ab', 'c'), (1, '1'), ('1', 1), (1, 1), (1.0, 1), (NULL, ''), \
                  ('', NULL), ('', ''), (x'61', 'bc'), ('a', x'6263')";
    let sql = format!("CREATE TABLE t (a, b, expiry); INSERT INTO t (a, b) VALUES {values}");
    let db = ApplicationDb::of(&format!("{sql}; UPDATE t SET expiry = 1781524900"));
    let mut store = db.store(plain(&["a", "b"], &["a", "b", "expiry"]).0);
    let sessions = all_sessions(store.as_ref());
    let handles: BTreeSet<&str> = sessions.iter().map(|one| one.handle.as_str()).collect();
    assert_eq!(handles.len(), 11);
    let kept = sessions.iter().position(|one| one.handle == sessions[3].handle).unwrap();
    let endings: Vec<EndRequest> = sessions.iter().map(cycle).collect();
    // Its row gets another id of the same text
    db.application().execute("UPDATE t SET a = 1 WHERE rowid = 4", []).unwrap();
    let done = store.end(&endings).unwrap();
    assert_eq!(done.iter().filter(|done| **done).count(), 10);
    assert!(!done[kept]);
    // Handles of one column are what they were
    let db =
        ApplicationDb::of("CREATE TABLE t (a, expiry); INSERT INTO t VALUES ('a', 1781524900)");
    let store = db.store(plain(&["a"], &["a", "expiry"]).0);
    assert_eq!(all_sessions(store.as_ref())[0].handle, handle("a"));
}

#[test]
fn the_row_id_identifies_sessions_where_nothing_else_does() {
    let sql = "CREATE TABLE t (who, expiry);
               INSERT INTO t VALUES ('a', 1781524900), ('a', 1781524900), ('a', 1781524700)";
    let db = ApplicationDb::of(sql);
    let profile = || plain(&["rowid"], &["who", "expiry"]).0;
    let mut store = db.store(profile());
    let sessions = all_sessions(store.as_ref());
    assert_eq!((sessions.len(), sessions[1].handle.as_str()), (3, handle("2").as_str()));
    assert_eq!(store.end(&[cycle(&sessions[1])]).unwrap(), [true]);
    assert_eq!(purge_all(store.as_mut(), 9).unwrap().settled.deleted, 1);
    assert_eq!(rows(&db, "SELECT rowid FROM t"), ["Integer(1)"]);
    // A column of this name is meant, even if the profile does not list it
    let db = ApplicationDb::of(&sql.replace("(who, expiry)", "(rowid, expiry)"));
    let store = db.store(plain(&["rowid"], &["rowid", "expiry"]).0);
    assert_eq!(all_sessions(store.as_ref())[1].handle, handle("a"));
    let db =
        ApplicationDb::of("CREATE TABLE t (who, expiry, PRIMARY KEY (who, expiry)) WITHOUT ROWID");
    insta::assert_snapshot!(refused(db.open(profile())), @r#"refused: profile t has id = "rowid", but t has no row ids: it is WITHOUT ROWID"#);
    assert_eq!(diagnose(db.path(), &profile(), NOW).unwrap().refusals.len(), 1);
}

/// Sessions of two columns, of which the first and the third are over, and rows that refer to
/// each.
fn tenants(child: &str) -> ApplicationDb {
    ApplicationDb::of(&format!(
        "CREATE TABLE t (tenant TEXT, sid TEXT, expiry, PRIMARY KEY (tenant, sid));
         INSERT INTO t VALUES ('x', '1', 1781524700), ('y', '1', 1781524900),
             ('y', '2', 1781524700), ('x', '2', 1781524900);
         CREATE TABLE child ({child});
         INSERT INTO child SELECT tenant, sid FROM t;
         INSERT INTO child VALUES (NULL, '1'), ('x', NULL)"
    ))
}

const CHILD: &str = "SELECT tenant || '/' || sid FROM child WHERE tenant || sid <> '' ORDER BY 1";

#[test]
fn dependents_of_several_columns_are_those_that_agree_in_all() {
    let key = "FOREIGN KEY (tenant, sid) REFERENCES t";
    let profile = || plain(&["tenant", "sid"], &["tenant", "sid", "expiry"]);
    let with_child = || dependent(profile(), "child", &["tenant", "sid"], &["tenant", "sid"]);
    for child in [
        "tenant, sid".to_owned(),
        format!("tenant, sid, {key}"),
        "tenant, sid, FOREIGN KEY (sid, tenant) REFERENCES t (sid, tenant) ON DELETE RESTRICT"
            .to_owned(),
    ] {
        let db = tenants(&child);
        assert_eq!(purge_all(db.store(with_child().0).as_mut(), 9).unwrap().settled.deleted, 2);
        let left = ["Text([120, 47, 50])", "Text([121, 47, 49])"];
        assert_eq!(rows(&db, CHILD), left, "{child}");
        assert_eq!(rows(&db, "SELECT count(*) FROM child"), ["Integer(4)"], "{child}");
        let db = tenants(&child);
        let mut store = db.store(with_child().set_null().0);
        assert_eq!(purge_all(store.as_mut(), 9).unwrap().settled.deleted, 2);
        assert_eq!(rows(&db, CHILD), left, "{child}");
        assert_eq!(rows(&db, "SELECT count(*) FROM child"), ["Integer(6)"], "{child}");
    }
    // Without the profile's word, referenced sessions are kept
    let db = tenants(&format!("tenant, sid, {key}"));
    let mut store = db.store(profile().0);
    assert_eq!(purge_all(store.as_mut(), 9).unwrap().settled.deleted, 0);
    assert_eq!(store.take_kept().rows(), 2);
}

#[test]
fn a_foreign_key_of_fewer_columns_is_not_handled_by_more() {
    let db = ApplicationDb::of(
        "CREATE TABLE t (sid TEXT UNIQUE, tenant TEXT, expiry);
         INSERT INTO t VALUES ('1', 'x', 1781524700), ('2', 'x', 1781524700);
         CREATE TABLE child (tenant, sid REFERENCES t (sid));
         INSERT INTO child VALUES ('x', '1'), ('other', '2')",
    );
    let columns = ["sid", "tenant", "expiry"];
    let profile =
        dependent(plain(&["sid"], &columns), "child", &["tenant", "sid"], &["tenant", "sid"]).0;
    let mut store = db.store(profile);
    purge_all(store.as_mut(), 9).unwrap();
    assert_eq!(db.column("t", "sid"), ["1", "2"]);
    assert_eq!(store.take_kept().rows(), 2);
}

#[test]
fn columns_that_dependents_refer_to_are_unique_together() {
    let table = |unique: &str| {
        ApplicationDb::of(&format!(
            "CREATE TABLE t (a, b, c, expiry); {unique} CREATE TABLE child (x NOT NULL, y)"
        ))
    };
    let profile = || {
        let plain = plain(&["a", "b"], &["a", "b", "c", "expiry"]);
        dependent(plain, "child", &["x", "y"], &["a", "b"])
    };
    for unique in
        ["CREATE UNIQUE INDEX i ON t (b, a);", "CREATE UNIQUE INDEX i ON t (b COLLATE NOCASE);"]
    {
        purge_all(table(unique).store(profile().0).as_mut(), 9).unwrap();
    }
    for unique in [
        "",
        "CREATE INDEX i ON t (a, b);",
        "CREATE UNIQUE INDEX i ON t (a, b, c);",
        "CREATE UNIQUE INDEX i ON t (a, b) WHERE c;",
        "CREATE UNIQUE INDEX i ON t (a, lower(b));",
    ] {
        let refused = refused(purge_all(table(unique).store(profile().0).as_mut(), 9));
        insta::allow_duplicates! { insta::assert_snapshot!(refused, @"refused: rows of child would be deleted with their session by its a, b, which need not be unique: t has no unique index on a, b, or on some of them, so rows of other sessions could be deleted"); }
    }
    let db = table("CREATE UNIQUE INDEX i ON t (a, b);");
    let refused = refused(purge_all(db.store(profile().set_null().0).as_mut(), 9));
    assert!(refused.contains("column \"x\" is NOT NULL"), "{refused}");
    let advice = |index: &str| {
        db.application().execute_batch(index).unwrap();
        db.store(profile().0).unindexed().unwrap().pop().map(|table| table.remedy)
    };
    let create = r#"CREATE INDEX "child_x_y" ON "child" ("x", "y");"#;
    assert_eq!(advice("").as_deref(), Some(create));
    assert_eq!(advice(create), None);
}

#[test]
fn a_trigger_that_inserts_a_row_again_is_noticed() {
    let db = ApplicationDb::of(
        "CREATE TABLE t (a, b, expiry, UNIQUE (a, b));
         INSERT INTO t VALUES ('x', 1, 1781524700), ('y', 1, 1781524700), ('y', 2, 1781524900);
         CREATE TRIGGER again AFTER DELETE ON t WHEN old.a = 'x' BEGIN
             INSERT INTO t VALUES (old.a, old.b, old.expiry); END",
    );
    let mut store = db.store(plain(&["a", "b"], &["a", "b", "expiry"]).0);
    assert_eq!(purge_all(store.as_mut(), 9).unwrap().settled.deleted, 1);
    assert_eq!(store.take_kept().rejected, 1);
    assert_eq!(rows(&db, "SELECT 1 FROM t").len(), 2);
}

#[test]
fn a_purge_proceeds_evenly_through_keys_of_several_columns() {
    let row = "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 3999)
               INSERT INTO t SELECT";
    for (what, key, values) in [
        ("two values of the first column", "a, b", "i % 2, i * 1048573"),
        ("one value of the first column", "a, b", "'app', i * 1048573"),
        ("many values of the first column", "a, b", "i * 1048573, 1"),
        ("the second column by the first", "a, b", "i / 1000, i % 1000"),
    ] {
        let table = format!("CREATE TABLE t (a, b, expiry, PRIMARY KEY ({key})) WITHOUT ROWID");
        let expiry = "1781524800 + CASE i % 3 WHEN 0 THEN -60 ELSE 60 END FROM n";
        let db = ApplicationDb::of(&format!("{table}; {row} {values}, {expiry}"));
        let profile = plain(&["a", "b"], &["a", "b", "expiry"]).0;
        let mut store = db.store(profile.clone());
        let (mut after, mut seen) = (None, 0);
        loop {
            let scan = store.scan_due(&all_tasks(), after.as_ref(), few(200)).unwrap();
            seen += scan.rows;
            let exact = f64::from(u32::try_from(seen).unwrap()) / 4_000.0;
            assert!((scan.fraction - exact).abs() < 0.1, "{what}: {seen} {}", scan.fraction);
            after = scan.last;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, 4_000, "{what}");
        let sample = diagnose(db.path(), &profile, NOW).unwrap();
        assert!((600..=900).contains(&sample.sampled), "{what}: {}", sample.sampled);
        let share = sample.sampled_over * 100 / sample.sampled;
        assert!((28..=39).contains(&share), "{what}: {share}");
        assert_eq!(purge_by_key(store.as_mut(), 300).unwrap().settled.deleted, 1_334, "{what}");
    }
}

#[test]
fn a_key_of_several_columns_is_scanned_by_its_index() {
    for key in ["a, b", "b DESC, a DESC", "b, a"] {
        let db = ApplicationDb::of(&format!(
            "CREATE TABLE t (a TEXT COLLATE NOCASE, b, expiry, PRIMARY KEY ({key})) WITHOUT ROWID;
             INSERT INTO t VALUES ('A', 1, 1781524700), ('b', 1, 1781524700), ('C', 1, 1781524900)"
        ));
        let profile = plain(&["a", "b"], &["a", "b", "expiry"]).0;
        let found = diagnose(db.path(), &profile, NOW).unwrap();
        assert_eq!(found.plans[1].1, ["SCAN t"], "{key}");
        let mut store = db.store(profile);
        assert_eq!(purge_all(store.as_mut(), 1).unwrap().settled.deleted, 2, "{key}");
        assert_eq!(db.column("t", "a"), ["C"], "{key}");
    }
}
