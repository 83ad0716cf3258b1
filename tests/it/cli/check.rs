//! `sessctl check`: one line for a monitor, and its exit codes.

use crate::support::{Finished, HOUR, MINUTE, Sandbox, row};

/// Asserts that the command printed one line and exits with this code; returns the line.
#[track_caller]
fn line(ran: &Finished, code: i32, status: &str) -> String {
    ran.exits(code);
    assert_eq!(ran.stderr(), "");
    let line = ran.stdout();
    assert!(line.starts_with(&format!("SESSCTL {status} - ")), "{line:?}");
    assert!(line.ends_with('\n') && line.lines().count() == 1, "{line:?}");
    assert!(line.matches('|').count() <= 1, "{line:?}");
    line.trim_end().to_owned()
}

fn check(sandbox: &Sandbox, options: &str) -> Finished {
    sandbox.run(["check"].into_iter().chain(options.split_whitespace()))
}

/// Three live sessions and one that has expired; the last purge was four hours ago.
fn purged() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.run(["purge"]).succeeds();
    let set = "UPDATE runs SET started_at = started_at - 14400, finished_at = finished_at - 14400";
    sandbox.db().execute_batch(set).unwrap();
    for token in ["one", "two", "three"] {
        sandbox.insert(&row(token).idle(MINUTE));
    }
    sandbox.insert(&row("over").idle(HOUR));
    sandbox
}

/// The line without the seconds that a slow machine adds.
fn steady(line: &str) -> String {
    let (before, rest) = line.split_once("age=144").unwrap();
    let (_, after) = rest.split_once('s').unwrap();
    format!("{before}age=144…s{after}")
}

#[test]
fn a_healthy_database_is_ok() {
    let sandbox = purged();
    let line = line(&check(&sandbox, "--max-expired 50% --max-age 1d"), 0, "OK");
    insta::assert_snapshot!(steady(&line), @"SESSCTL OK - 25 % expired of 4 sessions, last purge 4h ago | expired=25%;;50;0;100 age=144…s;;86400;0 sessions=4;;;0");
}

#[test]
fn a_purge_ahead_of_the_clock_is_not_taken_for_a_recent_one() {
    let sandbox = purged();
    let set = "UPDATE runs SET finished_at = finished_at + 34560000";
    sandbox.db().execute_batch(set).unwrap();
    let said = line(&check(&sandbox, ""), 1, "WARNING");
    assert!(said.contains(", the last purge, of 2") && said.contains(" is ahead of the clock | "));
    assert!(said.contains(" age=U;"), "{said}");
    line(&check(&sandbox, "--max-age 1d"), 2, "CRITICAL");
}

#[test]
fn values_above_the_limits_are_warnings_or_critical() {
    let sandbox = purged();
    for (options, code, status) in [
        ("", 0, "OK"),
        ("--max-expired 25 --warn-expired 25", 0, "OK"),
        ("--warn-expired 24.9 --max-expired 25", 1, "WARNING"),
        ("--max-expired 24%", 2, "CRITICAL"),
        ("--warn-age 1h --max-age 1d", 1, "WARNING"),
        ("--max-age 1h", 2, "CRITICAL"),
        ("--max-rows 4 --warn-rows 4", 0, "OK"),
        ("--max-rows 4 --warn-rows 3", 1, "WARNING"),
        ("--max-rows 3", 2, "CRITICAL"),
        ("--warn-age 1h --max-rows 3", 2, "CRITICAL"),
    ] {
        line(&check(&sandbox, options), code, status);
    }
}

#[test]
fn a_database_that_was_never_purged_exceeds_each_age() {
    let sandbox = Sandbox::new();
    line(&check(&sandbox, ""), 0, "OK");
    line(&check(&sandbox, "--warn-age 1d"), 1, "WARNING");
    let said = line(&check(&sandbox, "--max-age 1d"), 2, "CRITICAL");
    insta::assert_snapshot!(said, @"SESSCTL CRITICAL - 0 % expired of 0 sessions, no purge has completed | expired=0%;;;0;100 age=U;;86400;0 sessions=0;;;0");
}

