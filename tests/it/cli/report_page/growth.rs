//! Growth of the live sessions.

use sessctl::cli::report_page::growth::Growth;
use sessctl::storage::Sample;
use sessctl::{Span, UnixTime};

use crate::support::{DAY, HOUR, NOW, later};

fn samples(hours: std::ops::Range<i64>, live: impl Fn(i64) -> u64) -> Vec<Sample> {
    let sample = |hour: i64| Sample {
        at: later(NOW, -hour * HOUR),
        live: Some([live(hour), 0, 0]),
        ..Sample::default()
    };
    hours.rev().map(sample).collect()
}

#[test]
fn a_short_history_says_nothing() {
    assert_eq!(Growth::of(&[], NOW), None);
    assert_eq!(Growth::of(&samples(0..70, |_| 5), NOW), None);
    assert!(Growth::of(&samples(0..74, |_| 5), NOW).is_some());
}

#[test]
fn a_history_that_ended_long_ago_says_nothing() {
    assert_eq!(Growth::of(&samples(30..200, |_| 5), NOW), None);
}

#[test]
fn the_time_of_day_does_not_count() {
    // Live sessions follow the day; the first sample is of the night, the last of the day.
    let daily = |hour: i64| if hour.rem_euclid(24) < 12 { 1_000 } else { 10 };
    let growth = Growth::of(&samples(0..24 * 5 + 13, daily), NOW).unwrap();
    assert!((growth.after / growth.before - 1.0).abs() < 0.1, "{growth:?}");
    assert_eq!(growth.window, Span::days(1));
}

#[test]
fn weeks_are_compared_in_a_long_history() {
    let growth = Growth::of(&samples(0..24 * 30, |hour| if hour > 360 { 10 } else { 20 }), NOW);
    let growth = growth.unwrap();
    assert_eq!((growth.before, growth.after, growth.window), (10.0, 20.0, Span::days(7)));
}

#[test]
fn an_hour_with_many_samples_counts_once() {
    let mut all = samples(0..100, |_| 10);
    let begin = all[0].at.0.div_euclid(HOUR) * HOUR;
    let many = (0..1_000).map(|second| Sample {
        at: UnixTime(begin + second),
        live: Some([10_000, 0, 0]),
        ..Sample::default()
    });
    all.splice(0..1, many);
    let growth = Growth::of(&all, NOW).unwrap();
    assert!(growth.before < 600.0, "{growth:?}");
}

#[test]
fn unknown_figures_are_left_out() {
    let mut all = samples(0..5 * 24, |_| 10);
    all.push(Sample { at: later(NOW, -DAY / 48), live: None, ..Sample::default() });
    assert_eq!(Growth::of(&all, NOW).unwrap().after, 10.0);
}
