//! `show` and `doctor` with `--all-databases`.

use super::{Host, column};

#[test]
fn figures_of_all_databases_are_one_table() {
    let host = Host::new();
    let table = host.run("show stat --all-databases").succeeds().stdout();
    let columns = |line: &str| line.split_whitespace().take(5).collect::<Vec<_>>().join(" ");
    let rows: Vec<String> = table.lines().map(columns).collect();
    insta::assert_snapshot!(rows.join("\n"), @r"
    DATABASE TASK TABLE LIVE EXPIRED
    shop imap - 1 2
    blog django django_session 0 4
    mail laravel sessions 0 3
    ");
    let json = host.run("show stat --all-databases --json").succeeds().json();
    assert_eq!(column(&json, "profile"), ["null", "django", "laravel"]);
    let facts = host.run("show stat --all-databases -o plain").succeeds().stdout();
    assert!(facts.contains("shop.imap.sessions.live 1\n"), "{facts}");
}

#[test]
fn runs_are_shown_by_time_and_cut_as_a_whole() {
    let host = Host::new();
    for database in ["mail", "shop", "blog"] {
        host.run(&format!("--db {database} purge")).succeeds();
        host.run(&format!("--db {database} purge")).succeeds();
    }
    let all = host.run("show runs --all-databases --json --limit 0").succeeds().json();
    assert_eq!(all.as_array().unwrap().len(), 6);
    let times: Vec<i64> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|run| run["started_at_unix"].as_i64().unwrap())
        .collect();
    assert!(times.is_sorted_by(|later, earlier| later >= earlier));
    let some = host.run("show runs --all-databases --json --limit 4").succeeds().json();
    assert_eq!(some.as_array().unwrap()[..], all.as_array().unwrap()[..4]);
    let table = host.run("show runs --all-databases").succeeds().stdout();
    assert!(table.starts_with("DATABASE  RUN  STARTED"), "{table}");
    assert_eq!(table.lines().count(), 7);
}

#[test]
fn a_ledger_without_runs_is_mentioned_only_if_all_are_empty() {
    let host = Host::new();
    let none = host.run("show runs --all-databases").succeeds().stderr();
    assert_eq!(none, "sessctl: no run in the ledgers of these databases\n");
    host.run("--db shop purge").succeeds();
    assert_eq!(host.run("show runs --all-databases").succeeds().stderr(), "");
}

#[test]
fn a_session_is_sought_in_all_ledgers() {
    let host = Host::new();
    let ended = host.run("--db shop cycle imap --state active --json").succeeds().json();
    let handle = ended[0]["handle"].as_str().unwrap();
    let runs = host.run(&format!("show runs --all-databases --session {handle} --json"));
    let runs = runs.succeeds().json();
    assert_eq!(
        (column(&runs, "database"), column(&runs, "do")),
        (vec!["shop".to_owned()], vec!["cycle".to_owned()])
    );
    host.run("show runs --all-databases --session ffffffff --json").exits(5);
}

#[test]
fn each_report_has_a_heading_or_a_field() {
    let host = Host::new();
    let pages = host.run("doctor --all-databases");
    let text = pages.stdout();
    let headings: Vec<&str> = text.lines().filter(|line| line.starts_with('[')).collect();
    assert_eq!(headings, ["[shop]", "[blog]", "[mail]"]);
    assert!(text.contains("\n\n[blog]\n"), "{text}");
    let reports = host.run("doctor --all-databases --json --parallel 3");
    let reports = reports.json();
    assert_eq!(column(&reports, "database"), ["shop", "blog", "mail"]);
    assert_eq!(column(&reports, "path"), ["shop.db", "blog.db", "mail.db"]);
    assert!(reports[0]["facts"].as_array().unwrap().len() > 5);
    let lines = host.run("doctor --all-databases -o jsonl").stdout();
    assert_eq!(lines.lines().count(), 3);
    let facts = host.run("doctor --all-databases -o plain").stdout();
    assert!(
        facts.contains("shop.fact.journal.value ") || facts.contains("shop.doctor.database shop\n"),
        "{facts}"
    );
    host.run("doctor --all-databases -o csv").is_refused_with(2);
}
