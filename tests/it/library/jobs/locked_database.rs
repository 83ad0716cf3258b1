//! A database that is locked in the middle of a run.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use rusqlite::{Connection, TransactionBehavior};
use sessctl::app::{JobOutcome, StopReason};
use sessctl::storage::RunOutcome;

use crate::support::jobs::{Database, Host, cycle_at, has_run};
use crate::support::{MINUTE, at, later};

/// Somebody who keeps all others from writing for seven seconds.
fn locks(database: &Database) -> std::thread::JoinHandle<()> {
    let mut connection = Connection::open(database.0.path().join("sessions.db")).unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    let holder = std::thread::spawn(move || {
        let lock = connection.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
        tell.send(()).unwrap();
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(7) {
            std::thread::park_timeout(Duration::from_millis(100));
        }
        drop(lock);
    });
    told.recv().unwrap();
    holder
}

#[test]
fn a_lock_of_seven_seconds_leaves_the_job_due_and_what_was_done_is_told() {
    // given a weekly cycle of more sessions than one batch ends
    let (mut host, database) = Host::alone();
    let (job, monday) = (cycle_at("0 4 1"), at("2026-06-15T04:00:00Z"));
    host.set_jobs(&[&job], later(monday, -MINUTE));
    for _ in 0..600 {
        host.opens("imap", later(monday, -MINUTE));
    }
    // when the database is locked behind the first batch
    let mut holder = None;
    let go_on = &mut || {
        holder.get_or_insert_with(|| locks(&database));
        ControlFlow::Continue(())
    };
    let ran = host.service.run_job(&job, &host.terms, monday, go_on).unwrap();
    let JobOutcome::Cycled(first) = ran else { panic!("it has not run") };
    holder.unwrap().join().unwrap();
    // then it says what it has done, and so does the ledger
    assert_eq!(first.stopped, Some(StopReason::Busy));
    assert!(0 < first.ended && first.ended < 600);
    let why = first.incomplete_reason().unwrap();
    assert!(why.starts_with("stopped early: ") && why.ends_with("is locked by another program"));
    let run = host.ledger(monday).pop().unwrap();
    assert_eq!((run.outcome, run.ended), (RunOutcome::Partial, first.ended));
    assert_eq!(run.reason, Some(why));
    // and the next minute goes on, with those who were there at the time
    let back = host.opens("imap", later(monday, 30));
    let now = later(monday, MINUTE);
    let JobOutcome::Cycled(rest) = host.run_if_due(&job, now) else { panic!("it has not run") };
    assert_eq!(first.ended + rest.ended, 600);
    assert!(host.is_live(&back, now));
    assert!(!has_run(&host.run_if_due(&job, later(now, MINUTE))));
}
