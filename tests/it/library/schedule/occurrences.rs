//! Occurrences of a schedule.

use chrono::{DateTime, Datelike, Timelike, Utc};
use sessctl::domain::schedule::Schedule;
use sessctl::domain::time::UnixTime;
use sessctl::domain::time_zone::TimeZone;

use super::{around, runs, schedule, zone};
use crate::support::{DAY, HOUR, at};

#[test]
fn s4_before_at_and_after_each_hour_of_each_weekday() {
    // 2026-06-15 is a Monday; its week has no change of the clock.
    for name in ["UTC", "America/New_York", "Asia/Kathmandu"] {
        let zone = zone(name);
        let monday = at("2026-06-15T00:00:00Z");
        let midnight = monday.0 - zone.offset_at(monday).unwrap();
        for (day, hour) in (1..=7).flat_map(|day| (0..24).map(move |hour| (day, hour))) {
            // given a weekday and an hour
            let job = schedule(&format!("30 {hour} {day}"));
            let time = midnight + (day - 1) * DAY + hour * HOUR + 30 * 60;
            let next = |after| job.next_after(UnixTime(after), &zone).unwrap().0;
            // when it is a second before, that moment, or a second after
            // then it runs at that moment, or a week later
            assert_eq!(next(time - 1), time, "{name} {job}");
            assert_eq!(next(time), time + 7 * DAY, "{name} {job}");
            assert_eq!(next(time + 1), time + 7 * DAY, "{name} {job}");
            // and from each hour of a week it is later, on the weekday, within 7 days
            for after in (time - 7 * DAY..time + 7 * DAY).step_by(3_600) {
                let run = next(after);
                assert!(after < run && run <= after + 7 * DAY, "{name} {job}");
                let wall = UnixTime(run + zone.offset_at(UnixTime(run)).unwrap()).utc().unwrap();
                assert_eq!(i64::from(wall.weekday().number_from_monday()), day);
                assert_eq!((i64::from(wall.hour()), wall.minute()), (hour, 30));
            }
        }
    }
}

const SPRING: [(&str, &str); 2] =
    [("America/New_York", "2026-03-08T16:00:00Z"), ("Europe/Berlin", "2026-03-29T10:00:00Z")];
const AUTUMN: [(&str, &str); 2] =
    [("America/New_York", "2026-11-01T17:00:00Z"), ("Europe/Berlin", "2026-10-25T11:00:00Z")];

#[test]
fn s5_a_skipped_hour_runs_after_the_gap() {
    // given 02:30 each day, when 02:00 to 03:00 is skipped, then it runs at 03:00
    assert_eq!(
        around("30 2 *", SPRING[0].0, SPRING[0].1),
        [
            "Sat 2026-03-07 02:30-05:00",
            "Sun 2026-03-08 03:00-04:00",
            "Mon 2026-03-09 02:30-04:00",
            "Tue 2026-03-10 02:30-04:00",
        ]
    );
    assert_eq!(
        around("30 2 *", SPRING[1].0, SPRING[1].1),
        [
            "Sat 2026-03-28 02:30+01:00",
            "Sun 2026-03-29 03:00+02:00",
            "Mon 2026-03-30 02:30+02:00",
            "Tue 2026-03-31 02:30+02:00",
        ]
    );
}

#[test]
fn s5_times_that_fall_on_one_instant_are_one_run() {
    // given several times in the gap, or one in it and one at its end
    for (spec, each_day) in [("0,30 2 *", 2), ("0 2,3 *", 2), ("*/5 2 *", 12), ("30 2,3 *", 2)] {
        // when the clock is set forward
        let on_the_day: Vec<String> = around(spec, SPRING[1].0, SPRING[1].1)
            .into_iter()
            .filter(|run| run.starts_with("Sun"))
            .collect();
        // then they are one run, and only a time after the gap is another
        let mut expected = vec!["Sun 2026-03-29 03:00+02:00"];
        if spec == "30 2,3 *" {
            expected.push("Sun 2026-03-29 03:30+02:00");
        }
        assert_eq!(on_the_day, expected, "{spec}");
        // and on other days they are as many as ever
        let all = around(spec, SPRING[1].0, SPRING[1].1).len();
        assert_eq!(all, expected.len() + 3 * each_day, "{spec}");
    }
}

