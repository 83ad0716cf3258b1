//! The system clock, read only here. Tables have times relative to it, because sessctl reads it,
//! too.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Time since the Unix epoch.
#[expect(clippy::disallowed_methods, reason = "everything else takes the time as a parameter")]
pub fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Current Unix time in seconds.
pub fn now() -> i64 {
    since_epoch().as_secs().cast_signed()
}

/// Current Unix time in microseconds, comparable between processes.
pub fn now_micros() -> u64 {
    u64::try_from(since_epoch().as_micros()).unwrap_or(u64::MAX)
}
