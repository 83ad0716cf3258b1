//! Priorities of lines in the journal.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;

use sessctl::cli::priority::{Priority, names_file};

use crate::support::Sandbox;

/// Runs a command whose standard error is a file, with a variable that names a file by its device
/// and the sum of its inode and `apart`. Returns what was written.
fn journal(sandbox: &Sandbox, apart: u64, args: &[&str]) -> String {
    let path = sandbox.path("journal");
    let file = File::create(&path).unwrap();
    let found = file.metadata().unwrap();
    let stream = format!("{}:{}", found.dev(), found.ino() + apart);
    let mut command = sandbox.command(args.iter().copied());
    command.env("JOURNAL_STREAM", stream).stderr(file).output().unwrap();
    fs::read_to_string(path).unwrap()
}

#[test]
fn lines_in_the_journal_begin_with_their_priority() {
    let sandbox = Sandbox::new();
    sandbox.file("c.toml", "[[job]]\nname = \"p\"\nat = \"* * *\"\ndo = \"purge\"\n");
    let busy = || {
        let db = sandbox.db();
        db.execute_batch("BEGIN EXCLUSIVE").unwrap();
        db
    };
    let said = |args: &[&str]| journal(&sandbox, 0, args);
    // Errors, also several lines, and mistakes in the arguments
    let mistake = said(&["schedule", "check", "61 * *"]);
    assert!(mistake.lines().count() > 2, "{mistake}");
    assert!(mistake.lines().all(|line| line.starts_with("<3>")), "{mistake}");
    assert!(said(&["purge", "--no-such"]).starts_with("<3>sessctl: unknown option"));
    assert!(said(&["show", "stat", "--db", "no.db"]).starts_with("<3>sessctl: "));
    // A warning: the next run continues.
    let holder = busy();
    let locked = said(&["purge"]);
    assert!(locked.starts_with("<4>sessctl: "), "{locked}");
    drop(holder);
    // A notice
    let notice = said(&["purge", "-v", "--db", "app.db"]);
    assert!(
        notice.lines().all(|line| line.starts_with("<5>") || line.starts_with("<6>")),
        "{notice}"
    );
    assert!(!notice.is_empty());
}

#[test]
fn lines_elsewhere_have_no_priority() {
    let sandbox = Sandbox::new();
    // The variable is that of a parent whose standard error is another one.
    let said = journal(&sandbox, 1, &["schedule", "check", "61 * *"]);
    assert!(said.starts_with("sessctl: invalid schedule"), "{said}");
    let said = sandbox.run(["schedule", "check", "61 * *"]).exits(2).stderr();
    assert!(said.starts_with("sessctl: "), "{said}");
    // A parent that passes lines on asks for it.
    let marked = sandbox.run(["--journal-priorities", "schedule", "check", "61 * *"]);
    assert!(marked.exits(2).stderr().starts_with("<3>sessctl: "));
}

#[test]
fn the_variable_names_a_device_and_an_inode() {
    assert!(names_file("9:123", 9, 123));
    for stream in ["", "9", "9:", "9:124", "8:123", "9:123:4", "a:b"] {
        assert!(!names_file(stream, 9, 123), "{stream}");
    }
}

#[test]
fn a_parent_splits_the_lines_of_a_worker() {
    for (line, priority, text) in [
        ("<3>sessctl: no", Priority::Error, "sessctl: no"),
        ("<4>x", Priority::Warning, "x"),
        ("<6>", Priority::Info, ""),
        ("<9>x", Priority::Notice, "<9>x"),
        ("from a hook", Priority::Notice, "from a hook"),
    ] {
        assert_eq!(Priority::split(line), (priority, text));
    }
    assert_eq!(Priority::of_exit_code(3), Priority::Warning);
    assert_eq!(Priority::of_exit_code(12), Priority::Error);
}
