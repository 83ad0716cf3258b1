//! Purges while other programs read and write the same table.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use rusqlite::Connection;

use crate::support::processes::{Running, until};
use crate::support::{DAY, HOUR, Sandbox, row};

/// Rows whose end fills more than a megabyte of log.
const MANY: u32 = 20_000;

/// A table in which all of them are due but the first ten.
fn many() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.insert_all(0..MANY, |n| row(&n.to_string()).idle(if n < 10 { 0 } else { HOUR }));
    sandbox
}

/// Somebody who reads the state of this moment for as long as he likes.
fn reader(sandbox: &Sandbox) -> Connection {
    let db = sandbox.db();
    db.execute_batch("BEGIN; SELECT count(*) FROM sessions").unwrap();
    db
}

fn wal_status(sandbox: &Sandbox) -> u64 {
    std::fs::metadata(sandbox.path("app.db-wal")).map_or(0, |log| log.len())
}

#[test]
fn during_a_long_read_the_write_ahead_log_stays_within_its_limit() {
    // Given somebody who reads and does not come to an end
    let sandbox = many();
    let reader = reader(&sandbox);
    // When a purge would fill the log without bounds
    let ran = sandbox.run(["purge", "--max-log", "1MiB", "--progress", "1", "--json"]);
    // Then it gives up in time, and says why
    let summary = ran.exits(3).json();
    assert_eq!(summary["stopped"], "log");
    assert!(summary["longest_hold_ms"].as_f64().unwrap() > 0.0);
    let (done, left) = (summary["ended"].as_u64().unwrap(), summary["remaining"].as_u64().unwrap());
    assert!(done > 0 && left > 0 && done + left == u64::from(MANY) - 10, "{summary}");
    assert!(summary["log_peak_bytes"].as_u64().unwrap() < 3 << 20, "{summary}");
    assert!(wal_status(&sandbox) < 4 << 20, "{}", wal_status(&sandbox));
    // And has said how far it was while it waited
    let said = ran.stderr();
    let line = said.lines().next().unwrap();
    assert!(line.starts_with("sessctl: ") && line.contains(" % of the keys scanned, "), "{said}");
    // And the next one completes the work once he has gone
    drop(reader);
    let summary = sandbox.run(["purge", "--json"]).succeeds().json();
    assert_eq!((&summary["ended"], &summary["remaining"]), (&left.into(), &0.into()));
}

#[test]
fn a_purge_continues_when_the_reader_ends_in_time() {
    let sandbox = many();
    let reader = reader(&sandbox);
    let purge = sandbox.command(["purge", "--max-log", "1MiB", "--json"]);
    let mut purge = Running::start(purge);
    until(|| wal_status(&sandbox) >= 1 << 20 || purge.try_wait().unwrap().is_some());
    drop(reader);
    let summary = purge.finish().succeeds().json();
    assert_eq!(summary["ended"], u64::from(MANY) - 10);
}

#[test]
fn a_log_that_was_too_large_before_is_left_as_it_is() {
    // Given a reader, beside whom another program has filled the log
    let sandbox = Sandbox::new();
    let reader = reader(&sandbox);
    sandbox.insert_all(0..MANY, |n| row(&n.to_string()).idle(HOUR));
    let before = wal_status(&sandbox);
    assert!(before > 2 << 20);
    // Then a purge does one batch and stops
    let summary = sandbox.run(["purge", "--max-log", "1MiB", "--json"]).exits(3).json();
    assert_eq!((&summary["stopped"], &summary["batches"]), (&"log".into(), &1.into()));
    drop(reader);
}

#[test]
fn a_database_without_a_log_is_purged_in_batches_too() {
    let sandbox = many();
    sandbox.db().execute_batch("PRAGMA journal_mode = DELETE").unwrap();
    let summary = sandbox.run(["purge", "--json"]).succeeds().json();
    assert_eq!(summary["ended"], u64::from(MANY) - 10);
    assert_eq!(summary["log_peak_bytes"], 0);
    assert!(summary["batches"].as_u64().unwrap() > 1, "{summary}");
    assert_eq!(wal_status(&sandbox), 0);
}

