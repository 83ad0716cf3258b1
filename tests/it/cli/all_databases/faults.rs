//! A database that cannot be used does not stop the others, and is reported once.

use std::fs;

use rusqlite::Connection;

use super::{Host, column, entry};
use crate::support::processes::{Running, kill, until};
use crate::support::set_mode;

/// The lines of standard error about a database.
fn lines_about(stderr: &str, name: &str) -> Vec<String> {
    let prefix = format!("sessctl: {name}: ");
    stderr.lines().filter_map(|line| line.strip_prefix(&prefix)).map(str::to_owned).collect()
}

#[test]
fn each_fault_is_reported_once_and_the_others_are_purged() {
    let host = Host::new();
    // Missing, no database at all, corrupt, of no known kind, and locked
    host.add(
        &["gone", "text", "corrupt", "empty", "locked"]
            .map(|it| entry(it, &format!("{it}.db")))
            .concat(),
    );
    fs::write(host.path("text.db"), "not a database ".repeat(1_000)).unwrap();
    fs::copy(host.path("shop.db"), host.path("corrupt.db")).unwrap();
    let mut bytes = fs::read(host.path("corrupt.db")).unwrap();
    let length = bytes.len();
    bytes[4_096..].fill(0xa5);
    fs::write(host.path("corrupt.db"), &bytes[..length]).unwrap();
    Connection::open(host.path("empty.db")).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
    fs::copy(host.path("shop.db"), host.path("locked.db")).unwrap();
    let locker = Connection::open(host.path("locked.db")).unwrap();
    locker.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE").unwrap();
    for command in ["purge --all-databases --json", "purge --all-databases --json --parallel 8"] {
        let purged = host.run(command);
        let rows = purged.exits(12).json();
        let codes: Vec<String> = column(&rows, "exit_code");
        assert_eq!(codes, ["0", "0", "0", "10", "10", "12", "10", "11"]);
        let said = purged.stderr();
        for name in ["gone", "text", "corrupt", "empty", "locked"] {
            assert_eq!(lines_about(&said, name).len(), 1, "{name}: {said}");
        }
        assert_eq!(said.lines().count(), 5, "{said}");
        let reasons = column(&rows, "reason");
        for (name, reason) in column(&rows, "database").iter().zip(reasons).skip(3) {
            assert_eq!(lines_about(&said, name), [reason], "{said}");
        }
    }
    drop(locker);
    let worst = host.run("show stat --all-databases").exits(12).stdout();
    assert_eq!(worst.lines().filter(|line| line.starts_with("shop")).count(), 1);
}

#[test]
fn a_broken_file_of_the_configuration_is_reported_by_the_parent_alone() {
    let host = Host::new();
    fs::create_dir(host.path("c.d")).unwrap();
    fs::write(host.path("c.d/broken.toml"), "[[database]]\nname = \"x\"\npath = 1\n").unwrap();
    let purged = host.run("purge --all-databases --json");
    assert_eq!(column(&purged.exits(2).json(), "exit_code"), ["0", "0", "0"]);
    let said = purged.stderr();
    assert_eq!(said.matches("broken.toml").count(), 1, "{said}");
    host.run("run").exits(2);
}

#[test]
fn text_of_a_database_cannot_reach_the_terminal() {
    let host = Host::new();
    let db = Connection::open(host.path("blog.db")).unwrap();
    // A value that the message about unreadable rows quotes
    db.execute_batch("UPDATE django_session SET expire_date = char(27) || '[31mred' || char(10) || 'sessctl: shop: forged'").unwrap();
    let purged = host.run("purge --all-databases -v");
    let said = purged.stderr();
    assert!(!said.contains('\u{1b}'), "{said:?}");
    assert!(said.contains("\\u{1b}[31mred"), "{said:?}");
    assert!(!said.contains("\nsessctl: shop: forged"), "{said:?}");
}

#[test]
fn a_worker_that_is_killed_is_reported_and_the_others_go_on() {
    // Given a database whose purge waits for a writer
    let host = Host::new();
    let writer = Connection::open(host.path("blog.db")).unwrap();
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    let purge = Running::start(host.command("purge --all-databases --json"));
    let mut found = None;
    until(|| {
        found = worker_of(purge.id(), "--worker-for=blog");
        found.is_some()
    });
    // When its worker is killed
    kill(found.unwrap(), "-KILL");
    // Then it has failed, and the next one is served
    let purged = purge.finish();
    let rows = purged.exits(1).json();
    assert_eq!(column(&rows, "database"), ["shop", "blog", "mail"]);
    assert_eq!(column(&rows, "outcome"), ["done", "failed", "done"]);
    assert_eq!(rows[1]["reason"], "its process was killed by signal 9");
    assert_eq!(purged.stderr(), "sessctl: blog: its process was killed by signal 9\n");
}

/// The child of a process that was started with this argument.
pub(super) fn worker_of(parent: u32, argument: &str) -> Option<u32> {
    let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).ok()?;
    children.split_whitespace().filter_map(|pid| pid.parse().ok()).find(|pid: &u32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).any(|word| word == argument.as_bytes())
    })
}

#[test]
fn what_a_hook_leaves_behind_keeps_nobody_waiting() {
    let host =
        Host::with("[hooks]\non_end = [\"sh\", \"-c\", \"cat > /dev/null; cat < fifo >&2 &\"]\n");
    let fifo = host.sandbox.fifo("fifo");
    // A process that keeps the standard error of the worker open until the end of this test
    let _held = fs::OpenOptions::new().read(true).write(true).open(fifo).unwrap();
    host.run("purge --all-databases").succeeds();
}

#[test]
fn a_worker_is_started_by_sessctl_alone() {
    let host = Host::new();
    let reason = host
        .run("--worker-for=shop --worker-instruction=[true,null,null] purge")
        .is_refused_with(2)
        .stderr();
    assert_eq!(reason, "sessctl: only sessctl itself starts a process as a worker\n");
}

#[test]
fn a_file_without_rights_is_reported() {
    let host = Host::new();
    set_mode(&host.path("blog.db"), 0o000);
    let purged = host.run("purge --all-databases --json");
    let rows = purged.json();
    // Root may read it all the same.
    if column(&rows, "exit_code") != ["0", "0", "0"] {
        assert_eq!(column(&rows, "outcome"), ["done", "failed", "done"]);
        assert_eq!(purged.exits(1).stderr().lines().count(), 1);
    }
}
