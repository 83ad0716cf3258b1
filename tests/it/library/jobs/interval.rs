//! Jobs with an interval.

use sessctl::domain::job::{DueRun, Interval, JobStatus, JobTiming};
use sessctl::domain::time::{Span, UnixTime};
use sessctl::storage::{Lease, RunEnd, RunOutcome};

use super::interrupted_runs::run_of;
use crate::support::jobs::{Database, Host, has_run, purge_every};
use crate::support::{HOUR, MINUTE, at, later};

fn due(planned: UnixTime, missed: u64) -> JobStatus {
    JobStatus::Due(DueRun { planned, missed, resumes: false })
}

#[test]
fn w6_the_interval_counts_from_the_end_of_a_run() {
    // given a purge every 5 minutes, of which one takes 7
    let (database, job) = (Database::new(), purge_every("5m"));
    let host = database.host("mail1");
    let (start, end) = (at("2026-06-15T12:00:00Z"), at("2026-06-15T12:07:00Z"));
    let (lease, run) = run_of(&job, start);
    let mut store = database.store();
    store.start_run(&lease, &run).unwrap();
    // when it is at work, and says so
    for minute in 1..7 {
        let now = later(start, minute * MINUTE);
        assert!(store.renew_lease(&lease, now, None).unwrap());
        // then it does not start again
        assert!(
            matches!(host.job_status(&job, now), JobStatus::Running(run) if run.started == start)
        );
    }
    store.finish_run(&lease, run.job.as_ref(), &done(end)).unwrap();
    // and the next one is due 5 minutes after its end
    let next = later(end, 5 * MINUTE);
    for now in [end, later(next, -1)] {
        assert_eq!(host.job_status(&job, now), JobStatus::Scheduled { next, last_settled_at: end });
    }
    assert_eq!(host.job_status(&job, next), due(next, 0));
}

pub(super) fn done(finished: UnixTime) -> RunEnd {
    RunEnd {
        finished,
        outcome: RunOutcome::Done,
        reason: None,
        marked: 0,
        ended: 0,
        deleted: 0,
        last_settled_at: Some(finished),
    }
}

#[test]
fn w6_runs_follow_each_other_at_the_interval() {
    // given a purge every 5 minutes that never ran
    let (job, (mut host, _database)) = (purge_every("5m"), Host::alone());
    let start = at("2026-06-15T12:00:00Z");
    // when it is asked for each minute, then it runs after 5 minutes, and each 5 minutes
    let times = host.run_each_minute(&job, start, later(start, HOUR));
    assert_eq!(times[0], later(start, 5 * MINUTE));
    let ledger = host.ledger(later(start, HOUR));
    for pair in ledger.windows(2) {
        let pause = pair[1].started.since(pair[0].finished.unwrap());
        assert!(pause >= Span::minutes(5) && pause <= Span::minutes(6));
    }
    // and what was missed is counted, and made up once
    let now = later(ledger.last().unwrap().finished.unwrap(), 62 * MINUTE);
    assert_eq!(host.job_status(&job, now), due(later(now, -57 * MINUTE), 11));
    assert!(has_run(&host.run_if_due(&job, now)));
    assert!(!has_run(&host.run_if_due(&job, later(now, 4 * MINUTE))));
}

#[test]
fn w6_only_the_holder_of_the_lease_runs() {
    // given a run that is at work elsewhere, under the one lease of all purges
    let (database, job) = (Database::new(), purge_every("5m"));
    let now = at("2026-06-15T12:00:00Z");
    let lease = Lease { name: "purge".into(), holder: "by hand".into() };
    let (_, run) = run_of(&job, now);
    let by_hand = sessctl::storage::NewRun { job: None, ..run };
    database.store().start_run(&lease, &by_hand).unwrap();
    // when the job is due, then it is held, and stays due
    let mut host = database.host("mail1");
    host.run_if_due(&job, later(now, -5 * MINUTE));
    assert!(matches!(host.try_run_if_due(&job, now), Err(sessctl::Error::LeaseHeld { .. })));
    assert_eq!(host.job_status(&job, later(now, 30)), due(now, 0));
    // and it runs once that one has died
    assert!(has_run(&host.run_if_due(&job, later(now, 61))));
}

#[test]
fn w4_the_automatic_interval_is_kept() {
    // given timeouts of half an hour, so that r = 0 means five minutes
    let (mut host, _database) = Host::alone();
    let job =
        sessctl::domain::job::Job { when: JobTiming::Every(Interval::Auto), ..purge_every("1m") };
    let start = at("2026-06-15T12:00:00Z");
    // when it is asked for each 10 seconds
    let asked = (start.0..start.0 + HOUR).step_by(10).map(UnixTime);
    let times: Vec<UnixTime> = asked.filter(|now| has_run(&host.run_if_due(&job, *now))).collect();
    // then it runs each five minutes
    let pauses = times.windows(2).map(|pair| pair[1].since(pair[0]));
    assert!(pauses.clone().all(|pause| pause >= Span::minutes(5)));
    assert!(pauses.clone().all(|pause| pause <= Span::seconds(310)));
}

#[test]
fn an_interval_missed_by_all_machines_restarts_with_the_next_one() {
    // given a job, and machines that are gone after each look at it
    let (database, job) = (Database::new(), purge_every("1h"));
    let start = at("2026-06-15T12:00:00Z");
    let looks = |from: i64, until: i64| {
        let minutes = (from..until).map(|minute| later(start, minute * MINUTE));
        let has_run_at = |now: &UnixTime| {
            has_run(&database.host(&format!("container-{now}")).run_if_due(&job, *now))
        };
        minutes.filter(has_run_at).collect::<Vec<_>>()
    };
    // when one looks each minute, then it runs each hour
    assert_eq!(looks(0, 130), [later(start, HOUR), later(start, 2 * HOUR)]);
    // and within three hours, when none has been there for half a day
    let times = looks(850, 850 + 180);
    assert!(!times.is_empty() && times[0] >= later(start, 850 * MINUTE + HOUR), "{times:?}");
}
