//! Tables that refer to the sessions.

mod refused;

use std::ops::ControlFlow;

use sessctl::domain::filter::Filter;
use sessctl::domain::profile::Profile;
use sessctl::domain::session::{End, EndReason, Session, SessionKey};
use sessctl::domain::token::Digest;
use sessctl::storage::{EndRequest, KeptRows, Order, ScanLimits, SessionQuery};

use crate::support::NOW;
use crate::support::adopted::{ApplicationDb, all_sessions, all_tasks, look, purge_all, refused};
use crate::support::profiles::{Draft, draft, seconds};

fn plain() -> Draft {
    draft("plain", "t", "id", &["id", "expiry"]).time("expiry", seconds()).at(0, false)
}

/// Two sessions, one of them over, and a row of another table for each.
fn db(child: &str) -> ApplicationDb {
    ApplicationDb::of(&format!(
        "CREATE TABLE t (id TEXT PRIMARY KEY, expiry);
         INSERT INTO t VALUES ('old', 1781524700), ('new', 1781524900);
         CREATE TABLE child (owner TEXT {child});
         INSERT INTO child VALUES ('old'), ('new')"
    ))
}

fn purge(db: &ApplicationDb, profile: Profile) -> Result<u64, sessctl::domain::error::Error> {
    purge_all(db.open(profile)?.as_mut(), 5).map(|totals| totals.settled.deleted)
}

#[test]
fn the_foreign_key_actions_of_the_application_apply() {
    for (child, left) in [
        ("REFERENCES t ON DELETE CASCADE", vec!["new"]),
        ("REFERENCES t (id) ON DELETE SET NULL", vec!["NULL", "new"]),
        ("DEFAULT 'new' REFERENCES t (id) ON DELETE SET DEFAULT", vec!["new", "new"]),
        ("", vec!["new", "old"]),
    ] {
        let db = db(child);
        assert_eq!(purge(&db, plain().0).unwrap(), 1, "{child}");
        let mut found = db.column("child", "owner");
        found.sort();
        assert_eq!(found, left, "{child}");
    }
}

#[test]
fn dependents_of_the_profile_are_deleted() {
    for child in ["", "REFERENCES t (id)", "REFERENCES t (id) ON DELETE RESTRICT"] {
        let db = db(child);
        let profile = plain().dependent("child", "owner", "id").0;
        assert_eq!(purge(&db, profile).unwrap(), 1, "{child}");
        assert_eq!(db.column("child", "owner"), ["new"], "{child}");
    }
}

#[test]
fn dependents_that_match_only_by_affinity_or_collation_stay() {
    for (class, [due, live, gone]) in [
        ("TEXT COLLATE NOCASE", ["'a'", "'A'", "'a'"]),
        ("INTEGER", ["'1e3'", "'1000'", "'x'"]),
        ("INTEGER", ["'007'", "'7'", "'x'"]),
    ] {
        let db = ApplicationDb::of(&format!(
            "CREATE TABLE t (id PRIMARY KEY, expiry);
             INSERT INTO t VALUES ({due}, 1781524700), ({live}, 1781524900);
             CREATE TABLE child (owner {class}); INSERT INTO child VALUES ({live}), ({gone})"
        ));
        let profile = plain().dependent("child", "owner", "id").0;
        assert_eq!(purge(&db, profile).unwrap(), 1, "{due}");
        let (live, gone) = (live.trim_matches('\''), gone.trim_matches('\''));
        let left = if gone == "x" { vec![live, gone] } else { vec![live] };
        assert_eq!(db.column("child", "owner"), left, "{due}");
    }
}

#[test]
fn rows_of_a_session_that_is_used_again_stay() {
    let db = db("");
    let mut store = db.store(plain().dependent("child", "owner", "id").0);
    let due = look(store.as_ref(), None, 9).due.unwrap();
    db.application().execute("UPDATE t SET expiry = 1781524999", []).unwrap();
    assert_eq!(store.apply_purge(&all_tasks(), &due, false).unwrap().deleted, 0);
    assert_eq!(db.column("child", "owner"), ["new", "old"]);
}

/// Purges the table; returns the number of deleted rows and the kept rows.
fn purged(db: &ApplicationDb, profile: Profile) -> (u64, KeptRows) {
    let mut store = db.store(profile);
    let deleted = purge_all(store.as_mut(), 5).unwrap().settled.deleted;
    (deleted, store.take_kept())
}

