//! Clocks that are set back or forward.

use sessctl::domain::job::{Job, JobStatus, JobTiming};
use sessctl::domain::time::UnixTime;

use crate::support::jobs::{Database, Host, has_run, purge_at, purge_every};
use crate::support::{DAY, HOUR, MINUTE, at, later};

const SMALL: [i64; 3] = [MINUTE, 5 * MINUTE, 3 * HOUR];
const LARGE: [i64; 2] = [2 * DAY, 12 * 365 * DAY];

/// Schedules with at most one time per day.
const FIXED: [&str; 2] = ["30 11 *", "45 11 1"];

/// Schedules, and the time from one run to the next.
const SCHEDULES: [(&str, i64); 5] = [
    ("* * *", MINUTE),
    ("*/5 * *", 5 * MINUTE),
    ("15 * *", HOUR),
    ("30 11 *", DAY),
    ("45 11 1", 7 * DAY),
];

/// Creates a host whose job is checked each minute for an hour, until noon and 34 seconds on a
/// Monday.
fn an_hour_with(job: &Job) -> (Host, Database, UnixTime) {
    let (mut host, database) = Host::alone();
    let now = at("2026-06-15T12:00:34Z");
    host.run_each_minute(job, later(now, -HOUR), now);
    (host, database, now)
}

/// Returns the time of the first run of a job, which is checked a hundred times per period but at
/// most once a minute.
fn first_run(host: &mut Host, job: &Job, from: UnixTime, period: i64) -> Option<UnixTime> {
    let step = usize::try_from(period / 100).unwrap().max(60);
    let mut times = (from.0..).step_by(step).map(UnixTime).take(202);
    times.find(|now| has_run(&host.run_if_due(job, *now)))
}

#[test]
fn no_time_runs_twice_when_the_clock_is_set_back_a_little() {
    for (spec, back) in FIXED.iter().flat_map(|job| SMALL.map(|back| (job, back))) {
        // given a job
        let job = purge_at(spec);
        let (mut host, _database, noon) = an_hour_with(&job);
        // when the clock is set back, and goes on from there
        let (from, until) = (later(noon, -back), later(noon, back.min(HOUR)));
        host.run_each_minute(&job, from, until);
        // then the ledger has each time once, and none is left out
        let JobTiming::At(schedule) = &job.when else { unreachable!() };
        let all: Vec<UnixTime> = schedule
            .occurrences_after(later(noon, -HOUR - MINUTE), &host.terms.zone)
            .take_while(|run| *run < later(until, -MINUTE))
            .collect();
        let ran: Vec<UnixTime> = host.ledger(until).iter().map(|run| run.planned).collect();
        assert!(ran == all, "{spec}, {back} seconds: {} for {}", ran.len(), all.len());
    }
}

#[test]
fn a_job_that_runs_more_often_than_daily_starts_afresh_when_the_clock_is_set_back() {
    let jumps = [10 * MINUTE, HOUR, 12 * HOUR, DAY, 365 * DAY, 20 * 365 * DAY];
    let often = [("* * *", MINUTE), ("*/5 * *", 5 * MINUTE), ("15 * *", HOUR), ("30 11,23 *", DAY)];
    for ((spec, period), back) in often.iter().flat_map(|job| jumps.map(|back| (job, back))) {
        // given a job
        let job = purge_at(spec);
        let (mut host, _database, noon) = an_hour_with(&job);
        // when the clock is set back, then it runs at its next time
        let now = later(noon, -back);
        let times = host.run_each_minute(&job, now, later(now, *period + MINUTE));
        let JobTiming::At(schedule) = &job.when else { unreachable!() };
        let next = schedule.next_after(now, &host.terms.zone).unwrap();
        assert!(times[0].since(next) < sessctl::domain::time::Span::minutes(1), "{spec} {back}");
        assert_eq!(
            host.ledger(noon).last().unwrap().planned,
            *host_times(&times, &job).last().unwrap()
        );
    }
}

