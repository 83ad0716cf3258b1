//! Detection of a machine clock that has moved since the last run.

use std::fmt;

use super::time::{Span, UnixTime};

/// Tolerated difference between two machines' clocks: a row this far ahead is not in the future.
pub const CLOCK_SKEW: Span = Span::minutes(1);

/// Tolerated difference between two clocks that count since boot, in seconds.
const MAX_CLOCK_DIFFERENCE: i64 = 60;

/// Time after which a persistent jump is trusted without any other evidence.
const PROBATION: Span = Span::days(1);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockStamp {
    pub wall: UnixTime,
    /// Boot of the machine; `None`: the system has no identifier for it.
    pub boot: Option<String>,
    /// Seconds since boot by a monotonic clock (`CLOCK_BOOTTIME`).
    pub boottime: i64,
    /// Seconds since boot according to the kernel (`/proc/uptime`), which programs that
    /// fake the time of one process do not reach.
    pub uptime: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockReading {
    pub stamp: ClockStamp,
    /// The kernel's own time, if the kernel reports its clock as synchronized.
    pub synchronized: Option<UnixTime>,
}

/// Recorded clocks of a machine, against which a run compares its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockReference {
    pub last: ClockStamp,
    /// The clocks when a run first found that they had moved since, if one has.
    pub jump: Option<ClockStamp>,
}

impl ClockReference {
    /// Reference after a run with a trusted clock.
    pub const fn at(last: ClockStamp) -> Self {
        Self { last, jump: None }
    }

    /// Reports whether the reference is from another boot, older than `age`, or has a jump.
    pub fn is_older_than(&self, age: Span, now: &ClockStamp) -> bool {
        let has_passed = now.boottime.saturating_sub(self.last.boottime);
        !self.last.is_of_boot(now) || has_passed > age.as_seconds() || self.jump.is_some()
    }
}

impl ClockStamp {
    /// Reports whether both stamps are known to be of the same boot.
    fn is_of_boot(&self, other: &Self) -> bool {
        self.boot.is_some() && self.boot == other.boot
    }

    /// Seconds that the wall clock is ahead of a monotonic clock.
    fn ahead_of(&self, steady: i64) -> i64 {
        self.wall.0.saturating_sub(steady)
    }

    /// Seconds that the wall clock has moved until `later` against `CLOCK_BOOTTIME`, within
    /// one boot.
    fn moved_by_boottime(&self, later: &Self) -> i64 {
        later.ahead_of(later.boottime).saturating_sub(self.ahead_of(self.boottime))
    }

    /// Seconds that the wall clock has moved until `later` against `/proc/uptime`; `None`:
    /// unknown, or the uptime has restarted, as in a restarted container.
    fn moved_by_uptime(&self, later: &Self) -> Option<i64> {
        let (before, after) = self.uptime.zip(later.uptime)?;
        (after >= before).then(|| later.ahead_of(after).saturating_sub(self.ahead_of(before)))
    }

