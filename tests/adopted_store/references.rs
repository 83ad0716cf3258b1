//! Tables that refer to the sessions.

use sessctl::domain::profile::Profile;
use sessctl::store::adopted::examine;

use crate::profiles::{Draft, draft, seconds};
use crate::world::{NOW, World, refused};

fn plain() -> Draft {
    draft("plain", "t", "id", &["id", "expiry"]).time("expiry", seconds()).at(0, false)
}

/// Two sessions, one of them over, and a row of another table for each.
fn world(child: &str) -> World {
    World::of(&format!(
        "CREATE TABLE t (id TEXT PRIMARY KEY, expiry);
         INSERT INTO t VALUES ('old', 1781524700), ('new', 1781524900);
         CREATE TABLE child (owner TEXT {child});
         INSERT INTO child VALUES ('old'), ('new')"
    ))
}

fn purge(world: &World, profile: Profile) -> Result<u64, sessctl::domain::error::Error> {
    world.purge(world.open(profile)?.as_mut(), 5).map(|walked| walked.settled.deleted)
}

#[test]
fn what_the_application_lets_cascade_does() {
    for (child, left) in [
        ("REFERENCES t ON DELETE CASCADE", vec!["new"]),
        ("REFERENCES t (id) ON DELETE SET NULL", vec!["NULL", "new"]),
        ("DEFAULT 'new' REFERENCES t (id) ON DELETE SET DEFAULT", vec!["new", "new"]),
        ("", vec!["new", "old"]),
    ] {
        let world = world(child);
        assert_eq!(purge(&world, plain().0).unwrap(), 1, "{child}");
        let mut found = world.column("child", "owner");
        found.sort();
        assert_eq!(found, left, "{child}");
    }
}

#[test]
fn what_the_profile_names_goes_along() {
    for child in ["", "REFERENCES t (id)", "REFERENCES t (id) ON DELETE RESTRICT"] {
        let world = world(child);
        let profile = plain().dependent("child", "owner", "id").0;
        assert_eq!(purge(&world, profile).unwrap(), 1, "{child}");
        assert_eq!(world.column("child", "owner"), ["new"], "{child}");
    }
}

#[test]
fn what_the_column_only_takes_for_the_same_stays() {
    for (class, [due, live, gone]) in [
        ("TEXT COLLATE NOCASE", ["'a'", "'A'", "'a'"]),
        ("INTEGER", ["'1e3'", "'1000'", "'x'"]),
        ("INTEGER", ["'007'", "'7'", "'x'"]),
    ] {
        let world = World::of(&format!(
            "CREATE TABLE t (id PRIMARY KEY, expiry);
             INSERT INTO t VALUES ({due}, 1781524700), ({live}, 1781524900);
             CREATE TABLE child (owner {class}); INSERT INTO child VALUES ({live}), ({gone})"
        ));
        let profile = plain().dependent("child", "owner", "id").0;
        assert_eq!(purge(&world, profile).unwrap(), 1, "{due}");
        let (live, gone) = (live.trim_matches('\''), gone.trim_matches('\''));
        let left = if gone == "x" { vec![live, gone] } else { vec![live] };
        assert_eq!(world.column("child", "owner"), left, "{due}");
    }
}

#[test]
fn rows_of_a_session_that_is_used_again_stay() {
    let world = world("");
    let mut store = world.store(plain().dependent("child", "owner", "id").0);
    let due = world.look(store.as_ref(), None, 9).due.unwrap();
    world.application().execute("UPDATE t SET expiry = 1781524999", []).unwrap();
    assert_eq!(store.settle(&world.scope(), &due, false).unwrap().deleted, 0);
    assert_eq!(world.column("child", "owner"), ["new", "old"]);
}

#[test]
fn what_keeps_sessions_from_being_deleted_is_said_before() {
    let world = world("REFERENCES t (id)");
    insta::assert_snapshot!(refused(purge(&world, plain().0)), @"refused: child refers to t by owner, ON DELETE NO ACTION: a session with rows there cannot be deleted, unless its profile names child under [[dependents]]");
    assert_eq!(world.column("t", "id").len(), 2);
    // Without a purge, a session cannot be ended either.
    let mut store = world.store(plain().0);
    assert!(store.end(&[]).is_err());
}

#[test]
fn a_cascade_may_be_stopped_by_the_next_table() {
    let further = "CREATE TABLE further (child INTEGER REFERENCES child (id))";
    let child =
        "CREATE TABLE child (id INTEGER PRIMARY KEY, t TEXT REFERENCES t ON DELETE CASCADE)";
    let world =
        World::of(&format!("CREATE TABLE t (id TEXT PRIMARY KEY, expiry); {child}; {further}"));
    insta::assert_snapshot!(refused(purge(&world, plain().0)), @"refused: further refers to child by child, ON DELETE NO ACTION: a session whose rows in child have rows there cannot be deleted");
    let both = "CREATE TABLE further (child INTEGER REFERENCES child (id),
        t TEXT REFERENCES t ON DELETE CASCADE)";
    let world =
        World::of(&format!("CREATE TABLE t (id TEXT PRIMARY KEY, expiry); {child}; {both}"));
    assert_eq!(purge(&world, plain().0).unwrap(), 0);
}

#[test]
fn dependents_that_are_not_there_are_named() {
    let world = world("");
    for (dependent, said) in [
        (plain().dependent("nobody", "owner", "id"), "there is no table nobody"),
        (plain().dependent("child", "session", "id"), "child has no column session"),
        (plain().dependent("child", "owner", "token"), "t has no column token"),
    ] {
        let refusal = refused(purge(&world, dependent.0));
        assert!(refusal.contains(said), "{refusal}");
    }
}

