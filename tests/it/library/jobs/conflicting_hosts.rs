//! Machines that share a database, and do not agree on its jobs.

use sessctl::app::JobOutcome;
use sessctl::domain::job::Job;
use sessctl::domain::time::UnixTime;

use crate::support::jobs::{Database, Host, cycle_at, has_run, planned, purge_at, purge_every};
use crate::support::{DAY, HOUR, MINUTE, at, later};

/// Cycle of the task `imap` at an interval.
fn cycle_every(span: &str) -> Job {
    Job { when: purge_every(span).when, ..cycle_at("0 4 *") }
}

/// Runs the due jobs of each machine every few minutes; returns the times at which they ran.
fn runs_of<const N: usize>(
    machines: [(&mut Host, &Job); N],
    from: UnixTime,
    until: UnixTime,
    minutes: i64,
) -> [Vec<UnixTime>; N] {
    let mut runs = [const { Vec::new() }; N];
    let mut machines = machines;
    for now in (from.0..until.0).step_by(usize::try_from(minutes * MINUTE).unwrap()) {
        for (place, (host, job)) in machines.iter_mut().enumerate() {
            // Some seconds apart, as cron has them.
            let now = UnixTime(now + 5 + 10 * i64::try_from(place).unwrap());
            host.set_jobs(&[job], now);
            if has_run(&host.run_if_due(job, now)) {
                runs[place].push(now);
            }
        }
    }
    runs
}

#[test]
fn a_job_that_is_disabled_on_one_machine_runs_on_the_other_as_before() {
    for job in [cycle_every("24h"), cycle_at("0 4 *")] {
        // given a job that two machines have had for some days
        let database = Database::new();
        let [mut one, mut two] = ["mail1", "mail2"].map(|name| database.host(name));
        let start = at("2026-06-15T03:00:00Z");
        let day_3 = later(start, 3 * DAY + HOUR);
        let before = runs_of([(&mut one, &job), (&mut two, &job)], start, day_3, 20);
        assert_eq!(before.concat().len(), 3);
        // when one of them disables it
        let disabled = Job { enabled: false, ..job.clone() };
        let after =
            runs_of([(&mut one, &job), (&mut two, &disabled)], day_3, later(day_3, 3 * DAY), 20);
        // then it runs once a day on the other
        assert_eq!((after[0].len(), after[1].len()), (3, 0), "{job:?}");
        assert!(after[0].windows(2).all(|pair| pair[1].since(pair[0]).as_seconds() >= DAY - 60));
    }
}

#[test]
fn configurations_that_differ_run_each_at_its_own_times() {
    let start = at("2026-06-15T00:30:00Z");
    for (one, two, runs) in [
        (cycle_every("24h"), cycle_every("12h"), [2, 4]),
        (cycle_at("15 * *"), cycle_at("45 * *"), [51, 51]),
        // Only the first of them asks for a Saturday.
        (cycle_at("0 4 1-5"), cycle_at("0 4 *"), [2, 0]),
        (cycle_at("0 4,16 *"), cycle_at("0 4 *"), [4, 0]),
    ] {
        // given two machines, or two configurations on one, with jobs of the same name
        for name in ["mail1", "mail2"] {
            let database = Database::new();
            let (mut host, mut other) = (database.host("mail1"), database.host(name));
            other.terms.configuration = "/etc/other.toml".to_owned();
            let end = later(start, 51 * HOUR);
            // when both look for work each five minutes
            let ran = runs_of([(&mut host, &one), (&mut other, &two)], start, end, 5);
            // then each time runs, and once
            assert_eq!([ran[0].len(), ran[1].len()], runs, "{one:?} {two:?}");
            let mut times = planned(&host.ledger(end));
            times.sort();
            times.dedup();
            let all: usize = runs.iter().sum();
            assert!(
                times.len() == all || matches!(one.when, sessctl::domain::job::JobTiming::Every(_))
            );
        }
    }
}

