//! Logins that outlive their sessions, as the profile says.

use std::process::{Command, Stdio};

use serde_json::Value;

use super::{OVER, VALID, database, handle, run, run_with_input};
use crate::support::{SESSCTL, Sandbox};

const PROFILE: &str = r#"
name = "shop"
table = "t"
id = "id"
columns = ["id", "who", "at"]
survives = ["the loyalty \u001b[1mcard", "the newsletter"]

[user]
column = "who"

[token]
column = "id"

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

/// Three live sessions and one that has expired.
fn sandbox() -> Sandbox {
    let sandbox = database(&format!(
        "CREATE TABLE t (id, who, at);
         INSERT INTO t VALUES ('a', 'alice', '{VALID}'), ('b', 'bob', '{VALID}'),
             ('c', 'bob', '{VALID}'), ('old', 'alice', '{OVER}')"
    ));
    sandbox.file("shop.toml", PROFILE);
    sandbox
}

const SURVIVORS: &str = "the loyalty \u{1b}[1mcard; the newsletter";

#[test]
fn each_session_that_a_cycle_ends_says_what_survives() {
    let sandbox = sandbox();
    for args in [&["cycle", "--user", "alice", "--dry-run"][..], &["cycle", "--user", "alice"]] {
        let args =
            [args, &["--state", "active,expired"], &["--profile", "shop.toml", "--json"]].concat();
        let ended = run(&sandbox, args).succeeds().json();
        assert_eq!(ended.as_array().unwrap().len(), 2, "{ended}");
        assert!(ended[0]["survives"] == SURVIVORS && ended[1]["survives"] == SURVIVORS, "{ended}");
    }
    // In a pipe, it is said once besides, if anything has ended.
    let bob = ["cycle", "--user", "bob", "--profile", "shop.toml", "-o", "csv"];
    let note =
        "sessctl: note: this does not end: the loyalty \\u{1b}[1mcard; the newsletter\n".to_owned();
    let would = run(&sandbox, [&bob[..], &["--dry-run"]].concat()).succeeds().stderr();
    assert!(would.ends_with(&note), "{would}");
    assert_eq!(run(&sandbox, bob).succeeds().stderr(), note);
    let again = run(&sandbox, bob);
    assert!(!again.exits(5).stderr().contains("note"), "{}", again.stderr());
    let quiet = ["cycle", "--all", "--state", "expired", "-q", "--profile", "shop.toml"];
    assert_eq!(run(&sandbox, quiet).succeeds().stderr(), "");
}

#[test]
fn each_session_that_a_close_ends_says_what_survives() {
    let sandbox = sandbox();
    let args = ["close", "--profile", "shop.toml", "--json"];
    let answers = run_with_input(&sandbox, args, "a\nx\n").exits(5).json();
    assert_eq!(answers[0]["handle"], handle("a"), "{answers}");
    assert_eq!(
        (&answers[0]["survives"], &answers[1]["survives"]),
        (&SURVIVORS.into(), &Value::Null)
    );
}

#[test]
fn where_nothing_is_known_to_survive_there_is_no_such_value() {
    let sandbox = sandbox();
    let (key, other) = PROFILE.split_once("survives").unwrap();
    let (_, rest) = other.split_once('\n').unwrap();
    sandbox.file("shop.toml", format!("{key}{rest}"));
    let ended = run(&sandbox, ["cycle", "--all", "--profile", "shop.toml", "--json"]);
    assert_eq!(ended.succeeds().json()[0]["survives"], Value::Null);
}

/// Runs a command on a terminal.
fn on_a_terminal(sandbox: &Sandbox, line: &str) -> String {
    let output = Command::new("script")
        .args(["-qec", &format!("exec '{SESSCTL}' {line}"), "/dev/null"])
        .current_dir(sandbox.path("."))
        .envs([("SESSCTL_DB", "app.db"), ("SESSCTL_PROFILE", "shop.toml"), ("NO_COLOR", "1")])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
#[ignore = "needs script"]
fn a_terminal_shows_it_on_one_line_after_the_command() {
    const NOTE: &str =
        r"sessctl: note: this does not end: the loyalty \u{1b}[1mcard; the newsletter";
    let sandbox = sandbox();
    sandbox.file("token", "b\n");
    for line in [
        "cycle --user alice --dry-run",
        "cycle --user alice",
        // The user of a login that survives may have no session.
        "cycle --user alice",
        "close --token-file token",
        "cycle --all --yes --json",
    ] {
        let told = on_a_terminal(&sandbox, &format!("{line} --state-dir state"));
        assert_eq!(told.lines().last().unwrap(), NOTE, "{line}: {told}");
        assert_eq!(told.matches("note").count(), 1, "{line}: {told}");
    }
    for line in ["cycle --all --yes", "purge", "cycle --all -q"] {
        let told = on_a_terminal(&sandbox, &format!("{line} --state-dir state"));
        assert!(!told.contains("note"), "{line}: {told}");
    }
}
