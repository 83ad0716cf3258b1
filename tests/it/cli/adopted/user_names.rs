//! Names of users from the application's own table of users.

use serde_json::Value;

use super::{OVER, VALID, database, handle, run};
use crate::support::{Finished, Sandbox, handles};

const PROFILE: &str = r#"
name = "shop"
table = "t"
id = "id"
columns = ["id", "who", "at"]

[user]
column = "who"
names = { table = "people", key = "id", name = "nick" }

[times.at]
encoding = "text"
separator = " "
decimals = "any"
zone = "none"
timezone = "UTC"

[[expired]]
at = "at"
boundary = "<"
"#;

const PEOPLE: &str = "CREATE TABLE people (id INTEGER PRIMARY KEY, nick TEXT UNIQUE);
    INSERT INTO people VALUES (1, 'alice'), (2, 'bob'), (3, NULL)";

/// Sessions of the users 1 to 4 and of nobody, of which two have expired.
fn sandbox(people: &str) -> Sandbox {
    let sandbox = database(&format!(
        "CREATE TABLE t (id, who, at);
         INSERT INTO t VALUES ('a', 1, '{VALID}'), ('b', '2', '{VALID}'), ('c', 2, '{VALID}'),
             ('d', 3, '{VALID}'), ('e', 4, '{VALID}'), ('f', NULL, '{VALID}'),
             ('g', 1, '{OVER}'), ('h', 4, '{OVER}');
         {people}"
    ));
    sandbox.file("shop.toml", PROFILE);
    sandbox.file("sessctl.toml", "profile = \"shop.toml\"\n");
    sandbox
}

fn shop<'a>(sandbox: &Sandbox, args: impl IntoIterator<Item = &'a str>) -> Finished {
    run(sandbox, args.into_iter().chain(["--config", "sessctl.toml"]).collect::<Vec<_>>())
}

/// User and name of each record.
fn users(records: &Value) -> Vec<(Option<&str>, Option<&str>)> {
    let records = records.as_array().unwrap().iter();
    records.map(|row| (row["user"].as_str(), row["user_name"].as_str())).collect()
}

/// Words of a column of a table, without its title.
fn column(table: &str, place: usize) -> Vec<&str> {
    table.lines().skip(1).map(|line| line.split_whitespace().nth(place).unwrap()).collect()
}

fn sorted<T: Ord>(mut all: Vec<T>) -> Vec<T> {
    all.sort();
    all
}

#[test]
fn people_see_names_and_programs_both() {
    let sandbox = sandbox(PEOPLE);
    let [alice, bob] = ["alice", "bob"].map(Some);
    // A list
    let listed = shop(&sandbox, ["list", "--sort", "user"]).succeeds().stdout();
    let names = ["-", "3", "4", "4", "alice", "alice", "bob", "bob"];
    assert_eq!(sorted(column(&listed, 1)), names, "{listed}");
    let json = shop(&sandbox, ["list", "--json", "--state", "active"]).succeeds().json();
    let both = [
        (None, None),
        (Some("1"), alice),
        (Some("2"), bob),
        (Some("2"), bob),
        (Some("3"), None),
        (Some("4"), None),
    ];
    assert_eq!(sorted(users(&json)), both);
    assert!(json[0].as_object().unwrap().contains_key("user_name"));
    let csv = shop(&sandbox, ["list", "-o", "csv"]).succeeds().stdout();
    assert!(csv.lines().next().unwrap().ends_with(",user_name"), "{csv}");
    assert_eq!(csv.lines().filter(|line| line.ends_with(",alice")).count(), 2, "{csv}");
    // Users
    let shown = shop(&sandbox, ["show", "users"]).succeeds().stdout();
    assert_eq!(sorted(column(&shown, 0)), ["-", "3", "4", "alice", "bob"], "{shown}");
    let json = shop(&sandbox, ["show", "users", "--json"]).succeeds().json();
    assert!(users(&json).contains(&(Some("2"), bob)), "{json}");
    // One session
    let [a, e] = ["a", "e"].map(handle);
    let shown = shop(&sandbox, ["show", "session", &a]).succeeds().stdout();
    assert!(shown.contains("alice"), "{shown}");
    let json = shop(&sandbox, ["show", "session", &a, "--json"]).succeeds().json();
    assert_eq!((&json["user"], &json["user_name"]), (&"1".into(), &"alice".into()), "{json}");
    let json = shop(&sandbox, ["show", "session", &e, "--json"]).succeeds().json();
    assert_eq!((&json["user"], &json["user_name"]), (&"4".into(), &Value::Null), "{json}");
    // What a purge would delete
    let due = shop(&sandbox, ["purge", "--dry-run"]).succeeds().stdout();
    assert!(due.contains("alice") && due.contains(&handle("h")), "{due}");
    let due = shop(&sandbox, ["purge", "--dry-run", "--json"]).succeeds().json();
    assert_eq!(sorted(users(&due["sessions"])), [(Some("1"), alice), (Some("4"), None)]);
    // And what a cycle ends
    for dry_run in [&["--dry-run"][..], &[]] {
        let args = [&["cycle", "--state", "active,expired", "--session", &a], dry_run].concat();
        let ended = shop(&sandbox, args).succeeds().stdout();
        assert!(ended.contains("  alice  "), "{ended}");
    }
    let ended =
        shop(&sandbox, ["cycle", "--user", "bob", "--state", "active,expired"]).succeeds().stdout();
    assert_eq!(ended.matches("  bob  ").count(), 2, "{ended}");
    let ended =
        shop(&sandbox, ["cycle", "--all", "--json", "--state", "active,expired"]).succeeds().json();
    assert!(users(&ended).contains(&(Some("1"), alice)), "{ended}");
}

