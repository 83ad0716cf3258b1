//! Jobs at fixed times.

use sessctl::app::JobOutcome;
use sessctl::domain::job::{DueRun, JobStatus};
use sessctl::domain::time::Span;
use sessctl::storage::RunOutcome;

use crate::support::jobs::{Host, cycle_at, has_run, late, planned, purge_at};
use crate::support::{DAY, HOUR, MINUTE, at, later};

#[test]
fn s8_a_missed_run_is_made_up_once_however_many_were_missed() {
    // given an hourly job that has run at 10:15
    let job = purge_at("15 * *");
    for (off_until, made_up, missed, lateness) in [
        ("2026-06-15T11:40:10Z", "2026-06-15T11:15:00Z", 0, "25m10s"),
        ("2026-06-15T12:15:00Z", "2026-06-15T12:15:00Z", 1, "0s"),
        ("2026-06-15T18:14:59Z", "2026-06-15T17:15:00Z", 6, "59m59s"),
        ("2026-07-15T10:20:00Z", "2026-07-15T10:15:00Z", 719, "5m"),
        ("2036-06-15T10:20:00Z", "2036-06-15T10:15:00Z", 10_000, "5m"),
    ] {
        let (mut host, _database) = Host::alone();
        assert!(has_run(&host.run_if_due(&job, at("2026-06-15T10:15:03Z"))));
        // when the machine is off until then
        let now = at(off_until);
        assert!(has_run(&host.run_if_due(&job, now)), "{off_until}");
        // then the last of the missed ones is made up, and the ledger says how late
        let run = host.ledger(now).pop().unwrap();
        assert_eq!(run.planned, at(made_up));
        assert_eq!((run.missed, late(&run).to_string().as_str()), (missed, lateness));
        assert_eq!(run.outcome, RunOutcome::Done);
        // and that once
        assert!(!has_run(&host.run_if_due(&job, now)));
        let next = host.run_each_minute(&job, later(now, MINUTE), later(now, 2 * HOUR + MINUTE));
        assert_eq!(next.len(), 2, "{off_until}");
        assert_eq!(host.ledger(now).pop().unwrap().missed, 0);
    }
}

#[test]
fn s8_a_run_that_cron_starts_late_belongs_to_its_time() {
    // given a daily job
    let (job, (mut host, _database)) = (purge_at("0 3 *"), Host::alone());
    assert!(!has_run(&host.run_if_due(&job, at("2026-06-15T02:59:30Z"))));
    // when cron starts it 7, 0 and 59 seconds late
    for now in ["2026-06-15T03:00:07Z", "2026-06-16T03:00:00Z", "2026-06-17T03:00:59Z"] {
        assert!(has_run(&host.run_if_due(&job, at(now))), "{now}");
    }
    // then the ledger has the planned times, and nothing is missed
    let runs = host.ledger(at("2026-06-18T00:00:00Z"));
    let times = ["2026-06-15T03:00:00Z", "2026-06-16T03:00:00Z", "2026-06-17T03:00:00Z"];
    assert_eq!(planned(&runs), times);
    assert_eq!(runs.iter().map(|run| late(run).as_seconds()).collect::<Vec<_>>(), [7, 0, 59]);
    assert!(runs.iter().all(|run| run.missed == 0));
}

#[test]
fn w10_two_hour_scheduling_runs_once_at_each_of_the_two_hours() {
    // given 2 and 14 o'clock
    let (job, (mut host, _database)) = (purge_at("0 2,14 *"), Host::alone());
    // when it is asked for each minute of two days
    let from = at("2026-06-15T00:00:30Z");
    host.run_each_minute(&job, from, later(from, 2 * DAY));
    // then it runs once at each of the hours, not all through them
    let times = [
        "2026-06-15T02:00:00Z",
        "2026-06-15T14:00:00Z",
        "2026-06-16T02:00:00Z",
        "2026-06-16T14:00:00Z",
    ];
    let runs = host.ledger(later(from, 2 * DAY));
    assert_eq!(planned(&runs), times);
    assert!(runs.iter().all(|run| late(run) == Span::seconds(30)));
}

#[test]
fn a_new_job_makes_up_no_missed_run() {
    // given a job that the ledger does not know
    let job = cycle_at("0 4 *");
    for (now, runs) in [
        ("2026-06-15T04:00:00Z", true),
        ("2026-06-15T04:00:59Z", true),
        ("2026-06-15T04:01:00Z", false),
        ("2026-06-15T03:59:59Z", false),
        ("2026-06-15T17:00:00Z", false),
    ] {
        let (mut host, _database) = Host::alone();
        // when it is seen, then it runs only if its time came within the last minute
        assert_eq!(has_run(&host.run_if_due(&job, at(now))), runs, "{now}");
        assert_eq!(host.ledger(at(now)).len(), usize::from(runs));
        // and from then on it is known: a day without cron is made up
        assert!(has_run(&host.run_if_due(&job, at("2026-06-16T17:00:00Z"))), "{now}");
    }
}

#[test]
fn reading_the_status_of_a_job_records_nothing() {
    // given a job that nobody knows
    let (job, (mut host, _database)) = (purge_at("0 4 *"), Host::alone());
    let (look, now) = (at("2026-06-15T03:00:00Z"), at("2026-06-15T05:00:00Z"));
    let next = at("2026-06-15T04:00:00Z");
    // when somebody has only looked at it before its time
    assert_eq!(host.job_status(&job, look), JobStatus::Scheduled { next, last_settled_at: look });
    // then it is still not known after it
    assert!(!has_run(&host.run_if_due(&job, now)));
    // and a look agrees with what a run then does
    let due = DueRun { planned: at("2026-06-16T04:00:00Z"), missed: 0, resumes: false };
    assert_eq!(host.job_status(&job, due.planned), JobStatus::Due(due));
    assert!(matches!(host.run_if_due(&job, due.planned), JobOutcome::Purged(_)));
}
