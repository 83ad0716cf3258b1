//! Reports of the sessions that end, with their users and ids.

use crate::cli::adopted::{
    DJANGO, GITEA, OVER, TWO_WEEKS, VALID, database, handle, insert_signed, laravel, left, run,
};
use crate::support::{Finished, Sandbox, handles};

/// Creates Django's table with a session of user 3, an anonymous one, and pickled ones, of which
/// one has expired.
fn pickled() -> Sandbox {
    let sandbox = database(DJANGO);
    for (key, data, time) in [
        ("three", "eyJ4IjogTmFOLCAiX2F1dGhfdXNlcl9pZCI6ICIzIn0", VALID),
        ("nobody", "e30", VALID),
        ("pickled", "gAR9lC4", VALID),
        ("pickled before", "gAR9lC4", OVER),
    ] {
        insert_signed(&sandbox, key, data, time, TWO_WEEKS);
    }
    sandbox
}

#[test]
fn sessions_whose_user_cannot_be_read_are_reported_where_a_user_is_asked_for() {
    let sandbox = pickled();
    let says = |ran: &Finished, follows: &str| {
        assert_eq!(
            ran.stderr(),
            format!(
                "sessctl: could not read the user of 2 sessions, so {follows}; `sessctl list \
                 --user-unreadable` shows them, and `sessctl cycle --user-unreadable` ends them\n"
            )
        );
    };
    let listed = run(&sandbox, ["list", "--user", "3", "--json"]);
    assert_eq!(handles(&listed.exits(3).json()), [handle("three")]);
    says(&listed, "list leaves them out");
    let any = ["--state", "active,expired"];
    let dry = run(&sandbox, [&["cycle", "--user", "3", "--dry-run", "--json"], &any[..]].concat());
    assert_eq!(handles(&dry.exits(3).json()), [handle("three")]);
    let summary = "\nwould end 1 session of 1 user\n\
                   sessctl: note: this does not end: sessions in the cache, with the engine \
                   cached_db\n";
    assert!(dry.stderr().ends_with(summary), "{}", dry.stderr());
    // What can be ended is ended, and the rest is said also to those who want it quiet.
    let cycled = run(&sandbox, [&["cycle", "--user", "3", "-q"], &any[..]].concat());
    assert_eq!(cycled.exits(3).stdout(), "");
    says(&cycled, "cycle left them alone");
    let left_now = || left(&sandbox, "django_session", "session_key");
    assert_eq!(left_now(), ["nobody", "pickled", "pickled before"]);
    // Nobody knows whether there is nothing to end.
    let again = run(&sandbox, [&["cycle", "--user", "3"], &any[..]].concat());
    says(again.exits(3), "cycle left them alone");
    run(&sandbox, ["list", "--user", "3", "--state", "unreadable", "--json"]).succeeds();
    let one = run(&sandbox, ["list", "--user", "3", "--state", "expired", "--json"]);
    assert!(one.exits(3).stderr().contains("the user of 1 session, so list leaves it out"));
    let users = run(&sandbox, ["show", "users", "--json"]);
    assert_eq!(users.succeeds().json()[0]["sessions"], 2);
    assert!(
        users
            .stderr()
            .contains("the user of 1 session, so show users counts it as sessions without a user")
    );
    run(&sandbox, ["list", "--json"]).succeeds();
    let unreadable = run(&sandbox, ["list", "--user-unreadable", "--json"]).succeeds().json();
    assert_eq!(handles(&unreadable), [handle("pickled"), handle("pickled before")]);
    run(&sandbox, [&["cycle", "--user-unreadable"], &any[..]].concat()).succeeds();
    assert_eq!(left_now(), ["nobody"]);
    run(&sandbox, ["cycle", "--user", "3"]).is_refused_with(5);
}

#[test]
fn a_user_is_not_asked_for_where_the_profile_names_none() {
    let sandbox = database(GITEA);
    sandbox.db().execute("INSERT INTO session VALUES ('a', 'b', 4000000000)", []).unwrap();
    for args in [["list", "--user", "3"], ["list", "--user-unreadable", "--json"]] {
        let ran = run(&sandbox, args.into_iter().chain(["--param", "lifetime=1d"]));
        let reason = "the table \"session\" has no user of a session; it has: last use, expiry";
        assert!(ran.exits(2).stderr().contains(reason), "{}", ran.stderr());
    }
    let own = Sandbox::new();
    own.open([]);
    assert_eq!(own.run(["list", "--user-unreadable", "--json"]).succeeds().stdout(), "[]\n");
}

const ODD: &str = r#"
name = "odd"
table = "t"
id = "id"
columns = ["id", "expires", "note"]
[times.expires]
encoding = "unix"
unit = "seconds"
[[expired]]
at = "expires"
boundary = "<"
when = [{ column = "note", not = "kept" }]
"#;

#[test]
fn rows_with_ids_that_are_neither_text_nor_integers_are_counted_and_deleted() {
    let sandbox = database(
        "CREATE TABLE t (id PRIMARY KEY, expires, note) WITHOUT ROWID;
         INSERT INTO t VALUES (CAST(x'ff' AS TEXT), 1500000000, CAST(x'fe' AS TEXT)),
         (CAST(x'fe61' AS TEXT), 5000000000, ''), (1.5, 1500000000, ''), (-9e999, 1500000000, ''),
         (9e999, 5000000000, ''), (7, 1500000000, ''), ('a', 1500000000, 'kept')",
    );
    sandbox.file("odd.toml", ODD);
    let odd =
        |args: &[&str]| run(&sandbox, args.iter().copied().chain(["--profile", "./odd.toml"]));
    let stat = odd(&["show", "stat", "--json"]).succeeds().json();
    assert_eq!((&stat[0]["live"], &stat[0]["expired"]), (&3.into(), &4.into()));
    let dry = odd(&["purge", "--dry-run", "--json"]).succeeds().json();
    assert_eq!((&dry["deleted"], &dry["unreadable"]), (&4.into(), &0.into()));
    let refused = odd(&["purge", "--max-rows", "3"]).exits(4).stderr();
    assert!(refused.contains("4 of 7"), "{refused}");
    odd(&["purge"]).succeeds().is_silent();
    let listed = odd(&["list", "--json"]).succeeds().json();
    let listed = handles(&listed);
    assert_eq!(listed.len(), 3);
    odd(&["show", "session", &listed[0]]).succeeds();
    odd(&["cycle", "--session", &listed[0]]).succeeds();
    odd(&["cycle", "odd"]).succeeds();
    assert!(left(&sandbox, "t", "note").is_empty());
}

#[test]
fn d9_each_expired_session_that_goes_is_reported_with_what_the_profile_knows() {
    let sandbox = laravel();
    sandbox.file("sessctl.toml", "[parameters]\nlifetime = \"2h\"\n");
    let purge = ["--config", "sessctl.toml", "purge", "--each", "--json"];
    let rows = run(&sandbox, purge).succeeds().json();
    let mut gone: Vec<(String, String)> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["handle"].as_str().unwrap().to_owned(), row["user"].to_string()))
        .collect();
    gone.sort();
    let mut wanted =
        vec![(handle("old"), "\"7\"".to_owned()), (handle("older"), "null".to_owned())];
    wanted.sort();
    assert_eq!(gone, wanted);
    assert_eq!((&rows[0]["end_reason"], &rows[0]["state"]), (&"expired".into(), &"expired".into()));
}
