//! Spans in seconds, and moments.

use chrono::DateTime;
use sessctl::domain::time::UnixTime;

pub const MINUTE: i64 = 60;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

/// A moment in RFC 3339 notation.
pub fn at(rfc3339: &str) -> UnixTime {
    DateTime::parse_from_rfc3339(rfc3339).unwrap().to_utc().into()
}

/// The moment this many seconds later, or earlier.
pub fn later(moment: UnixTime, seconds: i64) -> UnixTime {
    UnixTime(moment.0 + seconds)
}
