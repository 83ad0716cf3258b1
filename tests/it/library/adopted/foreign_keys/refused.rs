//! Schemas that are refused or warned of in advance.

use sessctl::domain::profile::Profile;
use sessctl::store::adopted::diagnose;

use super::{db, plain, purge};
use crate::support::NOW;
use crate::support::adopted::{ApplicationDb, refused};
use crate::support::profiles::{draft, seconds};

#[test]
fn a_deletion_that_fails_for_every_row_is_refused_in_advance() {
    for (sql, said) in [
        ("child (t TEXT NOT NULL REFERENCES t ON DELETE SET NULL)", "but t is NOT NULL"),
        ("child (t TEXT NOT NULL REFERENCES t ON DELETE SET DEFAULT)", "but t is NOT NULL"),
        (
            "child (t TEXT DEFAULT 'none' REFERENCES t ON DELETE SET DEFAULT)",
            "t has no row for the default of t",
        ),
        (
            "u (id INTEGER PRIMARY KEY, t TEXT REFERENCES t ON DELETE CASCADE);
             CREATE TABLE child (u INTEGER NOT NULL REFERENCES u ON DELETE SET NULL)",
            "child refers to u by u, ON DELETE SET NULL, but u is NOT NULL",
        ),
        (
            "u (x); CREATE TRIGGER no BEFORE DELETE ON t BEGIN SELECT RAISE(ABORT, 'no'); END",
            "the trigger no rejects every deletion from t",
        ),
    ] {
        let db = ApplicationDb::of(&format!(
            "CREATE TABLE t (id TEXT PRIMARY KEY, expiry); INSERT INTO t VALUES ('old', 1781524700);
             CREATE TABLE {sql}"
        ));
        let refusal = refused(purge(&db, plain().0));
        assert!(refusal.contains(said), "{refusal}");
        assert_eq!(refused(db.store(plain().0).validate()), refusal);
        assert_eq!(db.column("t", "id"), ["old"]);
        if sql.starts_with("child") {
            let profile = plain().dependent("child", "t", "id").0;
            assert_eq!(purge(&db, profile).unwrap(), 1, "{sql}");
        }
    }
    for default in ["DEFAULT 'live'", "DEFAULT NULL", ""] {
        let db = ApplicationDb::of(&format!(
            "CREATE TABLE t (id TEXT PRIMARY KEY, expiry);
             INSERT INTO t VALUES ('old', 1781524700), ('live', 1781524900);
             CREATE TABLE child (t TEXT {default} REFERENCES t ON DELETE SET DEFAULT)"
        ));
        assert_eq!(purge(&db, plain().0).unwrap(), 1, "{default}");
    }
}

#[test]
fn dependents_that_are_not_there_are_named() {
    let db = db("");
    for (dependent, said) in [
        (
            plain().dependent("nobody", "owner", "id"),
            "names table \"nobody\", which does not exist",
        ),
        (
            plain().dependent("child", "session", "id"),
            "names column \"session\", which table \"child\" does not have",
        ),
        (plain().dependent("child", "owner", "token"), "table \"t\" has no such column"),
    ] {
        let refusal = refused(purge(&db, dependent.0));
        assert!(refusal.contains(said), "{refusal}");
    }
}