#[test]
fn a_fast_purge_takes_fewer_batches() {
    let batches = |args: &[&str]| {
        let sandbox = many();
        let args = ["purge", "--json"].into_iter().chain(args.iter().copied());
        let summary = sandbox.run(args).succeeds().json();
        assert_eq!(summary["ended"], u64::from(MANY) - 10);
        summary["batches"].as_u64().unwrap()
    };
    let (fast, gentle) = (batches(&["--fast"]), batches(&["--hold", "100us"]));
    assert!(gentle > 2 * fast, "{fast}, {gentle}");
}

#[test]
fn one_sweep_ends_sessions_and_deletes_rows() {
    // Given rows of each kind, side by side
    let sandbox = Sandbox::new();
    sandbox.insert_all(0..3_000, |n| {
        let row = row(&n.to_string()).idle(HOUR);
        if n.is_multiple_of(3) { row.idle(2 * DAY).ended(2 * DAY, "closed") } else { row }
    });
    // Then a purge looks at each row once
    let summary = sandbox.run(["purge", "--json", "--fast"]).succeeds().json();
    assert_eq!((&summary["ended"], &summary["deleted"]), (&2_000.into(), &1_000.into()));
    assert!(summary["batches"].as_u64().unwrap() < 4, "{summary}");
}

#[test]
fn write_limits_on_the_command_line_override_the_configuration() {
    let sandbox = many();
    sandbox.file("c.toml", "[purge]\nhold = \"100us\"\nmax_log = \"1MiB\"\n");
    let reader = reader(&sandbox);
    let summary = sandbox.run(["--config", "c.toml", "purge", "--json"]).exits(3).json();
    assert_eq!(summary["stopped"], "log");
    let args = ["--config", "c.toml", "purge", "--json", "--max-log", "1GiB", "--hold", "50ms"];
    let summary = sandbox.run(args).succeeds().json();
    assert_eq!(summary["stopped"], serde_json::Value::Null);
    drop(reader);
}

#[test]
fn invalid_options_are_refused() {
    let sandbox = Sandbox::new();
    let said = |args: &[&str]| {
        let args = ["purge"].into_iter().chain(args.iter().copied());
        sandbox.run(args).is_refused_with(2).stderr()
    };
    insta::assert_snapshot!(said(&["--hold", "2"]), @r#"sessctl: invalid --hold "2": use 100us to 10s, such as 2ms, 500us or 1s"#);
    insta::assert_snapshot!(said(&["--max-log", "64"]), @r#"sessctl: invalid --max-log "64": use 1MiB or more, such as 64MiB, 100MB or 1GiB"#);
    said(&["--progress", "0"]);
    said(&["--fast", "--hold", "1ms"]);
    said(&["--fast", "--dry-run"]);
    sandbox.file("c.toml", "[purge]\nhold = 2\n");
    let ran = sandbox.run(["--config", "c.toml", "purge"]);
    insta::assert_snapshot!(ran.is_refused_with(2).stderr(), @"sessctl: c.toml:2: purge.hold: must be a string in quotes, not the integer 2");
}

#[test]
#[ignore = "needs script"]
fn a_terminal_sees_a_bar_while_it_takes_long() {
    // Given a purge that has to wait for a reader
    let sandbox = many();
    let reader = reader(&sandbox);
    let purge = sandbox.command(["purge", "--max-log", "1MiB"]);
    let mut command = std::process::Command::new("script");
    command.args(["-qec", &format!("{} purge --max-log 1MiB", purge.get_program().display())]);
    command.arg("/dev/null").current_dir(sandbox.path("."));
    command.env("TERM", "xterm").env("SESSCTL_DB", sandbox.path("app.db"));
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut shown = Running::spawn(&mut command);
    // Then the bar shows its figures, and makes room for what is said at the end
    let mut text = Vec::new();
    let mut lines = BufReader::new(shown.stdout.take().unwrap());
    while lines.read_until(b'\n', &mut text).unwrap() > 0 {}
    let text = String::from_utf8_lossy(&text);
    for figure in [" % ", " rows, ", " rows/s, ", " left, hold "] {
        assert!(text.contains(figure), "{text:?}");
    }
    assert_eq!(shown.wait().unwrap().code(), Some(3));
    assert!(text.trim_end().ends_with("rows are still due"), "{text:?}");
    drop(reader);
}
