//! The clock of Django's `expire_date`, by how long the sessions last.
//!
//! With `USE_TZ = True` the column is in UTC, with `USE_TZ = False` in the local time of
//! `TIME_ZONE`, and nothing in the value says which. But the payload holds the moment of
//! its signature, in seconds since 1970, and Django's own lifetime is two weeks.

use crate::domain::time::UnixTime;

/// Lifetime of a session where the settings have no `SESSION_COOKIE_AGE`, in seconds.
const TWO_WEEKS: i64 = 14 * 24 * HOUR;
/// Maximum difference between the moment of the signature and that from which the
/// lifetime is counted, in seconds.
const JITTER: i64 = 2;
/// Time zones differ from UTC by a multiple of this, in seconds.
const QUARTER: i64 = 900;
/// The zones farthest to the west and to the east, in seconds ahead of UTC.
const WEST: i64 = -12 * HOUR;
const EAST: i64 = 14 * HOUR;
const HOUR: i64 = 3_600;

/// Evidence from the rows of Django's table for the clock of `expire_date`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockEvidence {
    Utc,
    /// A clock that is this many seconds ahead of UTC.
    Ahead(i64),
    /// Some rows are in UTC and others are not, or they are on several clocks.
    Mixed,
    Nothing,
}

impl ClockEvidence {
    /// Judges by how long sessions [last](signed_lifetime), their times being read as UTC.
    ///
    /// 1. A lifetime of exactly two weeks is evidence of UTC.
    /// 2. One that is longer or shorter by the offset of a time zone, −12:00 to +14:00 in
    ///    quarters of an hour, is evidence of that zone.
    /// 3. Any other lifetime is no evidence: the application sets its own
    ///    (`SESSION_COOKIE_AGE`, `set_expiry`).
    /// 4. UTC is proved by at least one row that is evidence of it, if none is evidence of
    ///    anything else.
    pub fn of(lifetimes: impl IntoIterator<Item = i64>) -> Self {
        let evidence = lifetimes.into_iter().filter_map(offset);
        evidence.fold(Self::Nothing, |found, offset| match (found, offset) {
            (Self::Nothing | Self::Utc, 0) => Self::Utc,
            (Self::Nothing, offset) => Self::Ahead(offset),
            (Self::Ahead(known), offset) if known == offset => found,
            _ => Self::Mixed,
        })
    }
}

/// Seconds that the clock of a row is ahead of UTC, if its session lasts for two weeks.
fn offset(lifetime: i64) -> Option<i64> {
    let longer = lifetime.checked_sub(TWO_WEEKS)?;
    let rest = longer.checked_add(JITTER)?.rem_euclid(QUARTER);
    let offset = longer + JITTER - rest;
    (rest <= 2 * JITTER && (WEST..=EAST).contains(&offset)).then_some(offset)
}

/// Lifetime of a Django session from the signature of its payload to its expiry, in
/// seconds; `None`: the payload has no time, as before Django 3.1. The end of the payload
/// is enough.
pub fn signed_lifetime(payload: &str, over: UnixTime) -> Option<i64> {
    over.0.checked_sub(signed_at(payload)?.0)
}

/// Time of the signature: digits of base 62 before the signature.
fn signed_at(payload: &str) -> Option<UnixTime> {
    let (_, digits) = payload.rsplit_once(':')?.0.rsplit_once(':')?;
    let add = |sum: i64, digit: u8| {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'A'..=b'Z' => digit - b'A' + 10,
            b'a'..=b'z' => digit - b'a' + 36,
            _ => return None,
        };
        sum.checked_mul(62)?.checked_add(value.into())
    };
    digits.bytes().try_fold(0, add).filter(|_| !digits.is_empty()).map(UnixTime)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
            assert_eq!(ClockEvidence::of([lifetime]), ClockEvidence::Utc, "{lifetime}");
        }
        assert_eq!(ClockEvidence::of([77, TWO_WEEKS, 8 * HOUR, -5]), ClockEvidence::Utc);
        for lifetime in [TWO_WEEKS + JITTER + 1, TWO_WEEKS - JITTER - 1, 8 * HOUR, HOUR, 0, -HOUR] {
            assert_eq!(ClockEvidence::of([lifetime]), ClockEvidence::Nothing, "{lifetime}");
        }
        assert_eq!(ClockEvidence::of([]), ClockEvidence::Nothing);
        assert_eq!(ClockEvidence::of([i64::MIN, i64::MAX]), ClockEvidence::Nothing);
    }

    #[test]
    fn two_weeks_and_the_offset_of_a_zone_are_evidence_of_that_zone() {
        // Kathmandu, Kolkata, New York, St. John's, Kiritimati, and the west of the date line.
        for offset in [20_700, 19_800, -14_400, -12_600, EAST, WEST] {
            let (lifetime, ahead) = (TWO_WEEKS + offset, ClockEvidence::Ahead(offset));
            assert_eq!(ClockEvidence::of([lifetime + 1, 8 * HOUR, lifetime]), ahead, "{offset}");
            // With other evidence, UTC is no longer proved
            for other in [TWO_WEEKS, lifetime - offset.signum() * QUARTER] {
                let lifetimes = [other, lifetime, other];
                assert_eq!(ClockEvidence::of(lifetimes), ClockEvidence::Mixed, "{offset}");
            }
        }
        for offset in [EAST + QUARTER, WEST - QUARTER, 450, 899 - JITTER] {
            let lifetimes = [TWO_WEEKS + offset];
            assert_eq!(ClockEvidence::of(lifetimes), ClockEvidence::Nothing, "{offset}");
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
            prop_assert_eq!(ClockEvidence::of(lifetimes) == ClockEvidence::Utc, is_proved);
        }
    }
}
