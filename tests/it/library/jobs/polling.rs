//! Jobs with an interval, where cron calls each minute.

use proptest::collection::vec;
use proptest::prelude::*;
use sessctl::Policies;
use sessctl::domain::job::{
    Interval, Jitter, Job, JobHistory, JobStatus, JobTiming, RunInProgress, ScheduleContext,
};
use sessctl::domain::policy::Policy;
use sessctl::domain::time::{Span, UnixTime};
use sessctl::domain::time_zone::TimeZone;

use crate::support::jobs::purge_every;
use crate::support::{DAY, MINUTE, at, later};

/// Minutes of a day.
const MINUTES: usize = 1_440;

/// Minutes in which a job starts, from the minute in which it is first seen; `noise` has the delay
/// of each call and the duration of each run.
fn starts(job: &Job, policies: &Policies, jitter: u64, noise: &[(i64, i64)]) -> Vec<i64> {
    let midnight = at("2026-06-15T00:00:00Z");
    let rhythm = ScheduleContext {
        zone: &TimeZone::UTC,
        policies,
        jitter: Jitter::from_number(jitter),
        poll: Span::minutes(1),
    };
    let mut known = JobHistory::default();
    let (mut starts, mut free) = (Vec::new(), midnight);
    for (minute, (delay, duration)) in (0..).zip(noise) {
        let now = later(midnight, minute * MINUTE + delay);
        if minute == 0 {
            known.since = Some(now);
            known.last_settled_at = Some(job.history_start(rhythm, now));
        }
        // What is at work was begun by an earlier call.
        let is_alive = now < free;
        let run = RunInProgress { planned: midnight, started: midnight, is_alive };
        let known_now = JobHistory { unfinished: is_alive.then_some(run), ..known.clone() };
        match job.job_status(Some(&known_now), rhythm, now) {
            JobStatus::Due(due) => {
                assert!(!is_alive && due.planned <= now);
                starts.push(minute * MINUTE);
                free = later(now, *duration);
                known.last_settled_at = Some(free);
            }
            JobStatus::Running(_) => assert!(is_alive),
            JobStatus::Scheduled { next, .. } => assert!(next > now),
            status => panic!("{status:?}"),
        }
    }
    starts
}

fn distances(starts: &[i64]) -> impl Iterator<Item = i64> {
    starts.windows(2).map(|pair| pair[1] - pair[0])
}

fn auto() -> Job {
    Job { when: JobTiming::Every(Interval::Auto), ..purge_every("1m") }
}

fn with_timeout(timeout: Option<Span>) -> Policies {
    Policies::uniform(Policy { timeout, ..Policy::default() })
}

fn calls(duration: std::ops::RangeInclusive<i64>) -> impl Strategy<Value = Vec<(i64, i64)>> {
    vec((0..=5_i64, duration), MINUTES)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn w4_a_short_automatic_interval_is_a_minute_on_every_machine(noise in calls(0..=20)) {
        for timeout in [None, Some(Span::minutes(15))] {
            for r in 0..30 {
                let starts = starts(&auto(), &with_timeout(timeout), r, &noise);
                prop_assert!(distances(&starts).all(|distance| distance == MINUTE), "{r}");
                prop_assert_eq!(starts.len(), MINUTES - 1);
            }
        }
    }

    #[test]
    fn w4_a_long_automatic_interval_is_within_a_minute_of_it(noise in calls(0..=20)) {
        for r in 0..30 {
            let starts = starts(&auto(), &with_timeout(Some(Span::minutes(30))), r, &noise);
            let nominal = 300 + 2 * i64::try_from(r).unwrap();
            let nearest = if r < 15 { 5 } else { 6 } * MINUTE;
            prop_assert!((nearest - nominal).abs() < MINUTE);
            prop_assert!(distances(&starts).all(|distance| distance == nearest), "{r}");
        }
    }

    #[test]
    fn w4_an_interval_of_whole_minutes_is_kept(noise in calls(0..=20), minutes in 1..90_i64) {
        let job = purge_every(&format!("{minutes}m"));
        let starts = starts(&job, &Policies::default(), 0, &noise);
        prop_assert!(distances(&starts).all(|distance| distance == minutes * MINUTE));
    }

    #[test]
    fn w6_runs_never_overlap_however_long_they_take(
        noise in calls(0..=400), seconds in 1..2_000_i64,
    ) {
        let job = purge_every(&format!("{seconds}s"));
        let starts = starts(&job, &Policies::default(), 0, &noise);
        // Each starts at the call that is nearest to its time, or the next one.
        for pair in starts.windows(2) {
            let (delay, duration) = noise[usize::try_from(pair[0] / MINUTE).unwrap()];
            let nominal = pair[0] + delay + duration + seconds;
            prop_assert!(pair[1] + 5 + MINUTE / 2 >= nominal);
            prop_assert!(pair[1] <= nominal + MINUTE);
        }
    }
}

#[test]
fn w6_a_process_that_stays_keeps_the_exact_interval() {
    // given a purge every 5 minutes, whose last run has ended three seconds after a minute
    let (job, end) = (purge_every("5m"), at("2026-06-15T00:00:03Z"));
    let policies = Policies::default();
    let known = JobHistory {
        last_settled_at: Some(end),
        since: Some(later(end, -DAY)),
        ..JobHistory::default()
    };
    let status = |poll: i64, now: UnixTime| {
        let poll = Span::seconds(poll);
        let jitter = Jitter::default();
        let rhythm = ScheduleContext { zone: &TimeZone::UTC, policies: &policies, jitter, poll };
        job.job_status(Some(&known), rhythm, now)
    };
    let is_due = |status: JobStatus| matches!(status, JobStatus::Due(_));
    // when cron calls, then it is due at the call that is nearest to its time
    let call = at("2026-06-15T00:05:00Z");
    assert!(matches!(status(60, call), JobStatus::Due(due) if due.planned == call));
    assert!(!is_due(status(60, later(call, -60))) && !is_due(status(60, later(call, -27))));
    // and in a process that stays after five minutes, to the second
    let next = later(end, 300);
    assert_eq!(status(0, later(next, -1)), JobStatus::Scheduled { next, last_settled_at: end });
    assert!(is_due(status(0, next)));
}
