//! Scales and ticks.

use proptest::prelude::*;
use sessctl::UnixTime;
use sessctl::cli::report_page::scale::{Scale, Unit, time_ticks};
use sessctl::domain::time_zone::TimeZone;

use crate::support::{DAY, HOUR, NOW, at, later};

fn labels(from: UnixTime, to: UnixTime, zone: &TimeZone) -> Vec<String> {
    time_ticks(from, to, zone, 9).into_iter().map(|tick| tick.label).collect()
}

#[test]
fn a_scale_has_round_ticks() {
    let labels = |largest, unit| {
        let scale = Scale::up_to(largest, unit);
        scale.ticks.iter().map(|tick| scale.label(*tick)).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(labels(0.0, Unit::Count), "0 1 2 3 4 5");
    assert_eq!(labels(17.0, Unit::Count), "0 5 10 15 20");
    assert_eq!(labels(12_729.0, Unit::Count), "0 5,000 10 k 15 k");
    assert_eq!(labels(1_204_551.0, Unit::Count), "0 500 k 1 M 1.5 M");
    assert_eq!(labels(29_000_000.0, Unit::Bytes), "0 10.0 MB 20.0 MB 30.0 MB");
    assert_eq!(labels(0.048, Unit::Time), "0 10 ms 20 ms 30 ms 40 ms 50 ms");
    assert_eq!(labels(290.0, Unit::Time), "0 1m 2m 3m 4m 5m");
    assert_eq!(labels(40_000.0, Unit::Time), "0 4h 8h 12h");
}

#[test]
fn ticks_are_round_local_times() {
    let berlin: TimeZone = "Europe/Berlin".parse().unwrap();
    let ticks = time_ticks(at("2026-03-28T12:00:00Z"), at("2026-03-30T12:00:00Z"), &berlin, 9);
    let midnights: Vec<UnixTime> =
        ticks.iter().filter(|tick| tick.label.contains("Mar")).map(|tick| tick.at).collect();
    // The clocks are put forward on the 29th.
    assert_eq!(midnights, [at("2026-03-28T23:00:00Z"), at("2026-03-29T22:00:00Z")]);
}

#[test]
fn ticks_suit_the_length_of_the_period() {
    let utc = TimeZone::UTC;
    assert_eq!(
        labels(later(NOW, -6 * HOUR), NOW, &utc).join(" "),
        "06:00 07:00 08:00 09:00 10:00 11:00 12:00"
    );
    assert_eq!(
        labels(later(NOW, -30 * DAY), NOW, &utc).join(", "),
        "18 May, 25 May, 1 Jun, 8 Jun, 15 Jun"
    );
    assert_eq!(
        labels(later(NOW, -2 * DAY), NOW, &utc).join(" "),
        "12:00 18:00 14 Jun 06:00 12:00 18:00 15 Jun 06:00 12:00"
    );
    assert_eq!(
        labels(later(NOW, -700 * DAY), NOW, &utc).join(" "),
        "Oct 2025 Apr Jul Oct 2026 Apr"
    );
}

fn units() -> impl Strategy<Value = Unit> {
    prop_oneof![Just(Unit::Count), Just(Unit::Bytes), Just(Unit::Time)]
}

proptest! {
    #[test]
    fn a_scale_holds_its_values(largest in 0.0..1e15_f64, unit in units()) {
        let scale = Scale::up_to(largest, unit);
        prop_assert!(scale.max >= largest * 0.999_999);
        prop_assert!((2..=7).contains(&scale.ticks.len()), "{:?}", scale.ticks);
        prop_assert!(scale.ticks.windows(2).all(|pair| pair[0] < pair[1]));
        prop_assert_eq!(scale.ticks[0], 0.0);
        prop_assert!((scale.ticks.last().unwrap() / scale.max - 1.0).abs() < 1e-9);
        // No scale is much too long.
        prop_assert!(scale.max <= (largest * 2.5).max(1_000.0), "{largest}: {}", scale.max);
        prop_assert!((0.0..=1.0).contains(&scale.place(largest)));
    }

    #[test]
    fn ticks_are_within_their_period(
        begin in 0..4_000_000_000_i64,
        length in 1..3_000_000_000_i64,
        zone in prop_oneof![Just("UTC"), Just("Europe/Berlin"), Just("Asia/Kathmandu"), Just("America/St_Johns")],
    ) {
        let zone: TimeZone = zone.parse().unwrap();
        let (from, to) = (UnixTime(begin), UnixTime(begin + length));
        let ticks = time_ticks(from, to, &zone, 9);
        prop_assert!(ticks.len() <= 9);
        prop_assert!(ticks.iter().all(|tick| from <= tick.at && tick.at <= to));
        prop_assert!(ticks.windows(2).all(|pair| pair[0].at < pair[1].at));
        // Some are there if the period is longer than a few minutes, for people to read.
        prop_assert!(length < 2 * 60 || !ticks.is_empty(), "{length}");
    }
}
