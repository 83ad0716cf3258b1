//! `sessctl profile draft`.

use super::{database, django, laravel, run, three};
use crate::support::Sandbox;

const LOGINS: &str = "CREATE TABLE member (id INTEGER PRIMARY KEY, name TEXT);
     CREATE TABLE logins (token TEXT PRIMARY KEY, member_id INTEGER REFERENCES member (id),
         expires_at INTEGER NOT NULL);
     INSERT INTO member VALUES (1, 'ann'), (2, 'bob');
     INSERT INTO logins VALUES ('a', 1, 1500000000), ('b', 1, 32500000000), ('c', 2, 32500000001);";

#[test]
fn the_profile_alone_goes_to_standard_output() {
    let sandbox = database(LOGINS);
    let before = sandbox.files();
    let ran = run(&sandbox, ["profile", "draft"]);
    assert!(sandbox.files() == before);
    let text = ran.succeeds().stdout();
    assert!(text.starts_with("# A draft for the table logins, "), "{text}");
    insta::assert_snapshot!(ran.stderr(), @"
    sessctl: logins looks most like a table of sessions, by its name and its columns expires_at, token, member_id; for another table, pass --table: member
    sessctl: next: save it as own.toml, then `sessctl profile check ./own.toml --db app.db`
    ");
    assert_eq!(run(&sandbox, ["profile", "draft", "-q"]).succeeds().stderr(), "");
    // The command that it names.
    sandbox.file("own.toml", text);
    let checked = run(&sandbox, ["profile", "check", "./own.toml"]).succeeds().stdout();
    assert!(checked.ends_with("\na purge would delete 1 of 3 sessions\n"), "{checked}");
}

#[test]
fn the_next_command_has_each_parameter() {
    let sandbox = laravel();
    let said = run(&sandbox, ["profile", "draft", "--table", "SESSIONS"]).succeeds().stderr();
    insta::assert_snapshot!(said, @"
    sessctl: the built-in profile laravel fits sessions: `sessctl profile check laravel` compares them
    sessctl: next: save it as own.toml, then `sessctl profile check ./own.toml --db app.db --param lifetime=30d`, with your values
    ");
    let said = run(&three(), ["profile", "draft"]).succeeds().stderr();
    insta::assert_snapshot!(said, @"
    sessctl: django_session looks most like a table of sessions, by its name and its columns expire_date, session_key
    sessctl: the built-in profile django fits django_session: `sessctl profile check django` compares them
    sessctl: next: save it as own.toml, then `sessctl profile check ./own.toml --db app.db --param timezone=ZONE`, with your values
    ");
}

#[test]
fn a_table_without_a_time_is_refused() {
    let sandbox = database(
        "CREATE TABLE sessions (id TEXT PRIMARY KEY, note TEXT);
                            INSERT INTO sessions VALUES ('a', 'x'), ('b', 'y');",
    );
    let named = run(&sandbox, ["profile", "draft", "--table", "sessions"]);
    insta::assert_snapshot!(named.is_refused_with(4).stderr(), @r#"sessctl: refused: sessions has no column whose values can be a time of a session: its end, its last use or its opening; its columns are id, note; a profile written by hand can read JSON in a BLOB by `path`, but neither base64 nor another binary form (docs/profiles.md, "From an unknown table to a tested profile")"#);
    let found = run(&sandbox, ["profile", "draft"]);
    insta::assert_snapshot!(found.is_refused_with(4).stderr(), @r#"sessctl: refused: sessions has no column whose values can be a time of a session: its end, its last use or its opening; a profile written by hand can read JSON in a BLOB by `path`, but neither base64 nor another binary form (docs/profiles.md, "From an unknown table to a tested profile")"#);
}

#[test]
fn several_tables_that_may_be_meant_are_named() {
    let sandbox = database(
        "CREATE TABLE sessions (id TEXT PRIMARY KEY, expires INTEGER);
         CREATE TABLE user_sessions (id TEXT PRIMARY KEY, expires INTEGER);
         CREATE TABLE other (x);
         INSERT INTO sessions VALUES ('a', 32500000000);
         INSERT INTO user_sessions VALUES ('a', 32500000000);",
    );
    let ran = run(&sandbox, ["profile", "draft"]);
    insta::assert_snapshot!(ran.is_refused_with(2).stderr(), @r#"sessctl: cannot tell which table in "app.db" holds the sessions: sessions and user_sessions look alike; pass --table with one of its tables: other, sessions, user_sessions"#);
    let none = database("CREATE TABLE a (x); CREATE TABLE b (y);");
    insta::assert_snapshot!(run(&none, ["profile", "draft"]).is_refused_with(2).stderr(), @r#"sessctl: no table in "app.db" looks like one of sessions; pass --table with one of its tables: a, b"#);
}

#[test]
fn there_must_be_a_table_of_another_program() {
    let sandbox = django(&[]);
    let unknown = run(&sandbox, ["profile", "draft", "--table", "nope"]);
    insta::assert_snapshot!(unknown.is_refused_with(10).stderr(), @r#"sessctl: "app.db" cannot be used: it has no table nope; it has django_session; `sessctl profile draft --db app.db --table django_session > own.toml` writes a profile for it"#);
    let own = run(&Sandbox::new(), ["profile", "draft"]);
    insta::assert_snapshot!(own.is_refused_with(4).stderr(), @r#"sessctl: refused: "app.db" is sessctl's own database, which needs no profile"#);
}

#[test]
fn the_largest_table_is_sampled() {
    let sandbox = database(LOGINS);
    sandbox
        .db()
        .execute_batch(
            "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n LIMIT 50000)
             INSERT INTO logins SELECT 'token ' || n, n % 2 + 1, 32500000000 + n FROM n;",
        )
        .unwrap();
    let text = run(&sandbox, ["profile", "draft"]).succeeds().stdout();
    assert!(text.contains("of its rows)"), "{text}");
    assert!(text.contains("at = \"expires_at\""), "{text}");
}

#[test]
fn names_and_values_that_act_on_a_terminal_are_escaped() {
    let sandbox = database(
        "CREATE TABLE \"sessions\u{1b}[2J\" (\"id\u{202e}\" TEXT PRIMARY KEY, expires TEXT, kind TEXT);
         INSERT INTO \"sessions\u{1b}[2J\" VALUES ('\u{1b}[2J', '2999-12-31 23:59:59', 'a\u{202e}'),
             ('x', '9999-12-31\u{1b}[2J', 'b\u{1b}'), ('y', '2998-12-31 23:59:59', 'b\u{1b}');",
    );
    let ran = run(&sandbox, ["profile", "draft"]);
    let said = ran.succeeds().stdout() + &ran.stderr();
    assert!(!said.contains(['\u{1b}', '\u{202e}']), "{said:?}");
    // It is still the profile of this table.
    sandbox.file("own.toml", ran.stdout());
    let check = ["profile", "check", "./own.toml", "--param", "timezone=UTC"];
    let checked = run(&sandbox, check).succeeds().stdout();
    assert!(checked.contains("a purge would delete 0 of 3 sessions"), "{checked}");
}

#[test]
fn accounts_are_not_chosen() {
    let users =
        "CREATE TABLE login_users (id INTEGER PRIMARY KEY, email TEXT UNIQUE, password TEXT,
             token TEXT, last_login INTEGER, token_expires INTEGER);
         INSERT INTO login_users VALUES (1, 'a@example.com', 'x', NULL, 1500000000, 32500000000);";
    let sandbox = database(users);
    insta::assert_snapshot!(run(&sandbox, ["profile", "draft"]).is_refused_with(2).stderr(), @r#"sessctl: no table in "app.db" looks like one of sessions; the rows of login_users look like accounts: they have a password, in password; pass --table with one of its tables: login_users"#);
    let sandbox = database(&format!("{users}{LOGINS}"));
    insta::assert_snapshot!(run(&sandbox, ["profile", "draft"]).succeeds().stderr(), @"
    sessctl: logins looks most like a table of sessions, by its name and its columns expires_at, token, member_id; for another table, pass --table: login_users, member; the rows of login_users look like accounts: they have a password, in password
    sessctl: next: save it as own.toml, then `sessctl profile check ./own.toml --db app.db`
    ");
    let named = run(&sandbox, ["profile", "draft", "--table", "login_users"]);
    let text = named.succeeds().stdout();
    assert!(text.contains("\nreadonly = \"the rows look like accounts, "));
}

#[test]
fn numbers_of_an_unknown_meaning_are_named() {
    let sandbox = database(
        "CREATE TABLE sessions (id TEXT PRIMARY KEY, last_used INTEGER);
         INSERT INTO sessions VALUES ('a', 300000000), ('b', 300000001);",
    );
    let ran = run(&sandbox, ["profile", "draft", "--table", "sessions"]);
    insta::assert_snapshot!(ran.is_refused_with(4).stderr(), @r#"sessctl: refused: sessions has no column whose values can be a time of a session: its end, its last use or its opening; its columns are id, last_used; the numbers in last_used would be times decades away from now; a profile written by hand can read JSON in a BLOB by `path`, but neither base64 nor another binary form (docs/profiles.md, "From an unknown table to a tested profile")"#);
}

#[test]
fn a_zone_in_the_west_is_mentioned() {
    let sandbox = database(
        "CREATE TABLE sessions (id TEXT PRIMARY KEY, last_seen TEXT);
         INSERT INTO sessions VALUES ('a', strftime('%Y-%m-%d %H:%M:%S', 'now', '-7 hours', '-1 minutes'));",
    );
    let said = run(&sandbox, ["profile", "draft"]).succeeds().stderr();
    assert!(said.contains(" --param timezone=ZONE`, with your values (the zone may be "), "{said}");
}
