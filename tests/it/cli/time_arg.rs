//! Tests of `cli::time_arg`.

use sessctl::cli::args::{Since, TimeArg};
use sessctl::domain::time::UnixTime;
use sessctl::domain::time_zone::TimeZone;

use crate::support::at;

/// Reads a time at noon UTC of 15 June 2026.
fn read(text: &str, zone: &str) -> String {
    let zone: TimeZone = zone.parse().unwrap();
    let time: TimeArg = text.parse().unwrap();
    time.read(&zone, at("2026-06-15T12:00:00Z")).unwrap().to_string()
}

fn in_berlin(text: &str) -> String {
    read(text, "Europe/Berlin")
}

fn in_new_york(text: &str) -> String {
    read(text, "America/New_York")
}

#[test]
fn moments_are_read_in_their_zone() {
    assert_eq!(in_berlin("2026-06-15 12:00"), "2026-06-15T10:00:00Z");
    assert_eq!(in_berlin("2026-12-15T12:00:30"), "2026-12-15T11:00:30Z");
    assert_eq!(in_berlin("2026-12-15t12:00:30.75"), "2026-12-15T11:00:30Z");
    assert_eq!(in_berlin("1781524800"), "2026-06-15T12:00:00Z");
    assert_eq!(in_berlin("@1781524800"), "2026-06-15T12:00:00Z");
    assert_eq!(in_berlin("2026-06-15"), "2026-06-14T22:00:00Z");
}

#[test]
fn rfc_3339_is_read_in_all_its_forms() {
    for text in [
        "2026-06-15T12:00:00Z",
        "2026-06-15t12:00:00z",
        "2026-06-15 12:00:00Z",
        "2026-06-15T12:00:00.123456789Z",
        "2026-06-15T17:30:00+05:30",
        "2026-06-15T08:00:00.5-04:00",
        "2026-06-15T12:00:00-00:00",
        "2026-06-15T11:59:60Z",
        "  2026-06-15T12:00:00Z ",
    ] {
        assert_eq!(in_berlin(text), "2026-06-15T12:00:00Z", "{text}");
    }
}

#[test]
fn words_and_durations_are_relative_to_now() {
    for (text, time) in [
        ("now", "2026-06-15T12:00:00Z"),
        ("NOW", "2026-06-15T12:00:00Z"),
        ("today", "2026-06-14T22:00:00Z"),
        ("yesterday", "2026-06-13T22:00:00Z"),
        ("tomorrow", "2026-06-15T22:00:00Z"),
        ("tomorrow 03:15", "2026-06-16T01:15:00Z"),
        ("+1d", "2026-06-16T12:00:00Z"),
        ("24h", "2026-06-16T12:00:00Z"),
        ("-2h", "2026-06-15T10:00:00Z"),
        ("+1h30m", "2026-06-15T13:30:00Z"),
    ] {
        assert_eq!(in_berlin(text), time, "{text}");
    }
    // Where the day has not begun yet
    assert_eq!(in_new_york("today"), "2026-06-15T04:00:00Z");
    assert_eq!(read("today", "Pacific/Kiritimati"), "2026-06-15T10:00:00Z");
}

#[test]
fn a_duration_is_an_age_where_the_past_is_meant() {
    let read = |text: &str| {
        let since: Since = text.parse().unwrap();
        since.read(at("2026-06-15T12:00:00Z")).unwrap().to_string()
    };
    assert_eq!(read("24h"), "2026-06-14T12:00:00Z");
    assert_eq!(read("-24h"), "2026-06-14T12:00:00Z");
    assert_eq!(read("+1h"), "2026-06-15T13:00:00Z");
    assert_eq!(read("2026-06-15T11:00:00z"), "2026-06-15T11:00:00Z");
}

#[test]
fn a_time_that_the_clock_skips_is_later_and_one_that_it_repeats_is_the_first() {
    assert_eq!(in_berlin("2026-03-29 02:30"), "2026-03-29T01:30:00Z");
    assert_eq!(in_new_york("2026-03-08 02:30"), "2026-03-08T07:30:00Z");
    assert_eq!(in_berlin("2026-10-25 02:30"), "2026-10-25T00:30:00Z");
    assert_eq!(in_new_york("2026-11-01 01:30"), "2026-11-01T05:30:00Z");
    // A midnight that the clock skips
    assert_eq!(read("2026-03-29", "Asia/Beirut"), "2026-03-28T22:00:00Z");
    // Both sides of a change
    assert_eq!(in_berlin("2026-03-29 01:59:59"), "2026-03-29T00:59:59Z");
    assert_eq!(in_berlin("2026-03-29 03:00"), "2026-03-29T01:00:00Z");
    assert_eq!(in_berlin("2026-10-25 03:00"), "2026-10-25T02:00:00Z");
}

#[test]
fn anything_else_is_refused_with_examples() {
    let texts =
        ["", "2026", "99999999999999", "noon", "2026-02-30", "2026-06-15 25:00", "1", "+x", "1.5h"];
    for text in texts {
        let error = text.parse::<TimeArg>().unwrap_err().to_string();
        assert!(error.starts_with(&format!("{text:?} is not a valid time: use now, ")), "{error}");
    }
    assert_eq!("253402300799".parse::<TimeArg>().map(drop), Ok(()));
    assert_eq!(UnixTime::MAX.0, 253_402_300_799);
}
