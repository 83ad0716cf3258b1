//! Commands for changes of state, as `sessctl purge` and `sessctl run` start them.

use std::fs;

use serde_json::Value;

use crate::support::{Finished, Sandbox};

/// A sandbox without a database whose state is in the directory `state`, with a configuration
/// that has these commands of the shell.
struct Host {
    sandbox: Sandbox,
}

impl Host {
    fn new(on_failure: &str, on_recovery: &str) -> Self {
        let sandbox = Sandbox::without_database();
        let shell = |script| serde_json::to_string(&["sh", "-c", script]).unwrap();
        let config = format!(
            "[notify]\non_failure = {}\non_recovery = {}\n",
            shell(on_failure),
            shell(on_recovery)
        );
        sandbox.file("c.toml", config);
        Self { sandbox }
    }

    fn purge(&self) -> Finished {
        let mut command = self.sandbox.command(["--config", "c.toml", "purge"]);
        command.env("STATE_DIRECTORY", self.sandbox.path("state"));
        command.env("SESSCTL_HOST", "mail1").env("SESSCTL_CREDENTIALS", "user:secret");
        Finished(command.output().unwrap())
    }

    fn text(&self, file: &str) -> String {
        fs::read_to_string(self.sandbox.path(file)).unwrap_or_default()
    }
}

#[test]
fn each_change_of_state_is_announced_once() {
    let host = Host::new("echo failed >> told", "echo well >> told");
    for (exit_code, told) in [(10, "failed\n"), (10, "failed\n")] {
        host.purge().exits(exit_code);
        assert_eq!(host.text("told"), told);
    }
    host.sandbox.run(["init"]).succeeds();
    for told in ["failed\nwell\n", "failed\nwell\n"] {
        host.purge().succeeds().is_silent();
        assert_eq!(host.text("told"), told);
    }
    fs::remove_file(host.sandbox.path("app.db")).unwrap();
    host.purge().exits(10);
    assert_eq!(host.text("told"), "failed\nwell\nfailed\n");
}

#[test]
fn a_first_success_is_not_announced() {
    let host = Host::new("echo failed >> told", "echo well >> told");
    host.sandbox.run(["init"]).succeeds();
    host.purge().succeeds().is_silent();
    assert_eq!(host.text("told"), "");
}

#[test]
fn a_command_gets_the_result_and_no_credentials() {
    let host = Host::new("cat > result; env > environment", "true");
    host.purge().exits(10);
    let result: Value = serde_json::from_str(&host.text("result")).unwrap();
    assert_eq!((&result["outcome"], &result["exit_code"]), (&"failed".into(), &10.into()));
    assert_eq!((&result["database"], &result["host"]), (&"app.db".into(), &"mail1".into()));
    assert_eq!(result["job"], Value::Null);
    let environment = host.text("environment");
    let variables: Vec<&str> =
        environment.lines().filter(|line| line.starts_with("SESSCTL_")).collect();
    let reason = result["reason"].as_str().unwrap();
    for expected in [
        "SESSCTL_DATABASE=app.db",
        "SESSCTL_JOB=",
        "SESSCTL_OUTCOME=failed",
        "SESSCTL_EXIT_CODE=10",
        &format!("SESSCTL_REASON={reason}"),
    ] {
        assert!(variables.contains(&expected), "{expected}: {environment}");
    }
    assert!(!environment.contains("secret"), "{environment}");
}

#[test]
fn a_command_that_fails_changes_no_exit_code_and_is_tried_again_by_the_next_call() {
    let host = Host::new(
        "cat > /dev/null; test -e open || exit 7; echo failed >> told",
        "cat > /dev/null; test -e wide || exit 8; echo well >> told",
    );
    for _ in 0..2 {
        let reason = host.purge().exits(10).stderr();
        let expected = "sessctl: warning: notify: \"sh\" failed: exit status: 7\n";
        assert!(reason.contains(expected), "{reason}");
    }
    host.sandbox.file("open", "");
    for _ in 0..2 {
        assert!(!host.purge().exits(10).stderr().contains("notify"));
        assert_eq!(host.text("told"), "failed\n");
    }
    host.sandbox.run(["init"]).succeeds();
    for _ in 0..2 {
        let expected = "sessctl: warning: notify: \"sh\" failed: exit status: 8\n";
        assert_eq!(host.purge().succeeds().stderr(), expected);
    }
    host.sandbox.file("wide", "");
    for _ in 0..2 {
        host.purge().succeeds().is_silent();
        assert_eq!(host.text("told"), "failed\nwell\n");
    }
}

#[test]
fn no_recovery_from_a_failure_that_nobody_heard_of_is_announced() {
    let host = Host::new("exit 7", "echo well >> told");
    host.purge().exits(10);
    host.sandbox.run(["init"]).succeeds();
    host.purge().succeeds().is_silent();
    assert_eq!(host.text("told"), "");
}

#[test]
fn a_program_that_is_missing_is_reported_in_one_line_and_run_once_it_is_there() {
    let host = Host::new("", "");
    for (program, fault) in [
        ("/nowhere/alert", "no such file"),
        ("nowhere-in-the-search-path", "no such file"),
        ("./alert", "no such file"),
        ("./c.toml", "it is not executable"),
        ("/", "it is not a regular file"),
    ] {
        host.sandbox.file("c.toml", format!("[notify]\non_failure = [\"{program}\"]\n"));
        let run = host.purge();
        let said = run.exits(10).stderr();
        let lines: Vec<&str> = said.lines().skip(1).collect();
        let expected = format!("sessctl: warning: notify: could not run \"{program}\": {fault}");
        assert_eq!(lines, [expected]);
    }
    host.sandbox.file("c.toml", "[notify]\non_failure = [\"./alert\"]\n");
    host.sandbox.script("alert", "#!/bin/sh\necho failed >> told\n");
    for _ in 0..2 {
        host.purge().exits(10);
        assert_eq!(host.text("told"), "failed\n");
    }
}

#[test]
fn a_command_leaves_the_terminal_and_the_session() {
    let host = Host::new("cut -d ' ' -f 6 /proc/$$/stat > session; echo $$ > own", "true");
    host.purge().exits(10);
    assert_eq!(host.text("session"), host.text("own"));
}

#[test]
fn a_dry_run_notifies_nobody() {
    let host = Host::new("echo failed >> told", "echo well >> told");
    let mut command = host.sandbox.command(["--config", "c.toml", "purge", "--dry-run"]);
    command.env("STATE_DIRECTORY", host.sandbox.path("state"));
    Finished(command.output().unwrap()).exits(10);
    assert_eq!(host.text("told"), "");
}

#[test]
fn without_a_directory_for_the_state_each_failure_is_announced() {
    let host = Host::new("echo failed >> told", "echo well >> told");
    for told in ["failed\n", "failed\nfailed\n"] {
        let run = host.sandbox.run(["--config", "c.toml", "purge"]);
        let reason = run.exits(10).stderr();
        assert!(reason.contains("sessctl: warning: notify: "), "{reason}");
        assert!(reason.contains("cannot be used"), "{reason}");
        assert_eq!(host.text("told"), told);
    }
}
