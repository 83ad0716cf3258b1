//! Tests of `app::periods`.

use proptest::collection::vec;
use proptest::prelude::*;
use sessctl::app::{Grouping, Period, periods};
use sessctl::domain::time::{Span, UnixTime};
use sessctl::domain::time_zone::TimeZone;
use sessctl::storage::Sample;

const DAY: i64 = 86_400;

fn at(text: &str) -> UnixTime {
    UnixTime(chrono::DateTime::parse_from_rfc3339(text).unwrap().timestamp())
}

fn sample(moment: UnixTime) -> Sample {
    Sample { at: moment, runs: 1, deleted: 1, ..Sample::default() }
}

fn berlin() -> TimeZone {
    "Europe/Berlin".parse().unwrap()
}

/// Starts of the periods, and the numbers of their runs.
fn shown(samples: &[&str], by: Grouping, until: &str) -> String {
    let samples = samples.iter().map(|text| sample(at(text))).collect();
    let line = |Period { start, sample }: &Period| {
        let runs = sample.as_ref().map_or("-".to_owned(), |sample| sample.runs.to_string());
        format!("{start} {runs}\n")
    };
    periods(samples, by, at(until), &berlin()).iter().map(line).collect()
}

#[test]
fn days_are_local_and_those_without_a_sample_are_shown() {
    let samples = ["2026-06-14T21:59:59Z", "2026-06-14T22:00:00Z", "2026-06-15T10:00:00Z"];
    insta::assert_snapshot!(shown(&samples, Grouping::Day, "2026-06-17T10:00:00Z"), @r"
    2026-06-13T22:00:00Z 1
    2026-06-14T22:00:00Z 2
    2026-06-15T22:00:00Z -
    2026-06-16T22:00:00Z -
    ");
}

#[test]
fn the_days_of_a_change_of_the_clock_have_23_and_25_hours() {
    let samples = ["2026-03-28T12:00:00Z", "2026-03-29T21:59:59Z", "2026-03-29T22:00:00Z"];
    insta::assert_snapshot!(shown(&samples, Grouping::Day, "2026-03-30T10:00:00Z"), @r"
    2026-03-27T23:00:00Z 1
    2026-03-28T23:00:00Z 1
    2026-03-29T22:00:00Z 1
    ");
    let samples = ["2026-10-24T22:00:00Z", "2026-10-25T22:59:59Z", "2026-10-25T23:00:00Z"];
    insta::assert_snapshot!(shown(&samples, Grouping::Day, "2026-10-25T23:30:00Z"), @r"
    2026-10-24T22:00:00Z 2
    2026-10-25T23:00:00Z 1
    ");
}

#[test]
fn an_hour_that_the_clock_shows_twice_is_two_hours() {
    let samples = ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"];
    insta::assert_snapshot!(shown(&samples, Grouping::Hour, "2026-10-25T02:10:00Z"), @r"
    2026-10-25T00:00:00Z 1
    2026-10-25T01:00:00Z 1
    2026-10-25T02:00:00Z -
    ");
}

#[test]
fn weeks_begin_on_monday_and_months_on_their_first_day() {
    let samples = ["2026-02-01T12:00:00Z", "2026-02-02T12:00:00Z", "2026-03-31T12:00:00Z"];
    insta::assert_snapshot!(shown(&samples[..2], Grouping::Week, "2026-02-11T10:00:00Z"), @r"
    2026-01-25T23:00:00Z 1
    2026-02-01T23:00:00Z 1
    2026-02-08T23:00:00Z -
    ");
    insta::assert_snapshot!(shown(&samples, Grouping::Month, "2026-05-01T10:00:00Z"), @r"
    2026-01-31T23:00:00Z 2
    2026-02-28T23:00:00Z 1
    2026-03-31T22:00:00Z -
    2026-04-30T22:00:00Z -
    ");
}

#[test]
fn a_day_in_utc_belongs_to_the_local_day_that_has_more_of_it() {
    // Its last run was after midnight in Berlin.
    let merged = Sample { period: Span::days(1), ..sample(at("2026-06-14T23:00:00Z")) };
    let found = periods(vec![merged], Grouping::Day, at("2026-06-14T23:00:00Z"), &berlin());
    assert_eq!(found[0].start, at("2026-06-13T22:00:00Z"));
}

#[test]
fn single_samples_have_no_gaps_between_them() {
    let samples = ["2026-06-14T21:59:59Z", "2026-06-17T22:00:00Z"];
    insta::assert_snapshot!(shown(&samples, Grouping::Sample, "2026-07-17T10:00:00Z"), @r"
    2026-06-14T21:59:59Z 1
    2026-06-17T22:00:00Z 1
    ");
    assert_eq!(shown(&[], Grouping::Day, "2026-07-17T10:00:00Z"), "");
}

proptest! {
    #[test]
    fn periods_follow_each_other_and_have_all_samples(
        gaps in vec((0..3 * DAY, prop::bool::ANY), 1..40),
        zone in prop::sample::select(vec![
            "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu",
            "America/Sao_Paulo", "Pacific/Apia",
        ]),
        by in prop::sample::select(Grouping::ALL.to_vec()),
        start in 1_000_000_000..1_900_000_000_i64,
    ) {
        let zone: TimeZone = zone.parse().unwrap();
        let mut moment = start;
        let mut samples = Vec::new();
        for (gap, is_merged) in gaps {
            moment += gap;
            let period = if is_merged { Span::days(1) } else { Span::ZERO };
            samples.push(Sample { period, ..sample(UnixTime(moment)) });
        }
        let count = samples.len() as u64;
        let found = periods(samples, by, UnixTime(moment), &zone);
        let runs = found.iter().filter_map(|it| it.sample.as_ref()).map(|it| it.runs).sum::<u64>();
        prop_assert_eq!(runs, count);
        for pair in found.windows(2) {
            prop_assert!(pair[0].start < pair[1].start || by == Grouping::Sample);
        }
        for period in &found {
            prop_assert_eq!(by.start_of(period.start, &zone), period.start);
        }
    }
}
