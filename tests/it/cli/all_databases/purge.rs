//! `purge --all-databases`.

use super::{Host, column, entry};
use crate::support::{HOUR, row};

#[test]
fn each_database_is_purged_and_nothing_is_said_without_a_terminal() {
    let host = Host::new();
    host.run("purge --all-databases").succeeds().is_silent();
    let left = host.run("show stat --all-databases --json").succeeds().json();
    assert_eq!(column(&left, "database"), ["shop", "blog", "mail"]);
    assert_eq!(column(&left, "expired"), ["0", "0", "0"]);
    let runs = host.run("show runs --all-databases --json").succeeds().json();
    assert_eq!(column(&runs, "outcome"), ["done", "done", "done"]);
}

#[test]
fn a_format_lists_the_figures_of_each_database() {
    for parallel in ["", "--parallel 3"] {
        let host = Host::new();
        let purged = host.run(&format!("purge --all-databases --json {parallel}"));
        let purged = purged.succeeds().json();
        assert_eq!(column(&purged, "database"), ["shop", "blog", "mail"]);
        assert_eq!(column(&purged, "profile"), ["null", "django", "laravel"]);
        assert_eq!(column(&purged, "outcome"), ["done", "done", "done"]);
        assert_eq!(column(&purged, "exit_code"), ["0", "0", "0"]);
        assert_eq!(purged[0]["ended"], 2);
    }
}

#[test]
fn facts_begin_with_the_database() {
    let host = Host::new();
    let facts = host.run("purge --all-databases -o plain").succeeds().stdout();
    assert!(facts.contains("shop.purge.ended 2\n"), "{facts}");
    assert!(facts.contains("blog.purge.outcome done\n"), "{facts}");
    let csv = host.run("purge --all-databases -o csv").succeeds().stdout();
    assert!(csv.starts_with("database,outcome,exit_code,dry_run,profile,"), "{csv}");
    assert_eq!(csv.lines().count(), 4);
}

/// With a database `forge`, whose profile is read-only.
fn with_read_only() -> Host {
    let host = Host::new();
    let db = rusqlite::Connection::open(host.path("forge.db")).unwrap();
    db.execute_batch(&crate::support::fixtures::named("gitea").sql).unwrap();
    host.add(&entry("forge", "forge.db"));
    host.add("profile = \"gitea\"\nparameters = { lifetime = \"1d\" }\n");
    host
}

#[test]
fn the_ledger_says_once_that_a_purge_was_refused() {
    let host = with_read_only();
    host.run("run");
    host.jobs_have_waited();
    host.run("run").exits(4);
    let check = host.run("--db forge check").exits(1).stdout();
    assert!(check.contains(" was refused: profile gitea is read-only"), "{check}");
    let doctor = host.run("--db forge doctor").exits(3).stdout();
    assert!(doctor.contains(" was refused: profile gitea is read-only"), "{doctor}");
    let runs = host.run("--db forge show runs").succeeds().stdout();
    assert!(runs.contains("  profile gitea is read-only"), "{runs}");
}

#[test]
fn a_dry_run_shows_that_a_read_only_profile_refuses() {
    let host = with_read_only();
    let shown = host.run("purge --all-databases --dry-run").exits(4).stdout();
    let row = shown.lines().last().unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(row.starts_with("forge refused "), "{shown}");
    assert!(row.contains(" this purge would be refused: profile gitea is read-only"), "{shown}");
    let said = host.run("purge --all-databases").exits(4).stderr();
    assert_eq!(said.matches("refused").count(), 1, "{said}");
}

