//! Runs that have begun and not ended.

use std::ops::ControlFlow;

use sessctl::app::JobOutcome;
use sessctl::domain::job::{DueRun, Job, JobAction, JobStatus, RunInProgress};
use sessctl::domain::time::UnixTime;
use sessctl::domain::time_zone::TimeZone;
use sessctl::storage::{
    JobKey, Lease, NewRun, RunEnd, RunNote, RunOrigin, RunOutcome, StartResult,
};

use super::interval::done;
use crate::support::jobs::{Database, Host, cycle_at, has_run, planned, purge_at, purge_every};
use crate::support::{DAY, HOUR, MINUTE, at, later};

/// Key of a job in the ledger.
pub(super) fn key_of(job: &Job) -> JobKey {
    let host_scope = job.host.clone().unwrap_or_default();
    JobKey { name: job.name.clone(), host_scope, spec: job.spec(&TimeZone::UTC) }
}

/// A run of a job that starts when it should, and its lease.
pub(super) fn run_of(job: &Job, now: UnixTime) -> (Lease, NewRun) {
    let name = match job.work {
        JobAction::Purge(_) => "purge".to_owned(),
        JobAction::Cycle(_) => format!("cycle {}", job.name),
        JobAction::Report(_) => format!("report {}", job.name),
    };
    let run = NewRun {
        job: Some(key_of(job)),
        work: job.work.verb().into(),
        task: None,
        note: RunNote::default(),
        rules: String::new(),
        planned: now,
        started: now,
        last_settled_at: None,
        missed: 0,
        origin: RunOrigin { host: "mail1".into(), ..RunOrigin::default() },
    };
    (Lease { name, holder: format!("{} {now}", job.name) }, run)
}

/// Begins a run that dies at once.
fn dies(database: &Database, job: &Job, now: UnixTime) {
    let (lease, run) = run_of(job, now);
    let mut store = database.store();
    let states = store.jobs("", now).unwrap();
    let known = states.into_iter().find(|state| state.job == key_of(job));
    let run =
        NewRun { last_settled_at: known.and_then(|state| state.history.last_settled_at), ..run };
    assert_eq!(store.start_run(&lease, &run).unwrap(), StartResult::Started);
}

fn resumed(planned: UnixTime) -> JobStatus {
    JobStatus::Due(DueRun { planned, missed: 0, resumes: true })
}

#[test]
fn a_crashed_run_is_completed_once_its_lease_has_expired() {
    for job in [purge_at("0 4 *"), cycle_at("0 4 *"), purge_every("5m")] {
        // given a run that has died
        let (mut host, database) = Host::alone();
        let start = at("2026-06-15T04:00:00Z");
        host.run_if_due(&job, later(start, -HOUR));
        let start = if let JobStatus::Due(due) = host.job_status(&job, start) {
            due.planned
        } else {
            start
        };
        dies(&database, &job, start);
        // when its lease is still in force, then it counts as running
        let run = RunInProgress { planned: start, started: start, is_alive: true };
        assert_eq!(host.job_status(&job, later(start, 60)), JobStatus::Running(run));
        assert!(!has_run(&host.run_if_due(&job, later(start, 60))));
        // when that is over, then it is completed, under its own time
        let now = later(start, 61);
        assert_eq!(host.job_status(&job, now), resumed(start));
        assert!(has_run(&host.run_if_due(&job, now)));
        // and the ledger has both
        let ledger = host.ledger(now);
        let both = &ledger[ledger.len() - 2..];
        assert_eq!(planned(both), vec![start.to_string(); 2]);
        assert_eq!(both[0].outcome, RunOutcome::Lost);
        assert_eq!(both[1].outcome, RunOutcome::Done);
        assert!(!has_run(&host.run_if_due(&job, later(now, 2 * MINUTE))));
    }
}

#[test]
fn a_cycle_resumed_after_a_crash_spares_sessions_opened_since() {
    for job in [cycle_at("0 4 *"), Job { when: purge_every("1d").when, ..cycle_at("0 4 *") }] {
        // given sessions, and a cycle that has died before it ended any
        let (mut host, database) = Host::alone();
        let start = at("2026-06-15T04:00:00Z");
        host.run_if_due(&job, later(start, -DAY - HOUR));
        let before = host.opens("imap", later(start, -MINUTE));
        let other = host.opens("http", later(start, -MINUTE));
        dies(&database, &job, start);
        // when somebody has come back before it is completed
        let back = host.opens("imap", later(start, 30));
        let now = later(start, 2 * MINUTE);
        let JobOutcome::Cycled(cycled) = host.run_if_due(&job, now) else {
            panic!("it has not run")
        };
        // then that session stays
        assert_eq!(cycled.ended, 1);
        assert!(!host.is_live(&before, now));
        assert!(host.is_live(&back, now) && host.is_live(&other, now));
    }
}

