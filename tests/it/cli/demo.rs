//! The demonstration, and the texts that need no database.

use crate::support::Sandbox;

#[test]
fn the_demo_overwrites_no_file_but_its_own() {
    let sandbox = Sandbox::without_database();
    let foreign = |write: &dyn Fn()| {
        write();
        let before = sandbox.files();
        let reason = sandbox.run(["demo"]).is_refused_with(2).stderr();
        assert!(reason.starts_with("sessctl: sessctl-demo.db was not created by an earlier demo"));
        assert!(sandbox.files() == before);
    };
    foreign(&|| drop(sandbox.file("sessctl-demo.db", "my thesis")));
    foreign(&|| drop(sandbox.file("sessctl-demo.db", "")));
    std::fs::remove_file(sandbox.path("sessctl-demo.db")).unwrap();
    // A database of sessctl's that holds real sessions
    foreign(&|| assert!(sandbox.run(["init", "--db", "sessctl-demo.db"]).0.status.success()));
}

#[test]
fn the_demo_shows_its_effect_and_may_be_repeated() {
    let sandbox = Sandbox::without_database();
    for _ in 0..2 {
        let run = sandbox.run(["demo"]);
        // A bar is only for terminals.
        assert_eq!(run.stderr(), "");
        let told = run.succeeds().stdout();
        assert!(told.starts_with("sessctl-demo.db holds 100,000 sessions of three tasks:\n"));
        // The commands that it names work as they stand.
        let next = told.split_once("Try next:\n").unwrap().1;
        let lines = next.lines().filter_map(|line| line.trim().strip_prefix("sessctl "));
        // The live view needs a terminal.
        for line in lines.filter(|line| *line != "top") {
            let line = line.strip_suffix(" > report.html").unwrap_or(line);
            let words: Vec<&str> = line.split('\'').enumerate().flat_map(words).collect();
            sandbox.run([&["--db", "sessctl-demo.db"], &words[..]].concat()).succeeds();
        }
    }
    let rows = sandbox.run(["list", "--db", "sessctl-demo.db", "-o", "jsonl"]).succeeds().stdout();
    assert!(rows.lines().count() > 10_000);
}

#[test]
fn the_demo_has_a_history_without_a_purge_in_the_last_week() {
    let sandbox = Sandbox::without_database();
    sandbox.run(["demo"]).succeeds();
    let shown = |args: &[&str]| {
        let args = [&["--db", "sessctl-demo.db"], args, &["--json"]].concat();
        sandbox.run(args).succeeds().json().as_array().unwrap().clone()
    };
    let runs = shown(&["show", "runs", "--limit", "0"]);
    // The purge of the demo itself comes first.
    assert!((22..=24).contains(&runs.len()), "{}", runs.len());
    let outcomes: Vec<&str> = runs.iter().map(|run| run["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == "failed").count(), 1);
    let started = |run: usize| runs[run]["started_at_unix"].as_i64().unwrap();
    let age = started(0) - started(1);
    assert!((7 * 86_400..8 * 86_400 + 3_600).contains(&age), "{age}");
    // Deleted rows were ended before, and no more sessions expired than there are at the end.
    let history = shown(&["show", "history", "--by", "sample"]);
    assert!(history.len() > 700, "{}", history.len());
    let expired = |row: &serde_json::Value| row["expired"].as_u64();
    let most = history.iter().filter_map(expired).max().unwrap();
    assert!((50_000..62_000).contains(&most), "{most}");
}

/// Every other part of a line stood in quotes.
fn words((place, part): (usize, &str)) -> Vec<&str> {
    if place % 2 == 1 { vec![part] } else { part.split_whitespace().collect() }
}

#[test]
fn help_and_manual_name_every_exit_code() {
    let sandbox = Sandbox::without_database();
    for args in [["--help"], ["man"]] {
        let text = sandbox.run(args).succeeds().stdout();
        for code in ["0", "1", "2", "3", "4", "5", "10", "11", "12", "129", "130", "143"] {
            let mut lines = text.lines();
            let is_named = lines.any(|line| line.split_whitespace().next() == Some(code));
            assert!(is_named, "{args:?} {code}");
        }
    }
    for shell in ["bash", "zsh", "fish"] {
        assert!(sandbox.run(["completions", shell]).succeeds().stdout().contains("sessctl"));
    }
    sandbox.run([]).exits(2);
    sandbox.run(["frobnicate"]).exits(2);
    assert!(sandbox.run(["--version"]).succeeds().stdout().starts_with("sessctl "));
    assert!(sandbox.files().is_empty());
}