/// Counts the rows that a purge would delete and keep, without changing them.
fn planned(db: &ApplicationDb, profile: Profile) -> (u64, KeptRows) {
    let survey = db.store(profile).scan_due(&all_tasks(), None, ScanLimits::ALL).unwrap();
    (survey.counts.would_delete, survey.kept)
}

fn handles(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| Digest::of(id).handle()).collect()
}

#[test]
fn only_the_sessions_that_rows_refer_to_are_kept() {
    for action in ["", "ON DELETE RESTRICT", "ON DELETE NO ACTION DEFERRABLE INITIALLY DEFERRED"] {
        let db = db(&format!("REFERENCES t (id) {action}"));
        let more = "INSERT INTO t VALUES ('free', 1781524600), ('free too', 1781524700)";
        db.application().execute_batch(more).unwrap();
        let (deleted, kept) = planned(&db, plain().0);
        assert_eq!((deleted, kept.rows()), (2, 1));
        // What is not deleted is not listed as due either.
        let filter = Filter::default();
        let (scope, order) = (all_tasks(), Order::default());
        let query = SessionQuery { scope, filter: &filter, due_only: true, after: None, order };
        let mut due = Vec::new();
        let visit = &mut |session: Session| {
            due.push(session.handle);
            Ok(ControlFlow::Continue(()))
        };
        db.store(plain().0).scan(&query, visit).unwrap();
        assert_eq!(due, handles(&["free", "free too"]));
        assert_eq!(purged(&db, plain().0), (2, kept.clone()));
        let [(referrer, 1)] = &kept.referenced.into_iter().collect::<Vec<_>>()[..] else {
            panic!()
        };
        assert_eq!((referrer.table.as_str(), referrer.columns.concat()), ("child", "owner".into()));
        assert_eq!((referrer.targets.concat(), referrer.may_be_null), ("id".into(), true));
        assert_eq!(db.column("t", "id"), ["new", "old"]);
        assert_eq!(db.column("child", "owner"), ["new", "old"]);
    }
}

#[test]
fn referenced_sessions_are_kept_when_ended_by_key() {
    let db = db("REFERENCES t (id)");
    db.application().execute("INSERT INTO t VALUES ('free', 1781524900)", []).unwrap();
    let mut store = db.store(plain().0);
    let sessions = all_sessions(store.as_ref());
    let keys: Vec<SessionKey> = sessions.iter().map(|session| session.key.clone()).collect();
    let (are_kept, would_keep) = store.check_references(&keys).unwrap();
    assert_eq!(are_kept, [true, true, false]);
    let end = End { at: NOW, reason: EndReason::Cycled };
    let endings: Vec<EndRequest> =
        keys.into_iter().map(|key| EndRequest { key, end, keep_row: false }).collect();
    assert_eq!(store.end(&endings).unwrap(), [false, false, true]);
    assert_eq!(store.take_kept(), would_keep);
    assert_eq!(store.take_kept(), KeptRows::default());
    assert_eq!(db.column("t", "id"), ["new", "old"]);
}