#[test]
fn a_cycle_stopped_by_a_signal_resumes_with_the_sessions_of_its_beginning() {
    // given more sessions than one batch ends, and a signal during the first one
    let (mut host, database) = Host::alone();
    let job = cycle_at("0 4 *");
    let start = at("2026-06-15T04:00:00Z");
    let crowd: Vec<_> = (0..300).map(|_| host.opens("imap", later(start, -MINUTE))).collect();
    let mut until_the_first_batch = || ControlFlow::Break(());
    let ran = host.service.run_job(&job, &host.terms, start, &mut until_the_first_batch).unwrap();
    let JobOutcome::Cycled(cycled) = ran else { panic!("it has not run") };
    assert!(0 < cycled.ended && cycled.ended < 300);
    // and a run after that, which dies before it has done anything
    let (lease, again) = run_of(&job, later(start, 20));
    let last_settled_at = database.store().jobs("", start).unwrap()[0].history.last_settled_at;
    let again = NewRun { planned: start, last_settled_at, ..again };
    assert_eq!(database.store().start_run(&lease, &again).unwrap(), StartResult::Started);
    // when somebody has come back, and the job is asked for again
    let back = host.opens("imap", later(start, 10));
    let now = later(start, 2 * MINUTE);
    let JobOutcome::Cycled(rest) = host.run_if_due(&job, now) else { panic!("it has not run") };
    // then it ends the rest of them, and nobody else
    assert_eq!(cycled.ended + rest.ended, 300);
    assert!(crowd.iter().all(|session| !host.is_live(session, now)));
    assert!(host.is_live(&back, now));
    // and is settled
    assert!(!has_run(&host.run_if_due(&job, later(now, MINUTE))));
}

/// Runs a job that a signal stops after its first batch; returns the number of ended sessions.
fn is_stopped(host: &mut Host, job: &Job, now: UnixTime) -> u64 {
    let ran = host.service.run_job(job, &host.terms, now, &mut || ControlFlow::Break(())).unwrap();
    let JobOutcome::Cycled(cycled) = ran else { panic!("it has not run") };
    cycled.ended
}

#[test]
fn the_first_run_of_a_new_job_is_resumed_as_well() {
    for job in [cycle_at("0 4 *"), Job { when: purge_every("5m").when, ..cycle_at("0 4 *") }] {
        // given a job that has never run, and a signal during its first batch
        let (mut host, _database) = Host::alone();
        let start = at("2026-06-15T04:00:00Z");
        host.run_if_due(&job, later(start, -5 * MINUTE));
        for _ in 0..600 {
            host.opens("imap", later(start, -MINUTE));
        }
        let mut ended = is_stopped(&mut host, &job, start);
        // and another one when it goes on
        let back = host.opens("imap", later(start, 30));
        ended += is_stopped(&mut host, &job, later(start, 2 * MINUTE));
        assert!(0 < ended && ended < 600);
        // when it is asked for again
        let now = later(start, 4 * MINUTE);
        let JobOutcome::Cycled(rest) = host.run_if_due(&job, now) else { panic!("it has not run") };
        // then it ends the rest of them, and nobody else
        assert_eq!(ended + rest.ended, 600);
        assert!(host.is_live(&back, now));
        assert_eq!(planned(&host.ledger(now)), vec![start.to_string(); 3]);
        // and is settled
        assert!(!has_run(&host.run_if_due(&job, later(now, MINUTE))));
    }
}

#[test]
fn what_another_host_has_skipped_meanwhile_makes_no_difference() {
    // given a job of one host that a signal has stopped there
    let (database, job) =
        (Database::new(), crate::support::jobs::only_on("mail1", cycle_at("0 4 *")));
    let (mut own, mut other) = (database.host("mail1"), database.host("mail2"));
    let start = at("2026-06-15T04:00:00Z");
    own.run_if_due(&job, later(start, -HOUR));
    other.run_if_due(&job, later(start, -HOUR));
    for _ in 0..300 {
        own.opens("imap", later(start, -MINUTE));
    }
    let ended = is_stopped(&mut own, &job, start);
    // when another host has skipped the same time
    assert_eq!(other.run_if_due(&job, later(start, 1)), JobOutcome::Skipped);
    let back = own.opens("imap", later(start, 30));
    let now = later(start, 2 * MINUTE);
    let JobOutcome::Cycled(rest) = own.run_if_due(&job, now) else { panic!("it has not run") };
    // then those stay who have come back since it began
    assert_eq!(ended + rest.ended, 300);
    assert!(own.is_live(&back, now));
}

