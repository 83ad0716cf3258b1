//! Incomplete runs of a job in a row: the n-th is a failure.

use sessctl::domain::time::UnixTime;

use crate::support::{Finished, HOUR, Sandbox, row};

const JOB: &str = "[[job]]\nname = \"tidy\"\nat = \"* * *\"\ndo = \"purge\"\n";
/// A hook that fails: the run is incomplete.
const FAILS: &str = "[hooks]\non_end = [\"false\"]\n";

/// Runs the job, which has a session to end, with further settings.
fn run(sandbox: &Sandbox, number: u32, settings: &str) -> Finished {
    sandbox.insert(&row(&number.to_string()).idle(HOUR));
    sandbox.file("c.toml", format!("{settings}{JOB}"));
    if number > 0 {
        sandbox.jobs_have_waited();
    }
    sandbox.run(["--config", "c.toml", "run"])
}

fn codes(sandbox: &Sandbox, settings: &str, numbers: std::ops::Range<u32>) -> Vec<i32> {
    numbers.map(|number| run(sandbox, number, settings).0.status.code().unwrap()).collect()
}

fn new() -> Sandbox {
    let sandbox = Sandbox::new();
    // A new job has missed no run.
    run(&sandbox, 0, "").succeeds();
    sandbox
}

#[test]
fn the_third_in_a_row_is_a_failure_until_one_is_complete() {
    let sandbox = new();
    assert_eq!(codes(&sandbox, FAILS, 1..5), [3, 3, 1, 1]);
    let said = run(&sandbox, 5, FAILS).exits(1).stderr();
    let first: i64 = sandbox
        .db()
        .query_row("SELECT min(started_at) FROM runs WHERE outcome = 'partial'", [], |row| {
            row.get(0)
        })
        .unwrap();
    let since = UnixTime(first);
    let row = format!("; the last 5 runs were incomplete, since {since}");
    assert!(said.starts_with("sessctl: job tidy: ") && said.contains(&row), "{said}");
    // It is reported as before in the ledger: the run itself was incomplete.
    let runs = sandbox.run(["show", "runs", "--json"]).succeeds().json();
    assert_eq!(runs[0]["outcome"], "partial");
    run(&sandbox, 6, "").succeeds();
    assert_eq!(codes(&sandbox, FAILS, 7..10), [3, 3, 1]);
}

#[test]
fn the_number_is_configured() {
    for (settings, expected) in [
        ("[notify]\nafter = 1\n", [1, 1, 1, 1]),
        ("[notify]\nafter = 2\n", [3, 1, 1, 1]),
        ("[notify]\nafter = 0\n", [3, 3, 3, 3]),
    ] {
        let sandbox = new();
        assert_eq!(codes(&sandbox, &format!("{settings}{FAILS}"), 1..5), expected, "{settings}");
    }
}

#[test]
fn a_run_that_was_killed_is_incomplete() {
    let sandbox = new();
    assert_eq!(codes(&sandbox, FAILS, 1..2), [3]);
    run(&sandbox, 2, FAILS).exits(3);
    // What a process leaves behind that dies in a run
    let killed = "UPDATE runs SET outcome = 'running', finished_at = NULL WHERE id = (SELECT \
                  max(id) FROM runs)";
    assert_eq!(sandbox.db().execute(killed, []).unwrap(), 1);
    let said = run(&sandbox, 3, FAILS).exits(1).stderr();
    assert!(said.contains("; the last 3 runs were incomplete"), "{said}");
}

#[test]
fn runs_of_other_jobs_and_by_hand_do_not_count() {
    let sandbox = new();
    assert_eq!(codes(&sandbox, FAILS, 1..3), [3, 3]);
    // Complete runs by hand and of another job are in between.
    sandbox.run(["purge"]).succeeds();
    sandbox.file("other.toml", JOB.replace("tidy", "other"));
    sandbox.run(["--config", "other.toml", "run"]).succeeds();
    sandbox.jobs_have_waited();
    sandbox.run(["--config", "other.toml", "run"]).succeeds();
    assert_eq!(codes(&sandbox, FAILS, 3..4), [1]);
}
