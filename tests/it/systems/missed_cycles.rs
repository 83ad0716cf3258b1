//! Domino's nightly restart as a job: its first run, and missed runs.

use sessctl::UnixTime;
use sessctl::app::JobOutcome;
use sessctl::domain::job::{Job, JobStatus};

use crate::support::{DAY, HOUR, MINUTE, at, later, row};
use crate::systems::command::System;
use crate::systems::fake_clock::{at as command_at, cron_at, fate_at, json_at, open_at, runs_of};
use crate::systems::harness::{Library, minutes};

const AT_FOUR: &str = "at = \"0 4 *\" ";
const ON_MAIL1: &str =
    "host = \"mail1\"                        # Server to run on: other servers skip it";

/// Creates the system with the restart at an interval.
fn every(interval: &str) -> System {
    System::with_changes("domino", &[(AT_FOUR, &format!("every = \"{interval}\""))])
}

/// The last restart that the ledger has: its outcome, and why.
fn restart(domino: &System) -> (String, String) {
    let runs = domino.json(&["show", "runs", "--job", "restart imap"]);
    let text = |key: &str| runs[0][key].as_str().unwrap_or("-").to_owned();
    (text("outcome"), text("reason"))
}

/// The output of `show schedule` for the restart.
fn schedule(domino: &System) -> serde_json::Value {
    let jobs = domino.json(&["show", "schedule"]);
    let mut jobs = jobs.as_array().unwrap().clone();
    jobs.retain(|job| job["job"] == "restart imap");
    jobs.remove(0)
}

#[test]
fn d11_a_cycle_that_is_new_edited_renamed_or_back_ends_no_session_at_once() {
    // Given a restart each day that has waited for its time, and a session in use
    let mut domino = every("24h");
    domino.run(&["run"]).succeeds();
    domino.insert(&row("in use"));
    let weekly = ("at = \"0 4 *\" ", "every = \"1w\" ");
    let daily = ("at = \"0 4 *\" ", "every = \"24h\" ");
    let enabled = "enabled = true                        # Enabled/disabled: Enabled";
    let changes: [&[(&str, &str)]; 5] = [
        &[weekly],
        &[daily, ("name = \"restart imap\"", "name = \"restart imap weekly\"")],
        &[daily, (enabled, "enabled = false")],
        &[daily],
        &[daily, ("\ntask = \"imap\"", "\ntask = \"im*\"")],
    ];
    for change in changes {
        // When its settings are changed, and it would be due by those of before
        domino.jobs_have_waited(&["mail1"]);
        domino.change("domino", change);
        // Then the next call ends nothing
        for _ in 0..2 {
            domino.run(&["run"]).succeeds();
            assert_eq!(domino.fate("in use"), "active", "{change:?}");
        }
    }
    let cycles = domino.ledger().into_iter().filter(|(job, ..)| job.starts_with("restart"));
    assert_eq!(cycles.count(), 0);
}

#[test]
fn d11_a_cycle_first_runs_at_its_time_or_one_interval_after_it_is_first_seen() {
    let ten = at("2026-06-15T10:00:20Z");
    for (words, first, minutes_of) in [
        ("at = \"0 4 *\" ", at("2026-06-16T04:00:20Z"), 20 * HOUR),
        ("every = \"90m\" ", later(ten, 90 * MINUTE), 2 * HOUR),
    ] {
        // Given a restart that is first seen at ten in the morning
        let mut domino = Library::with_changes("domino", &[(AT_FOUR, words)]);
        // When cron calls each minute, and a session is opened a minute before the time
        let mut calls = minutes(ten, later(ten, minutes_of));
        let mut token = None;
        let ran = calls.find(|now| {
            if *now == later(first, -MINUTE) {
                token = Some(domino.open("imap", *now));
            }
            matches!(domino.run("restart imap", *now), JobOutcome::Cycled(_))
        });
        // Then it first runs at its time
        assert_eq!(ran, Some(first));
        assert_eq!(domino.fate(&token.unwrap(), first), "cycled");
    }
}

#[test]
fn d11_a_second_host_that_takes_the_cycle_up_ends_no_session() {
    // Given a restart of any host that one of them has missed for two days
    let mut domino =
        Library::with_changes("domino", &[(AT_FOUR, "every = \"24h\" "), (ON_MAIL1, "")]);
    let (start, job) = (at("2026-06-15T04:00:00Z"), domino.job("restart imap"));
    domino.run("restart imap", start);
    let now = later(start, 2 * DAY + 30);
    let token = domino.open("imap", later(now, -MINUTE));
    // When another one has it for the first time
    let mut other = domino.other_process("mail2");
    let go_on = &mut || std::ops::ControlFlow::Continue(());
    let ran = other.run_job(&job, &domino.terms, now, go_on).unwrap();
    // Then it ends nothing, and its first run is one interval later
    assert!(!matches!(ran, JobOutcome::Cycled(_)), "{ran:?}");
    assert_eq!(domino.fate(&token, now), "active");
}

