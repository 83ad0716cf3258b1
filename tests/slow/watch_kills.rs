//! `sessctl run --watch`, killed at random moments: no work is lost or repeated.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::support::{HOUR, Sandbox, row};

/// A purge that finds enough to be killed in the midst of it, and a cycle.
const JOBS: &str = "
[policy]
retention = \"0\"
[[job]]
name = \"tidy\"
every = \"30s\"
do = \"purge\"
[[job]]
name = \"restart\"
every = \"30s\"
late = \"forever\"
do = \"cycle\"
task = \"http\"
";

/// Says that it has come to its first batch, and waits for a reader.
const HOOK: &str = "
[hooks]
on_end = [\"sh\", \"-c\", \"echo at work > fifo; cat > gate\"]
";

const ROWS: u32 = 600;

fn watch(sandbox: &Sandbox) -> Child {
    let mut command = sandbox.command(["--config", "jobs.toml", "run", "--watch"]);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Starts a watch and kills it after so many microseconds; those of one `at_work` count
/// from when the ledger has a new run of it.
fn start_and_kill(sandbox: &Sandbox, at_work: bool, micros: u64) {
    let runs = || number(sandbox, "SELECT count(*) FROM runs");
    let before = runs();
    let mut watch = watch(sandbox);
    while at_work && runs() == before {
        std::thread::yield_now();
    }
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_micros(micros) {
        std::hint::spin_loop();
    }
    watch.kill().unwrap();
    watch.wait().unwrap();
}

/// Starts a watch and kills it in the midst of its work, on any machine: its hook keeps it
/// there.
fn start_and_kill_at_work(sandbox: &Sandbox) {
    for name in ["fifo", "gate"] {
        sandbox.fifo(name);
    }
    sandbox.file("jobs.toml", format!("{JOBS}{HOOK}"));
    let mut watch = watch(sandbox);
    assert_eq!(std::fs::read_to_string(sandbox.path("fifo")).unwrap(), "at work\n");
    watch.kill().unwrap();
    watch.wait().unwrap();
    std::fs::read_to_string(sandbox.path("gate")).unwrap();
    sandbox.file("jobs.toml", JOBS);
}

fn number(sandbox: &Sandbox, sql: &str) -> i64 {
    sandbox.db().query_row(sql, [], |row| row.get(0)).unwrap()
}

/// Dates leases and jobs back by slightly more than a minute.
fn a_minute_later(sandbox: &Sandbox) {
    let sql = "UPDATE leases SET renewed_at = renewed_at - 61;
               UPDATE job_histories SET settled_at = settled_at - 61,
                                        interrupted_at = interrupted_at - 61;
               UPDATE job_members SET since = since - 61";
    sandbox.db().execute_batch(sql).unwrap();
}

/// Number of kills, a quarter of `SESSCTL_TEST_KILLS`: unfinished work accumulates, so that each
/// round takes longer than the one before.
fn rounds() -> u64 {
    let kills = std::env::var("SESSCTL_TEST_KILLS").map_or(0, |kills| kills.parse().unwrap());
    (kills / 4).max(20)
}

#[test]
fn a_watch_killed_at_any_moment_leaves_no_work_undone_or_repeated() {
    let sandbox = Sandbox::new();
    sandbox.file("jobs.toml", JOBS);
    let (mut opened, mut killed_at_work) = (0, 0);
    sandbox.run(["--config", "jobs.toml", "run"]).succeeds();
    for round in 0..rounds() {
        // Given sessions of which half are to be purged and half to be cycled
        let task = |n: u32| if n.is_multiple_of(2) { "imap" } else { "http" };
        let idle = |n: u32| if n.is_multiple_of(2) { HOUR } else { 0 };
        let token = |n: u32| format!("{round} {n}");
        sandbox.insert_all(0..ROWS, |n| row(&token(n)).task(task(n)).idle(idle(n)));
        opened += i64::from(ROWS);
        a_minute_later(&sandbox);
        // When a watch is killed while it starts, works, or has done its work
        match round {
            0 => start_and_kill_at_work(&sandbox),
            _ => start_and_kill(&sandbox, round % 2 == 0, round * 7_919 % 40_000),
        }
        killed_at_work += number(&sandbox, "SELECT count(*) FROM runs WHERE outcome = 'running'");
        // Then no row has gone uncounted, and none was counted twice
        let kept = number(&sandbox, "SELECT count(*) FROM sessions");
        let counted = "SELECT coalesce(sum(value), 0) FROM counters WHERE name LIKE 'deleted.%'";
        assert_eq!(kept + number(&sandbox, counted), opened);
        assert!(number(&sandbox, "SELECT count(*) FROM leases") <= 2);
    }
    // And the first run a minute later completes the work; sessions that were opened
    // after a cycle had died are not its own, but those of the next one
    a_minute_later(&sandbox);
    sandbox.run(["--config", "jobs.toml", "run"]).succeeds().is_silent();
    assert_eq!(number(&sandbox, "SELECT count(*) FROM sessions WHERE task = 'imap'"), 0);
    a_minute_later(&sandbox);
    sandbox.run(["--config", "jobs.toml", "run"]).succeeds().is_silent();
    assert_eq!(number(&sandbox, "SELECT count(*) FROM sessions"), 0);
    let by_reason = |reason: &str| {
        let sql = format!("SELECT sum(value) FROM counters WHERE name = 'deleted.{reason}'");
        number(&sandbox, &sql)
    };
    assert_eq!((by_reason("expired"), by_reason("cycled")), (opened / 2, opened / 2));
    // What the ledger says was done, was done; who was killed could not say it.
    let said = number(&sandbox, "SELECT sum(ended) FROM runs WHERE outcome <> 'lost'");
    assert!(said <= opened, "{said}");
    assert_eq!(number(&sandbox, "SELECT count(*) FROM runs WHERE outcome = 'running'"), 0);
    let check = "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'";
    assert_eq!(number(&sandbox, check), 0);
    assert!(killed_at_work > 0);
}
