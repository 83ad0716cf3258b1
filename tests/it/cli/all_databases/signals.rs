//! A signal to the parent reaches the workers, each of which finishes its batch.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;

use rusqlite::Connection;

use super::faults::worker_of;
use super::{Host, column, entry};
use crate::support::processes::{INT, Running, TERM, kill, signal, until};
use crate::support::{HOUR, row};

/// More sessions than one batch ends.
const MANY: u32 = 50_000;

/// With two databases, `first` and `last`, in which many sessions are due, and a writer that
/// keeps the first purge waiting.
fn waiting() -> (Host, Connection) {
    let host = Host::new();
    host.configure(&["first", "last"].map(|name| entry(name, &format!("{name}.db"))).concat());
    for name in ["first.db", "last.db"] {
        host.run(&format!("--db {name} init")).succeeds();
        let mut db = Connection::open(host.path(name)).unwrap();
        let transaction = db.transaction().unwrap();
        (0..MANY).for_each(|n| row(&n.to_string()).idle(HOUR).insert(&transaction));
        transaction.commit().unwrap();
    }
    let writer = Connection::open(host.path("first.db")).unwrap();
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    (host, writer)
}

/// Starts a purge, and waits until the worker of the first database waits in its turn.
fn start(host: &Host, command: &str) -> Running {
    let mut command = host.command(command);
    command.process_group(0);
    let purge = Running::start(command);
    let mut worker = None;
    until(|| {
        worker = worker_of(purge.id(), "--worker-for=first");
        worker.is_some()
    });
    let status = format!("/proc/{}/status", worker.unwrap());
    until(|| is_listening(&std::fs::read_to_string(&status).unwrap()));
    purge
}

/// True if a process sleeps that handles or ignores SIGHUP, which it does last.
fn is_listening(status: &str) -> bool {
    let has = |set: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(set)).unwrap();
        u64::from_str_radix(line.trim(), 16).unwrap() & 1 != 0
    };
    status.contains("State:\tS") && (has("SigCgt:") || has("SigIgn:"))
}

#[test]
fn a_signal_to_the_parent_stops_the_worker_after_its_batch() {
    for (asked, code) in [(TERM, 143), (INT, 130)] {
        let (host, writer) = waiting();
        let mut purge = start(&host, "purge --all-databases --json -v");
        signal(&purge, asked);
        let mut stderr = BufReader::new(purge.stderr.take().unwrap());
        let mut said = String::new();
        while !said.contains("stopping after the current batch") {
            assert!(stderr.read_line(&mut said).unwrap() > 0, "{said}");
        }
        drop(writer);
        stderr.read_to_string(&mut said).unwrap();
        let purged = purge.finish();
        let rows = purged.exits(code).json();
        assert_eq!(column(&rows, "database"), ["first"]);
        assert_eq!(
            (&rows[0]["outcome"], &rows[0]["stopped"]),
            (&"partial".into(), &"signal".into())
        );
        let ended = rows[0]["ended"].as_u64().unwrap();
        assert!(0 < ended && ended < MANY.into(), "{ended}");
        assert!(said.contains("sessctl: first: ended "), "{said}");
        assert!(said.ends_with("sessctl: interrupted before these databases: last\n"), "{said}");
    }
}

#[test]
fn a_signal_to_all_processes_is_no_second_one_for_the_workers() {
    let (host, writer) = waiting();
    let purge = start(&host, "purge --all-databases --json");
    kill_group(&purge, "-INT");
    drop(writer);
    let rows = purge.finish().exits(130).json();
    assert_eq!(rows[0]["stopped"], "signal");
    let ended = rows[0]["ended"].as_u64().unwrap();
    assert!(0 < ended && ended < MANY.into(), "{ended}");
}

/// Sends a signal to the group of a process, as a terminal does.
fn kill_group(leader: &Running, signal: &str) {
    let group = format!("-{}", leader.id());
    let sent = std::process::Command::new("kill").args([signal, "--", &group]).status();
    assert!(sent.unwrap().success());
}

#[test]
fn workers_whose_parent_is_gone_stop_after_their_batch() {
    let (host, writer) = waiting();
    let mut purge = start(&host, "purge --all-databases --json");
    let worker = worker_of(purge.id(), "--worker-for=first").unwrap();
    kill(purge.id(), "-KILL");
    purge.wait().unwrap();
    drop(writer);
    until(|| !std::path::Path::new(&format!("/proc/{worker}")).exists() || is_zombie(worker));
    let db = Connection::open(host.path("first.db")).unwrap();
    let count = "SELECT count(*) FROM sessions WHERE ended_at IS NOT NULL";
    let ended: u32 = db.query_row(count, [], |row| row.get(0)).unwrap();
    assert!(0 < ended && ended < MANY, "{ended}");
}

fn is_zombie(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/status"))
        .is_ok_and(|status| status.contains("State:\tZ"))
}
