//! Jobs whose settings change.

use sessctl::app::JobOutcome;
use sessctl::domain::job::Job;

use crate::support::jobs::{Host, cycle_at, has_run, planned, purge_at, purge_every};
use crate::support::{DAY, HOUR, MINUTE, at, later};

#[test]
fn a_changed_schedule_has_missed_nothing() {
    // given a job at four that has run
    let (mut host, _database) = Host::alone();
    let start = at("2026-06-15T04:00:00Z");
    assert!(has_run(&host.run_if_due(&cycle_at("0 4 *"), start)));
    // when it is to run at six, and that is set at noon
    let noon = later(start, 8 * HOUR);
    let changed = cycle_at("0 6 *");
    host.set_jobs(&[&changed], noon);
    // then it runs at six the next day, and no sooner
    let times = host.run_each_minute(&changed, noon, later(noon, DAY));
    assert_eq!(times, [at("2026-06-16T06:00:00Z")]);
    // and a change back is a change
    let (back, from) = (cycle_at("0 4 *"), later(noon, DAY));
    host.set_jobs(&[&back], from);
    let times = host.run_each_minute(&back, from, later(from, DAY));
    assert_eq!(times, [at("2026-06-17T04:00:00Z")]);
}

#[test]
fn a_schedule_in_other_words_is_the_same() {
    // given a job that has run, and a machine that was off over its next time
    let (mut host, _database) = Host::alone();
    assert!(has_run(&host.run_if_due(&purge_at("0 3 1-7"), at("2026-06-15T03:00:00Z"))));
    // when it says the same in other words, then the missed run is made up
    let now = at("2026-06-16T05:00:00Z");
    assert!(has_run(&host.run_if_due(&purge_at(" 0\t3 *"), now)), "1-7 is not *");
}

#[test]
fn from_an_interval_to_a_schedule_and_back() {
    let (mut host, _database) = Host::alone();
    let start = at("2026-06-15T12:00:00Z");
    // given a job that is due each minute
    let [minutely, nightly] = [purge_every("1m"), purge_at("0 3 *")];
    assert_eq!(host.run_each_minute(&minutely, start, later(start, 5 * MINUTE)).len(), 4);
    // when it has fixed times, then it waits for the first of them
    host.set_jobs(&[&nightly], later(start, HOUR));
    let night = host.run_each_minute(&nightly, later(start, HOUR), later(start, DAY));
    assert_eq!(night, [at("2026-06-16T03:00:00Z")]);
    // when it has an interval again, then that passes first, whatever the interval is
    let mut from = later(start, DAY);
    for interval in ["1m", "10m", "2h"] {
        let job = purge_every(interval);
        host.set_jobs(&[&job], from);
        let length = interval.parse::<sessctl::domain::time::Span>().unwrap().as_seconds();
        let times = host.run_each_minute(&job, from, later(from, 4 * length));
        assert_eq!(times[0], later(from, length), "{interval}");
        from = later(from, 4 * length);
    }
}

#[test]
fn disabled_it_does_nothing_and_enabled_again_it_has_missed_nothing() {
    // given a job that is known
    let (mut host, _database) = Host::alone();
    let job = cycle_at("0 4 *");
    let start = at("2026-06-15T04:00:00Z");
    assert!(has_run(&host.run_if_due(&job, start)));
    // when it is disabled for a week
    let disabled = Job { enabled: false, ..job.clone() };
    let week = later(start, 7 * DAY + HOUR);
    for now in (start.0 + MINUTE..week.0).step_by(3_600) {
        assert_eq!(host.run_if_due(&disabled, sessctl::UnixTime(now)), JobOutcome::Disabled);
    }
    // then it has not run
    assert_eq!(host.ledger(week).len(), 1);
    // and it waits for its next time once it is enabled
    let times = host.run_each_minute(&job, week, later(week, DAY));
    assert_eq!(times, [later(start, 8 * DAY)]);
    assert_eq!(planned(&host.ledger(later(week, DAY))).len(), 2);
}

#[test]
fn an_interval_that_is_edited_or_comes_back_runs_after_it_has_passed() {
    let start = at("2026-06-15T00:00:00Z");
    for away in [HOUR, 4 * DAY] {
        // given a job that has run once a day
        let (mut host, _database) = Host::alone();
        let (daily, other) = (purge_every("24h"), purge_at("0 3 *"));
        let last = later(start, 3 * DAY);
        let runs = (0..=72).filter(|hour| {
            let now = later(start, hour * HOUR);
            host.set_jobs(&[&daily], now);
            has_run(&host.run_if_due(&daily, now))
        });
        assert_eq!(runs.count(), 3);
        // when its interval is halved, or it is disabled or removed for a while
        let (shorter, disabled) = (purge_every("12h"), Job { enabled: false, ..daily.clone() });
        let back = later(last, 23 * HOUR + away);
        let first = |host: &mut Host, job: &Job| {
            host.set_jobs(&[job], back);
            let mut hours = (0..48).map(|hour| later(back, hour * HOUR));
            hours.find(|now| has_run(&host.run_if_due(job, *now))).unwrap().since(back).as_seconds()
        };
        assert_eq!(first(&mut host, &shorter), 12 * HOUR);
        for gone in [&disabled, &other] {
            host.set_jobs(&[gone], later(last, 23 * HOUR));
            assert_eq!(first(&mut host, &daily), 24 * HOUR, "{away}");
        }
    }
}

#[test]
fn a_job_that_is_renamed_and_comes_back_has_missed_nothing() {
    // given a cycle that has run, and is called otherwise for four days
    let (mut host, _database) = Host::alone();
    let job = cycle_at("0 4 *");
    let start = at("2026-06-15T04:00:00Z");
    host.set_jobs(&[&job], start);
    assert!(has_run(&host.run_if_due(&job, start)));
    let renamed = Job { name: "other".into(), ..job.clone() };
    host.set_jobs(&[&renamed], later(start, HOUR));
    // when it has its name again
    let back = later(start, 4 * DAY + 5 * HOUR);
    host.set_jobs(&[&job], back);
    // then it waits for its next time
    let times = host.run_each_minute(&job, back, later(start, 5 * DAY + MINUTE));
    assert_eq!(times, [later(start, 5 * DAY)]);
    // and when all jobs were gone for a while, too
    host.set_jobs(&[], later(back, DAY));
    let back = later(start, 8 * DAY + HOUR);
    host.set_jobs(&[&job], back);
    assert!(!has_run(&host.run_if_due(&job, back)));
}

#[test]
fn a_time_that_has_run_does_not_run_again_whatever_is_edited_in_that_minute() {
    let start = at("2026-06-15T04:00:00Z");
    let job = cycle_at("0 4 *");
    let edits = [
        cycle_at("0 4 1-5"),
        cycle_at("0 4,16 *"),
        Job { host: Some("mail1".into()), ..job.clone() },
        job.clone(),
    ];
    for edit in edits {
        // given a cycle that has run at four
        let (mut host, _database) = Host::alone();
        host.set_jobs(&[&job], later(start, -HOUR));
        assert!(has_run(&host.run_if_due(&job, later(start, 5))));
        // when it is removed, and comes back in other words within the same minute
        host.set_jobs(&[], later(start, 20));
        host.set_jobs(&[&edit], later(start, 30));
        // then it does not run again
        let session = host.opens("imap", later(start, 25));
        for second in [30, 35, 59, 90] {
            assert!(!has_run(&host.run_if_due(&edit, later(start, second))), "{edit:?}");
        }
        assert!(host.is_live(&session, later(start, 60)));
    }
}
