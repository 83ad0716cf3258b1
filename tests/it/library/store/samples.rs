//! Samples of the history.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use sessctl::domain::session::EndReason;
use sessctl::domain::time::{Span, UnixTime};
use sessctl::storage::{FoundSessions, Sample, ScanLimits};

use crate::library::store::ledger_entries::at;
use crate::support::generators::{case, check};
use crate::support::store::{TestDb, opened, scope, suite};
use crate::support::{DAY, HOUR};

suite!(tests);

fn sample(seconds: i64) -> Sample {
    Sample {
        at: at(seconds),
        period: Span::ZERO,
        runs: 1,
        live: Some([1, 2, 3]),
        expired: Some(4),
        rows: Some(10),
        ended_by: [(EndReason::Expired, 3), (EndReason::Lifetime, 1)].into(),
        deleted: 5,
        file_bytes: Some(8192),
        free_bytes: Some(4096),
        longest_hold: Some(Duration::from_micros(1_500)),
        duration: Some(Duration::from_millis(20)),
    }
}

fn all(db: &TestDb) -> Vec<Sample> {
    db.sessions.samples(UnixTime(i64::MIN), UnixTime(i64::MAX)).unwrap()
}

/// Number of the last samples, of which the first is what ages are counted from.
const LAST: usize = 10;

/// Records samples one after the other, the gaps before each in seconds.
fn record_all(db: &mut TestDb, gaps: &[i64], known: &[bool]) -> Vec<Sample> {
    db.execute(&[serde_json::json!(["DELETE FROM samples"])]);
    let (mut moment, mut samples) = (0, Vec::new());
    for (place, gap) in gaps.iter().enumerate() {
        moment += gap;
        let count = place as u64;
        let known = known[place % known.len()];
        let sample = Sample {
            live: known.then_some([count, 1, 2]),
            file_bytes: (!known).then_some(count),
            deleted: count % 5,
            longest_hold: Some(Duration::from_micros(count * 7 % 11)),
            ..sample(moment)
        };
        db.sessions.record_sample(&sample, None).unwrap();
        samples.push(sample);
    }
    samples
}

fn day(sample: &Sample) -> i64 {
    sample.at.0.div_euclid(DAY)
}

/// The samples of each day in UTC as one.
fn by_day<'s>(samples: impl IntoIterator<Item = &'s Sample>) -> BTreeMap<i64, Sample> {
    let mut days: BTreeMap<i64, Sample> = BTreeMap::new();
    for sample in samples {
        let single = Sample { period: Span::ZERO, ..sample.clone() };
        days.entry(day(sample)).and_modify(|day| day.merge(&single)).or_insert(single);
    }
    days
}

