//! The one place that reads the clock.

use sessctl::domain::time::UnixTime;

/// This moment.
#[expect(clippy::disallowed_methods, reason = "everything else takes now as a parameter")]
pub fn now() -> UnixTime {
    UnixTime::from(std::time::SystemTime::now())
}
