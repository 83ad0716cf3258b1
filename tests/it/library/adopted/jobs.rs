//! Jobs whose history can be read and not be written: they run at their times, and not
//! with each call.

use std::ops::ControlFlow;

use sessctl::app::{JobOptions, JobOutcome, SessionService};
use sessctl::domain::filter::SelectionRule;
use sessctl::domain::guard::GuardLimits;
use sessctl::domain::job::{Interval, Job, JobAction, JobTiming};
use sessctl::domain::policy::Policies;
use sessctl::domain::task::TaskPattern;
use sessctl::domain::time::{Span, UnixTime};

use crate::support::adopted::ApplicationDb;
use crate::support::jobs::terms;
use crate::support::profiles::laravel;
use crate::support::{HOUR, NOW};

const LARAVEL: &str = include_str!("../../../fixtures/frameworks/laravel.sql");

fn job(when: JobTiming) -> Job {
    let work = JobAction::Purge(None::<TaskPattern>);
    Job {
        name: "purge".into(),
        when,
        work,
        selection: SelectionRule::default(),
        limits: GuardLimits::default(),
        late: None,
        host: None,
        why: None,
        enabled: true,
    }
}

/// Runs a job if it is due, as cron does; returns true if it ran.
fn call(db: &ApplicationDb, job: &Job, now: UnixTime) -> bool {
    match attempt(db, job, Span::minutes(1), now).unwrap() {
        JobOutcome::Purged(_) => true,
        JobOutcome::NotDue(_) => false,
        ran => panic!("{ran:?}"),
    }
}

/// Runs a job with this polling interval.
fn attempt(
    db: &ApplicationDb,
    job: &Job,
    poll: Span,
    now: UnixTime,
) -> Result<JobOutcome, sessctl::Error> {
    let mut service = SessionService::new(db.store(laravel()), Policies::default());
    let terms = JobOptions { poll, ..terms() };
    service.run_job(job, &terms, now, &mut || ControlFlow::Continue(()))
}

/// A history in which no run can be entered any more.
fn frozen(db: &ApplicationDb, job: &Job) {
    assert!(!call(db, job, UnixTime(NOW.0 - 2 * 86_400 - 1_800)));
    let entries = std::fs::read_dir(db.state()).unwrap().map(|entry| entry.unwrap().path());
    let file = entries.into_iter().find(|path| path.extension().is_some_and(|end| end == "db"));
    let state = rusqlite::Connection::open(file.unwrap()).unwrap();
    let refuse = "CREATE TRIGGER refuse BEFORE INSERT ON runs \
                  BEGIN SELECT RAISE(ABORT, 'the disk is full'); END";
    state.execute_batch(refuse).unwrap();
}

#[test]
fn a_job_at_a_fixed_time_runs_within_its_minute_alone() {
    let db = ApplicationDb::of(LARAVEL);
    // At noon, which is now.
    let job = job(JobTiming::At("0 12 *".parse().unwrap()));
    frozen(&db, &job);
    let runs = |seconds: i64| call(&db, &job, UnixTime(NOW.0 + seconds));
    assert_eq!([-90, -1, 0, 59, 60, 7_200].map(runs), [false, false, true, true, false, false]);
}

#[test]
fn a_job_with_an_interval_runs_once_in_each() {
    let db = ApplicationDb::of(LARAVEL);
    let job = job(JobTiming::Every(Interval::Fixed(Span::hours(1))));
    frozen(&db, &job);
    let calls = (-120..7_200).step_by(60).map(|second| UnixTime(NOW.0 + second + 7));
    let runs: Vec<i64> =
        calls.filter(|now| call(&db, &job, *now)).map(|now| now.0 - NOW.0).collect();
    assert_eq!(runs, [7, 3_607]);
}

#[test]
fn d11_a_cycle_with_an_interval_does_not_run_without_a_history() {
    // given a cycle that is due, and whose runs cannot be entered any more
    let db = ApplicationDb::of(LARAVEL);
    let every = JobTiming::Every(Interval::Fixed(Span::hours(1)));
    frozen(&db, &job(every.clone()));
    let cycle = |when| Job { work: JobAction::Cycle("*".into()), ..job(when) };
    let minute = Span::minutes(1);
    // when cron calls at the times that a purge without a history would have
    for seconds in [-HOUR, 0, 30, HOUR, 3 * HOUR] {
        let now = UnixTime(NOW.0 + seconds);
        let ran = attempt(&db, &cycle(every.clone()), minute, now);
        // then it never runs, and as soon as it would be due it says why
        match ran {
            Ok(JobOutcome::NotDue(_)) => assert!(seconds < HOUR),
            Err(sessctl::Error::Refused(why)) => {
                assert!(why.contains("a record of its last run"));
            }
            ran => panic!("{seconds}: {ran:?}"),
        }
    }
    // and at a fixed time it runs within its minute, and not after it
    let nightly = cycle(JobTiming::At("0 12 *".parse().unwrap()));
    let ran = |seconds: i64| attempt(&db, &nightly, minute, UnixTime(NOW.0 + seconds)).unwrap();
    assert!(matches!(ran(-90), JobOutcome::NotDue(_)));
    assert!(matches!(ran(30), JobOutcome::Cycled(_)));
    assert!(matches!(ran(90), JobOutcome::NotDue(_)));
}