#[test]
fn a_user_is_selected_by_the_name_or_the_id() {
    let sandbox = sandbox(PEOPLE);
    for (user, sessions) in
        [("alice", 2), ("1", 2), ("bob", 2), ("2", 2), ("3", 1), ("4", 2), ("Alice", 0), ("01", 0)]
    {
        let listed = shop(&sandbox, ["list", "--user", user, "--json"]).succeeds().json();
        assert_eq!(handles(&listed).len(), sessions, "{user}: {listed}");
    }
    shop(&sandbox, ["cycle", "--user", "alice", "--state", "active,expired"]).succeeds();
    let left = shop(&sandbox, ["list", "--json"]).succeeds().json();
    assert_eq!(handles(&left).len(), 6);
    let none = shop(&sandbox, ["cycle", "--user", "alice"]);
    let unknown = shop(&sandbox, ["cycle", "--user", "Ali,bob"]);
    assert_eq!(
        unknown.exits(5).stderr(),
        "sessctl: no user with people.nick \"Ali\"; did you mean \"alice\"?\n"
    );
    assert_eq!(
        none.exits(5).stderr(),
        "sessctl: no live session of user \"alice\"; the table keeps ids of users: \"1\"\n"
    );
}

#[test]
fn a_user_whose_id_is_the_name_of_another_is_ambiguous() {
    let sandbox = sandbox(
        "CREATE TABLE people (id INTEGER PRIMARY KEY, nick TEXT);
         INSERT INTO people VALUES (1, 'alice'), (2, '1'), (3, '3'), (4, '3')",
    );
    let said = "sessctl: user \"1\" is ambiguous: it is the id of user \"alice\", and the name of \
                the user with the id \"2\"; select one with --user \"alice\" or --user \"2\"\n";
    for command in ["list", "cycle"] {
        let refused = shop(&sandbox, [command, "--user", "1"]);
        assert_eq!(refused.is_refused_with(2).stderr(), said);
        shop(&sandbox, [command, "--user", "3"]).is_refused_with(2);
    }
    let listed = shop(&sandbox, ["list", "--user", "2", "--json"]).succeeds().json();
    assert_eq!(users(&listed), [(Some("2"), Some("1")); 2]);
}

#[test]
fn all_users_with_the_same_name_are_selected() {
    let sandbox = sandbox(
        "CREATE TABLE people (id INTEGER PRIMARY KEY, nick TEXT);
         INSERT INTO people VALUES (1, 'sam'), (2, 'sam'), (3, 'Sam')",
    );
    let ended = shop(&sandbox, ["cycle", "--user", "sam", "--json", "--state", "active,expired"])
        .succeeds()
        .json();
    assert_eq!(handles(&ended).len(), 4, "{ended}");
}

