//! The one place that reads the clock. sessctl reads the real one, so tables are
//! built relative to it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// This moment since 1970, UTC.
#[expect(clippy::disallowed_methods, reason = "everything else takes the time as a parameter")]
pub fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// This moment in whole unix seconds.
pub fn now() -> i64 {
    since_epoch().as_secs().cast_signed()
}

/// This moment in microseconds since 1970: what two processes can compare.
pub fn micros() -> u64 {
    u64::try_from(since_epoch().as_micros()).unwrap_or(u64::MAX)
}
