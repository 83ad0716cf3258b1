//! What is shown for a database.

use std::fs;

use super::{DJANGO, Host, LARAVEL, names};
use crate::support::{HOUR, MINUTE, Sandbox, row};

#[test]
fn a_database_is_shown_with_its_profile_its_owner_and_its_sessions() {
    let host = Host::new();
    host.django("shop/db.sqlite3", 3, 4);
    let found = host.found();
    let entry = &found["shop/db.sqlite3"];
    assert_eq!(entry["profile"], "django");
    assert_eq!(entry["table"], "django_session");
    assert_eq!((&entry["sessions"], &entry["expired_percent"]), (&4.into(), &75.0.into()));
    assert_eq!(entry["sessions_complete"], true);
    assert_eq!(entry["purge"], "no");
    assert!(entry["owner"].as_str().is_some_and(|owner| !owner.is_empty()));
}

#[test]
fn the_table_has_a_row_for_each_database() {
    let host = Host::new();
    host.django("b/db.sqlite3", 3, 4);
    host.database("a/app.db", LARAVEL);
    let shown = host.run("srv").succeeds().stdout();
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let lines: Vec<Vec<String>> = shown.lines().map(words).collect();
    assert_eq!(lines.len(), 3, "{shown}");
    assert!(lines[0].starts_with(&["PATH".into(), "PROFILE".into(), "OWNER".into()]), "{shown}");
    assert!(lines[1][0].ends_with("a/app.db") && lines[1][1] == "laravel", "{shown}");
    assert!(lines[2][0].ends_with("b/db.sqlite3") && lines[2][1] == "django", "{shown}");
}

#[test]
fn what_is_expired_is_unknown_without_the_parameter() {
    let host = Host::new();
    let db = host.database("app.db", LARAVEL);
    db.execute_batch("INSERT INTO sessions VALUES ('a', 1, '', '', '', 1700000000)").unwrap();
    let entry = &host.found()["app.db"];
    assert_eq!((&entry["profile"], &entry["sessions"]), (&"laravel".into(), &1.into()));
    assert!(entry["expired_percent"].is_null() && entry["reclaimable_bytes"].is_null());
    assert_eq!(entry["note"], "what is expired depends on the parameter lifetime");
    host.database("grafana.db", &crate::support::fixtures::named("grafana").sql);
    let note = host.found()["grafana.db"]["note"].to_string();
    assert!(note.contains("depends on the parameters lifetime and idle"), "{note}");
}

#[test]
fn the_native_table_is_shown_and_state_files_are_not() {
    let sandbox = Sandbox::new();
    for (token, idle) in [("live", MINUTE), ("due", HOUR)] {
        sandbox.insert(&row(token).idle(idle));
    }
    let host = Host::new();
    fs::create_dir(host.path("mail")).unwrap();
    for name in ["mail/sessions.db", "mail/empty.db"] {
        fs::copy(sandbox.path("app.db"), host.path(name)).unwrap();
    }
    let empty = rusqlite::Connection::open(host.path("mail/empty.db")).unwrap();
    empty.execute_batch("DELETE FROM sessions").unwrap();
    drop(empty);
    fs::copy(host.path("mail/empty.db"), host.path("mail/db.sqlite3-0123456789ab.db")).unwrap();
    let found = host.found();
    assert_eq!(names(&found), ["mail/empty.db", "mail/sessions.db"]);
    let entry = &found["mail/sessions.db"];
    assert_eq!((&entry["profile"], &entry["sessions"]), (&"native".into(), &2.into()));
    assert_eq!(entry["expired_percent"], 50.0);
}

#[test]
fn the_bytes_that_a_purge_would_free_are_estimated() {
    let host = Host::new();
    host.django("all.sqlite3", 20_000, 20_000);
    host.django("none.sqlite3", 0, 20_000);
    let found = host.found();
    let bytes = |name: &str| found[name]["reclaimable_bytes"].as_u64().unwrap();
    assert_eq!(bytes("none.sqlite3"), 0);
    let size = fs::metadata(host.path("all.sqlite3")).unwrap().len();
    assert!((size / 3..size).contains(&bytes("all.sqlite3")), "{}", bytes("all.sqlite3"));
}

#[test]
fn free_pages_count_as_well() {
    let host = Host::new();
    let db = host.django("db.sqlite3", 0, 20_000);
    db.execute_batch("DELETE FROM django_session").unwrap();
    let free: i64 = db.query_row("PRAGMA freelist_count", [], |row| row.get(0)).unwrap();
    drop(db);
    let entry = &host.found()["db.sqlite3"];
    assert_eq!(entry["reclaimable_bytes"], free * 4096);
    assert!(entry["expired_percent"].is_null());
}

#[test]
fn a_purge_is_configured_by_a_job() {
    let host = Host::new();
    host.django("one.sqlite3", 1, 2);
    host.django("two.sqlite3", 1, 2);
    let config =
        "db = \"srv/one.sqlite3\"\n[[job]]\nname = \"p\"\nat = \"15 * *\"\ndo = \"purge\"\n";
    host.sandbox.file("sessctl.toml", config);
    let found = host.run("srv --json --config sessctl.toml").succeeds().json();
    assert_eq!((&found[0]["purge"], &found[1]["purge"]), (&"yes".into(), &"no".into()));
}

#[test]
fn a_database_without_a_table_of_sessions_is_not_listed() {
    let host = Host::new();
    host.database("other.db", "CREATE TABLE larder (jam TEXT, jars INTEGER)");
    host.database("empty.db", "CREATE TABLE t (a); DROP TABLE t");
    host.file("text.txt", "words\n".repeat(1_000));
    assert!(host.found().is_empty());
    let said = host.run("srv -v").succeeds().stderr();
    assert!(
        said.contains("1 directory and 3 files searched: 2 SQLite databases, 0 listed"),
        "{said}"
    );
}

#[test]
fn which_of_several_tables_is_meant_is_left_open() {
    let host = Host::new();
    let db = host.django("db.sqlite3", 1, 2);
    db.execute_batch(LARAVEL).unwrap();
    db.execute_batch("INSERT INTO sessions VALUES ('a', 1, '', '', '', 1700000000)").unwrap();
    let entry = &host.found()["db.sqlite3"];
    assert!(entry["profile"].is_null() && entry["sessions"].is_null());
    let note = entry["note"].as_str().unwrap();
    assert!(
        note.contains("django_session: django") && note.contains("sessions: laravel"),
        "{note}"
    );
}

#[test]
fn a_directory_that_cannot_be_searched_is_a_usage_error() {
    let host = Host::new();
    let said = host.run("srv/none --json").is_refused_with(2).stderr();
    assert!(said.contains("could not search") && said.contains("No such file"), "{said}");
    host.file("file", "");
    host.run("srv/file").is_refused_with(2);
    host.run("--toml --json srv").is_refused_with(2);
}

#[test]
fn every_format_but_metrics_is_available() {
    let host = Host::new();
    host.database("db.sqlite3", DJANGO);
    for format in ["table", "plain", "csv", "json", "jsonl"] {
        let shown = host.run(&format!("srv -o {format}")).succeeds().stdout();
        assert!(shown.contains("django"), "{shown}");
    }
    host.run("srv -o prometheus").is_refused_with(2);
}
