//! The one place that reads the clock.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use sessctl::domain::time::UnixTime;

/// This moment.
#[expect(clippy::disallowed_methods, reason = "everything else takes now as a parameter")]
pub fn now() -> UnixTime {
    UnixTime::from(std::time::SystemTime::now())
}

/// How long the machine has been running, asleep or not.
pub fn uptime() -> Duration {
    #[cfg(target_os = "linux")]
    const CLOCK: ClockId = ClockId::Boottime;
    #[cfg(not(target_os = "linux"))]
    const CLOCK: ClockId = ClockId::Monotonic;
    Duration::try_from(clock_gettime(CLOCK)).unwrap_or_default()
}
