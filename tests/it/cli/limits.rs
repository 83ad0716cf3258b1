//! Lists in a pipe, and limits on them.

use crate::support::{MINUTE, Sandbox, row};

/// More rows than the widths of a table are derived from, each of its own user.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.insert_all(0..2_500, |number| {
        row(&format!("token {number}")).user(&format!("user{number}")).idle(MINUTE)
    });
    sandbox
}

#[test]
fn nothing_is_cut_in_a_pipe() {
    let sandbox = sandbox();
    for command in [&["list"][..], &["show", "users"]] {
        let listed = sandbox.run(command.iter().copied());
        let (rows, notices) = (listed.succeeds().stdout(), listed.stderr());
        assert_eq!((rows.lines().count(), notices.as_str()), (2_501, ""));
        assert!(rows.contains("user2499"), "{command:?}");
    }
    let due = sandbox.run(["purge", "--dry-run", "--at", "+1d"]).succeeds().stdout();
    assert_eq!(due.lines().count(), 2_502);
}

#[test]
fn a_limit_says_how_many_there_are() {
    let sandbox = sandbox();
    for (command, what) in [
        (&["list"][..], "sessions"),
        (&["show", "users"], "users"),
        (&["purge", "--dry-run", "--at", "+1d"], "sessions that are due"),
    ] {
        let listed = sandbox.run([command, &["--limit", "3"]].concat());
        let notices = listed.succeeds().stderr();
        assert!(notices.contains(&format!("3 of 2,500 {what} shown\n")), "{notices}");
    }
}

#[test]
fn a_dry_run_begins_with_its_summary() {
    let sandbox = sandbox();
    let dry_run = ["purge", "--dry-run", "--at", "+1d", "--limit", "1"];
    let shown = sandbox.run(dry_run).succeeds().stdout();
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines[0], "would end 2,500 and delete 0 sessions, and leave 0 live");
    assert!(lines[1].starts_with("HANDLE") && lines.len() == 3, "{shown}");
    let rows = sandbox.run([&dry_run[..], &["-o", "csv"]].concat());
    assert!(rows.succeeds().stdout().starts_with("handle,"));
    assert!(rows.stderr().starts_with("would end 2,500 and delete 0 sessions"));
}
