//! Tests of `store::adopted::user_names`.

use sessctl::storage::{Backend, KnownUser};

use crate::support::adopted::ApplicationDb;
use crate::support::profiles::draft;

/// The store of a table of sessions beside these users.
fn store(people: &str) -> (ApplicationDb, Box<dyn Backend>) {
    let db = ApplicationDb::of(&format!("CREATE TABLE t (id, who); {people}"));
    let profile = draft("t", "t", "id", &["id", "who"]).user("who").names("people", "id", "nick").0;
    let store = db.store(profile);
    (db, store)
}

/// A user with this name; empty: without one.
fn user(name: &str) -> KnownUser {
    KnownUser { name: Some(name).filter(|it| !it.is_empty()).map(str::to_owned) }
}

#[test]
fn users_are_found_by_exactly_their_ids() {
    let (_db, store) = store(
        "CREATE TABLE people (id PRIMARY KEY COLLATE NOCASE, nick);
         INSERT INTO people VALUES (1, 'one'), ('a', 'small'), (x'ff', 'bytes'), (2.5, 'half'),
             ('n', NULL), ('e', ''), ('17', 17), ('long', printf('%2000d', 1))",
    );
    let ids = ["1", "a", "A", "ff", "2.5", "n", "e", "17", "long", "01", "x"];
    let found = store.known_users(&ids).unwrap();
    let expected = [
        Some(user("one")),
        Some(user("small")),
        None,
        Some(user("bytes")),
        Some(user("half")),
        Some(user("")),
        Some(user("")),
        Some(user("17")),
        Some(user("")),
        None,
        None,
    ];
    assert_eq!(found, expected);
    assert_eq!(store.known_users(&[]).unwrap(), []);
}

#[test]
fn an_id_with_several_names_has_none() {
    let (_db, store) = store(
        "CREATE TABLE people (id, nick); CREATE INDEX i ON people (id);
         INSERT INTO people VALUES (1, 'one'), (1, 'uno'), (2, 'two'), ('2', 'two')",
    );
    assert_eq!(store.known_users(&["1", "2"]).unwrap(), [Some(user("")), Some(user("two"))]);
}

#[test]
fn users_are_found_by_exactly_their_name() {
    let (_db, store) = store(
        "CREATE TABLE people (id INTEGER PRIMARY KEY, nick TEXT COLLATE NOCASE);
         INSERT INTO people VALUES (1, 'sam'), (2, 'Sam'), (3, 'sam'), (4, '7'), (5, ' 7')",
    );
    let named = |name: &str| store.users_named(name, 9).unwrap().join(" ");
    assert_eq!(["sam", "Sam", "SAM", "7"].map(named), ["1 3", "2", "", "4"]);
    assert_eq!(store.users_named("sam", 1).unwrap(), ["1"]);
}

#[test]
fn a_table_that_cannot_be_used_says_why() {
    for (people, why) in [
        ("", Some("there is no table people")),
        ("CREATE TABLE people (id PRIMARY KEY, name)", Some("people has no column nick")),
        ("CREATE TABLE people (id, nick)", Some("people has no index on id")),
        (
            "CREATE TABLE people (id, nick); CREATE INDEX i ON people (id) WHERE id > 9",
            Some("people has no index on id"),
        ),
        (
            "CREATE TABLE a (id PRIMARY KEY, nick); CREATE TABLE b (id, nick);
             CREATE VIEW people AS SELECT * FROM a UNION ALL SELECT * FROM b",
            Some("people has no index on id"),
        ),
        ("CREATE TABLE people (id PRIMARY KEY, nick)", None),
        ("CREATE TABLE people (\"ID\" INTEGER PRIMARY KEY, NICK)", None),
        ("CREATE TABLE p (id PRIMARY KEY, nick); CREATE VIEW people AS SELECT * FROM p", None),
    ] {
        let (_db, store) = store(people);
        assert_eq!(store.user_names_obstacle().unwrap().as_deref(), why, "{people}");
        assert_eq!(store.known_users(&["1"]).unwrap(), [None], "{people}");
    }
}

#[test]
fn a_view_of_what_is_missing_has_no_names() {
    let (_db, store) = store("CREATE VIEW people AS SELECT id, nick FROM missing");
    assert!(store.user_names_obstacle().unwrap().is_some());
    assert_eq!(store.known_users(&["1"]).unwrap(), [None]);
    assert!(store.users_named("one", 9).unwrap().is_empty());
}