#[test]
fn what_sqlite_would_refuse_is_refused() {
    let world = World::of(
        "CREATE TABLE t (id TEXT, expiry); INSERT INTO t VALUES ('old', 1781524700);
         CREATE TABLE child (t TEXT REFERENCES t (id) ON DELETE CASCADE)",
    );
    insta::assert_snapshot!(refused(purge(&world, plain().0)), @r#"refused: SQLite would not delete rows of t: foreign key mismatch - "child" referencing "t""#);
}

#[test]
fn a_search_without_an_index_is_a_warning() {
    let said = |sql: &str, profile: Profile| {
        let world = World::of(&format!("CREATE TABLE t (id TEXT PRIMARY KEY, expiry); {sql}"));
        let found = examine(world.path(), &profile, NOW).unwrap();
        assert_eq!(found.refusals, Vec::<String>::new());
        assert_eq!(found.dependents.len(), 1);
        found.warnings
    };
    let slow = "CREATE TABLE child (id INTEGER PRIMARY KEY, t TEXT REFERENCES t ON DELETE CASCADE)";
    insta::assert_snapshot!(said(slow, plain().0).concat(), @"child has no index on t: each deletion of a session reads all of child");
    for index in ["CREATE INDEX i ON child (t)", "CREATE INDEX i ON child (t, id)"] {
        assert_eq!(said(&format!("{slow}; {index}"), plain().0), Vec::<String>::new());
    }
    let key = "CREATE TABLE child (t TEXT, name TEXT, PRIMARY KEY (t, name)) WITHOUT ROWID";
    let dependent = || plain().dependent("child", "t", "id").0;
    assert_eq!(said(key, dependent()), Vec::<String>::new());
    assert_eq!(said("CREATE TABLE child (t TEXT)", dependent()).len(), 1);
}

#[test]
fn no_session_goes_with_another_that_nobody_has_judged() {
    let rows = "INSERT INTO t VALUES ('old', 1781524700, NULL), ('new', 1781524900, 'old')";
    let profile = || {
        draft("plain", "t", "id", &["id", "expiry", "by"]).time("expiry", seconds()).at(0, false)
    };
    let said = |sql: &str, profile: Profile| {
        let world = World::of(&format!("{sql}; {rows}"));
        let said = refused(purge(&world, profile.clone()));
        assert_eq!(world.column("t", "id"), ["new", "old"]);
        assert_eq!(said, refused(world.store(profile).end(&[])));
        said
    };
    let own = "CREATE TABLE t (id TEXT PRIMARY KEY, expiry, by TEXT REFERENCES T ON DELETE";
    let cascade = format!("{own} CASCADE)");
    insta::assert_snapshot!(said(&cascade, profile().0), @"refused: t refers to t by by, ON DELETE CASCADE: with a session others would be deleted, whether they are over or not");
    insta::assert_snapshot!(said(&format!("{own} RESTRICT)"), profile().0), @"refused: t refers to t by by, ON DELETE RESTRICT: a session that others refer to cannot be deleted before they are");
    let device = "CREATE TABLE t (id TEXT PRIMARY KEY, expiry, by REFERENCES d ON DELETE CASCADE);
        INSERT INTO d VALUES ('old', 'old')";
    let circle =
        format!("CREATE TABLE d (id PRIMARY KEY, t REFERENCES t ON DELETE CASCADE); {device}");
    insta::assert_snapshot!(said(&circle, profile().0), @"refused: t refers to d by by, ON DELETE CASCADE: with a session others would be deleted, whether they are over or not");
    let dependents = format!("CREATE TABLE d (id PRIMARY KEY, t); {device}");
    insta::assert_snapshot!(said(&dependents, profile().dependent("d", "t", "id").0), @"refused: t refers to d by by, ON DELETE CASCADE: with a session others would be deleted, whether they are over or not");
    let none = "CREATE TABLE t (id TEXT PRIMARY KEY, expiry, by TEXT)";
    insta::assert_snapshot!(said(none, profile().dependent("T", "by", "id").0), @"refused: the profile names t itself under [[dependents]]: other sessions would go with one, whether they are over or not");
    // What loses no more than the reference is as the application wants it.
    let world = World::of(&format!("{own} SET NULL); {rows}"));
    assert_eq!(purge(&world, profile().0).unwrap(), 1);
    assert_eq!(world.column("t", "by"), ["NULL"]);
}

#[test]
fn dependents_go_by_what_only_one_session_has() {
    let make = |sessions: &str| {
        World::of(&format!(
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
    insta::assert_snapshot!(refused(purge(&make(table), profile("user"))), @"refused: rows of child go with their session by its user, and several sessions may have the same: t has no unique index on user alone, so that what belongs to other sessions could go, too");
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
        let world = make(&sql);
        let purged = purge(&world, profile("id"));
        assert_eq!(purged.is_ok(), is_unique, "{sql}: {purged:?}");
        let left = if is_unique { vec!["one"] } else { vec!["old", "one"] };
        assert_eq!(world.column("child", "owner"), left, "{sql}");
    }
    let number = World::of(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, user, expiry); CREATE TABLE child (owner)",
    );
    assert_eq!(purge(&number, profile("id")).unwrap(), 0);
}

#[test]
fn a_table_that_each_deletion_reads_is_a_warning_once() {
    let world = world("REFERENCES t (id)");
    let profile = plain().dependent("child", "owner", "id").0;
    let warnings = examine(world.path(), &profile, NOW).unwrap().warnings;
    insta::assert_snapshot!(warnings.join("\n"), @"child has no index on owner: each deletion of a session reads all of child");
}
