//! Clocks: the monotonic clock of runs, the timer of pauses, and the check of the wall clock.

use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

use crate::domain::clock::{ClockGuard, ClockReading, ClockStamp};
use crate::domain::time::UnixTime;

/// A monotonic clock, preferably one that keeps counting during suspend (`CLOCK_BOOTTIME`).
pub type MonotonicClock = fn() -> Duration;

/// Monotonic clock of the standard library, which on Linux stops during suspend.
pub(super) fn process_clock() -> Duration {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed()
}

/// Time source of pacing, polling and time limits.
#[derive(Debug, Clone, Copy)]
pub struct Timer {
    pub now: fn() -> Instant,
    pub sleep: fn(Duration),
}

impl Default for Timer {
    /// The clock of the standard library, and sleeps of the current thread.
    fn default() -> Self {
        Self { now: Instant::now, sleep: thread::sleep }
    }
}

impl Timer {
    pub fn now(self) -> Instant {
        (self.now)()
    }

    pub(super) fn elapsed(self, since: Instant) -> Duration {
        self.now().saturating_duration_since(since)
    }

    pub fn sleep(self, duration: Duration) {
        (self.sleep)(duration);
    }
}

/// Reads the other clocks of the machine when its wall clock shows the given time.
pub type ClockReader = Box<dyn Fn(UnixTime) -> ClockReading>;

pub(super) struct ClockCheck {
    pub(super) guard: ClockGuard,
    pub(super) read: ClockReader,
    pub(super) trusted: Option<ClockStamp>,
    /// Reason why the last check failed, or why its result was not recorded.
    pub(super) warning: Option<String>,
}
