//! Jobs whose settings change.

use sessctl::app::Ran;
use sessctl::domain::job::Job;

use super::{
    DAY, HOUR, Host, MINUTE, at, cycle_at, has_run, later, planned, purge_at, purge_every,
};

#[test]
fn a_changed_schedule_has_missed_nothing() {
    // given a job at four that has run
    let (mut host, _database) = Host::alone();
    let start = at("2026-06-15T04:00:00Z");
    assert!(has_run(&host.asks(&cycle_at("0 4 *"), start)));
    // when it is to run at six, and that is set at noon
    let noon = later(start, 8 * HOUR);
    let changed = cycle_at("0 6 *");
    // then it runs at six the next day, and no sooner
    let times = host.asks_each_minute(&changed, noon, later(noon, DAY));
    assert_eq!(times, [at("2026-06-16T06:00:00Z")]);
    // and a change back is a change
    assert!(
        host.asks_each_minute(&cycle_at("0 4 *"), later(noon, DAY), later(noon, DAY + HOUR))
            .is_empty()
    );
}

#[test]
fn a_schedule_in_other_words_is_the_same() {
    // given a job that has run, and a machine that was off over its next time
    let (mut host, _database) = Host::alone();
    assert!(has_run(&host.asks(&purge_at("0 3 1-7"), at("2026-06-15T03:00:00Z"))));
    // when it says the same in other words, then the missed run is made up
    let now = at("2026-06-16T05:00:00Z");
    assert!(has_run(&host.asks(&purge_at(" 0\t3 *"), now)), "1-7 is not *");
}

#[test]
fn from_an_interval_to_a_schedule_and_back() {
    let (mut host, _database) = Host::alone();
    let start = at("2026-06-15T12:00:00Z");
    // given a job that was due each minute
    assert!(has_run(&host.asks(&purge_every("1m"), start)));
    // when it has fixed times, then it waits for the first of them
    let night = host.asks_each_minute(&purge_at("0 3 *"), later(start, HOUR), later(start, DAY));
    assert_eq!(night, [at("2026-06-16T03:00:00Z")]);
    // when it has an interval again, then it runs at once, and keeps to that
    let from = later(start, DAY);
    let times = host.asks_each_minute(&purge_every("10m"), from, later(from, HOUR));
    assert_eq!(times[0], from);
    assert!(times.len() >= 5);
    // and the other interval is kept as well
    let from = later(from, HOUR);
    assert!(has_run(&host.asks(&purge_every("2h"), from)));
    assert!(!has_run(&host.asks(&purge_every("2h"), later(from, HOUR))));
}

#[test]
fn disabled_it_does_nothing_and_enabled_again_it_has_missed_nothing() {
    // given a job that is known
    let (mut host, _database) = Host::alone();
    let job = cycle_at("0 4 *");
    let start = at("2026-06-15T04:00:00Z");
    assert!(has_run(&host.asks(&job, start)));
    // when it is disabled for a week
    let disabled = Job { enabled: false, ..job.clone() };
    let week = later(start, 7 * DAY + HOUR);
    for now in (start.0 + MINUTE..week.0).step_by(3_600) {
        assert_eq!(host.asks(&disabled, sessctl::UnixTime(now)), Ran::Disabled);
    }
    // then it has not run
    assert_eq!(host.ledger(week).len(), 1);
    // and it waits for its next time once it is enabled
    let times = host.asks_each_minute(&job, week, later(week, DAY));
    assert_eq!(times, [later(start, 8 * DAY)]);
    assert_eq!(planned(&host.ledger(later(week, DAY))).len(), 2);
}