/// Returns the planned times of runs at these moments.
fn host_times(times: &[UnixTime], job: &Job) -> Vec<UnixTime> {
    let JobTiming::At(schedule) = &job.when else { unreachable!() };
    let utc = sessctl::domain::time_zone::TimeZone::UTC;
    times.iter().map(|time| schedule.latest_at_or_before(*time, &utc).unwrap()).collect()
}

#[test]
fn a_machine_whose_clock_is_a_little_behind_runs_no_time_again() {
    for spec in ["* * *", "*/5 * *", "15 * *", "0 12 *"] {
        // given two machines, one of them half a minute behind
        let database = Database::new();
        let (mut ahead, mut behind) = (database.host("mail1"), database.host("mail2"));
        let (job, start) = (purge_at(spec), at("2026-06-15T11:00:10Z"));
        for second in (0..7_200).step_by(20) {
            ahead.run_if_due(&job, later(start, second));
            behind.run_if_due(&job, later(start, second - 30));
        }
        // then each time has run once
        let mut planned: Vec<UnixTime> =
            ahead.ledger(later(start, DAY)).iter().map(|run| run.planned).collect();
        let all = planned.len();
        planned.dedup();
        assert!(all > 0 && planned.len() == all, "{spec}: {planned:?}");
    }
}

#[test]
fn a_job_runs_again_however_far_the_clock_is_set_back() {
    for ((spec, period), back) in SCHEDULES.iter().flat_map(|job| LARGE.map(|back| (job, back))) {
        // given a job
        let job = purge_at(spec);
        let (mut host, _database, noon) = an_hour_with(&job);
        let before = host.ledger(noon).len();
        // when the clock was wrong by days or years, and is set right
        let now = later(noon, -back);
        let first = first_run(&mut host, &job, now, *period);
        // then it runs on within its period; a weekly one when the clock is where it was
        let most = if back < *period { back + period } else { *period };
        let pause = first.unwrap().since(now).as_seconds();
        assert!(pause <= most + period / 100, "{spec}: {pause}");
        assert_eq!(host.ledger(noon).len(), before + 1);
    }
}

#[test]
fn an_interval_counts_anew_when_the_clock_is_set_back() {
    for back in SMALL.into_iter().chain(LARGE) {
        // given a purge every 5 minutes
        let job = purge_every("5m");
        let (mut host, _database, noon) = an_hour_with(&job);
        // when the clock is set back
        let now = later(noon, -back);
        let times = host.run_each_minute(&job, now, later(now, HOUR));
        // then it waits for 5 minutes at most, and goes on
        assert!(times[0].since(now).as_seconds() <= 5 * MINUTE, "{back}");
        assert!(times.len() >= 9, "{back}");
    }
}

#[test]
fn a_clock_that_jumps_forward_makes_one_run() {
    for ahead in SMALL.into_iter().chain(LARGE) {
        for job in SCHEDULES.iter().map(|(spec, _)| purge_at(spec)).chain([purge_every("5m")]) {
            // given a job
            let (mut host, _database, noon) = an_hour_with(&job);
            let before = host.ledger(noon).len();
            // when the clock jumps forward
            let now = later(noon, ahead);
            let is_due = matches!(host.job_status(&job, now), JobStatus::Due(_));
            for _ in 0..3 {
                host.run_if_due(&job, now);
            }
            // then what has come is made up once
            assert_eq!(host.ledger(now).len() - before, usize::from(is_due));
        }
    }
}

#[test]
fn a_clock_that_jumps_forward_and_back_stops_no_job() {
    for (spec, period) in SCHEDULES {
        // given a job that has run in a year far ahead
        let job = purge_at(spec);
        let (mut host, _database, noon) = an_hour_with(&job);
        assert!(has_run(&host.run_if_due(&job, later(noon, 12 * 365 * DAY))));
        // when the clock is right again
        let first = first_run(&mut host, &job, noon, period);
        // then the job runs on at its next time
        let pause = first.unwrap().since(noon).as_seconds();
        assert!(pause <= period + period / 100, "{spec}: {pause}");
    }
}
