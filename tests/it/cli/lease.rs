//! The lease: one purge at a time on a database.

use crate::support::processes::{Running, until};
use crate::support::{HOUR, Sandbox, now, row};

/// Takes the lease as a purge would that renewed it this many seconds ago and then hung.
fn hold(sandbox: &Sandbox, seconds_ago: i64) {
    let sql = "INSERT OR REPLACE INTO leases (name, holder, renewed_at) VALUES ('purge', 'x', ?1)";
    sandbox.db().execute(sql, [now() - seconds_ago]).unwrap();
}

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.insert(&row("old").idle(HOUR));
    sandbox
}

fn live(sandbox: &Sandbox) -> usize {
    sandbox.listed(["--state", "active,expired"]).len()
}

#[test]
fn w8_a_purge_that_finds_another_running_exits() {
    let sandbox = sandbox();
    for ago in [0, 30, 50] {
        hold(&sandbox, ago);
        let reason = sandbox.run(["purge"]).is_refused_with(11).stderr();
        assert!(
            reason.contains(
                "a purge of this database is already running (another process, last heartbeat"
            ),
            "{reason}"
        );
        assert!(reason.contains("--wait"), "{reason}");
    }
    assert_eq!(live(&sandbox), 1);
    // A dry run changes nothing, and asks nobody.
    sandbox.run(["purge", "--dry-run", "-q"]).succeeds();
}

#[test]
fn w8_the_lease_of_a_process_that_died_is_taken_over() {
    for ago in [62, 100_000, -20, -100_000] {
        let sandbox = sandbox();
        hold(&sandbox, ago);
        sandbox.run(["purge"]).succeeds().is_silent();
        assert_eq!(live(&sandbox), 0);
    }
}

#[test]
fn w8_a_purge_waits_for_another_as_long_as_requested() {
    let sandbox = sandbox();
    hold(&sandbox, 0);
    sandbox.run(["purge", "--wait", "1s"]).is_refused_with(11);
    hold(&sandbox, 0);
    let waiting = start(&sandbox, &["purge", "--wait", "5m"]);
    sandbox.db().execute_batch("DELETE FROM leases").unwrap();
    waiting.finish().succeeds().is_silent();
    assert_eq!(live(&sandbox), 0);
}

fn start(sandbox: &Sandbox, args: &[&str]) -> Running {
    let command = sandbox.command(args.iter().copied());
    Running::start(command)
}

#[test]
fn w8_of_two_purges_one_works_and_the_other_leaves_and_says_to_whom() {
    // Given a purge that cannot go on, because its hook waits for a reader
    let sandbox = sandbox();
    sandbox.file("hook.toml", "[hooks]\non_end = [\"sh\", \"-c\", \"echo at work > fifo; cat > gate\"]\ntimeout = \"30s\"\n");
    for name in ["fifo", "gate"] {
        sandbox.fifo(name);
    }
    let first = start(&sandbox, &["--config", "hook.toml", "purge"]);
    let pid = first.id();
    assert_eq!(std::fs::read_to_string(sandbox.path("fifo")).unwrap(), "at work\n");
    // When another one starts
    let second = sandbox.run(["purge"]);
    // Then it leaves, and names the first
    let reason = second.is_refused_with(11).stderr();
    assert!(
        reason.contains(&format!("a purge of this database is already running (process {pid} on ")),
        "{reason}"
    );
    let running = sandbox.run(["show", "runs", "--json"]).succeeds().json();
    assert_eq!(running[0]["outcome"], "running");
    // And the first comes to its end
    std::fs::read_to_string(sandbox.path("gate")).unwrap();
    first.finish().succeeds().is_silent();
    let done = sandbox.run(["show", "runs", "--json"]).succeeds().json();
    assert_eq!((done[0]["outcome"].as_str(), done.as_array().unwrap().len()), (Some("done"), 1));
}

