//! The next run against a slow reading of the rule that looks at each minute
//! of time in turn.

use std::sync::LazyLock;

use chrono::{DateTime, Offset, TimeZone as _};
use chrono_tz::Tz;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use sessctl::domain::time::UnixTime;
use sessctl::domain::time_zone::TimeZone;

use super::schedule;
use crate::support::{DAY, HOUR, at};

const ZONES: [Tz; 7] = [
    Tz::America__New_York,
    Tz::Europe__Berlin,
    Tz::Australia__Lord_Howe,
    Tz::Africa__Cairo,
    Tz::UTC,
    Tz::Pacific__Apia,
    Tz::Asia__Kathmandu,
];

/// Hours at which the clock of a zone is changed. Those of Samoa stopped
/// being changed before the years that matter to the others.
static CHANGES: LazyLock<Vec<(Tz, i64)>> = LazyLock::new(|| {
    let change = |zone: Tz, from: &str, to: &str| {
        (at(from).0..at(to).0)
            .step_by(1_800)
            .filter(move |time| wall(zone, *time) - wall(zone, time - 1) != 1)
            .map(move |time| (zone, time))
    };
    ZONES
        .into_iter()
        .flat_map(|zone| change(zone, "2024-01-01T00:00:00Z", "2028-01-01T00:00:00Z"))
        .chain(change(Tz::Pacific__Apia, "2011-01-01T00:00:00Z", "2012-12-01T00:00:00Z"))
        .collect()
});

/// Local time of a zone, as the Unix time at which the same local time occurs in UTC.
fn wall(zone: Tz, time: i64) -> i64 {
    let utc = DateTime::from_timestamp(time, 0).unwrap().naive_utc();
    time + i64::from(zone.offset_from_utc_datetime(&utc).fix().local_minus_utc())
}

/// The values of each field; no hours are a bare star.
#[derive(Debug, Clone)]
struct Times {
    minutes: Vec<i64>,
    hours: Option<Vec<i64>>,
    weekdays: Vec<i64>,
}

impl Times {
    fn shown(&self, wall: i64) -> bool {
        // 1970 began on a Thursday.
        let weekday = (wall.div_euclid(DAY) + 3).rem_euclid(7) + 1;
        let hour = wall.rem_euclid(DAY) / HOUR;
        self.minutes.contains(&(wall.rem_euclid(HOUR) / 60))
            && self.hours.as_ref().is_none_or(|hours| hours.contains(&hour))
            && self.weekdays.contains(&weekday)
    }

    fn run_at(&self, zone: Tz, time: i64) -> bool {
        let (before, here) = (wall(zone, time - 60), wall(zone, time));
        if self.hours.is_none() {
            return self.shown(here);
        }
        let around = |minutes: i64| (1..=minutes).map(|minute| 60 * minute);
        let repeated = || around(26 * 60).any(|ago| wall(zone, time - ago) == here);
        let is_a_day = |day: i64| {
            around(26 * 60)
                .flat_map(|distance| [time - distance, time + distance])
                .any(|time| wall(zone, time).div_euclid(DAY) == day)
        };
        let mut skipped: Vec<i64> = (before + 60..here)
            .step_by(60)
            .filter(|wall| self.shown(*wall))
            .map(|wall| wall.div_euclid(DAY))
            .collect();
        skipped.dedup();
        self.shown(here) && !repeated() || skipped.into_iter().any(is_a_day)
    }

    fn next_after(&self, zone: Tz, after: i64) -> i64 {
        let mut time = (after.div_euclid(60) + 1) * 60;
        while !self.run_at(zone, time) {
            time += 60;
        }
        time
    }
}

/// A field in each of its forms, with its values.
fn field(first: i64, last: i64) -> impl Strategy<Value = (String, Vec<i64>)> {
    let all: Vec<i64> = (first..=last).collect();
    let some = subsequence(all.clone(), 1..=3).prop_map(|values| {
        let texts: Vec<String> = values.iter().map(i64::to_string).collect();
        (texts.join(","), values)
    });
    let stepped = (1..=last - first).prop_map(move |step| {
        let values = (first..=last).filter(|value| (value - first) % step == 0);
        (format!("*/{step}"), values.collect())
    });
    let range = (first..=last, first..=last, 1..=last - first).prop_map(move |(a, b, step)| {
        let wraps = last == 7;
        let (a, b) = if wraps { (a, b) } else { (a.min(b), a.max(b)) };
        let length = (b - a).rem_euclid(last - first + 1) + 1;
        let in_turn = (0..length).filter(|count| count % step == 0);
        let values = in_turn.map(|count| (a - first + count) % (last - first + 1) + first);
        (format!("{a}-{b}/{step}"), values.collect())
    });
    prop_oneof![Just(("*".to_owned(), all)), some, stepped, range]
}

/// The hours, for the most part those at which clocks are changed.
fn hours() -> impl Strategy<Value = (String, Vec<i64>)> {
    let early = subsequence(vec![0, 1, 2, 3, 23], 1..=2).prop_map(|values| {
        let texts: Vec<String> = values.iter().map(i64::to_string).collect();
        (texts.join(","), values)
    });
    prop_oneof![2 => early, 1 => field(0, 23)]
}

fn times() -> impl Strategy<Value = (String, Times)> {
    (field(0, 59), hours(), field(1, 7)).prop_map(|(minute, hour, weekday)| {
        let spec = format!("{} {} {}", minute.0, hour.0, weekday.0);
        let hours = (hour.0 != "*").then_some(hour.1);
        (spec, Times { minutes: minute.1, hours, weekdays: weekday.1 })
    })
}

fn moments() -> impl Strategy<Value = (Tz, i64)> {
    let distance = prop_oneof![Just(0), Just(-1), -3 * HOUR..3 * HOUR, -2 * DAY..2 * DAY];
    let near = (select(CHANGES.clone()), distance)
        .prop_map(|((zone, change), distance)| (zone, change + distance));
    let years = at("2024-01-01T00:00:00Z").0..at("2028-01-01T00:00:00Z").0;
    prop_oneof![4 => near, 1 => (select(ZONES.to_vec()), years)]
}

proptest! {
    #[test]
    fn s5_the_next_run_is_the_first_minute_that_is_one(
        (spec, times) in times(),
        (zone, after) in moments(),
    ) {
        let (job, in_zone) = (schedule(&spec), zone.name().parse::<TimeZone>().unwrap());
        let next = job.next_after(UnixTime(after), &in_zone).unwrap();
        prop_assert_eq!(next, UnixTime(times.next_after(zone, after)), "{} in {}", spec, zone);

        let last = job.latest_at_or_before(UnixTime(after), &in_zone).unwrap();
        prop_assert!(last.0 <= after);
        prop_assert_eq!(job.next_after(last, &in_zone), Some(next));
        prop_assert_eq!(job.latest_at_or_before(next, &in_zone), Some(next));
    }

    #[test]
    fn s2_what_a_schedule_prints_it_reads((spec, _) in times()) {
        let job = schedule(&spec);
        prop_assert_eq!(schedule(&job.to_string()), job);
    }

    #[test]
    fn s3_no_text_makes_the_parser_panic(spec in "[ \\t*,/0-9a-z\u{80}-\u{2fff}-]{0,20}") {
        if let Err(error) = spec.parse::<sessctl::domain::schedule::Schedule>() {
            prop_assert!(spec.get(error.place()).is_some());
            prop_assert!(error.to_string().chars().all(|c| c == '\n' || !c.is_control()));
        }
    }
}
