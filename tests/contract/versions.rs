//! A file that this program must leave alone.

use crate::fixture::{Sandbox, row};

/// Every command that works on the database.
const COMMANDS: [&[&str]; 15] = [
    &["init"],
    &["purge"],
    &["purge", "--dry-run"],
    &["list"],
    &["show", "stat"],
    &["show", "tasks"],
    &["show", "users"],
    &["show", "session", "abcd"],
    &["cycle", "imap"],
    &["cycle", "--session", "abcd"],
    &["cycle", "--all", "--dry-run"],
    &["open", "--user", "alice", "--task", "imap"],
    &["touch"],
    &["close"],
    &["show", "stat", "--metrics-file", "metrics.prom"],
];

/// Each command refuses the file and leaves it, and the folder, as it was.
#[track_caller]
fn every_command_refuses(sandbox: &Sandbox, why: &str) {
    let files = || {
        let folder = std::fs::read_dir(sandbox.path("")).unwrap();
        let mut names: Vec<_> = folder.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        (names, std::fs::read(sandbox.path("app.db")).unwrap())
    };
    let before = files();
    for command in COMMANDS {
        let ran = sandbox.run_with_input(command.iter().copied(), "token\n");
        ran.exits(10);
        assert_eq!(ran.stdout(), "", "{command:?}");
        let said = ran.stderr();
        assert!(said.contains(why), "{command:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{command:?}: {said}");
        assert!(files() == before, "{command:?} has changed something");
    }
}

#[test]
fn a_newer_version_is_refused_by_every_command_and_untouched() {
    let sandbox = Sandbox::new();
    sandbox.insert(&row("theirs"));
    sandbox.db().pragma_update(None, "user_version", 2).unwrap();
    every_command_refuses(&sandbox, "version 2, newer than this program's 1; update sessctl");
}

#[test]
fn another_program_s_database_is_refused_by_every_command_and_untouched() {
    let sandbox = Sandbox::without_database();
    let theirs = "CREATE TABLE sessions (id TEXT); PRAGMA user_version = 1;";
    sandbox.db().execute_batch(theirs).unwrap();
    every_command_refuses(&sandbox, "another program's, with the tables sessions");
}