#[test]
fn without_such_a_table_ids_are_shown() {
    for (people, why) in [
        ("", "there is no table people"),
        ("CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT)", "people has no column nick"),
        ("CREATE TABLE people (uid INTEGER PRIMARY KEY, nick TEXT)", "people has no column id"),
        ("CREATE TABLE people (id INTEGER, nick TEXT)", "people has no index on id"),
        (
            "CREATE TABLE p (id INTEGER, nick TEXT); CREATE VIEW people AS SELECT * FROM p",
            "people has no index on id",
        ),
    ] {
        let sandbox = sandbox(people);
        let listed = shop(&sandbox, ["list", "--json"]);
        assert_eq!(listed.succeeds().stderr(), "");
        assert!(users(&listed.json()).contains(&(Some("1"), None)), "{}", listed.stdout());
        for args in [&["list"][..], &["show", "users"], &["cycle", "--user", "2", "--dry-run"]] {
            let said = shop(&sandbox, [args, &["-v"]].concat()).succeeds().stderr();
            let reason = format!("sessctl: users are shown by their ids: {why}\n");
            assert_eq!(said.matches(&reason).count(), 1, "{said}");
        }
        assert_eq!(
            shop(&sandbox, ["cycle", "--user", "2", "--state", "active,expired"])
                .succeeds()
                .stdout()
                .lines()
                .count(),
            2
        );
    }
}

#[test]
fn a_view_and_a_key_of_text_will_do() {
    for people in [
        "CREATE TABLE p (id INTEGER PRIMARY KEY, nick TEXT); INSERT INTO p VALUES (1, 'alice');
         CREATE VIEW people AS SELECT id, nick FROM p",
        "CREATE TABLE people (id TEXT PRIMARY KEY COLLATE NOCASE, nick) WITHOUT ROWID;
         INSERT INTO people VALUES ('1', 'alice')",
        "CREATE TABLE people (id, nick); CREATE INDEX i ON people (id);
         INSERT INTO people VALUES ('1', 'alice'), (1, 'alice')",
    ] {
        let sandbox = sandbox(people);
        let listed = shop(&sandbox, ["list", "--user", "alice", "--json"]).succeeds().json();
        assert_eq!(users(&listed), [(Some("1"), Some("alice")); 2], "{people}");
    }
}

#[test]
fn names_are_made_harmless() {
    let sandbox = sandbox(
        "CREATE TABLE people (id INTEGER PRIMARY KEY, nick TEXT);
         INSERT INTO people VALUES (1, char(27) || '[2J'), (2, '=1+1'), (3, ''), (4, 17)",
    );
    let listed = shop(&sandbox, ["list"]).succeeds().stdout();
    assert!(!listed.contains('\u{1b}') && listed.contains(r"\u{1b}[2J"), "{listed}");
    let csv = shop(&sandbox, ["list", "-o", "csv"]).succeeds().stdout();
    assert!(csv.contains(",'=1+1"), "{csv}");
    let ended = shop(&sandbox, ["cycle", "--all", "--state", "active,expired"]).succeeds().stdout();
    assert!(!ended.contains('\u{1b}') && ended.contains("  17  "), "{ended}");
}

#[test]
fn a_purge_does_not_read_the_users() {
    // A view that fails if it is read
    let sandbox = sandbox(
        "CREATE TABLE p (id INTEGER PRIMARY KEY, nick TEXT); INSERT INTO p VALUES (1, '{');
         CREATE VIEW people AS SELECT id, json(nick) AS nick FROM p",
    );
    let listed = shop(&sandbox, ["list", "--json"]).succeeds().json();
    assert!(users(&listed).contains(&(Some("1"), None)), "{listed}");
    shop(&sandbox, ["purge"]).succeeds().is_silent();
    assert_eq!(shop(&sandbox, ["purge", "--each"]).succeeds().stderr(), "");
}
