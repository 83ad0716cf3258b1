//! The results of databases and calls, put together.

use std::cell::RefCell;
use std::rc::Rc;

use sessctl::cli::all_databases::events::{RunEvents, RunResult, Unit};
use sessctl::cli::all_databases::tracker::{EndedJob, Tracker};
use sessctl::cli::clock;

use crate::support::processes::until;

type Events = Rc<RefCell<Vec<(Unit, Option<RunResult>)>>>;

struct Recorder(Events);

impl RunEvents for Recorder {
    fn started(&mut self, unit: &Unit) {
        self.0.borrow_mut().push((unit.clone(), None));
    }

    fn ended(&mut self, unit: &Unit, result: &RunResult) {
        self.0.borrow_mut().push((unit.clone(), Some(result.clone())));
    }
}

/// A tracker of databases called `0`, `1`, ….
fn tracker(databases: usize) -> (Tracker, Events) {
    let events = Events::default();
    let names = (0..databases).map(|number| Some(number.to_string()));
    (Tracker::new(names, vec![Box::new(Recorder(Rc::clone(&events)))]), events)
}

fn job(exit_code: u8, outcome: &str) -> EndedJob {
    let result = RunResult {
        started: clock::now(),
        finished: clock::now(),
        outcome: outcome.to_owned(),
        exit_code,
        marked: 0,
        ended: 1,
        deleted: 0,
        reason: None,
    };
    EndedJob { job: "purge".to_owned(), work: "purge".to_owned(), result }
}

/// The result of a call whose databases have these exit codes and reasons.
fn call(databases: &[(u8, &str)]) -> RunResult {
    let (mut tracker, events) = tracker(databases.len());
    for (index, (exit_code, reason)) in databases.iter().enumerate() {
        tracker.worker_started(index);
        if *exit_code == 0 {
            tracker.job_ended(index, job(0, "done"));
        }
        tracker.databases[index].failure = Some((*reason).to_owned());
        tracker.database_ended(index, *exit_code);
    }
    tracker.all_ended();
    let last = events.borrow().last().cloned().unwrap();
    assert_eq!(last.0, Unit::All);
    last.1.unwrap()
}

#[test]
fn a_busy_database_has_no_part_in_the_outcome_of_a_call() {
    let summary = |databases: &[(u8, &str)]| {
        let RunResult { outcome, exit_code, reason, .. } = call(databases);
        format!("{outcome} {exit_code} {}", reason.unwrap_or_default())
    };
    assert_eq!(summary(&[(0, ""), (0, "")]), "done 0 ");
    assert_eq!(summary(&[(11, "locked"), (0, "")]), "done 0 0: locked");
    assert_eq!(summary(&[(11, "locked"), (11, "locked")]), "failed 11 0: locked; 1: locked");
    assert_eq!(
        summary(&[(3, "late"), (11, "locked"), (0, ""), (12, "corrupt"), (10, "gone")]),
        "failed 12 3: corrupt; 4: gone; 0: late; 1: locked"
    );
    assert_eq!(summary(&[(11, "locked"), (4, "guard")]), "refused 4 1: guard; 0: locked");
}

#[test]
fn another_process_that_does_the_work_is_no_lock() {
    for (outcome, is_locked) in [("busy", false), ("failed", true)] {
        let (mut tracker, events) = tracker(1);
        tracker.job_ended(0, job(11, outcome));
        tracker.database_ended(0, 11);
        tracker.all_ended();
        for (unit, result) in events.borrow().iter().filter(|(_, result)| result.is_some()) {
            let result = result.as_ref().unwrap();
            assert_eq!((result.outcome.as_str(), result.is_locked()), (outcome, is_locked));
            assert_eq!(result.exit_code, 11, "{unit:?}");
        }
    }
}

#[test]
fn the_reason_of_a_call_names_all_databases_within_its_limit() {
    let long = format!("http://app:secret@db:4001 {}", "x".repeat(5_000));
    let reason = call(&[(1, &long), (10, "gone"), (1, &long)]).reason.unwrap();
    assert!(reason.chars().count() <= 1_000, "{reason}");
    for name in ["0: http", "1: gone", "2: http"] {
        assert!(reason.contains(name), "{reason}");
    }
    let many = vec![(1, long.as_str()); 200];
    let reason = call(&many).reason.unwrap();
    assert_eq!(reason.chars().count(), 1_000);
    assert!(reason.ends_with('…') && !reason.contains("secret"), "{reason}");
}

#[test]
fn a_database_that_fails_before_any_job_has_the_times_of_its_worker() {
    let (mut tracker, events) = tracker(2);
    let begun = clock::now();
    tracker.worker_started(0);
    until(|| clock::now() > begun);
    tracker.database_ended(0, 11);
    let next = clock::now();
    tracker.worker_started(1);
    tracker.database_ended(1, 10);
    tracker.all_ended();
    let events = events.borrow();
    let started: Vec<_> = events.iter().map(|(_, result)| result.as_ref().unwrap()).collect();
    assert!(started[0].started <= next && started[0].finished > begun);
    assert!(started[1].started >= next);
    assert!(started[2].started < next);
}

#[test]
fn a_call_begins_with_its_first_job_also_after_a_failure() {
    let (mut tracker, events) = tracker(2);
    tracker.database_ended(0, 10);
    tracker.job_started(1, "purge");
    tracker.job_ended(1, job(0, "done"));
    tracker.database_ended(1, 0);
    tracker.all_ended();
    let events = events.borrow();
    let of_call = events.iter().filter(|(unit, _)| *unit == Unit::All);
    assert_eq!(of_call.map(|(_, it)| it.is_some()).collect::<Vec<_>>(), [false, true]);
}