#[test]
fn a_dry_run_shows_a_row_for_each_database_and_changes_nothing() {
    let host = Host::new();
    let before = host.sandbox.files();
    let shown = host.run("purge --all-databases --dry-run").succeeds().stdout();
    insta::assert_snapshot!(shown, @r"
    DATABASE  OUTCOME  ENDED  DELETED  LIVE  REASON
    shop      dry run      2        0     1  -
    blog      dry run      4        4     0  -
    mail      dry run      3        3     0  -
    ");
    let rows = host.run("purge --all-databases --dry-run --json").succeeds().json();
    assert_eq!(column(&rows, "dry_run"), ["true", "true", "true"]);
    assert_eq!(host.sandbox.files().keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
    for (name, bytes) in host.sandbox.files() {
        assert_eq!(before[&name], bytes, "{name}");
    }
    let reason = host.run("purge --all-databases --dry-run --limit 3").is_refused_with(2).stderr();
    assert!(reason.contains("pass --db NAME"), "{reason}");
}

#[test]
fn the_sessions_that_end_are_listed_with_their_databases() {
    let host = Host::new();
    let lines = host.run("purge --all-databases --each").succeeds().stdout();
    assert!(
        lines
            .lines()
            .all(|line| ["shop  ", "blog  ", "mail  "].iter().any(|it| line.starts_with(it)))
    );
    let of_shop = lines.lines().filter(|line| line.starts_with("shop  "));
    assert_eq!(of_shop.count(), 2);
    let host = Host::new();
    let sessions = host.run("purge --all-databases --each -o jsonl").succeeds().stdout();
    let first: serde_json::Value = serde_json::from_str(sessions.lines().next().unwrap()).unwrap();
    assert_eq!((&first["database"], &first["end_reason"]), (&"shop".into(), &"expired".into()));
    assert_eq!(sessions.lines().count(), lines.lines().count());
}

#[test]
fn what_a_purge_does_not_do_is_said_with_the_database() {
    let host = Host::new();
    let refused = host.run("purge --all-databases --max-rows 1");
    let said = refused.exits(4).stderr();
    assert!(said.starts_with("sessctl: shop: the guard"), "{said}");
    assert_eq!(host.run("purge --all-databases -q --json").succeeds().stdout(), "");
}

#[test]
fn verbose_says_what_was_done_in_each() {
    let host = Host::new();
    let said = host.run("purge --all-databases -v").succeeds().stderr();
    assert!(
        said.contains("\nsessctl: shop: ended 2 and deleted 0 sessions in ")
            || said.starts_with("sessctl: shop: "),
        "{said}"
    );
    assert!(said.lines().all(|line| line.starts_with("sessctl: ")), "{said}");
}

#[test]
fn one_database_is_named_or_all_are_meant() {
    let host = Host::new();
    let reason = host.run("--db shop purge --all-databases").is_refused_with(2).stderr();
    assert_eq!(reason, "sessctl: --all-databases and --db exclude each other\n");
    let reason = host.run("list --all-databases").is_refused_with(2).stderr();
    assert!(reason.contains("unknown option \"--all-databases\""), "{reason}");
    host.run("purge --parallel 2").is_refused_with(2);
    let reason = host.run("purge --all-databases --archive a.jsonl").is_refused_with(2).stderr();
    assert!(reason.contains("[database.archive]"), "{reason}");
    // What is named in the environment is a default.
    let mut command = host.command("purge --all-databases --json");
    command.env("SESSCTL_DB", "shop.db");
    let purged = crate::support::Finished(command.output().unwrap()).succeeds().json();
    assert_eq!(purged.as_array().unwrap().len(), 3);
}

#[test]
fn without_databases_there_is_advice() {
    let host = Host::new();
    host.configure("");
    let reason = host.run("purge --all-databases").is_refused_with(2).stderr();
    assert!(reason.contains("add a [[database]]"), "{reason}");
}

#[test]
fn one_database_with_a_name_is_purged_as_before() {
    let host = Host::new();
    host.sandbox.file("d.toml", "");
    host.run("--db shop purge").succeeds().is_silent();
    let db = rusqlite::Connection::open(host.path("shop.db")).unwrap();
    row("later").idle(HOUR).insert(&db);
    let purged = host.run("--db shop purge --json").succeeds().json();
    assert_eq!((&purged["ended"], &purged["database"]), (&1.into(), &serde_json::Value::Null));
}
