//! `sessctl compact`: returning the space of deleted rows to the file system.

use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::processes::{HUP, INT, TERM, is_sleeping, signal, start, until};
use crate::support::{HOUR, Sandbox, now, row};

pub const ROWS: u32 = 5_000;
/// Rows that no purge takes, before and behind the others.
pub const KEPT: u32 = 300;

/// A session whose row lies in the order of the numbers.
pub fn in_order(number: u32) -> crate::support::Row {
    let old = number % ROWS >= KEPT;
    row("").keyed(&format!("{number:064x}")).idle(if old { HOUR } else { 0 })
}

/// Deletes what is due at once.
pub fn purge(sandbox: &Sandbox) {
    sandbox.file("keep.toml", "[policy]\nretention = \"0\"\n");
    sandbox.run(["--config", "keep.toml", "purge"]).succeeds().is_silent();
}

/// A database in which most pages have become free, in one piece, with rows behind them.
pub fn purged(sandbox: Sandbox) -> Sandbox {
    sandbox.insert_all(0..ROWS + KEPT, in_order);
    purge(&sandbox);
    sandbox
}

/// Creates the database of [`purged`] with support for incremental vacuum.
pub fn for_steps() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.run(["compact", "--full"]).succeeds().is_silent();
    purged(sandbox)
}

/// The bytes of the database and of its log, by the file system.
pub fn bytes(sandbox: &Sandbox) -> u64 {
    let length = |name| std::fs::metadata(sandbox.path(name)).map_or(0, |file| file.len());
    length("app.db") + length("app.db-wal") + length("app.db-journal")
}

pub fn number(sandbox: &Sandbox, sql: &str) -> i64 {
    sandbox.db().query_row(sql, [], |row| row.get(0)).unwrap()
}

pub fn free_pages(sandbox: &Sandbox) -> i64 {
    number(sandbox, "PRAGMA freelist_count")
}

pub fn compact(sandbox: &Sandbox, args: &[&str], code: i32) -> Value {
    sandbox.run([&["compact", "--json"], args].concat()).exits(code).json()
}

/// The rows that are to be there are there, and the file is in order.
#[track_caller]
pub fn is_whole(sandbox: &Sandbox) {
    assert!(sandbox.is_sound());
    assert_eq!(number(sandbox, "SELECT count(*) FROM sessions"), i64::from(2 * KEPT));
}

#[test]
fn steps_return_freed_pages_and_report_the_file_sizes() {
    for journal in ["WAL", "DELETE"] {
        let sandbox = for_steps();
        sandbox.db().pragma_update(None, "journal_mode", journal).unwrap();
        let before = bytes(&sandbox);
        let done = compact(&sandbox, &["--hold", "1ms"], 0);
        let after = bytes(&sandbox);
        assert!(after < before / 4, "{journal}: {before} {after}");
        let figure = |name: &str| done[name].as_u64().unwrap();
        assert_eq!((figure("bytes_before"), figure("bytes_after")), (before, after));
        assert_eq!((figure("freed_bytes"), figure("free_bytes_left")), (before - after, 0));
        assert!(figure("steps") > 1);
        assert!(done["longest_hold_ms"].as_f64() <= done["elapsed_ms"].as_f64());
        assert_eq!(free_pages(&sandbox), 0);
        is_whole(&sandbox);
        // And there is nothing to do for another
        let again = compact(&sandbox, &[], 0);
        assert_eq!((&again["steps"], &again["freed_bytes"]), (&0.into(), &0.into()));
        sandbox.run(["compact"]).succeeds().is_silent();
        sandbox.run(["purge"]).succeeds().is_silent();
    }
}

#[test]
fn a_compaction_prints_nothing_under_cron() {
    let sandbox = for_steps();
    sandbox.run(["compact"]).succeeds().is_silent();
    let ran = sandbox.run(["compact", "-v"]);
    assert_eq!(ran.succeeds().stdout(), "");
    assert!(ran.stderr().starts_with("nothing was freed; the database takes "), "{}", ran.stderr());
    sandbox.run(["compact", "-q", "--json"]).succeeds().is_silent();
    for wrong in [&["--hold", "2"][..], &["--hold", "1ms", "--full"], &["-o", "prometheus"]] {
        sandbox.run([&["compact"], wrong].concat()).is_refused_with(2);
    }
}

