//! `show history`, and what stores its samples.

use serde_json::{Value, json};

use crate::support::{DAY, HOUR, Sandbox, now, row};

fn samples(sandbox: &Sandbox) -> Vec<Value> {
    let shown = sandbox.run(["show", "history", "--by", "sample", "--json"]).succeeds().json();
    shown.as_array().unwrap().clone()
}

fn pick(sample: &Value, names: &[&str]) -> Vec<Value> {
    names.iter().map(|name| sample[name].clone()).collect()
}

/// Moves all samples into the past.
fn age(sandbox: &Sandbox, seconds: i64) {
    sandbox.db().execute("UPDATE samples SET at = at - ?1", [seconds]).unwrap();
}

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.insert(&row("live"));
    sandbox.insert(&row("old").idle(HOUR));
    sandbox.insert(&row("older").idle(2 * HOUR).task("web"));
    sandbox.insert(&row("gone").ended(5, "closed"));
    sandbox
}

const STATES: [&str; 7] = ["runs", "live", "active", "idle", "abandoned", "expired", "rows"];

#[test]
fn a_purge_stores_what_it_found_and_what_it_did() {
    let sandbox = sandbox();
    sandbox.run(["purge"]).succeeds();
    let [sample] = &samples(&sandbox)[..] else { panic!("one sample") };
    assert_eq!(pick(sample, &STATES), [1, 1, 1, 0, 0, 2, 4].map(|count| json!(count)));
    let done = ["ended", "ended_expired", "ended_cycled", "deleted"];
    assert_eq!(pick(sample, &done), [2, 2, 0, 0].map(|count| json!(count)));
    let size = std::fs::metadata(sandbox.path("app.db")).unwrap().len();
    assert!(sample["file_bytes"].as_u64().unwrap() <= size);
    assert!(sample["longest_hold_ms"].is_number() && sample["longest_run_ms"].is_number());
}

#[test]
fn a_reading_has_the_figures_of_the_purge_that_follows() {
    let sandbox = sandbox();
    sandbox.run(["show", "stat", "--record"]).succeeds();
    age(&sandbox, 10);
    sandbox.run(["purge"]).succeeds();
    let [reading, purge] = &samples(&sandbox)[..] else { panic!("two samples") };
    assert_eq!(pick(reading, &STATES[1..]), pick(purge, &STATES[1..]));
    assert_eq!(
        pick(reading, &["runs", "ended", "longest_hold_ms"]),
        [json!(0), json!(0), json!(null)]
    );
}

#[test]
fn a_purge_with_nothing_to_do_stores_a_sample_once_an_hour() {
    let sandbox = Sandbox::new();
    for (seconds, count) in [(0, 1), (50 * 60, 1), (9 * 60, 2), (0, 2)] {
        age(&sandbox, seconds);
        sandbox.run(["purge"]).succeeds();
        assert_eq!(samples(&sandbox).len(), count);
    }
    // One that ends sessions always does.
    sandbox.insert(&row("old").idle(HOUR));
    age(&sandbox, 10);
    sandbox.run(["purge"]).succeeds();
    assert_eq!(samples(&sandbox).len(), 3);
}

#[test]
fn a_run_for_some_tasks_knows_no_states() {
    let sandbox = sandbox();
    sandbox.run(["purge", "--task", "web"]).succeeds();
    let [sample] = &samples(&sandbox)[..] else { panic!("one sample") };
    let unknown =
        [json!(1), json!(null), json!(null), json!(null), json!(null), json!(null), json!(null)];
    assert_eq!(pick(sample, &STATES), unknown);
    assert_eq!(pick(sample, &["ended", "deleted"]), [json!(1), json!(0)]);
    age(&sandbox, 10);
    sandbox.run(["cycle", "imap"]).succeeds();
    let sample = samples(&sandbox).pop().unwrap();
    assert_eq!(pick(&sample, &STATES), unknown);
    assert_eq!(pick(&sample, &["ended", "ended_cycled"]), [json!(1), json!(1)]);
}

#[test]
fn refused_runs_and_dry_runs_store_none() {
    let sandbox = sandbox();
    sandbox.run(["purge", "--max-rows", "1"]).exits(4);
    sandbox.run(["purge", "--dry-run"]).succeeds();
    sandbox.run(["cycle", "no such task"]);
    let shown = sandbox.run(["show", "history"]);
    assert_eq!(shown.succeeds().stdout(), "");
    assert!(shown.stderr().starts_with("sessctl: no sample since 30d in the ledger in "));
    assert_eq!(samples(&sandbox), [] as [Value; 0]);
}

#[test]
fn a_reading_under_a_clock_that_has_moved_is_refused() {
    let sandbox = sandbox();
    sandbox.run(["purge"]).succeeds();
    sandbox.db().execute("UPDATE clocks SET wall = wall - 360000", []).unwrap();
    sandbox.run(["show", "stat", "--record"]).is_refused_with(4);
    sandbox.run(["show", "stat"]).succeeds();
    assert_eq!(samples(&sandbox).len(), 1);
}

#[test]
fn days_without_a_sample_are_gaps_and_the_lines_are_drawn_by_the_locale() {
    let sandbox = Sandbox::new();
    let db = sandbox.db();
    let today = now() - now().rem_euclid(DAY);
    let insert = "INSERT INTO samples (at, runs, active, idle, abandoned, expired, total, \
                  ended_expired, deleted, file_bytes) VALUES (?1, 1, ?2, 0, 0, 10, 99, 10, ?2, ?3)";
    for (day, live) in [(5, 8), (4, 1), (2, 4), (0, 2)] {
        db.execute(insert, [today - day * DAY, live, live * 1_000_000]).unwrap();
    }
    let mut command = sandbox.command(["show", "history"]);
    let command = command.env("TZ", "UTC").env("LC_ALL", "C.UTF-8");
    let text = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let (lines, table) = text.split_once("\n\n").unwrap();
    assert_eq!(
        lines,
        "live     █▁ ▄ ▂  8 to 2\nexpired  ▅▅ ▅ ▅  10 to 10\ndeleted  █▁ ▄ ▂  8 to 2\n\
         file     █▁ ▄ ▂  8.00 MB to 2.00 MB"
    );
    assert_eq!(table.lines().count(), 7);
    let gaps: Vec<&str> = table.lines().filter(|line| !line.contains("MB")).collect();
    assert_eq!(gaps.len(), 3, "{table}");
    assert!(gaps[1].ends_with('-') && gaps[0].starts_with("PERIOD"), "{table}");
    let ascii = command.env("LC_ALL", "C").output().unwrap().stdout;
    assert!(String::from_utf8(ascii).unwrap().starts_with("live     #_ - .  8 to 2\n"));
    // Programs read null, and each day.
    let command = command.arg("--json").output().unwrap().stdout;
    let days: Value = serde_json::from_slice(&command).unwrap();
    assert_eq!(days.as_array().unwrap().len(), 6);
    assert_eq!((&days[2]["live"], &days[2]["runs"]), (&json!(null), &json!(null)));
}

#[test]
fn samples_from_the_future_are_told_and_not_shown() {
    let sandbox = sandbox();
    sandbox.run(["purge"]).succeeds();
    sandbox.db().execute("INSERT INTO samples (at) VALUES (?1)", [now() + DAY]).unwrap();
    let shown = sandbox.run(["show", "history", "--json"]);
    assert_eq!(shown.succeeds().json().as_array().unwrap().len(), 1);
    insta::assert_snapshot!(shown.stderr(), @"sessctl: warning: 1 sample is from the future, and not shown: the clock was ahead then, or it is behind now");
}
