//! The command that is told which sessions have ended.

use std::fs::OpenOptions;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::process::Command;

use rustix::fs::OFlags;

use crate::support::processes::until;
use crate::support::{DAY, Finished, HOUR, MANY_RUNS, Sandbox, now, row};

/// Creates a configuration with this shell script as its hook, and with these settings.
fn sandbox(script: &str, settings: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let script = serde_json::to_string(script).unwrap();
    let config = format!("{settings}\n[hooks]\non_end = [\"sh\", \"-c\", {script}]\n");
    sandbox.file("hook.toml", config);
    sandbox
}

fn run(sandbox: &Sandbox, args: &[&str]) -> Finished {
    sandbox.run([&["--config", "hook.toml"], args].concat())
}

fn told(sandbox: &Sandbox) -> Vec<String> {
    let text = std::fs::read_to_string(sandbox.path("told")).unwrap_or_default();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

fn listed_since(sandbox: &Sandbox, since: i64) -> Vec<String> {
    let since = since.to_string();
    let listed =
        run(sandbox, &["list", "--state", "ended", "--ended-since", &since, "-o", "jsonl"]);
    let mut lines: Vec<String> = listed.succeeds().stdout().lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

#[test]
fn a_hook_receives_the_lines_of_a_list() {
    // Given sessions of which some are due, and one that has ended before
    let sandbox = sandbox("cat >> told", "");
    let before = now();
    sandbox.insert_all(0..300, |n| row(&n.to_string()).user("a\u{7}\"b").idle(HOUR));
    sandbox.insert(&row("in use"));
    sandbox.insert(&row("gone").idle(3 * HOUR).ended(2 * HOUR, "closed"));
    // When they end, by a purge, a cycle and a close
    run(&sandbox, &["purge"]).succeeds().is_silent();
    assert_eq!(told(&sandbox).len(), 300);
    run(&sandbox, &["cycle", "imap", "-q"]).succeeds().is_silent();
    let token = sandbox.open(["--client", "192.0.2.7"]);
    let close = sandbox.command(["--config", "hook.toml", "close"]);
    crate::support::feed(close, &token).succeeds().is_silent();
    // Then the hook was told of each of them once, in the words of a list
    assert_eq!(told(&sandbox).len(), 302);
    assert_eq!(told(&sandbox), listed_since(&sandbox, before));
    let reasons = |word: &str| told(&sandbox).iter().filter(|line| line.contains(word)).count();
    assert_eq!((reasons("\"expired\""), reasons("\"cycled\""), reasons("\"closed\"")), (300, 1, 1));
}

#[test]
fn a_hook_receives_sessions_that_leave_no_row() {
    let sandbox = sandbox("cat >> told", "[policy]\nretention = \"0\"\n");
    let old = row("old").idle(DAY);
    sandbox.insert(&old);
    run(&sandbox, &["purge"]).succeeds().is_silent();
    assert!(sandbox.listed([]).is_empty());
    let line: serde_json::Value = serde_json::from_str(&told(&sandbox)[0]).unwrap();
    assert_eq!(line["handle"], old.handle());
    assert_eq!((&line["state"], &line["end_reason"]), (&"ended".into(), &"expired".into()));
    assert_eq!(line["user"], "alice");
}

#[test]
fn a_hook_receives_evicted_sessions() {
    let sandbox = sandbox("cat >> told", "[policy]\nlimit = 1\n");
    let idle = row("idle").idle(HOUR);
    sandbox.insert(&idle);
    run(&sandbox, &["open", "--user", "bob", "--task", "imap"]).succeeds();
    let line: serde_json::Value = serde_json::from_str(&told(&sandbox)[0]).unwrap();
    assert_eq!((&line["handle"], &line["end_reason"]), (&idle.handle().into(), &"evicted".into()));
}

#[test]
fn a_hook_that_fails_loses_no_end_and_makes_the_run_partial() {
    let sandbox = sandbox("exit 7", "");
    let before = now();
    sandbox.insert_all(0..40, |n| row(&n.to_string()).idle(HOUR));
    let ran = run(&sandbox, &["purge"]);
    let reason = ran.exits(3).stderr();
    assert_eq!(reason.lines().count(), 1, "{reason}");
    assert!(reason.contains("the hook did not receive 40 ended sessions"), "{reason}");
    assert!(reason.contains("hook \"sh\" failed: exit status: 7"), "{reason}");
    assert!(reason.contains("sessctl list --state ended --ended-since"), "{reason}");
    assert_eq!(listed_since(&sandbox, before).len(), 40);
    let runs = run(&sandbox, &["show", "runs", "--failed", "--json"]).succeeds().json();
    assert_eq!((&runs[0]["outcome"], &runs[0]["ended"]), (&"partial".into(), &40.into()));
    // The same by hand
    sandbox.insert(&row("live"));
    run(&sandbox, &["cycle", "--all", "-q"]).exits(3);
    run(&sandbox, &["purge"]).succeeds().is_silent();
}

#[test]
fn missed_notifications_are_reported_whatever_else_fails() {
    let sandbox = sandbox("exit 7", "");
    for fails in ["the metrics", "the ledger"] {
        // given a purge that has ended a session, of which the hook knows nothing
        sandbox.insert(&row(fails).idle(HOUR));
        let ran = if fails == "the metrics" {
            run(&sandbox, &["purge", "--json", "--metrics-file", "nowhere/metrics"])
        } else {
            let refuse = "UPDATE runs SET started_at = 5; CREATE TRIGGER keep BEFORE DELETE ON runs \
                          BEGIN SELECT raise(ABORT, 'no'); END";
            sandbox.db().execute_batch(refuse).unwrap();
            sandbox.db().execute_batch(MANY_RUNS).unwrap();
            run(&sandbox, &["purge", "--json"])
        };
        // when something fails after that, then all of it is said
        let reason = ran.exits(1).stderr();
        assert!(reason.contains("the hook did not receive 1 ended session"), "{fails}: {reason}");
        assert_eq!(reason.lines().count(), 2, "{fails}: {reason}");
        assert_eq!(ran.json()["ended"], 1, "{fails}");
    }
}

#[test]
fn a_hook_that_hangs_is_stopped_with_all_that_it_has_started() {
    // Given a hook that starts a child and waits for it, for longer than it may; both hold
    // the end of a pipe
    let sandbox = sandbox("exec 9> held; sleep 600 & wait", "");
    let config = std::fs::read_to_string(sandbox.path("hook.toml")).unwrap();
    sandbox.file("hook.toml", format!("{config}timeout = \"1s\"\n"));
    let held = sandbox.path("held");
    assert!(Command::new("mkfifo").arg(&held).status().unwrap().success());
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap();
    let mut held = OpenOptions::new().read(true).custom_flags(flags).open(held).unwrap();
    sandbox.insert(&row("old").idle(HOUR));
    // When a session ends
    let reason = run(&sandbox, &["purge"]).exits(3).stderr();
    // Then the run goes on without it, and neither of the two is left
    assert!(reason.contains("timed out after 1 s and was killed"), "{reason}");
    assert_eq!(sandbox.listed(["--state", "ended"]).len(), 1);
    until(|| held.read(&mut [0]).is_ok());
}

#[test]
fn the_output_of_a_hook_goes_to_standard_error() {
    let sandbox = sandbox("cat > /dev/null; echo kicked", "");
    sandbox.insert(&row("old").idle(HOUR));
    let ran = run(&sandbox, &["purge", "--json"]);
    assert_eq!(ran.succeeds().json()["ended"], 1);
    assert_eq!(ran.stderr(), "kicked\n");
}

#[test]
fn a_missing_hook_or_one_that_does_not_read_blocks_nothing() {
    let sandbox = Sandbox::new();
    sandbox.insert_all(0..50, |n| row(&n.to_string()).user(&"x".repeat(10_000)).idle(HOUR));
    sandbox.file("hook.toml", "[hooks]\non_end = [\"/nowhere/kick\"]\n");
    let reason = run(&sandbox, &["purge"]).exits(3).stderr();
    assert!(reason.contains("could not run hook \"/nowhere/kick\": No such file"), "{reason}");
    sandbox.insert_all(50..100, |n| row(&n.to_string()).user(&"x".repeat(10_000)).idle(HOUR));
    sandbox.file("hook.toml", "[hooks]\non_end = [\"true\"]\n");
    run(&sandbox, &["purge"]).succeeds().is_silent();
}

#[test]
fn a_hook_that_cannot_run_is_warned_of_in_advance() {
    let sandbox = Sandbox::new();
    let folder = sandbox.path("");
    for (hook, why) in [
        ("/nowhere/kick", "No such file or directory"),
        (folder.to_str().unwrap(), "it is not a regular file"),
        (sandbox.file("plain", "").to_str().unwrap(), "it is not executable"),
    ] {
        sandbox.file("hook.toml", format!("[hooks]\non_end = [{hook:?}]\n"));
        let warning = run(&sandbox, &["show", "config"]).succeeds().0.stderr.clone();
        let warning = String::from_utf8(warning).unwrap();
        assert!(
            warning.contains(&format!("hooks.on_end: \"{hook}\" cannot be run: {why}")),
            "{warning}"
        );
        run(&sandbox, &["purge"]).succeeds().is_silent();
    }
    // One that is found by its name, or is fine, is not.
    for hook in ["true", "/bin/sh"] {
        sandbox.file("hook.toml", format!("[hooks]\non_end = [{hook:?}]\n"));
        assert_eq!(run(&sandbox, &["show", "config"]).succeeds().stderr(), "");
    }
}