#[test]
fn w8_a_run_that_finds_its_job_running_exits_or_waits() {
    // Given a job whose process is at work elsewhere
    let sandbox = sandbox();
    let config = "[[job]]\nname = \"tidy\"\nevery = \"5m\"\ndo = \"purge\"\n";
    sandbox.file("jobs.toml", config);
    sandbox.run(["--config", "jobs.toml", "run"]).succeeds();
    sandbox.jobs_have_waited();
    sandbox.run(["--config", "jobs.toml", "run"]).succeeds();
    sandbox.jobs_have_waited();
    let begun = "UPDATE runs SET outcome = 'running', planned_at = planned_at - 10,
                                 holder = 'on another machine';
                 UPDATE job_histories SET interrupted_at = (SELECT planned_at FROM runs)";
    sandbox.db().execute_batch(begun).unwrap();
    let holder = "UPDATE leases SET holder = (SELECT holder FROM runs)";
    hold(&sandbox, 0);
    sandbox.db().execute_batch(holder).unwrap();
    // When it is to run, then it is left to that process
    sandbox.run(["--config", "jobs.toml", "run"]).exits(11).is_silent();
    sandbox.run(["--config", "jobs.toml", "run", "--wait", "1s"]).exits(11).is_silent();
    // And who waits long enough does it when that one has gone
    hold(&sandbox, 0);
    sandbox.db().execute_batch(holder).unwrap();
    let waiting = start(&sandbox, &["--config", "jobs.toml", "run", "--wait", "5m"]);
    sandbox.db().execute_batch("DELETE FROM leases").unwrap();
    waiting.finish().succeeds().is_silent();
}

#[test]
fn w8_a_purge_that_has_slept_for_longer_than_its_lease_does_not_go_on() {
    // Given a purge that waits for its first hook
    let sandbox = Sandbox::new();
    sandbox.insert_all(0..500, |n| row(&n.to_string()).idle(HOUR));
    let script = "test -e once && exit; touch once; echo at work > fifo; cat > gate";
    let hook = format!("[hooks]\non_end = [\"sh\", \"-c\", \"{script}\"]\ntimeout = \"30s\"\n");
    sandbox.file("hook.toml", hook);
    for name in ["fifo", "gate"] {
        sandbox.fifo(name);
    }
    let purge = start(&sandbox, &["--config", "hook.toml", "purge"]);
    assert_eq!(std::fs::read_to_string(sandbox.path("fifo")).unwrap(), "at work\n");
    // When it is a minute and more later, as after the sleep of a machine
    sandbox.db().execute_batch("UPDATE leases SET renewed_at = renewed_at - 100").unwrap();
    let begun = now();
    until(|| now() >= begun + 2);
    std::fs::read_to_string(sandbox.path("gate")).unwrap();
    // Then it stops, and the next one does what is left
    let ran = purge.finish();
    let reason = ran.exits(3).stderr();
    assert!(reason.contains("stopped early (lease)"), "{reason}");
    let left = live(&sandbox);
    assert!(0 < left && left < 500, "{left}");
    let runs = sandbox.run(["show", "runs", "--json"]).succeeds().json();
    assert_eq!(runs[0]["outcome"], "partial");
    assert_eq!(runs[0]["ended"], 500 - left);
    sandbox.run(["purge"]).succeeds().is_silent();
    assert_eq!(live(&sandbox), 0);
}

#[test]
fn a_killed_purge_is_lost_in_the_ledger_and_the_next_one_resumes() {
    let sandbox = sandbox();
    sandbox.file("hook.toml", "[hooks]\non_end = [\"sh\", \"-c\", \"echo at work > fifo; cat > gate\"]\ntimeout = \"30s\"\n");
    for name in ["fifo", "gate"] {
        sandbox.fifo(name);
    }
    let mut purge = start(&sandbox, &["--config", "hook.toml", "purge"]);
    assert_eq!(std::fs::read_to_string(sandbox.path("fifo")).unwrap(), "at work\n");
    purge.kill().unwrap();
    purge.wait().unwrap();
    std::fs::read_to_string(sandbox.path("gate")).unwrap();
    // As on another machine, of whose processes nothing is known
    let elsewhere = "UPDATE runs SET holder = 'elsewhere'; UPDATE leases SET holder = 'elsewhere'";
    sandbox.db().execute_batch(elsewhere).unwrap();
    sandbox.run(["purge"]).is_refused_with(11);
    // A minute later
    sandbox.db().execute_batch("UPDATE leases SET renewed_at = renewed_at - 61").unwrap();
    let lost = sandbox.run(["show", "runs", "--json"]).succeeds().json();
    assert_eq!(lost[0]["outcome"], "lost");
    sandbox.run(["purge"]).succeeds().is_silent();
    let runs = sandbox.run(["show", "runs", "-o", "csv"]).succeeds().stdout();
    assert_eq!(runs.matches(",lost,").count(), 1, "{runs}");
    assert_eq!(runs.matches(",done,").count(), 1, "{runs}");
}
