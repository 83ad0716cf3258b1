//! Curves: their gaps, their reduction, and groups of samples.

use proptest::prelude::*;
use sessctl::UnixTime;
use sessctl::cli::report_page::buckets::{Grouping, group};
use sessctl::cli::report_page::curves::{parts, thin};
use sessctl::cli::report_page::page::Point;
use sessctl::domain::time_zone::TimeZone;
use sessctl::storage::Sample;

use crate::support::{DAY, HOUR, NOW, at, later};

fn points(ages: impl IntoIterator<Item = i64>) -> Vec<Point> {
    ages.into_iter().map(|age| Point { at: later(NOW, -age), value: 1.0 }).collect()
}

fn lengths(ages: impl IntoIterator<Item = i64>) -> Vec<usize> {
    parts(&points(ages), NOW).iter().map(Vec::len).collect()
}

#[test]
fn a_long_time_without_samples_is_a_gap() {
    assert_eq!(lengths([]), Vec::<usize>::new());
    assert_eq!(lengths([0]), [1]);
    assert_eq!(lengths((0..20).rev().map(|hour| hour * HOUR)), [20]);
    let ages = (0..20).rev().filter(|hour| !(5..9).contains(hour)).map(|hour| hour * HOUR);
    assert_eq!(lengths(ages), [11, 5]);
}

#[test]
fn samples_that_the_ledger_has_thinned_leave_no_gaps() {
    let daily = (91..120).rev().map(|day| day * DAY);
    let hourly = (7 * 24..90 * 24).rev().map(|hour| hour * HOUR);
    let minutes = (0..7 * 24 * 60).rev().map(|minute| minute * 60);
    assert_eq!(lengths(daily.chain(hourly).chain(minutes)).len(), 1);
}

#[test]
fn samples_are_grouped_by_local_days() {
    let berlin: TimeZone = "Europe/Berlin".parse().unwrap();
    let sample =
        |time: &str, deleted| Sample { at: at(time), deleted, runs: 1, ..Sample::default() };
    // The 29th of March has 23 hours.
    let samples = [
        sample("2026-03-28T22:59:00Z", 1),
        sample("2026-03-28T23:01:00Z", 2),
        sample("2026-03-29T21:59:00Z", 4),
        sample("2026-03-29T22:01:00Z", 8),
    ];
    let days = group(&samples, Grouping::Day, &berlin);
    let sums: Vec<_> = days.iter().map(|day| (day.sample.deleted, day.sample.runs)).collect();
    assert_eq!(sums, [(1, 1), (6, 2), (8, 1)]);
    assert_eq!(days[1].period.to.0 - days[1].period.from.0, 23 * HOUR);
}

proptest! {
    #[test]
    fn extremes_stay(values in prop::collection::vec(0_u32..1_000_000, 1..3_000), most in 2..500_usize) {
        let points: Vec<Point> = values
            .iter()
            .zip(0..)
            .map(|(value, second)| Point { at: UnixTime(second), value: f64::from(*value) })
            .collect();
        let thinned = thin(&points, most);
        let limits = |points: &[Point]| {
            let values = points.iter().map(|point| point.value);
            (values.clone().fold(f64::INFINITY, f64::min), values.fold(0.0, f64::max))
        };
        prop_assert!(thinned.len() <= most.max(2));
        prop_assert!(thinned.windows(2).all(|pair| pair[0].at < pair[1].at));
        prop_assert!(thinned.iter().all(|point| points.contains(point)));
        prop_assert_eq!(limits(&thinned), limits(&points));
    }

    #[test]
    fn groups_keep_sums(
        steps in prop::collection::vec((1..100_000_i64, 0..1_000_u64), 1..200),
        grouping in prop_oneof![Just(Grouping::Hour), Just(Grouping::Day), Just(Grouping::Week)],
    ) {
        let zone: TimeZone = "America/New_York".parse().unwrap();
        let mut time = NOW;
        let samples: Vec<Sample> = steps
            .iter()
            .map(|(step, deleted)| {
                time = later(time, *step);
                Sample { at: time, deleted: *deleted, ..Sample::default() }
            })
            .collect();
        let groups = group(&samples, grouping, &zone);
        let sum: u64 = groups.iter().map(|group| group.sample.deleted).sum();
        prop_assert_eq!(sum, steps.iter().map(|step| step.1).sum::<u64>());
        prop_assert!(groups.windows(2).all(|pair| pair[0].period.to <= pair[1].period.from));
    }
}
