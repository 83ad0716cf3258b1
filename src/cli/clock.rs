//! The one place that reads the clock.

use std::fs;
use std::time::Duration;

use crate::domain::clock::{ClockReading, ClockStamp};
use crate::domain::time::UnixTime;
use rustix::time::{ClockId, clock_gettime};

/// Clock that is never set and, on Linux, counts during suspend.
#[cfg(target_os = "linux")]
const BOOT_CLOCK: ClockId = ClockId::Boottime;
#[cfg(not(target_os = "linux"))]
const BOOT_CLOCK: ClockId = ClockId::Monotonic;

#[expect(clippy::disallowed_methods, reason = "everything else takes now as a parameter")]
pub fn now() -> UnixTime {
    UnixTime::from(std::time::SystemTime::now())
}

/// Returns the time since the machine was started, including suspend.
pub fn uptime() -> Duration {
    Duration::try_from(clock_gettime(BOOT_CLOCK)).unwrap_or_default()
}

/// Returns the processor time that this process has used.
#[cfg(feature = "top")]
pub fn processor_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap_or_default()
}

pub fn read(wall: UnixTime) -> ClockReading {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok();
    let stamp = ClockStamp {
        wall,
        boot: boot.map(|id| id.trim().to_owned()).filter(|id| !id.is_empty()),
        // It is negative for a process whose clocks are faked.
        boottime: clock_gettime(BOOT_CLOCK).tv_sec,
        uptime: fs::read_to_string("/proc/uptime").ok().and_then(|text| whole_seconds(&text)),
    };
    ClockReading { stamp, synchronized: synchronized() }
}

/// The seconds of `/proc/uptime`: `840.14 854.75`.
pub fn whole_seconds(text: &str) -> Option<i64> {
    text.split('.').next()?.parse().ok()
}

/// The kernel's own time, if the kernel reports its clock as synchronized.
#[cfg(target_os = "linux")]
#[cfg_attr(
    target_pointer_width = "64",
    expect(clippy::useless_conversion, reason = "elsewhere they are shorter")
)]
fn synchronized() -> Option<UnixTime> {
    /// `STA_UNSYNC` of adjtimex(2).
    const UNSYNCHRONIZED: i32 = 0x40;
    /// Microseconds. The error that the kernel assumes grows up to this when nobody sets
    /// the clock right any more. Some daemons keep it small and leave the flag as it is.
    const UNKNOWN_ERROR: i64 = 16_000_000;
    let mut timex = rtime_clock::adjtime::Timex::new();
    rtime_clock::adjtime::adjtimex(&mut timex).ok()?;
    let is_synchronized =
        timex.0.status & UNSYNCHRONIZED == 0 || i64::from(timex.0.maxerror) < UNKNOWN_ERROR;
    is_synchronized.then_some(UnixTime(timex.0.time.tv_sec.into()))
}

#[cfg(not(target_os = "linux"))]
fn synchronized() -> Option<UnixTime> {
    None
}