#[test]
fn what_sqlite_would_refuse_is_refused() {
    let db = ApplicationDb::of(
        "CREATE TABLE t (id TEXT, expiry); INSERT INTO t VALUES ('old', 1781524700);
         CREATE TABLE child (t TEXT REFERENCES t (id) ON DELETE CASCADE)",
    );
    insta::assert_snapshot!(refused(purge(&db, plain().0)), @r#"refused: SQLite refuses to delete rows of t: foreign key mismatch - "child" referencing "t""#);
}

#[test]
fn a_search_without_an_index_is_a_warning() {
    let said = |sql: &str, profile: Profile| {
        let db = ApplicationDb::of(&format!("CREATE TABLE t (id TEXT PRIMARY KEY, expiry); {sql}"));
        let found = diagnose(db.path(), &profile, NOW).unwrap();
        assert_eq!(found.refusals, Vec::<String>::new());
        assert_eq!(found.dependents.len(), 1);
        found.warnings
    };
    let slow = "CREATE TABLE child (id INTEGER PRIMARY KEY, t TEXT REFERENCES t ON DELETE CASCADE)";
    insta::assert_snapshot!(said(slow, plain().0).concat(), @r#"child has no index on t: each deletion of a session reads all of child; the owner of the application can create one: CREATE INDEX "child_t" ON "child" ("t");"#);
    for index in ["CREATE INDEX i ON child (t)", "CREATE INDEX i ON child (t, id)"] {
        assert_eq!(said(&format!("{slow}; {index}"), plain().0), Vec::<String>::new());
    }
    let key = "CREATE TABLE child (t TEXT, name TEXT, PRIMARY KEY (t, name)) WITHOUT ROWID";
    let dependent = || plain().dependent("child", "t", "id").0;
    assert_eq!(said(key, dependent()), Vec::<String>::new());
    assert_eq!(said("CREATE TABLE child (t TEXT)", dependent()).len(), 1);
}

#[test]
fn no_session_is_deleted_by_a_cascade_without_being_due() {
    let rows = "INSERT INTO t VALUES ('old', 1781524700, NULL), ('new', 1781524900, 'old')";
    let profile = || {
        draft("plain", "t", "id", &["id", "expiry", "by"]).time("expiry", seconds()).at(0, false)
    };
    let said = |sql: &str, profile: Profile| {
        let db = ApplicationDb::of(&format!("{sql}; {rows}"));
        let said = refused(purge(&db, profile.clone()));
        assert_eq!(db.column("t", "id"), ["new", "old"]);
        assert_eq!(said, refused(db.store(profile).end(&[])));
        said
    };
    let own = "CREATE TABLE t (id TEXT PRIMARY KEY, expiry, by TEXT REFERENCES T ON DELETE";
    let cascade = format!("{own} CASCADE)");
    insta::assert_snapshot!(said(&cascade, profile().0), @"refused: t refers to t by by, ON DELETE CASCADE: deleting a session would delete others, even if they have not expired");
    let device = "CREATE TABLE t (id TEXT PRIMARY KEY, expiry, by REFERENCES d ON DELETE CASCADE);
        INSERT INTO d VALUES ('old', 'old')";
    let circle =
        format!("CREATE TABLE d (id PRIMARY KEY, t REFERENCES t ON DELETE CASCADE); {device}");
    insta::assert_snapshot!(said(&circle, profile().0), @"refused: t refers to d by by, ON DELETE CASCADE: deleting a session would delete others, even if they have not expired");
    let dependents = format!("CREATE TABLE d (id PRIMARY KEY, t); {device}");
    insta::assert_snapshot!(said(&dependents, profile().dependent("d", "t", "id").0), @"refused: t refers to d by by, ON DELETE CASCADE: deleting a session would delete others, even if they have not expired");
    let none = "CREATE TABLE t (id TEXT PRIMARY KEY, expiry, by TEXT)";
    insta::assert_snapshot!(said(none, profile().dependent("T", "by", "id").0), @"refused: the profile names t itself under [[dependents]]: deleting a session would delete others, even if they have not expired");
    // What loses no more than the reference is as the application wants it.
    let db = ApplicationDb::of(&format!("{own} SET NULL); {rows}"));
    assert_eq!(purge(&db, profile().0).unwrap(), 1);
    assert_eq!(db.column("t", "by"), ["NULL"]);
}

#[test]
fn a_table_that_each_deletion_reads_is_a_warning_once() {
    let db = db("REFERENCES t (id)");
    let profile = plain().dependent("child", "owner", "id").0;
    let warnings = diagnose(db.path(), &profile, NOW).unwrap().warnings;
    insta::assert_snapshot!(warnings.join("\n"), @r#"child has no index on owner: each deletion of a session reads all of child; the owner of the application can create one: CREATE INDEX "child_owner" ON "child" ("owner");"#);
}
