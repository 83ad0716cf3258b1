//! The names of tasks and of those whom they serve.

use std::collections::BTreeSet;

use serde_json::json;

use super::domino;
use crate::support::{HOUR, MINUTE, row};
use crate::systems::command::System;

#[test]
fn d10_show_tasks_names_every_user_that_a_task_serves() {
    // Given a user with three sessions of a task, and one with a single one
    let domino = domino();
    // When the administrator asks for the users
    let tasks = domino.json(&["show", "tasks", "IMAP", "--users"]);
    // Then both are named, the one with the most sessions first, each with the longest idle
    // time
    let served = tasks[0]["served"].as_array().unwrap();
    let user = |user: &serde_json::Value| (user["user"].clone(), user["sessions"].clone());
    let wanted = [(json!("alice"), json!(3)), (json!("bob"), json!(1))];
    assert_eq!(served.iter().map(user).collect::<Vec<_>>(), wanted);
    for (user, idle) in served.iter().zip([3 * HOUR + 5 * MINUTE, 2 * MINUTE]) {
        let seconds = user["oldest_idle_seconds"].as_i64().unwrap();
        assert!((idle..idle + 300).contains(&seconds), "{user}");
    }
    // And so they are for people, for spreadsheets and for grep
    let table = domino.run(&["show", "tasks", "imap", "--users"]).succeeds().stdout();
    let users = |line: &str| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    assert_eq!(table.lines().skip(2).map(users).collect::<Vec<_>>(), ["alice 3", "bob 1"]);
    let csv = domino.run(&["show", "tasks", "imap", "--users", "-o", "csv"]).succeeds().stdout();
    assert!(csv.contains("\nimap,bob,"), "{csv}");
    let plain = domino.run(&["show", "tasks", "--users", "-o", "plain"]).succeeds().stdout();
    for fact in ["imap.serves.bob.sessions 1", "http.serves.bob.sessions 1"] {
        assert!(plain.lines().any(|line| line == fact), "{plain}");
    }
    // And without being asked for, bob is not
    assert_eq!(domino.json(&["show", "tasks", "imap"])[0]["repeated"].as_array().unwrap().len(), 1);
}

/// The names of a task, wherever one is shown.
fn shown_names(domino: &System) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for args in [&["show", "stat"][..], &["show", "tasks"], &["list"], &["cycle", "*", "--dry-run"]]
    {
        let rows = domino.json(args);
        let tasks = rows.as_array().unwrap().iter();
        names.extend(tasks.map(|row| row["task"].as_str().unwrap().to_owned()));
    }
    for session in domino.listed([]) {
        let session = domino.json(&["show", "session", &session]);
        names.insert(session["task"].as_str().unwrap().to_owned());
    }
    let metrics = domino.run(&["show", "stat", "-o", "prometheus"]).succeeds().stdout();
    let label = |line: &str| Some(line.split_once("task=\"")?.1.split_once('"')?.0.to_owned());
    names.extend(metrics.lines().filter_map(label));
    names
}

#[test]
fn d10_a_task_is_always_shown_in_the_letter_case_of_its_first_use() {
    // Given a configuration that spells a task otherwise than its first client
    let domino = System::with_config("[policy.imap]\nretention = \"0\"\n");
    let opened = domino.opens(&["--task", "Imap"]);
    for (token, task) in [("a", "IMAP"), ("b", "imap")] {
        domino.insert(&row(token).task(task).idle(HOUR));
    }
    // When it is looked at, then it has the name of its first use
    let name = BTreeSet::from(["Imap".to_owned()]);
    assert_eq!(shown_names(&domino), name);
    // And so it has once the row of that is gone, and all others
    domino.closes(opened["token"].as_str().unwrap());
    assert!(!domino.listed([]).contains(&opened["handle"].as_str().unwrap().to_owned()));
    assert_eq!(shown_names(&domino), name);
    let lines = domino.run(&["purge", "--each"]).succeeds().stdout();
    assert!(lines.lines().count() == 2 && lines.lines().all(|line| line.contains("  Imap  ")));
    assert_eq!(shown_names(&domino), name);
    // And however its next session spells it
    domino.insert(&row("c").task("iMAP").idle(MINUTE));
    assert_eq!(shown_names(&domino), name);
}

#[test]
fn d10_until_something_is_counted_the_oldest_session_names_a_task() {
    // Given an application that wrote all sessions
    let domino = domino();
    domino.insert(&row("new").user("carol").task("pop3").idle(MINUTE).keyed(&"1".repeat(64)));
    domino.insert(&row("old").user("carol").task("POP3").idle(HOUR).keyed(&"2".repeat(64)));
    let name = || domino.json(&["show", "stat", "pop3"])[0]["task"].clone();
    assert_eq!(name(), "POP3");
    // When sessions end and go, then the name stays
    domino.run(&["purge"]).succeeds();
    domino.insert(&row("older").task("pop3").idle(2 * HOUR).keyed(&"3".repeat(64)));
    assert_eq!(name(), "POP3");
    // And users are named as they are stored
    domino.insert(&row("other").user("Carol").task("pop3").idle(MINUTE));
    let users = domino.json(&["show", "tasks", "pop3", "--users"])[0]["served"].clone();
    let named: BTreeSet<&str> =
        users.as_array().unwrap().iter().map(|user| user["user"].as_str().unwrap()).collect();
    assert_eq!(named, BTreeSet::from(["Carol", "alice", "carol"]));
}
