//! Two processes that ask for a job at the same moment.

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::thread;

use sessctl::domain::time::UnixTime;

use crate::support::jobs::{Database, purge_at};
use crate::support::{DAY, HOUR, at, later};

#[test]
fn no_time_runs_twice_though_two_ask_at_once() {
    // given an hourly job, and two processes on its database
    let (database, job) = (Database::new(), purge_at("0 * *"));
    let start = at("2026-06-15T00:00:00Z");
    let barrier = Barrier::new(2);
    let asks = || {
        let mut host = database.host("mail1");
        for now in (start.0..start.0 + 5 * DAY).step_by(3_600).map(UnixTime) {
            barrier.wait();
            // It may be told that the other is at work.
            let _ = host.try_run_if_due(&job, now);
        }
    };
    // when both ask at the same moments
    thread::scope(|threads| {
        threads.spawn(asks);
        asks();
    });
    // then each time has run once
    let end = later(start, 5 * DAY);
    let runs = database.host("mail1").ledger(end);
    let times: BTreeSet<UnixTime> = runs.iter().map(|run| run.planned).collect();
    assert_eq!((runs.len(), times.len()), (120, 120));
    assert!(runs.iter().all(|run| run.started.since(run.planned).as_seconds() < HOUR));
}