#[test]
fn dependents_may_stay_without_their_reference() {
    for child in ["", "REFERENCES t (id)", "REFERENCES t (id) ON DELETE RESTRICT"] {
        let db = db(child);
        let profile = plain().dependent("child", "owner", "id").set_null().0;
        assert_eq!(purged(&db, profile), (1, KeptRows::default()), "{child}");
        assert_eq!(db.column("child", "owner"), ["NULL", "new"], "{child}");
    }
    let db = db("NOT NULL REFERENCES t (id)");
    let profile = || plain().dependent("child", "owner", "id").set_null().0;
    insta::assert_snapshot!(refused(purge(&db, profile())), @r#"refused: the profile sets action = "set null" for "child", but column "owner" is NOT NULL: use action = "delete", or remove "child" from [[dependents]] to keep sessions with rows there"#);
    for key in ["(owner INTEGER PRIMARY KEY)", "(owner TEXT PRIMARY KEY) WITHOUT ROWID"] {
        let db = ApplicationDb::of(&format!(
            "CREATE TABLE t (id TEXT PRIMARY KEY, expiry); CREATE TABLE child {key}"
        ));
        assert!(refused(purge(&db, profile())).contains("NOT NULL"), "{key}");
    }
}

#[test]
fn dependents_of_a_session_that_is_kept_stay() {
    for is_deleted in [true, false] {
        let db = db("REFERENCES t (id)");
        let bill = "CREATE TABLE bill (t TEXT REFERENCES t); INSERT INTO bill VALUES ('old')";
        db.application().execute_batch(bill).unwrap();
        let draft = plain().dependent("child", "owner", "id");
        let profile = if is_deleted { draft.0 } else { draft.set_null().0 };
        let (deleted, kept) = purged(&db, profile);
        assert_eq!((deleted, kept.referenced_rows(), kept.rejected), (0, 1, 0));
        assert_eq!(db.column("child", "owner"), ["new", "old"]);
    }
}

#[test]
fn a_cascade_may_be_stopped_by_the_next_table() {
    let tables = |further: &str| {
        ApplicationDb::of(&format!(
            "CREATE TABLE t (id TEXT PRIMARY KEY, expiry);
             CREATE TABLE child (id INTEGER PRIMARY KEY, t TEXT REFERENCES t ON DELETE CASCADE);
             CREATE TABLE further (child INTEGER REFERENCES child (id) {further});
             INSERT INTO t VALUES ('old', 1781524700), ('older', 1781524600), ('new', 1781524900);
             INSERT INTO child VALUES (1, 'old'), (2, 'older'), (3, 'new')"
        ))
    };
    for action in ["", "ON DELETE RESTRICT"] {
        let db = tables(action);
        db.application().execute("INSERT INTO further (child) VALUES (1), (3)", []).unwrap();
        let (deleted, kept) = purged(&db, plain().0);
        assert_eq!((deleted, kept.rejected), (1, 0));
        let [(referrer, 1)] = &kept.referenced.into_iter().collect::<Vec<_>>()[..] else {
            panic!()
        };
        assert_eq!(referrer.through.as_deref(), Some("child"));
        assert_eq!(referrer.table, "further");
        assert_eq!(db.column("child", "id"), ["1", "3"]);
    }
    // What goes with the same session does not keep it, and what does is found by SQLite.
    let db = tables(", t TEXT REFERENCES t ON DELETE CASCADE");
    let rows = "INSERT INTO further VALUES (1, 'old'), (2, 'new')";
    db.application().execute_batch(rows).unwrap();
    let (deleted, kept) = purged(&db, plain().0);
    assert_eq!((deleted, kept.referenced_rows(), kept.rejected), (1, 0, 1));
    assert_eq!(kept.examples[0].handle, Digest::of("older").handle());
    assert_eq!(db.column("t", "id"), ["new", "older"]);
}

#[test]
fn a_row_that_the_database_rejects_is_skipped() {
    for (problem, why) in [
        (
            "CREATE TRIGGER no BEFORE DELETE ON t WHEN old.id IN ('s003', 's017', 's060')
             BEGIN SELECT RAISE(ABORT, 'no way'); END",
            "no way",
        ),
        (
            "CREATE TRIGGER no AFTER DELETE ON t WHEN old.id IN ('s003', 's017', 's060')
             BEGIN SELECT RAISE(ROLLBACK, 'not at all'); END",
            "not at all",
        ),
        (
            "CREATE TRIGGER no BEFORE DELETE ON t WHEN old.id IN ('s003', 's017', 's060')
             BEGIN SELECT RAISE(IGNORE); END",
            "a trigger of the application kept the row",
        ),
        (
            "CREATE TABLE c (t TEXT CHECK (t IS NOT NULL) REFERENCES t ON DELETE SET NULL);
             INSERT INTO c VALUES ('s003'), ('s017'), ('s060'), ('s090')",
            "CHECK constraint failed: t IS NOT NULL",
        ),
    ] {
        let db = ApplicationDb::of(&format!(
            "CREATE TABLE t (id TEXT PRIMARY KEY, expiry);
             WITH RECURSIVE n(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < 99)
             INSERT INTO t SELECT printf('s%03d', n), iif(n < 80, 1781524700, 1781524900) FROM n;
             {problem}"
        ));
        let mut store = db.store(plain().0);
        let totals = purge_all(store.as_mut(), 64).unwrap();
        assert_eq!(
            (totals.settled.deleted, totals.settled.ended_sessions.len()),
            (77, 77),
            "{problem}"
        );
        let kept = store.take_kept();
        assert_eq!((kept.referenced_rows(), kept.rejected), (0, 3), "{problem}");
        let named: Vec<_> = kept.examples.iter().map(|row| row.handle.clone()).collect();
        assert_eq!(named, handles(&["s003", "s017", "s060"]), "{problem}");
        assert!(kept.examples.iter().all(|row| row.why == why), "{:?}", kept.examples);
        assert_eq!(db.column("t", "id").len(), 23);
        let end = End { at: NOW, reason: EndReason::Cycled };
        let endings = all_sessions(store.as_ref()).into_iter();
        let endings: Vec<EndRequest> =
            endings.map(|session| EndRequest { key: session.key, end, keep_row: false }).collect();
        let done = store.end(&endings).unwrap();
        let left = if problem.contains("s090") { 4 } else { 3 };
        assert_eq!(done.iter().filter(|done| !**done).count(), left, "{problem}");
        assert_eq!(store.take_kept().rejected, left as u64, "{problem}");
    }
}

#[test]
fn sessions_that_refer_to_sessions_go_from_the_last_on() {
    let profile = || {
        draft("plain", "t", "id", &["id", "expiry", "by"]).time("expiry", seconds()).at(0, false).0
    };
    let db = ApplicationDb::of(
        "CREATE TABLE t (id TEXT PRIMARY KEY, expiry, by TEXT REFERENCES t);
         INSERT INTO t VALUES ('1', 1781524700, '1'), ('2', 1781524700, NULL),
             ('3', 1781524700, '2'), ('4', 1781524700, '3'),
             ('5', 1781524700, NULL), ('6', 1781524900, '5')",
    );
    let (deleted, kept) = purged(&db, profile());
    assert_eq!((deleted, kept.referenced_rows(), kept.rejected), (4, 1, 0));
    assert_eq!(db.column("t", "id"), ["5", "6"]);
}

#[test]
fn dependents_go_by_what_only_one_session_has() {
    let make = |sessions: &str| {
        ApplicationDb::of(&format!(
            "{sessions}; INSERT INTO t VALUES ('old', 'one', 1781524700), ('new', 'one', 1781524900);
             CREATE TABLE child (owner TEXT); INSERT INTO child VALUES ('one'), ('old')"
        ))
    };
    let profile = |references: &str| {
        draft("plain", "t", "id", &["id", "user", "expiry"])
            .time("expiry", seconds())
            .at(0, false)
            .dependent("child", "owner", references)
            .0
    };
    let table = "CREATE TABLE t (id TEXT PRIMARY KEY, user TEXT, expiry)";
    insta::assert_snapshot!(refused(purge(&make(table), profile("user"))), @"refused: rows of child would be deleted with their session by its user, which need not be unique: t has no unique index on user alone, so rows of other sessions could be deleted");
    let several = "CREATE TABLE t (id TEXT, user TEXT, expiry";
    for (sql, is_unique) in [
        (table.to_owned(), true),
        (format!("{table} WITHOUT ROWID"), true),
        (format!("{several} , UNIQUE (id))"), true),
        (format!("{several}); CREATE UNIQUE INDEX i ON t (id DESC)"), true),
        (format!("{several})"), false),
        (format!("{several}); CREATE INDEX i ON t (id)"), false),
        (format!("{several}); CREATE UNIQUE INDEX i ON t (id) WHERE user IS NULL"), false),
        (format!("{several}); CREATE UNIQUE INDEX i ON t (id, user)"), false),
        (format!("{several}, PRIMARY KEY (id, user))"), false),
    ] {
        let db = make(&sql);
        let purged = purge(&db, profile("id"));
        assert_eq!(purged.is_ok(), is_unique, "{sql}: {purged:?}");
        let left = if is_unique { vec!["one"] } else { vec!["old", "one"] };
        assert_eq!(db.column("child", "owner"), left, "{sql}");
    }
    let number = ApplicationDb::of(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, user, expiry); CREATE TABLE child (owner)",
    );
    assert_eq!(purge(&number, profile("id")).unwrap(), 0);
}