#[test]
fn d11_a_cycle_that_was_missed_is_skipped_said_once_and_recorded() {
    // Given a restart that was due five hours ago, and a session in use
    let domino = every("19h");
    domino.jobs_have_waited(&["mail1"]);
    domino.insert(&row("in use"));
    let before = schedule(&domino);
    let late = "5h late, more than late = 1h";
    assert!(before["note"].as_str().unwrap().starts_with(late), "{before}");
    assert_eq!((&before["missed"], &before["allowed_late_seconds"]), (&1.into(), &3_600.into()));
    // When cron calls, then one line says that it does not take place, and when it does
    let said = domino.run(&["run"]).succeeds().stderr();
    let beginning = format!("sessctl: job restart imap: skipped: {late}; it runs next at ");
    assert!(said.starts_with(&beginning) && said.lines().count() == 1, "{said}");
    // Then no session has ended, and the ledger and the schedule say why
    assert_eq!(domino.fate("in use"), "active");
    assert_eq!(restart(&domino), ("skipped".into(), late.into()));
    let after = schedule(&domino);
    assert_eq!((&after["outcome"], &after["note"]), (&"skipped".into(), &late.into()));
    assert_eq!(after["missed"], 0);
    assert_eq!(after["next_at_unix"], before["next_at_unix"]);
    // And the next call says nothing
    domino.run(&["run"]).succeeds().is_silent();
    assert_eq!(domino.ledger().iter().filter(|(job, ..)| job == "restart imap").count(), 1);
}

#[test]
fn d11_the_answer_of_run_has_the_skipped_cycle() {
    let unreported = ("each = \"stdout\"", "");
    let domino = System::with_changes("domino", &[(AT_FOUR, "every = \"19h\""), unreported]);
    domino.jobs_have_waited(&["mail1"]);
    let ran = domino.json(&["run"]);
    assert_eq!((&ran[1]["job"], &ran[1]["outcome"]), (&"restart imap".into(), &"skipped".into()));
    assert_eq!(ran[1]["reason"], "5h late, more than late = 1h");
    // And with --quiet nothing is said
    let domino = every("19h");
    domino.jobs_have_waited(&["mail1"]);
    domino.run(&["run", "-q"]).succeeds().is_silent();
    assert_eq!(restart(&domino).0, "skipped");
}

#[test]
fn d11_a_cycle_is_made_up_within_its_late() {
    for (late, outcome) in [("6h", "done"), ("forever", "done"), ("4h", "skipped")] {
        let every = format!("every = \"19h\"\nlate = \"{late}\"");
        let domino = System::with_changes("domino", &[(AT_FOUR, &every)]);
        domino.jobs_have_waited(&["mail1"]);
        domino.run(&["run"]).succeeds();
        assert_eq!(restart(&domino).0, outcome, "{late}");
    }
}

#[test]
fn d11_a_purge_is_made_up_however_late() {
    let domino = System::with_changes("domino", &[("at = \"*/15 * *\"", "every = \"1h\"")]);
    domino.jobs_have_waited(&["mail1"]);
    let said = domino.run(&["run"]).succeeds().stderr();
    assert!(!said.contains("release idle sessions"), "{said}");
    let purge = domino.ledger().remove(0);
    assert_eq!((&*purge.0, &*purge.1), ("release idle sessions", "done"));
    let said =
        System::with_changes("domino", &[("do = \"purge\"", "do = \"purge\"\nlate = \"1h\"")]);
    let said = said.run(&["run"]).is_refused_with(2).stderr();
    assert!(said.contains("job.late: ") && said.contains("always made up for, once"), "{said}");
}

#[test]
fn d11_a_database_that_is_restored_makes_up_no_cycle() {
    // Given a restart that has run each night, and a copy of the database from the evening
    let mut domino = Library::new("domino");
    let evening = at("2026-06-15T22:00:20Z");
    domino.run("restart imap", evening);
    let token = domino.open("imap", evening);
    // When that is back in place on a morning three days later
    let morning = later(evening, 3 * DAY - 13 * HOUR);
    let ran = domino.run("restart imap", morning);
    // Then no session ends before the next night
    assert!(matches!(ran, JobOutcome::TooLate(_)), "{ran:?}");
    assert_eq!(domino.fate(&token, evening), "active");
    let next = next_of(&domino, &domino.job("restart imap"), morning);
    assert_eq!(next, at("2026-06-19T04:00:00Z"));
}

fn next_of(library: &Library, job: &Job, now: UnixTime) -> UnixTime {
    match library.service.job_statuses(std::slice::from_ref(job), &library.terms, now).unwrap()[0] {
        JobStatus::Scheduled { next, .. } => next,
        status => panic!("{status:?}"),
    }
}

#[test]
#[ignore = "needs faketime"]
fn d11_a_domino_server_that_was_off_over_night_restarts_nothing_in_the_morning() {
    // Given a server that is switched off in the evening
    let domino = System::new("domino");
    cron_at(&domino, "2026-06-15 22:00:03");
    // When it is on again at nine, and a client is at work
    let [_, handle] = open_at(&domino, "2026-06-16 08:59:00", &["--task", "imap"]);
    let said = command_at(&domino, "2026-06-16 09:00:03", &["run"]).succeeds().stderr();
    // Then the restart of four o'clock does not take place, and that is said
    assert_eq!(
        said,
        "sessctl: job restart imap: skipped: 5h late, more than late = 1h; it runs next at \
         2026-06-17T04:00:00Z\n"
    );
    cron_at(&domino, "2026-06-16 09:01:03");
    assert_eq!(fate_at(&domino, "2026-06-16 09:02:00", &handle), "active");
    let jobs = json_at(&domino, "2026-06-16 09:02:00", &["show", "schedule"]);
    assert_eq!(jobs[1]["note"], "5h late, more than late = 1h");
    // And that of the next night does
    cron_at(&domino, "2026-06-17 04:00:03");
    let nights = ["2026-06-16T04:00:00Z skipped", "2026-06-17T04:00:00Z done"];
    assert_eq!(runs_of(&domino, "restart imap"), nights);
}
