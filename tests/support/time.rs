//! Spans in seconds, and moments.

use std::time::SystemTime;

use chrono::DateTime;
use sessctl::UnixTime;

pub const MINUTE: i64 = 60;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

/// The clock of the fixtures, and of tests that move it themselves: 2026-06-15T12:00:00Z.
pub const NOW: UnixTime = UnixTime(1_781_524_800);

/// A moment in RFC 3339 notation.
pub fn at(rfc3339: &str) -> UnixTime {
    DateTime::parse_from_rfc3339(rfc3339).unwrap().to_utc().into()
}

/// The moment this many seconds later, or earlier.
pub fn later(moment: UnixTime, seconds: i64) -> UnixTime {
    UnixTime(moment.0 + seconds)
}

/// The machine's clock, in Unix seconds.
#[expect(clippy::disallowed_methods, reason = "rows are written relative to the clock")]
pub fn now() -> i64 {
    UnixTime::from(SystemTime::now()).0
}
