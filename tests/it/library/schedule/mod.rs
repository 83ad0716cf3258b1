//! Schedules, as the rows s1 to s5 want them.

mod brute_force;
mod errors;
mod external_programs;
mod occurrences;
mod posix_time_zones;
mod syntax;
mod unusual_transitions;

use sessctl::domain::schedule::Schedule;
use sessctl::domain::time::UnixTime;
use sessctl::domain::time_zone::TimeZone;

use crate::support::{DAY, at};

/// Four zones, and when their clocks are changed in 2026. Those of Lord Howe
/// change by half an hour, those of Cairo at midnight.
const CHANGES: [(&str, &str); 8] = [
    ("America/New_York", "2026-03-08T07:00:00Z"),
    ("America/New_York", "2026-11-01T06:00:00Z"),
    ("Europe/Berlin", "2026-03-29T01:00:00Z"),
    ("Europe/Berlin", "2026-10-25T01:00:00Z"),
    ("Australia/Lord_Howe", "2026-04-04T15:00:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T15:30:00Z"),
    ("Africa/Cairo", "2026-04-23T22:00:00Z"),
    ("Africa/Cairo", "2026-10-29T21:00:00Z"),
];

fn schedule(spec: &str) -> Schedule {
    spec.parse().unwrap_or_else(|fault| panic!("{fault}"))
}

fn zone(name: &str) -> TimeZone {
    name.parse().unwrap()
}

/// The runs in a zone after `from` and up to `to`, with their offsets.
fn runs(spec: &str, name: &str, from: &str, to: &str) -> Vec<String> {
    let zone = zone(name);
    schedule(spec)
        .occurrences_after(at(from), &zone)
        .take_while(|run| *run <= at(to))
        .map(|run| {
            let offset = i32::try_from(zone.offset_at(run).unwrap()).unwrap();
            let offset = chrono::FixedOffset::east_opt(offset).unwrap();
            run.utc().unwrap().with_timezone(&offset).format("%a %F %R%:z").to_string()
        })
        .collect()
}

/// The runs around a day on which the clock is changed: from two days before
/// noon of that day to two days after.
fn around(spec: &str, name: &str, noon: &str) -> Vec<String> {
    let noon = at(noon);
    let ends = [noon.0 - 2 * DAY, noon.0 + 2 * DAY].map(|end| UnixTime(end).to_string());
    runs(spec, name, &ends[0], &ends[1])
}
