//! The clock of Django's `expire_date`, by how long the sessions last.
//!
//! With `USE_TZ = True` the column is in UTC, with `USE_TZ = False` in the local time of
//! `TIME_ZONE`, and nothing in the value says which. But the payload holds the moment of
//! its signature, in seconds since 1970, and Django's own lifetime is two weeks.

use crate::domain::time::UnixTime;

/// Lifetime of a session where the settings have no `SESSION_COOKIE_AGE`, in seconds.
pub const TWO_WEEKS: i64 = 14 * 24 * HOUR;
/// Maximum seconds between the signature and the moment from which the lifetime is counted.
pub const JITTER: i64 = 2;
/// Time zones differ from UTC by a multiple of this, in seconds.
pub const QUARTER: i64 = 900;
/// The zones farthest to the west and to the east, in seconds ahead of UTC.
pub const WEST: i64 = -12 * HOUR;
pub const EAST: i64 = 14 * HOUR;
pub const HOUR: i64 = 3_600;

/// Evidence from the rows of Django's table for the clock of `expire_date`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OffsetEvidence {
    Utc,
    /// A clock that is this many seconds ahead of UTC.
    Ahead(i64),
    /// Some rows are in UTC and others are not, or they are on several clocks.
    Mixed,
    Nothing,
}

impl OffsetEvidence {
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

/// Lifetime of a Django session from the signature of its payload to its expiry, in seconds;
/// `None`: the payload has no time, as before Django 3.1. The end of the payload is enough.
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