#[test]
fn the_summary_has_these_keys() {
    let sandbox = Sandbox::new();
    let mut done = compact(&sandbox, &[], 0);
    for measure in ["bytes_before", "bytes_after", "slack_bytes"] {
        assert!(done[measure].take().as_u64().unwrap() > 0, "{measure}");
    }
    assert!(done["elapsed_ms"].take().as_f64().unwrap() >= 0.0);
    assert_eq!(
        done,
        json!({
            "full": false, "bytes_before": null, "bytes_after": null, "freed_bytes": 0,
            "free_bytes_left": 0, "slack_bytes": null, "steps_possible": false, "steps": 0,
            "longest_hold_ms": 0.0, "elapsed_ms": null, "stopped": null
        })
    );
}

#[test]
fn a_file_without_incremental_vacuum_is_left_alone_with_advice() {
    let sandbox = purged(Sandbox::new());
    let free = number(
        &sandbox,
        "SELECT freelist_count * page_size FROM pragma_freelist_count, pragma_page_size",
    );
    let before = sandbox.files();
    let ran = sandbox.run(["compact"]);
    assert_eq!(ran.exits(3).stdout(), "");
    let said = ran.stderr().replace(',', "");
    assert!(
        said.contains(&format!(
            "does not support compaction in steps; {free} bytes are in free pages"
        )),
        "{said}"
    );
    assert!(said.contains("`sessctl compact --full`"), "{said}");
    let summary = compact(&sandbox, &[], 3);
    assert_eq!(
        (&summary["stopped"], &summary["free_bytes_left"]),
        (&"no-steps".into(), &free.into())
    );
    assert!(sandbox.files() == before);
    // With nothing to give back, there is nothing to say
    let empty = Sandbox::new();
    let before = empty.files();
    empty.run(["compact"]).succeeds().is_silent();
    assert!(empty.files() == before);
}

#[test]
fn steps_wait_for_a_writer_and_go_on_when_it_has_done() {
    let sandbox = for_steps();
    let writer = sandbox.db();
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    let waiting = start(&sandbox, "compact --json");
    until(|| is_sleeping(&waiting));
    drop(writer);
    let done = waiting.finish();
    assert_eq!(done.succeeds().json()["free_bytes_left"], 0);
    is_whole(&sandbox);
}

/// A connection that sees the database as it is now, until it is told to forget that.
pub fn snapshot(sandbox: &Sandbox) -> Connection {
    let reader = sandbox.db();
    reader.execute_batch("BEGIN").unwrap();
    let _: i64 = reader.query_row("SELECT count(*) FROM sessions", [], |row| row.get(0)).unwrap();
    reader
}

#[test]
fn a_reader_keeps_its_snapshot_and_the_file_shrinks_afterwards() {
    for args in [&[][..], &["--full"]] {
        let sandbox = for_steps();
        let before = std::fs::metadata(sandbox.path("app.db")).unwrap().len();
        let reader = snapshot(&sandbox);
        let done = compact(&sandbox, args, 3);
        assert_eq!((&done["stopped"], &done["free_bytes_left"]), (&"reader".into(), &0.into()));
        assert_eq!(done["bytes_after"], bytes(&sandbox));
        assert_eq!(std::fs::metadata(sandbox.path("app.db")).unwrap().len(), before);
        let sees: String =
            reader.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(sees, "ok");
        drop(reader);
        let done = compact(&sandbox, &[], 0);
        assert_eq!(done["bytes_after"], bytes(&sandbox));
        assert!(bytes(&sandbox) < before / 4);
        is_whole(&sandbox);
    }
}

#[test]
fn a_signal_stops_it_after_a_step_and_the_next_one_resumes() {
    for (asked, code) in [(TERM, 143), (INT, 130), (HUP, 129)] {
        let sandbox = for_steps();
        let writer = sandbox.db();
        writer.execute_batch("BEGIN IMMEDIATE").unwrap();
        let waiting = start(&sandbox, "compact --json");
        signal(&waiting, asked);
        drop(writer);
        let done = waiting.finish().exits(code).json();
        assert_eq!((&done["stopped"], &done["steps"]), (&"signal".into(), &1.into()));
        assert_eq!(done["bytes_after"], bytes(&sandbox));
        assert!(free_pages(&sandbox) > 0);
        is_whole(&sandbox);
        assert_eq!(compact(&sandbox, &[], 0)["free_bytes_left"], 0);
    }
}