    /// Reports whether both monotonic clocks agree. In some containers, and where the time
    /// of the process is faked, they do not.
    fn agrees(&self) -> bool {
        self.uptime.is_some_and(|uptime| {
            uptime.abs_diff(self.boottime) <= MAX_CLOCK_DIFFERENCE.unsigned_abs()
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockGuard {
    /// Tolerated jump between two runs; `None`: any.
    pub threshold: Option<Span>,
    /// Confirmation by the user that the time is right.
    pub is_accepted: bool,
}

impl Default for ClockGuard {
    fn default() -> Self {
        Self { threshold: Some(Span::hours(1)), is_accepted: false }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClockVerdict {
    Trusted,
    /// The clock has moved: the run must not end anything.
    Moved {
        refusal: ClockRefusal,
        /// First sight of the jump, to be recorded in the ledger.
        jump: ClockStamp,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockRefusal {
    /// Seconds that the clock has moved: forward, or back if negative.
    pub moved: i64,
    pub last_run: UnixTime,
    pub now: UnixTime,
}

impl ClockRefusal {
    /// Reports whether two refusals are about the same jump.
    pub fn is_same_as(&self, other: &Self) -> bool {
        self.last_run == other.last_run
            && self.moved.abs_diff(other.moved) <= CLOCK_SKEW.as_seconds().unsigned_abs()
    }
}

impl fmt::Display for ClockRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.moved.unsigned_abs() >= FAR_OFF {
            let Self { now, last_run, .. } = self;
            return write!(f, "the clock says {now}, but the last run was at {last_run}");
        }
        let direction = if self.moved < 0 { "back" } else { "forward" };
        let (number, unit) = largest_unit(self.moved.unsigned_abs());
        let last_run = self.last_run;
        write!(
            f,
            "the clock has moved {direction} by {number} {unit}s since the last run ({last_run})"
        )
    }
}

/// Seconds from which a clock was not moved, but is wrong, or was.
const FAR_OFF: u64 = 2 * 365 * 86_400;

/// Length in the largest unit of which it has at least two, rounded.
fn largest_unit(seconds: u64) -> (u64, &'static str) {
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute")];
    let (length, unit) =
        units.into_iter().find(|(length, _)| seconds >= 2 * length).unwrap_or((1, "second"));
    ((seconds + length / 2) / length, unit)
}

impl ClockGuard {
    /// Minimum threshold: smaller differences are normal.
    pub const MIN: Span = Span::minutes(1);

    /// Decides whether a run may trust the clock.
    ///
    /// 1. A run trusts the clock if the check is off (no threshold), if the user has confirmed
    ///    the time, or if the machine has no reference.
    /// 2. Within one boot, the clock has moved if the wall clock has gained or lost more than
    ///    the threshold against `CLOCK_BOOTTIME` since the reference. The same holds against
    ///    `/proc/uptime` if the two agreed to the minute at the reference: they differ where
    ///    the time of this process alone is faked, and `CLOCK_BOOTTIME` with it.
    /// 3. Across two boots, or if the boots cannot be told apart, the clock has moved if the wall
    ///    clock is more than the threshold behind the reference. A lead cannot be detected.
    /// 4. A clock that has moved is trusted if the kernel reports it as synchronized and the
    ///    kernel's own time is that of the wall clock to the minute.
    /// 5. It is trusted as well once the jump has persisted for a day, so that a virtual
    ///    machine that was paused recovers by itself.
    pub fn judge(
        &self,
        reference: Option<&ClockReference>,
        reading: &ClockReading,
    ) -> ClockVerdict {
        let (Some(threshold), Some(reference)) = (self.threshold, reference) else {
            return ClockVerdict::Trusted;
        };
        let now = &reading.stamp;
        let moved = moved(&reference.last, now, threshold);
        let is_right = self.is_accepted
            || moved.unsigned_abs() <= threshold.as_seconds().unsigned_abs()
            || reading.synchronized.is_some_and(|kernel| is_near(kernel, now.wall));
        let same = reference.jump.as_ref().filter(|jump| is_same(jump, now, threshold));
        if is_right || same.is_some_and(|jump| Self::has_held(jump, now)) {
            return ClockVerdict::Trusted;
        }
        ClockVerdict::Moved {
            refusal: ClockRefusal { moved, last_run: reference.last.wall, now: now.wall },
            jump: same.unwrap_or(now).clone(),
        }
    }

    /// Reports whether a jump has persisted for a day by both monotonic clocks.
    fn has_held(jump: &ClockStamp, now: &ClockStamp) -> bool {
        let by_boottime = now.boottime.saturating_sub(jump.boottime);
        let by_uptime = now.uptime.zip(jump.uptime).map(|(now, then)| now.saturating_sub(then));
        by_uptime.map_or(by_boottime, |span| span.min(by_boottime)) >= PROBATION.as_seconds()
    }
}

/// Seconds that the wall clock has moved, by rules 2 and 3: forward, or back if negative.
/// `/proc/uptime` comes first, as it cannot be faked with the wall clock.
fn moved(then: &ClockStamp, now: &ClockStamp, threshold: Span) -> i64 {
    if !then.is_of_boot(now) {
        return now.wall.0.saturating_sub(then.wall.0).min(0);
    }
    let by_uptime = then.moved_by_uptime(now).filter(|_| then.agrees());
    let is_far = |moved: &i64| moved.unsigned_abs() > threshold.as_seconds().unsigned_abs();
    by_uptime.filter(is_far).unwrap_or_else(|| then.moved_by_boottime(now))
}

/// Reports whether the clock has run evenly since a jump was first seen.
fn is_same(jump: &ClockStamp, now: &ClockStamp, threshold: Span) -> bool {
    let is_even = |moved: i64| moved.unsigned_abs() <= threshold.as_seconds().unsigned_abs();
    jump.is_of_boot(now)
        && is_even(jump.moved_by_boottime(now))
        && jump.moved_by_uptime(now).is_none_or(is_even)
}

fn is_near(one: UnixTime, other: UnixTime) -> bool {
    one.0.abs_diff(other.0) <= CLOCK_SKEW.as_seconds().unsigned_abs()
}
