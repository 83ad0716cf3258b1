//! Jobs at fixed times, in nights in which the clocks change.

use sessctl::domain::job::{Jitter, JobHistory, JobStatus, ScheduleContext};
use sessctl::{Policies, Span, UnixTime};

use crate::support::jobs::{Host, purge_at};
use crate::support::{DAY, HOUR, MINUTE, at, later};

/// Runs of a job in a year of local time, checked each minute of the night and each quarter of an
/// hour of the day.
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
        let last_settled_at = match job.job_status(known.as_ref(), rhythm, now) {
            JobStatus::Due(due) => {
                assert!(now.since(due.planned) < Span::minutes(1) && due.missed == 0);
                runs.push(UnixTime(now.0 + zone.offset_at(now).unwrap()));
                due.planned
            }
            JobStatus::Scheduled { last_settled_at, .. } => last_settled_at,
            status => panic!("{status:?}"),
        };
        known = Some(JobHistory {
            last_settled_at: Some(last_settled_at),
            since: Some(start),
            ..JobHistory::default()
        });
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
