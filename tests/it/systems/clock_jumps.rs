//! Clock jumps under the configuration of each system: no session ends because of them.

use std::fs;
use std::process::Command;

use crate::support::fake_clock::follow_clock;
use crate::support::processes::Watch;
use crate::support::{Finished, HOUR, MINUTE, row};
use crate::systems::command::System;
use crate::systems::fake_clock::command;

/// Clocks, in the notation of faketime.
const CLOCKS: [&str; 9] =
    ["+62m", "-62m", "+1d", "-1d", "+1y", "-1y", "+20y", "-20y", "@1970-01-02 00:00:00"];

/// The clock lies to the command, and what counts since the machine was started lies
/// along or does not.
fn run_at(system: &System, clock: &str, lies_alone: bool, args: &[&str]) -> Finished {
    let mut command = command(system, "UTC", clock, args);
    if lies_alone {
        command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    }
    Finished(command.output().unwrap())
}

#[test]
#[ignore = "needs faketime"]
fn no_run_ends_a_session_that_is_live_at_the_right_time() {
    for name in ["domino", "websphere", "stalwart", "transfer", "redbex"] {
        // Given sessions in use, and jobs that have run by the right time
        let system = System::new(name);
        system.run(&["run"]).succeeds().is_silent();
        let tokens = ["imap", "http", "jmap"]
            .map(|task| system.opens(&["--task", task])["token"].as_str().unwrap().to_owned());
        let runs = system.json(&["show", "runs"]);
        // When the clock is wrong, then no job and no purge runs
        for (clock, lies_alone) in CLOCKS.iter().flat_map(|clock| [(clock, false), (clock, true)]) {
            let what = format!("{name} at {clock}, {lies_alone}");
            for command in [&["run"][..], &["purge"]] {
                let ran = run_at(&system, clock, lies_alone, command);
                let reason = ran.is_refused_with(4).stderr();
                // A clock that is off by years was not moved, but is wrong
                let is_far_off = clock.ends_with("20y") || clock.starts_with('@');
                let finding = if is_far_off { "the clock says " } else { "the clock has moved " };
                assert!(reason.contains(finding), "{what}: {reason}");
            }
            assert_eq!(system.json(&["show", "runs"]), runs, "{what}");
        }
        // And when it is right again, then they do, and all sessions are still in use
        system.run(&["run"]).succeeds().is_silent();
        system.run(&["purge"]).succeeds().is_silent();
        for token in &tokens {
            let touched = system.touches(token);
            assert!(["renewed -", "unchanged -"].contains(&touched.as_str()), "{name}: {touched}");
        }
    }
}

#[test]
#[ignore = "needs faketime"]
fn no_session_is_evicted_by_a_wrong_clock() {
    for (name, task, limit) in [("stalwart", "jmap", 100), ("redbex", "imap", 3)] {
        // Given as many sessions in use as there may be
        let system = System::new(name);
        system.insert_all(0..limit, |serial| row(&serial.to_string()).task(task).idle(MINUTE));
        system.run(&["purge"]).succeeds();
        // When another client comes while the clock is wrong
        for clock in ["+20y", "-1d"] {
            let opening = ["open", "--user", "alice", "--task", task, "--json"];
            let ran = run_at(&system, clock, true, &opening);
            let warning = ran.succeeds().stderr();
            // Then it gets in, and none makes way
            assert!(warning.contains("no other was ended"), "{name}: {warning}");
        }
        assert_eq!(system.listed(["--state", "ended"]), [""; 0], "{name}");
    }
}

#[test]
#[ignore = "needs faketime"]
fn a_clock_that_jumps_while_a_purge_runs_ends_nothing_more() {
    for jump in ["+20y", "-20y"] {
        // Given many sessions that are over, some in use, and a hook that moves the clock
        // after the first of them have ended
        let domino = System::new("domino");
        domino.run(&["purge"]).succeeds();
        domino.insert_all(0..4_000, |serial| row(&serial.to_string()).idle(HOUR));
        domino.insert_all(4_000..5_000, |serial| row(&serial.to_string()).idle(MINUTE));
        let clock = domino.path("clock");
        let hook = format!("cat >> told; echo '{jump}' > '{}'", clock.display());
        let settings = format!("[hooks]\non_end = [\"sh\", \"-c\", {hook:?}]\n");
        let config = domino.path("hook.toml");
        fs::write(&config, settings).unwrap();
        // When it is purged
        let config = config.to_str().unwrap();
        let mut purge = by_the_clock_in_a_file(&domino, &["--config", config, "purge", "--json"]);
        let ran = Finished(purge.output().unwrap());
        // Then those end that were over, and no other
        let summary = ran.succeeds().json();
        assert!(summary["batches"].as_u64().unwrap() > 1, "{summary}");
        assert_eq!((&summary["ended"], &summary["live"]), (&4_000.into(), &1_000.into()));
        assert_eq!(fs::read_to_string(domino.path("clock")).unwrap().trim(), jump);
    }
}

/// A command that shows the clock of a file, which lies from the next look on.
fn by_the_clock_in_a_file(system: &System, args: &[&str]) -> Command {
    let clock = system.path("clock");
    fs::write(&clock, "+0\n").unwrap();
    let mut command = system.command(args);
    follow_clock(&clock, &mut command);
    command.env("PATH", std::env::var_os("PATH").unwrap());
    command
}

#[test]
#[ignore = "needs faketime"]
fn a_watch_reports_a_clock_jump_once_and_continues_when_the_clock_is_right() {
    // Given a watch that has purged and cycled, and a session that was opened since
    let domino = System::new("domino");
    let jobs = "[[job]]\nname = \"tidy\"\nevery = \"30s\"\ndo = \"purge\"\n";
    let config = domino.path("jobs.toml");
    fs::write(&config, jobs).unwrap();
    let args = ["--config", config.to_str().unwrap(), "run", "--watch", "-v"];
    let mut watch = Watch::start(by_the_clock_in_a_file(&domino, &args));
    watch.says("tidy: done");
    domino.insert_all(0..10, |serial| row(&serial.to_string()));
    for (jump, direction) in [("+1y", "forward by 365 days"), ("-1y", "back by 365 days")] {
        // When the clock jumps, then it says so
        fs::write(domino.path("clock"), format!("{jump}\n")).unwrap();
        watch.says(&format!("the clock has moved {direction}"));
        // and when it is right again, then it goes on
        fs::write(domino.path("clock"), "+0\n").unwrap();
    }
    let said = watch.says("tidy: done");
    assert!(!said.contains("the clock has moved"), "{said}");
    assert!(said.ends_with("tidy: done; marked 0, ended 0, deleted 0\n"), "{said}");
}