#[test]
fn a_purge_that_failed_is_a_warning() {
    let sandbox = purged();
    sandbox.run(["purge", "--max-percent", "1"]).exits(4);
    let said = line(&check(&sandbox, "--max-age 1d"), 1, "WARNING");
    assert!(said.contains(", the purge of 2") && said.contains(" was refused: "), "{said}");
    sandbox.run(["purge"]).succeeds();
    line(&check(&sandbox, "--max-age 1d"), 0, "OK");
}

#[test]
fn a_failure_of_the_command_is_unknown() {
    let sandbox = purged();
    let unknown = |options: &str| line(&check(&sandbox, options), 3, "UNKNOWN");
    assert!(
        unknown("--max-age soon")
            .contains("invalid --max-age \"soon\": use a whole number and a unit")
    );
    assert!(unknown("--no-such-option").contains("--no-such-option"));
    assert!(unknown("--db missing.db").contains("no database at \"missing.db\""));
    assert!(unknown("--max-expired 5 --warn-expired 6").contains("--warn-expired is above"));
    assert!(unknown("-o json").contains("omit -o"));
    assert!(unknown("--config missing.toml").contains("missing.toml"));
    sandbox.file("text.db", "no database\n".repeat(1_000));
    unknown("--db text.db");
    let mut bytes = std::fs::read(sandbox.path("app.db")).unwrap();
    bytes[4_096..].fill(0xa5);
    sandbox.file("damaged.db", bytes);
    unknown("--db damaged.db");
    // The command is named behind an invalid option.
    line(&sandbox.run(["--no-such-option", "check"]), 3, "UNKNOWN");
    // Another command that has it as an argument.
    sandbox.run(["schedule", "check"]).is_refused_with(2);
}

#[test]
fn a_locked_database_is_unknown() {
    let sandbox = Sandbox::without_database();
    let db = sandbox.db();
    let sql = "CREATE TABLE django_session (session_key varchar(40) NOT NULL PRIMARY KEY, \
               session_data text NOT NULL, expire_date datetime NOT NULL); BEGIN EXCLUSIVE";
    db.execute_batch(sql).unwrap();
    let ran = sandbox.run(["--profile", "django", "check"]);
    assert!(line(&ran, 3, "UNKNOWN").contains("locked"));
}

#[test]
fn text_of_others_adds_neither_lines_nor_figures() {
    let sandbox = Sandbox::without_database();
    let ran = sandbox.run(["--db", "a|b\n=1.db", "check"]);
    let said = line(&ran, 3, "UNKNOWN");
    assert!(said.contains("a\\u{7c}b\\n=1.db"), "{said}");
    let sandbox = purged();
    sandbox.run(["purge", "--max-percent", "1"]).exits(4);
    sandbox.db().execute_batch("UPDATE runs SET reason = 'x | y=1' || char(10)").unwrap();
    let said = line(&check(&sandbox, ""), 1, "WARNING");
    assert!(said.contains("x \\u{7c} y=1\\n"), "{said}");
}

#[test]
fn a_framework_s_table_is_checked_and_its_state_must_be_readable() {
    let sandbox = Sandbox::without_database();
    let sql = "CREATE TABLE django_session (session_key varchar(40) NOT NULL PRIMARY KEY, \
               session_data text NOT NULL, expire_date datetime NOT NULL);
               INSERT INTO django_session VALUES ('a', '', '2020-01-01 00:00:00'),
                   ('b', '', '2999-01-01 00:00:00')";
    sandbox.db().execute_batch(sql).unwrap();
    let options = ["--profile", "django", "--state-dir", "state"];
    let run = |command: &[&str]| sandbox.run([&options[..], command].concat());
    let said = line(&run(&["check", "--max-expired", "49"]), 2, "CRITICAL");
    assert!(said.contains("50 % expired of 2 sessions, no purge has completed | expired=50%;;49;"));
    run(&["purge"]).succeeds();
    line(&run(&["check", "--max-age", "1d", "--max-expired", "49"]), 0, "OK");
    for entry in std::fs::read_dir(sandbox.path("state")).unwrap() {
        let path = entry.unwrap().path();
        std::fs::write(path, [0xa5; 8192]).unwrap();
    }
    let ran = run(&["check", "--max-age", "1d"]);
    assert_eq!(ran.0.status.code(), Some(3));
}