macro_rules! tests {
    ($(#[$on:meta])*) => {
        #[test]
        $(#[$on])*
        fn samples_are_returned_as_they_were_recorded() {
            let mut db = db();
            let samples = [sample(0), Sample { at: at(7), ..Sample::default() }];
            for sample in &samples {
                db.sessions.record_sample(sample, None).unwrap();
            }
            assert_eq!(all(&db), samples);
            assert_eq!(db.sessions.samples(at(1), at(7)).unwrap(), samples[1..]);
            assert_eq!(db.sessions.samples(at(8), at(9)).unwrap(), []);
        }

        #[test]
        $(#[$on])*
        fn samples_of_one_second_become_one() {
            let mut db = db();
            db.sessions.record_sample(&sample(0), None).unwrap();
            let second = Sample {
                runs: 2,
                live: None,
                expired: Some(0),
                rows: None,
                ended_by: [(EndReason::Cycled, 1), (EndReason::Expired, 1)].into(),
                longest_hold: None,
                duration: Some(Duration::from_millis(30)),
                ..sample(0)
            };
            db.sessions.record_sample(&second, None).unwrap();
            let expected = Sample {
                runs: 3,
                expired: Some(0),
                ended_by: [
                    (EndReason::Expired, 4),
                    (EndReason::Lifetime, 1),
                    (EndReason::Cycled, 1),
                ]
                .into(),
                deleted: 10,
                duration: Some(Duration::from_millis(30)),
                ..sample(0)
            };
            assert_eq!(all(&db), [expected]);
        }

        #[test]
        $(#[$on])*
        fn a_sample_can_be_left_out_if_there_is_a_recent_one() {
            let mut db = db();
            let hour = Some(Span::hours(1));
            for seconds in [0, 3_599, 3_600, 10_000] {
                db.sessions.record_sample(&sample(seconds), hour).unwrap();
            }
            // One of a wrong clock does not count.
            db.sessions.record_sample(&sample(9_000), hour).unwrap();
            let times: Vec<UnixTime> = all(&db).iter().map(|sample| sample.at).collect();
            assert_eq!(times, [at(0), at(3_600), at(9_000), at(10_000)]);
        }

        #[test]
        $(#[$on])*
        fn merging_changes_no_day_and_keeps_one_sample_for_each_period() {
            // Minutes, hours, days and months between two runs.
            let gap = prop_oneof![
                6 => 1..120_i64,
                6 => 600..2 * HOUR,
                3 => HOUR..3 * DAY,
                1 => DAY..60 * DAY,
            ];
            let input = (vec(gap, 1..150), vec(any::<bool>(), 1..7));
            check(db(), 100, input, |db, (gaps, known)| {
                let samples = record_all(db, &gaps, &known);
                let kept = all(db);
                let last = samples.last().unwrap().at;
                let reference = samples.len().checked_sub(LAST + 1).map(|place| samples[place].at);
                // Nothing that is not old enough is lost, and what is old goes.
                let retention = UnixTime(reference.map_or(i64::MIN, |it| it.0 - 730 * DAY));
                let is_kept = |sample: &&Sample| sample.at >= retention;
                let first = kept.first().map_or(i64::MAX, day);
                let expected = by_day(samples.iter().filter(is_kept));
                let found = by_day(&kept);
                for (day, expected) in expected.iter().filter(|(day, _)| **day > first) {
                    prop_assert_eq!(found.get(day), Some(expected));
                }
                prop_assert!(expected.keys().next().is_some_and(|day| first <= *day));
                prop_assert_eq!(kept.last().map(|sample| sample.at), Some(last));
                // Each period has one sample once it is old enough.
                let mut seen = BTreeSet::new();
                for sample in &kept {
                    let age = reference.map_or(i64::MIN, |it| it.0 - sample.at.0);
                    let period = sample.period.as_seconds();
                    // Whole periods are merged.
                    let is_due = |over: i64, period| age >= over + period;
                    prop_assert!(!is_due(7 * DAY, HOUR) || period >= HOUR);
                    prop_assert!(!is_due(90 * DAY, DAY) || period == DAY);
                    prop_assert!(period == 0 || age >= 7 * DAY);
                    prop_assert!(period < DAY || age >= 90 * DAY);
                    if period > 0 {
                        prop_assert!(seen.insert((period, sample.at.0.div_euclid(period))));
                    }
                }
                Ok(())
            });
        }

        #[test]
        $(#[$on])*
        fn samples_of_a_clock_that_was_ahead_are_not_touched_and_thin_nothing() {
            let mut db = db();
            let old: Vec<Sample> = (0..20).map(|minute| sample(minute * 60)).collect();
            db.sessions.add_samples(&old).unwrap();
            // A few runs with a clock that is ten years ahead, and then the right one again
            let ahead = 3_650 * DAY;
            for second in 0..5 {
                db.sessions.record_sample(&sample(ahead + second), None).unwrap();
            }
            assert_eq!(all(&db).len(), 25);
            for hour in 1..=8 * 24 {
                db.sessions.record_sample(&sample(hour * HOUR), None).unwrap();
            }
            let all = all(&db);
            assert_eq!(all.iter().filter(|sample| sample.at >= at(ahead)).count(), 5);
            // The first hour is old by now, and one sample.
            let first = all.iter().find(|sample| sample.period > Span::ZERO).unwrap();
            assert_eq!(all.iter().map(|sample| sample.runs).sum::<u64>(), 20 + 5 + 8 * 24);
            assert!(first.runs >= 20, "{first:?}");
        }

        #[test]
        $(#[$on])*
        fn several_programs_lose_no_sample() {
            let mut db = db();
            let old: Vec<Sample> = (0..500).map(|place| sample(place * 600)).collect();
            db.sessions.add_samples(&old).unwrap();
            let places = [0, 1].map(|program| db.location_of(program));
            thread::scope(|scope| {
                for place in &places {
                    scope.spawn(move || {
                        let mut other = opened(place);
                        for hour in 0..20 {
                            let new = sample(20 * DAY + hour * HOUR);
                            other.record_sample(&new, None).unwrap();
                        }
                    });
                }
            });
            let all = all(&db);
            assert_eq!(all.iter().map(|sample| sample.runs).sum::<u64>(), 540);
            assert_eq!(all.iter().map(|sample| sample.deleted).sum::<u64>(), 540 * 5);
            assert_eq!(all.iter().filter(|sample| sample.period == Span::ZERO).count(), 20);
        }

        #[test]
        $(#[$on])*
        fn a_purge_counts_the_states_that_the_figures_have() {
            check(db(), 300, (case(), 1..15_usize), |db, (case, rows)| {
                db.upsert_rows(&case.sessions);
                // A session that will end is a matter of the clock.
                db.execute(&[serde_json::json!([
                    "UPDATE sessions SET ended_at = NULL, end_reason = NULL WHERE ended_at > ?1",
                    crate::support::NOW.0
                ])]);
                let scope = scope(&case.policies);
                let (mut found, mut total, mut after) = (FoundSessions::default(), 0, None);
                loop {
                    let limits = ScanLimits { rows, ..ScanLimits::ALL };
                    let scan = db.sessions.scan_due(&scope, after.as_ref(), limits).unwrap();
                    found.add(scan.found);
                    total += scan.rows;
                    after = scan.last;
                    if after.is_none() {
                        break;
                    }
                }
                let tasks = db.sessions.tasks(&scope).unwrap();
                let live = [0, 1, 2].map(|state| tasks.iter().map(|task| task.live[state]).sum::<u64>());
                prop_assert_eq!(found.live, live);
                let expired: u64 =
                    tasks.iter().map(|task| task.expired + task.due_abandoned).sum();
                prop_assert_eq!(found.expired, expired);
                prop_assert_eq!(found.ends.iter().sum::<u64>(), expired);
                prop_assert_eq!(total, tasks.iter().map(|task| task.rows).sum::<u64>());
                Ok(())
            });
        }
    };
}
use tests;
