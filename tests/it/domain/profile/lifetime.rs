//! Tests of `domain::profile::lifetime`.

use proptest::prelude::*;
use sessctl::domain::profile::lifetime::{EAST, HOUR, JITTER, QUARTER, TWO_WEEKS, WEST};
use sessctl::domain::profile::{OffsetEvidence, signed_lifetime};
use sessctl::domain::time::UnixTime;

#[test]
fn the_moment_of_the_signature_is_read() {
    // 1_750_000_000 in base 62.
    for payload in ["e30:1uQowS:s", ".eJyr:1uQowS:s", "aWdodA:1uQowS:s", "a:b:1uQowS:s"] {
        assert_eq!(signed_lifetime(payload, UnixTime(1_750_003_600)), Some(3_600), "{payload}");
    }
    for payload in ["", ":", "a:b", "a:é:s", "a::s", "a:zzzzzzzzzzzzzz:s"] {
        assert_eq!(signed_lifetime(payload, UnixTime(0)), None, "{payload}");
    }
}

#[test]
fn two_weeks_to_the_second_prove_utc() {
    for lifetime in [TWO_WEEKS, TWO_WEEKS + 1, TWO_WEEKS + JITTER, TWO_WEEKS - JITTER] {
        assert_eq!(OffsetEvidence::of([lifetime]), OffsetEvidence::Utc, "{lifetime}");
    }
    assert_eq!(OffsetEvidence::of([77, TWO_WEEKS, 8 * HOUR, -5]), OffsetEvidence::Utc);
    for lifetime in [TWO_WEEKS + JITTER + 1, TWO_WEEKS - JITTER - 1, 8 * HOUR, HOUR, 0, -HOUR] {
        assert_eq!(OffsetEvidence::of([lifetime]), OffsetEvidence::Nothing, "{lifetime}");
    }
    assert_eq!(OffsetEvidence::of([]), OffsetEvidence::Nothing);
    assert_eq!(OffsetEvidence::of([i64::MIN, i64::MAX]), OffsetEvidence::Nothing);
}

#[test]
fn two_weeks_and_the_offset_of_a_zone_are_evidence_of_that_zone() {
    // Kathmandu, Kolkata, New York, St. John's, Kiritimati, and the west of the date line.
    for offset in [20_700, 19_800, -14_400, -12_600, EAST, WEST] {
        let (lifetime, ahead) = (TWO_WEEKS + offset, OffsetEvidence::Ahead(offset));
        assert_eq!(OffsetEvidence::of([lifetime + 1, 8 * HOUR, lifetime]), ahead, "{offset}");
        // With other evidence, UTC is no longer proved
        for other in [TWO_WEEKS, lifetime - offset.signum() * QUARTER] {
            let lifetimes = [other, lifetime, other];
            assert_eq!(OffsetEvidence::of(lifetimes), OffsetEvidence::Mixed, "{offset}");
        }
    }
    for offset in [EAST + QUARTER, WEST - QUARTER, 450, 899 - JITTER] {
        let lifetimes = [TWO_WEEKS + offset];
        assert_eq!(OffsetEvidence::of(lifetimes), OffsetEvidence::Nothing, "{offset}");
    }
}

proptest! {
    /// The order of the rows does not matter.
    #[test]
    fn utc_is_proved_by_one_row_that_no_other_contradicts(
        lifetimes in proptest::collection::vec(
            prop_oneof![
                (-60_i64..70, -3_i64..=3).prop_map(|(n, j)| TWO_WEEKS + n * QUARTER + j),
                (-2_i64..=2).prop_map(|j| TWO_WEEKS + j),
                any::<i64>(),
            ],
            0..5,
        ),
    ) {
        let is_near = |lifetime: i64, offset: i64| {
            (i128::from(lifetime) - i128::from(TWO_WEEKS + offset)).abs() <= i128::from(JITTER)
        };
        let of_utc = lifetimes.iter().filter(|lifetime| is_near(**lifetime, 0)).count();
        let zones = || (WEST..=EAST).step_by(900).filter(|zone| *zone != 0);
        let of_zones = lifetimes.iter().filter(|l| zones().any(|zone| is_near(**l, zone)));
        let is_proved = of_utc > 0 && of_zones.count() == 0;
        prop_assert_eq!(OffsetEvidence::of(lifetimes) == OffsetEvidence::Utc, is_proved);
    }
}