#[test]
fn another_time_zone_makes_up_no_run_that_was_never_missed() {
    let zones = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Tokyo"];
    for (zone, other) in zones.iter().flat_map(|one| zones.map(|other| (*one, other))) {
        // given a job that has run at four in one zone
        let database = Database::new();
        let mut host = database.host("mail1").in_zone(zone);
        let (job, start) = (cycle_at("0 4 *"), at("2026-06-15T00:00:00Z"));
        runs_of([(&mut host, &job)], start, later(start, 34 * HOUR), 30);
        // when the same machine, or another, reads it in another zone from half past nine on
        let half_past_nine = later(start, 33 * HOUR + HOUR / 2);
        let mut again = database.host("mail2").in_zone(other);
        again.set_jobs(&[&job], half_past_nine);
        let session = again.opens("imap", later(half_past_nine, -MINUTE));
        // then it makes nothing up
        assert!(!has_run(&again.run_if_due(&job, half_past_nine)), "{zone} {other}");
        assert!(again.is_live(&session, half_past_nine));
        // and both run at their own times, or one of them at the one time
        let end = later(half_past_nine, 24 * HOUR);
        let ran = runs_of([(&mut host, &job), (&mut again, &job)], half_past_nine, end, 10);
        assert_eq!(ran.concat().len(), if zone == other { 1 } else { 2 }, "{zone} {other}");
    }
}

#[test]
fn a_machine_that_joins_makes_up_nothing_of_what_another_has_missed() {
    for job in [cycle_every("48h"), cycle_at("0 4 *")] {
        // given a machine that has been off for three days
        let database = Database::new();
        let mut one = database.host("mail1");
        let start = at("2026-06-15T03:30:00Z");
        runs_of([(&mut one, &job)], start, later(start, 2 * DAY + HOUR), 10);
        let now = later(start, 5 * DAY + 2 * HOUR);
        // when another one has the job for the first time
        let mut two = database.host("mail2");
        two.set_jobs(&[&job], now);
        // then it waits for its next time
        assert!(!has_run(&two.run_if_due(&job, now)), "{job:?}");
        // and the first one makes up what it has missed, once, and they go on together
        one.set_jobs(&[&job], later(now, 30));
        assert!(has_run(&one.run_if_due(&job, later(now, 30))), "{job:?}");
        let day = runs_of([(&mut one, &job), (&mut two, &job)], now, later(now, 24 * HOUR), 10);
        assert!(day.concat().len() <= 1);
    }
}

#[test]
fn an_interrupted_run_is_resumed_by_another_machine_but_not_by_one_that_joined_later() {
    for (joins, ended) in [(-HOUR, 300), (HOUR, 0)] {
        // given a cycle that a signal has stopped on one machine
        let database = Database::new();
        let [mut one, mut two] = ["mail1", "mail2"].map(|name| database.host(name));
        let (job, start) = (cycle_at("0 4 *"), at("2026-06-15T04:00:00Z"));
        one.set_jobs(&[&job], later(start, -HOUR));
        if joins < 0 {
            two.set_jobs(&[&job], later(start, joins));
        }
        for _ in 0..300 {
            one.opens("imap", later(start, -MINUTE));
        }
        let stop = &mut || std::ops::ControlFlow::Break(());
        let JobOutcome::Cycled(first) = one.service.run_job(&job, &one.terms, start, stop).unwrap()
        else {
            panic!("it has not run");
        };
        let back = two.opens("imap", later(start, MINUTE));
        // when another one looks five hours later
        let now = later(start, 5 * HOUR);
        if joins > 0 {
            two.set_jobs(&[&job], later(start, joins));
        }
        let rest = match two.run_if_due(&job, now) {
            JobOutcome::Cycled(rest) => rest.ended + first.ended,
            _ => 0,
        };
        // then it ends what was there at four, and only if it was there itself
        assert_eq!(rest, ended);
        assert!(two.is_live(&back, later(start, MINUTE)));
    }
}

#[test]
fn a_machine_without_jobs_has_none() {
    let database = Database::new();
    let mut host = database.host("mail1");
    let (job, start) = (purge_at("0 4 *"), at("2026-06-15T04:00:00Z"));
    host.set_jobs(&[&job], start);
    host.set_jobs(&[], later(start, HOUR));
    host.set_jobs(&[], later(start, 2 * DAY));
    let states = database.store().jobs("mail1:/etc/sessctl.toml", start).unwrap();
    assert_eq!(states[0].history.since, None);
}
