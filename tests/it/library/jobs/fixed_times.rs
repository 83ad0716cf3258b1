//! Jobs at fixed times.

use sessctl::Policies;
use sessctl::app::JobOutcome;
use sessctl::domain::job::{DueRun, Jitter, JobHistory, JobStatus, ScheduleContext};
use sessctl::domain::time::{Span, UnixTime};
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
fn first_sight_makes_up_nothing() {
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
fn looking_at_a_job_changes_nothing() {
    // given a job that nobody knows
    let (job, (mut host, _database)) = (purge_at("0 4 *"), Host::alone());
    let (look, now) = (at("2026-06-15T03:00:00Z"), at("2026-06-15T05:00:00Z"));
    let next = at("2026-06-15T04:00:00Z");
    // when somebody has only looked at it before its time
    assert_eq!(host.job_status(&job, look), JobStatus::Scheduled { next, anchor: look });
    // then it is still not known after it
    assert!(!has_run(&host.run_if_due(&job, now)));
    // and a look agrees with what a run then does
    let due = DueRun { planned: at("2026-06-16T04:00:00Z"), missed: 0, resumes: false };
    assert_eq!(host.job_status(&job, due.planned), JobStatus::Due(due));
    assert!(matches!(host.run_if_due(&job, due.planned), JobOutcome::Purged(_)));
}

/// Runs of a job that is asked for through a year, by the wall clock: each minute
/// of the night and each quarter of an hour by day.
fn year_of(schedule: &str, zone: &str) -> Vec<UnixTime> {
    let (job, zone) = (purge_at(schedule), zone.parse().unwrap());
    let policies = Policies::default();
    let rhythm = ScheduleContext {
        zone: &zone,
        policies: &policies,
        jitter: Jitter::default(),
        poll: Span::ZERO,
    };
    let (start, end) = (at("2025-12-31T23:00:20Z"), at("2026-12-31T22:59:20Z"));
    let mut known = None;
    let mut runs = Vec::new();
    let is_night = |now: &UnixTime| now.0 % DAY < 3 * HOUR || now.0 % (15 * MINUTE) < MINUTE;
    for now in (start.0..=end.0).step_by(60).map(UnixTime).filter(is_night) {
        let anchor = match job.job_status(known.as_ref(), rhythm, now) {
            JobStatus::Due(due) => {
                assert!(now.since(due.planned) < Span::minutes(1) && due.missed == 0);
                runs.push(UnixTime(now.0 + zone.offset_at(now).unwrap()));
                due.planned
            }
            JobStatus::Scheduled { anchor, .. } => anchor,
            standing => panic!("{standing:?}"),
        };
        known =
            Some(JobHistory { anchor: Some(anchor), since: Some(start), ..JobHistory::default() });
    }
    runs
}

#[test]
fn s5_a_daily_job_that_is_asked_each_minute_runs_once_each_day_of_a_year() {
    // given a time that one change of the clock skips and the other repeats
    let runs = year_of("30 2 *", "Europe/Berlin");
    // when the days are counted, then each has one run
    assert_eq!(runs.len(), 365);
    let first = at("2026-01-01T02:30:20Z");
    for (day, run) in (0..).zip(&runs) {
        // at its time, or after the gap
        let skipped = if day == 87 { HOUR / 2 } else { 0 };
        assert_eq!(*run, later(first, day * DAY + skipped));
    }
}

#[test]
fn s5_on_the_days_of_the_changes_the_ledger_has_one_run() {
    for (zone, noon) in [
        ("Europe/Berlin", "2026-03-29T12:00:00Z"),
        ("Europe/Berlin", "2026-10-25T12:00:00Z"),
        ("America/New_York", "2026-03-08T16:00:00Z"),
        ("America/New_York", "2026-11-01T16:00:00Z"),
        ("Australia/Lord_Howe", "2026-04-05T02:00:00Z"),
        ("Australia/Lord_Howe", "2026-10-04T02:00:00Z"),
    ] {
        for time in ["0 2 *", "15 2 *", "30 2 *", "59 1 *", "0 3 *"] {
            // given a job in the night of a change
            let (host, _database) = Host::alone();
            let (job, mut host, noon) = (purge_at(time), host.in_zone(zone), at(noon));
            // when it is asked for each minute
            let times = host.run_each_minute(&job, later(noon, -DAY), later(noon, DAY));
            // then it runs once in that night, and once in the next
            assert_eq!(times.len(), 2, "{zone} {time}");
        }
    }
}