#[test]
fn a_compaction_stops_at_its_run_time() {
    let sandbox = for_steps();
    let done = compact(&sandbox, &["--run-time", "0"], 3);
    assert_eq!((&done["stopped"], &done["steps"]), (&"run-time".into(), &1.into()));
    assert!(done["free_bytes_left"].as_u64().unwrap() > 0);
    let said = sandbox.run(["compact", "--run-time", "0"]).exits(3).stderr();
    assert!(
        said.contains("; stopped early (run-time); ")
            && said.ends_with(" are still in free pages\n"),
        "{said}"
    );
}

#[test]
fn a_purge_and_a_compaction_exclude_each_other() {
    let sandbox = for_steps();
    let hold = |holder: &str| {
        let sql =
            "INSERT OR REPLACE INTO leases (name, holder, renewed_at) VALUES ('purge', ?1, ?2)";
        sandbox.db().execute(sql, rusqlite::params![holder, now()]).unwrap();
    };
    for (holder, work) in [("x", "purge"), ("compaction:x", "compaction")] {
        hold(holder);
        for command in [&["purge"][..], &["compact"], &["compact", "--full"]] {
            let reason = sandbox.run(command.iter().copied()).is_refused_with(11).stderr();
            assert!(
                reason.contains(&format!(
                    "a {work} of this database is already running (another process"
                )),
                "{reason}"
            );
        }
    }
    // And who waits long enough gets its turn
    let waiting = start(&sandbox, "compact --wait 5m");
    sandbox.db().execute_batch("DELETE FROM leases").unwrap();
    waiting.finish().succeeds().is_silent();
    assert_eq!(free_pages(&sandbox), 0);
    assert_eq!(number(&sandbox, "SELECT count(*) FROM leases"), 0);
    assert_eq!(number(&sandbox, "SELECT count(*) FROM runs WHERE outcome = 'running'"), 0);
}

#[test]
fn a_rebuild_that_keeps_everyone_out_is_named_and_can_be_waited_for() {
    // Given a rebuild that has not renewed its lease for longer than others may
    let sandbox = for_steps();
    let rebuilding = sandbox.db();
    let sql = "INSERT INTO leases VALUES ('purge', 'compaction:x', ?1)";
    rebuilding.execute(sql, [now() - 90]).unwrap();
    rebuilding.execute_batch("BEGIN IMMEDIATE").unwrap();
    let reason = sandbox.run(["purge"]).is_refused_with(11).stderr();
    assert!(
        reason.contains("a compaction of this database is already running (another process"),
        "{reason}"
    );
    // And who waits gets its turn
    let waiting = start(&sandbox, "purge --wait 5m");
    until(|| is_sleeping(&waiting));
    rebuilding.execute_batch("ROLLBACK; DELETE FROM leases").unwrap();
    waiting.finish().succeeds().is_silent();
}

#[test]
fn a_compaction_killed_at_any_moment_leaves_a_sound_database() {
    let mut given_back = 0;
    for round in 0..10 {
        let sandbox = for_steps();
        let before = free_pages(&sandbox);
        let args = if round % 2 == 0 { "compact --hold 1ms" } else { "compact --full" };
        let mut child = start(&sandbox, args);
        until(|| number(&sandbox, "SELECT count(*) FROM leases") > 0 || child_is_over(child.id()));
        let begun = Instant::now();
        until(|| begun.elapsed() > Duration::from_micros(round * 1_709));
        if round == 8 {
            // On any machine, one of them has come to something.
            until(|| free_pages(&sandbox) < before || child_is_over(child.id()));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        is_whole(&sandbox);
        given_back += before - free_pages(&sandbox);
        sandbox.db().execute_batch("UPDATE leases SET renewed_at = renewed_at - 61").unwrap();
        sandbox.run(["compact"]).succeeds().is_silent();
        assert_eq!(free_pages(&sandbox), 0);
        is_whole(&sandbox);
    }
    assert!(given_back > 0);
}

/// True if the process has ended and waits to be asked how.
fn child_is_over(pid: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    status.lines().any(|line| line.starts_with("State:\tZ"))
}
