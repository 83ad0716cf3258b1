//! Very many policies, and tasks that rows spell in several ways.

use std::fmt::Write as _;

use serde_json::Value;

use crate::support::{HOUR, MINUTE, Sandbox, row};

/// Creates a configuration with this many different policies, and sessions of some of the tasks,
/// half of which are due by their own policies only.
fn with_policies(count: u32) -> Sandbox {
    let mut text = "[policy]\nexpire = \"never\"\nretention = \"forever\"\n".to_owned();
    for number in 0..count {
        let (expire, retention) = (["timeout", "abandoned"][number as usize % 2], number + 1);
        write!(
            text,
            "[policy.Task{number:05}]\nexpire = \"{expire}\"\nretention = \"{retention}s\"\n\
             abandoned = \"30m\"\ntimeout = \"10m\"\nlimit = 3\n"
        )
        .unwrap();
    }
    let sandbox = Sandbox::new();
    sandbox.file("sessctl.toml", text);
    // Of each of these tasks one is due, and of tasks without a policy none.
    for number in (0..count).step_by(count as usize / 40).chain([count, count + 1]) {
        let of_task =
            |token: &str| row(&format!("{token} {number}")).task(&format!("task{number:05}"));
        sandbox.insert(&of_task("due").idle(HOUR).timeout(Some(60)));
        sandbox.insert(&of_task("valid").idle(MINUTE).timeout(Some(600)));
    }
    sandbox
}

fn run(sandbox: &Sandbox, args: &[&str]) -> Value {
    sandbox.run([&["--config", "sessctl.toml", "--json"], args].concat()).succeeds().json()
}

#[test]
fn every_command_takes_very_many_policies() {
    for count in [9_000, 40_000] {
        let sandbox = with_policies(count);
        let tasks = (0..count).step_by(count as usize / 40).count();
        let count_of = |answer: &Value| answer.as_array().unwrap().len();
        // Those without a policy of their own are abandoned after two hours
        let due = run(&sandbox, &["list", "--state", "abandoned,expired"]);
        assert_eq!(count_of(&due), tasks, "{count}");
        assert_eq!(count_of(&run(&sandbox, &["list", "--sort", "expires"])), 2 * tasks + 4);
        assert_eq!(count_of(&run(&sandbox, &["show", "stat"])), tasks + 2);
        assert_eq!(run(&sandbox, &["purge", "--dry-run"])["ended"], tasks);
        assert_eq!(run(&sandbox, &["purge"])["ended"], tasks);
        assert_eq!(count_of(&run(&sandbox, &["list", "--state", "ended"])), tasks);
        run(&sandbox, &["open", "--task", "TASK00000", "--user", "alice"]);
        let cycled = run(&sandbox, &["cycle", "task00000"]);
        assert_eq!(count_of(&cycled), 2, "{cycled}");
    }
}

#[test]
fn a_task_has_one_name_whatever_rows_come_and_go() {
    let sandbox = Sandbox::new();
    sandbox.file("sessctl.toml", "[policy.Pop3]\ntimeout = \"10m\"\n");
    let names = |args: &[&str]| -> Vec<String> {
        let answer = run(&sandbox, args);
        let rows = answer.as_array().unwrap().iter();
        let mut names: Vec<String> =
            rows.map(|row| row["task"].as_str().unwrap().to_owned()).collect();
        names.sort();
        names.dedup();
        names
    };
    let spellings = ["IMAP", "imap", "Imap", "POP3", "pop3", "pOP3"];
    for (number, task) in spellings.iter().enumerate() {
        sandbox.insert(&row(&number.to_string()).task(task));
        for args in [&["show", "stat"][..], &["show", "tasks"], &["list"]] {
            let expected: &[&str] = if number < 3 { &["IMAP"] } else { &["IMAP", "POP3"] };
            assert_eq!(names(args), expected, "{args:?} {number}");
        }
        let metrics = sandbox.run(["--config", "sessctl.toml", "show", "stat", "-o", "prometheus"]);
        assert!(metrics.succeeds().stdout().contains("task=\"IMAP\""), "{}", metrics.stdout());
    }
    // A row keeps what the application has written
    let sql = "SELECT count(DISTINCT task COLLATE BINARY) FROM sessions";
    let written: i64 = sandbox.db().query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(written, 6);
}