#[test]
fn an_interrupted_run_is_superseded_by_the_next_one() {
    // given a daily cycle that died, and a machine that was off until the day after
    let (job, (mut host, database)) = (cycle_at("0 4 *"), Host::alone());
    let start = at("2026-06-15T04:00:00Z");
    dies(&database, &job, start);
    let session = host.opens("imap", later(start, HOUR));
    let now = later(start, DAY + HOUR);
    // when it is asked for, then all sessions end
    host.run_if_due(&job, later(start, 2 * MINUTE));
    dies(&database, &job, later(start, DAY));
    assert!(
        matches!(host.run_if_due(&job, later(now, DAY)), JobOutcome::Cycled(cycled) if cycled.ended == 1)
    );
    assert!(!host.is_live(&session, later(now, DAY)));
}

#[test]
fn an_interrupted_run_of_a_job_disabled_since_is_not_resumed() {
    // given a run that died long ago, as the ledger still has it
    let (mut host, database) = Host::alone();
    let job = cycle_at("0 4 *");
    let start = at("2026-06-15T04:00:00Z");
    dies(&database, &job, start);
    let session = host.opens("imap", later(start, -1));
    // when its job was disabled meanwhile, and is enabled again
    let disabled = Job { enabled: false, ..job.clone() };
    let now = later(start, HOUR);
    assert_eq!(host.run_if_due(&disabled, now), JobOutcome::Disabled);
    assert!(host.run_each_minute(&job, later(now, MINUTE), later(now, HOUR)).is_empty());
    assert!(host.is_live(&session, later(start, 1_700)));
    // then it runs at its next time
    let next = later(start, DAY);
    assert_eq!(host.run_each_minute(&job, later(now, HOUR), later(next, MINUTE)), [next]);
}

#[test]
fn a_job_that_does_something_else_now_does_not_complete_what_it_did() {
    for job in [purge_at("0 4 *"), purge_every("5m")] {
        // given a cycle that has died, in a job that is a purge by now
        let (mut host, database) = Host::alone();
        let cycle = Job { work: JobAction::Cycle("imap".into()), ..job.clone() };
        let start = at("2026-06-15T04:00:00Z");
        dies(&database, &cycle, start);
        // when that is asked for each minute, then it does not run again and again
        let from = later(start, 2 * MINUTE);
        let runs = host.run_each_minute(&job, from, later(from, 10 * MINUTE)).len();
        assert!(runs <= 2, "{runs}");
    }
}

#[test]
fn a_job_that_has_moved_to_another_host_is_not_completed_on_the_first() {
    // given a run of one host that has died, and a job that is another's by now
    let (database, job) =
        (Database::new(), crate::support::jobs::only_on("mail1", purge_at("0 4 *")));
    let start = at("2026-06-15T04:00:00Z");
    dies(&database, &job, start);
    let moved = crate::support::jobs::only_on("mail2", job);
    // when either asks, then what was begun is none of its business
    let from = later(start, 2 * MINUTE);
    for name in ["mail1", "mail2"] {
        let mut host = database.host(name);
        assert!(host.run_each_minute(&moved, from, later(from, HOUR)).is_empty());
    }
}

#[test]
fn a_run_that_has_lost_its_lease_settles_nothing() {
    // given a run that was stopped for so long that the next one has taken over
    let (mut host, database) = Host::alone();
    let job = purge_at("0 * *");
    let start = at("2026-06-15T04:00:00Z");
    let (lease, run) = run_of(&job, start);
    database.store().start_run(&lease, &run).unwrap();
    let next = later(start, HOUR);
    assert!(has_run(&host.run_if_due(&job, next)));
    // when it wakes up and ends
    let end = RunEnd { last_settled_at: Some(start), ..done(later(next, 5)) };
    database.store().finish_run(&lease, run.job.as_ref(), &end).unwrap();
    // then the later time does not run again
    assert!(!has_run(&host.run_if_due(&job, later(next, MINUTE))));
    // and the ledger knows how both came out
    let outcomes: Vec<RunOutcome> = host.ledger(next).iter().map(|run| run.outcome).collect();
    assert_eq!(outcomes, [RunOutcome::Done; 2]);
}
