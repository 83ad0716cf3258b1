//! What keeps a purge from doing too much: the guard, and the run time.

use crate::fixture::{DAY, HOUR, MINUTE, Sandbox, row};

/// Ten live sessions, six of them due, and two rows whose retention is over.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.insert_all(0..6, |n| row(&n.to_string()).idle(HOUR));
    sandbox.insert_all(6..9, |n| row(&n.to_string()).idle(MINUTE));
    sandbox.insert(&row("http").task("http").idle(MINUTE));
    sandbox.insert_all(20..22, |n| row(&n.to_string()).idle(3 * DAY).ended(2 * DAY, "closed"));
    sandbox
}

#[test]
fn above_a_cap_nothing_changes_and_the_refusal_has_the_figures_and_the_next_step() {
    let sandbox = sandbox();
    let before = sandbox.listed([]);
    for (cap, key, next) in [
        (["--max-percent", "50"], "max_percent = 50", "--max-percent 100"),
        (["--max-percent", "59.9%"], "max_percent = 59.9", "--max-percent 100"),
        (["--max-rows", "5"], "max_rows = 5", "--max-rows 0"),
        (["--max-percent", "0"], "max_percent = 0", "--max-percent 100"),
    ] {
        let ran = sandbox.run([&["purge"], &cap[..]].concat());
        let (setting, _) = key.split_once(" = ").unwrap();
        assert_eq!(
            ran.is_refused_with(4).stderr(),
            format!(
                "sessctl: the guard refuses this purge: it would end 6 of 10 sessions in the \
                 table (60.0 %), more than {key}; no earlier purge is on record, so this may be \
                 a backlog; look at them with `sessctl purge --dry-run`, then run it once with \
                 {next}, or raise {setting} in [guard]\n"
            )
        );
        let summary = sandbox.run([&["purge", "--json"], &cap[..]].concat()).exits(4).json();
        assert_eq!((&summary["ended"], &summary["remaining"]), (&0.into(), &6.into()));
        assert_eq!((&summary["live"], &summary["stopped"]), (&4.into(), &"guard".into()));
        assert_eq!(sandbox.listed([]), before);
    }
}

#[test]
fn up_to_a_cap_a_purge_goes_ahead() {
    for args in [["--max-percent", "60"], ["--max-rows", "6"], ["--max-rows", "0"]] {
        let sandbox = sandbox();
        let summary = sandbox.run([&["purge", "--json"], &args[..]].concat()).succeeds().json();
        assert_eq!((&summary["ended"], &summary["deleted"]), (&6.into(), &2.into()));
    }
}

#[test]
fn the_guard_counts_within_the_task_that_is_meant() {
    let sandbox = sandbox();
    let ran = sandbox.run(["purge", "--task", "IMAP", "--max-percent", "60"]);
    let refusal = ran.is_refused_with(4).stderr();
    let figures = "would end 6 of 9 sessions of IMAP in the table (66.6 %)";
    assert!(refusal.contains(figures), "{refusal}");
    sandbox.run(["purge", "--task", "http", "--max-percent", "0"]).succeeds().is_silent();
}

#[test]
fn a_dry_run_shows_what_the_guard_would_refuse() {
    let sandbox = sandbox();
    let ran = sandbox.run(["purge", "--dry-run", "--max-rows", "5", "-o", "csv"]);
    assert_eq!(ran.exits(4).stdout().lines().count(), 1 + 8);
    assert_eq!(
        ran.stderr(),
        "the guard would refuse this purge: it would end 6 of 10 sessions in the table \
         (60.0 %), more than max_rows = 5; no earlier purge is on record, so this may be a \
         backlog\n"
    );
}

#[test]
fn the_configuration_sets_caps_that_an_argument_overrides() {
    let sandbox = sandbox();
    sandbox.file("sessctl.toml", "[guard]\nmax_percent = 50\nmax_rows = 5\n");
    let purge = ["purge", "--config", "sessctl.toml"];
    sandbox.run(purge).is_refused_with(4);
    sandbox.run([&purge[..], &["--max-rows", "0"]].concat()).is_refused_with(4);
    let overridden = [&purge[..], &["--max-rows", "0", "--max-percent", "100"]].concat();
    sandbox.run(overridden).succeeds().is_silent();
}

#[test]
fn a_cap_that_makes_no_sense_is_a_mistake_of_usage() {
    let sandbox = sandbox();
    for args in [
        ["--max-percent", "101"],
        ["--max-percent", "-1"],
        ["--max-percent", "NaN"],
        ["--max-percent", "half"],
        ["--max-rows", "-1"],
        ["--max-rows", "1.5"],
        ["--run-time", "5"],
        ["--run-time", "soon"],
    ] {
        let ran = sandbox.run([&["purge"], &args[..]].concat());
        assert_eq!(ran.exits(2).stdout(), "", "{args:?}");
    }
    assert_eq!(sandbox.listed(["--state", "active,expired"]).len(), 10);
}

#[test]
fn a_purge_whose_time_is_up_says_what_is_left_and_the_next_one_goes_on() {
    let sandbox = Sandbox::new();
    sandbox.insert_all(0..1_000, |n| row(&n.to_string()).idle(HOUR));
    let summary = sandbox.run(["purge", "--run-time", "0", "--json"]).exits(3).json();
    assert_eq!(summary["stopped"], "run-time");
    let ended = summary["ended"].as_u64().unwrap();
    assert!(0 < ended && ended < 1_000);
    assert_eq!(summary["remaining"], 1_000 - ended);
    assert_eq!(sandbox.listed(["--state", "ended"]).len() as u64, ended);
    // Cron mails it
    let ran = sandbox.run(["purge", "--run-time", "0s"]);
    assert_eq!(ran.exits(3).stdout(), "");
    assert!(ran.stderr().contains("; stopped by run-time, "), "{}", ran.stderr());
    // And with time enough the rest follows
    sandbox.run(["purge", "--run-time", "10m"]).succeeds().is_silent();
    assert_eq!(sandbox.listed(["--state", "ended"]).len(), 1_000);
}

#[test]
fn a_purge_whose_time_is_up_with_nothing_left_has_done_its_work() {
    let sandbox = sandbox();
    let summary = sandbox.run(["purge", "--run-time", "0", "--json"]).succeeds().json();
    assert_eq!((&summary["ended"], &summary["remaining"]), (&6.into(), &0.into()));
    assert!(summary["stopped"].is_null());
}
