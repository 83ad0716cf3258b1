//! Findings about runs, jobs, the clock and the state directory.

use super::{
    DJANGO, NAMED, application, apply, examine, fact, finding, findings, is_solved, purged,
    sessions,
};
use crate::support::{HOUR, Sandbox, row};

const JOBS: &str = "[[job]]\nname = \"tidy\"\nat = \"15 * *\"\ndo = \"purge\"\n";

fn scheduled(sandbox: &Sandbox, options: &[&str]) -> bool {
    let report = examine(sandbox, options);
    report["findings"].as_array().unwrap().iter().all(|finding| finding["id"] != "not_scheduled")
}

#[test]
fn a_database_that_nobody_purges_is_found() {
    let sandbox = Sandbox::new();
    // Whatever the machine schedules, it is not for this file.
    assert!(!scheduled(&sandbox, &[]));
    sandbox.run(["purge"]).succeeds();
    assert!(scheduled(&sandbox, &[]));
}

#[test]
fn a_purge_that_failed_is_found() {
    let sandbox = purged();
    let set = "UPDATE runs SET started_at = started_at - 14400, finished_at = finished_at - 14400";
    sandbox.db().execute_batch(set).unwrap();
    sandbox.insert(&row("over").idle(HOUR));
    sandbox.insert(&row("live"));
    sandbox.run(["purge", "--max-percent", "1"]).exits(4);
    let found = finding(&sandbox, &[], "last_purge_failed");
    let what = found["what"].as_str().unwrap();
    assert!(what.starts_with("the purge of 2") && what.contains("was refused: "), "{what}");
    apply(&sandbox, &found).succeeds();
    assert_eq!(findings(&sandbox, &[]), Vec::<String>::new());
}

#[test]
fn an_old_purge_is_found() {
    let sandbox = purged();
    let set =
        "UPDATE runs SET started_at = started_at - 259200, finished_at = finished_at - 259200";
    sandbox.db().execute_batch(set).unwrap();
    insta::assert_snapshot!(is_solved(&sandbox, &[], "purge_overdue"), @r"
    the last purge completed 3d ago
    expired sessions stay in the table until the next purge
    sessctl purge
    ");
}

#[test]
fn a_job_that_nothing_runs_is_found() {
    let sandbox = Sandbox::new();
    sandbox.file("c.toml", JOBS);
    let options = ["--config", "c.toml"];
    sandbox.run([&options[..], &["run"]].concat()).succeeds();
    sandbox.run(["purge"]).succeeds();
    assert_eq!(findings(&sandbox, &options), Vec::<String>::new());
    assert_eq!(fact(&sandbox, &options, "jobs"), "tidy (15 * *)");
    sandbox.jobs_have_waited();
    let found = finding(&sandbox, &options, "late_job");
    assert_eq!(found["fix"], "sessctl --config c.toml run");
    apply(&sandbox, &found).succeeds();
    assert_eq!(findings(&sandbox, &options), Vec::<String>::new());
}

#[test]
fn a_clock_that_has_moved_is_found() {
    let sandbox = purged();
    sandbox.db().execute_batch("UPDATE clocks SET wall = wall - 31536000").unwrap();
    let found = finding(&sandbox, &[], "clock_moved");
    let what = found["what"].as_str().unwrap();
    assert!(what.starts_with("the clock has moved forward by 365 days"), "{what}");
    apply(&sandbox, &found).succeeds();
    assert_eq!(findings(&sandbox, &[]), Vec::<String>::new());
}

#[test]
fn a_state_directory_that_cannot_be_written_is_found() {
    let sandbox = application(&(DJANGO.to_owned() + &sessions(0, 1)));
    // The sandbox names one that cannot be created.
    let found = findings(&sandbox, &["--profile", "django"]);
    assert!(found.contains(&"state_directory".to_owned()), "{found:?}");
    assert_eq!(findings(&sandbox, &NAMED), Vec::<String>::new());
    assert_eq!(fact(&sandbox, &NAMED, "state_directory"), "state");
}

#[test]
fn damaged_state_is_found() {
    let sandbox = application(&(DJANGO.to_owned() + &sessions(1, 2)));
    sandbox.run([&NAMED[..], &["purge"]].concat()).succeeds();
    for entry in std::fs::read_dir(sandbox.path("state")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "db") {
            std::fs::write(path, [0xa5; 8192]).unwrap();
        }
    }
    let found = finding(&sandbox, &NAMED, "state");
    apply(&sandbox, &found).succeeds();
    assert_eq!(findings(&sandbox, &NAMED), Vec::<String>::new());
}