#[test]
fn s5_a_repeated_hour_runs_the_first_time() {
    // given 01:30 and 02:30 each day, when that hour is repeated, then it runs the first time
    assert_eq!(
        around("30 1 *", AUTUMN[0].0, AUTUMN[0].1),
        [
            "Sat 2026-10-31 01:30-04:00",
            "Sun 2026-11-01 01:30-04:00",
            "Mon 2026-11-02 01:30-05:00",
            "Tue 2026-11-03 01:30-05:00",
        ]
    );
    assert_eq!(
        around("30 2 *", AUTUMN[1].0, AUTUMN[1].1),
        [
            "Sat 2026-10-24 02:30+02:00",
            "Sun 2026-10-25 02:30+02:00",
            "Mon 2026-10-26 02:30+01:00",
            "Tue 2026-10-27 02:30+01:00",
        ]
    );
    // and all hours, but not as a bare star, are fixed hours too
    let night =
        |spec| runs(spec, "Europe/Berlin", "2026-10-24T23:45:00Z", "2026-10-25T02:45:00Z").len();
    assert_eq!((night("30 0-23 *"), night("30 * *")), (2, 3));
}

#[test]
fn s5_a_star_as_the_hour_follows_the_wall_clock() {
    // given half past each hour
    // when an hour is skipped, then nothing runs in it
    assert_eq!(
        runs("30 * *", "Europe/Berlin", "2026-03-29T00:00:00Z", "2026-03-29T02:00:00Z"),
        ["Sun 2026-03-29 01:30+01:00", "Sun 2026-03-29 03:30+02:00"]
    );
    // when it is repeated, then it runs in both
    assert_eq!(
        runs("30 * *", "Europe/Berlin", "2026-10-25T00:00:00Z", "2026-10-25T02:00:00Z"),
        ["Sun 2026-10-25 02:30+02:00", "Sun 2026-10-25 02:30+01:00"]
    );
    assert_eq!(
        runs("30 * *", "America/New_York", "2026-11-01T05:00:00Z", "2026-11-01T07:00:00Z"),
        ["Sun 2026-11-01 01:30-04:00", "Sun 2026-11-01 01:30-05:00"]
    );
    // and each minute runs on, without an hour's rest
    let minutes = runs("* * *", "Europe/Berlin", "2026-10-25T00:00:00Z", "2026-10-25T03:00:00Z");
    assert_eq!(minutes.len(), 180);
}

#[test]
fn s5_each_local_day_has_its_run_and_nothing_drifts() {
    // given each hour and half hour of the day, through a whole year
    for name in ["America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Africa/Cairo"] {
        let zone = zone(name);
        for (hour, minute) in (0..24).flat_map(|hour| [(hour, 0), (hour, 30)]) {
            let job = schedule(&format!("{minute} {hour} *"));
            let walls: Vec<_> = job
                .occurrences_after(at("2026-01-01T12:00:00Z"), &zone)
                .take(366)
                .map(|run| UnixTime(run.0 + zone.offset_at(run).unwrap()).utc().unwrap())
                .collect();
            // when the days are compared, then each has one run
            for pair in walls.windows(2) {
                let days = pair[1].date_naive() - pair[0].date_naive();
                assert_eq!(days.num_days(), 1, "{name} {job} {}", pair[1]);
            }
            // and it is late on one day at most
            let late = walls.iter().filter(|wall| (wall.hour(), wall.minute()) != (hour, minute));
            assert!(late.count() <= 1, "{name} {job}");
        }
    }
}

#[test]
fn the_calendar_ends_but_not_with_a_panic() {
    let job: Schedule = "30 2 *".parse().unwrap();
    let (first, last) = (DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC);
    for zone in ["UTC", "Europe/Berlin", "Pacific/Apia"] {
        let zone: TimeZone = zone.parse().unwrap();
        for end in [i64::MIN, i64::MAX, last.timestamp(), first.timestamp() - 1] {
            assert_eq!(job.next_after(UnixTime(end), &zone), None, "{end}");
        }
        assert_eq!(job.latest_at_or_before(UnixTime(i64::MIN), &zone), None);
        assert_eq!(job.latest_at_or_before(UnixTime(i64::MAX), &zone), None);
        assert!(job.occurrences_after(UnixTime(last.timestamp() - 3 * DAY), &zone).count() < 4);
    }
}

#[test]
fn years_that_the_cron_crate_does_not_know_are_like_the_others() {
    let job: Schedule = "0 3 1".parse().unwrap();
    for (after, run) in [
        ("1931-02-03T00:00:00Z", "1931-02-09T03:00:00Z"),
        ("2026-06-15T03:00:00Z", "2026-06-22T03:00:00Z"),
        ("2345-12-31T03:00:00Z", "2346-01-07T03:00:00Z"),
    ] {
        let after: DateTime<Utc> = after.parse().unwrap();
        let next = job.next_after(after.into(), &TimeZone::UTC).unwrap();
        assert_eq!(next.to_string(), run);
    }
}
