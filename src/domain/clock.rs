//! The clock of the machine: whether it has moved since the last run.

use std::fmt;

use super::time::{Span, UnixTime};

/// How much the clocks of two machines may differ without one of them being wrong: a row
/// that is no further ahead than this is not from the future.
pub const CLOCK_SKEW: Span = Span::minutes(1);

/// How closely two clocks that count since the start of the machine agree.
const MAX_CLOCK_DIFFERENCE: i64 = 60;

/// How long a jump must have held to be believed without any other sign.
const PROBATION: Span = Span::days(1);

/// The clocks of a machine, read at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockStamp {
    /// The wall clock.
    pub wall: UnixTime,
    /// Which start of the machine it is; `None`: the system has no name for that.
    pub boot: Option<String>,
    /// Seconds since then, by a clock that nobody sets (`CLOCK_BOOTTIME`).
    pub boottime: i64,
    /// The same by the kernel's own account (`/proc/uptime`), which programs that fake
    /// the time for one process do not reach.
    pub uptime: Option<i64>,
}

/// What a machine says of its clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockReading {
    /// The clocks.
    pub stamp: ClockStamp,
    /// The kernel's own time, if the kernel reports its clock as synchronised.
    pub synchronised: Option<UnixTime>,
}

/// What the ledger knows of the clock of a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockReference {
    /// The clocks at the last run.
    pub last: ClockStamp,
    /// The clocks when a run first found that they had moved since, if one has.
    pub jump: Option<ClockStamp>,
}

impl ClockReference {
    /// The reference that a run leaves whose clock is right.
    pub const fn at(last: ClockStamp) -> Self {
        Self { last, jump: None }
    }

    /// Whether it is from another start of the machine, or more than this older.
    pub fn is_older_than(&self, age: Span, now: &ClockStamp) -> bool {
        let has_passed = now.boottime.saturating_sub(self.last.boottime);
        !self.last.is_of_boot(now) || has_passed > age.as_seconds() || self.jump.is_some()
    }
}

impl ClockStamp {
    /// Whether both are known to be of the same start of the machine.
    fn is_of_boot(&self, other: &Self) -> bool {
        self.boot.is_some() && self.boot == other.boot
    }

    /// What the wall clock is ahead of a clock that nobody sets.
    fn ahead_of(&self, steady: i64) -> i64 {
        self.wall.0.saturating_sub(steady)
    }

    /// By how much the wall clock has moved until `later`, in the same start of the
    /// machine, against `CLOCK_BOOTTIME`.
    fn moved_by_boottime(&self, later: &Self) -> i64 {
        later.ahead_of(later.boottime).saturating_sub(self.ahead_of(self.boottime))
    }

    /// The same against `/proc/uptime`; `None`: it cannot be said. Where that has begun
    /// anew, as in a container that was started again, it says nothing.
    fn moved_by_uptime(&self, later: &Self) -> Option<i64> {
        let (before, after) = self.uptime.zip(later.uptime)?;
        (after >= before).then(|| later.ahead_of(after).saturating_sub(self.ahead_of(before)))
    }

    /// Whether both clocks that nobody sets say the same. In some containers they do not,
    /// nor for a process whose time is faked.
    fn agrees(&self) -> bool {
        self.uptime.is_some_and(|uptime| {
            uptime.abs_diff(self.boottime) <= MAX_CLOCK_DIFFERENCE.unsigned_abs()
        })
    }
}

/// What a run makes of a clock that has moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockGuard {
    /// How far a clock may move between two runs; `None`: as far as it likes.
    pub threshold: Option<Span>,
    /// Whether somebody has said that the time is right.
    pub is_accepted: bool,
}

impl Default for ClockGuard {
    fn default() -> Self {
        Self { threshold: Some(Span::hours(1)), is_accepted: false }
    }
}

/// Whether a run may go by the clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClockVerdict {
    /// It may.
    Trusted,
    /// It may not end anything.
    Moved {
        /// Why.
        refusal: ClockRefusal,
        /// What the ledger is to have as the first sight of the jump.
        jump: ClockStamp,
    },
}

/// A clock that has moved since the last run on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockRefusal {
    /// By how many seconds: forward, or back where it is negative.
    pub moved: i64,
    /// When the last run took place, by the clock of that time.
    pub last_run: UnixTime,
    /// The time that the clock shows now.
    pub now: UnixTime,
}

impl ClockRefusal {
    /// Whether it is of the same jump, which another look has found, too.
    pub fn is_same_as(&self, other: &Self) -> bool {
        self.last_run == other.last_run
            && self.moved.abs_diff(other.moved) <= CLOCK_SKEW.as_seconds().unsigned_abs()
    }
}

impl fmt::Display for ClockRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let direction = if self.moved < 0 { "back" } else { "forward" };
        let (number, unit) = rounded(self.moved.unsigned_abs());
        let last_run = self.last_run;
        write!(
            f,
            "the clock has moved {direction} by {number} {unit}s since the last run ({last_run})"
        )
    }
}

/// A time in the unit that leaves at least two of it, rounded.
fn rounded(seconds: u64) -> (u64, &'static str) {
    let units = [(365 * 86_400, "year"), (86_400, "day"), (3_600, "hour"), (60, "minute")];
    let (length, unit) =
        units.into_iter().find(|(length, _)| seconds >= 2 * length).unwrap_or((1, "second"));
    ((seconds + length / 2) / length, unit)
}

impl ClockGuard {
    /// The least threshold that makes sense: less than this, clocks differ by themselves.
    pub const MIN: Span = Span::minutes(1);

    /// Whether a run may go by the clock.
    ///
    /// 1. Where nobody asks, the threshold being `None`, or somebody has said that the
    ///    time is right, it may. So it may on a machine without a reference: what came
    ///    before cannot be known.
    /// 2. Within one start of the machine, the clock has moved if the wall clock has
    ///    gained or lost more than the threshold against `CLOCK_BOOTTIME` since the
    ///    reference. The same holds against `/proc/uptime`, if the two agreed to the
    ///    minute at the reference: they part where the time is faked for this process
    ///    alone, and `CLOCK_BOOTTIME` with it.
    /// 3. Across two starts, or where they cannot be told apart, it has moved if the wall
    ///    clock is more than the threshold behind the reference. How far it may be ahead
    ///    cannot be known.
    /// 4. A clock that has moved is believed if the kernel reports it as synchronised and
    ///    the kernel's own time is that of the wall clock to the minute.
    /// 5. So it is once the jump has held for a day: a virtual machine
    ///    that was paused goes on by itself.
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
            || reading.synchronised.is_some_and(|kernel| is_near(kernel, now.wall));
        let same = reference.jump.as_ref().filter(|jump| is_same(jump, now, threshold));
        if is_right || same.is_some_and(|jump| Self::has_held(jump, now)) {
            return ClockVerdict::Trusted;
        }
        ClockVerdict::Moved {
            refusal: ClockRefusal { moved, last_run: reference.last.wall, now: now.wall },
            jump: same.unwrap_or(now).clone(),
        }
    }

    /// Whether a jump that was first seen then has held for a day, by both clocks that
    /// nobody sets.
    fn has_held(jump: &ClockStamp, now: &ClockStamp) -> bool {
        let by_boottime = now.boottime.saturating_sub(jump.boottime);
        let by_uptime = now.uptime.zip(jump.uptime).map(|(now, then)| now.saturating_sub(then));
        by_uptime.map_or(by_boottime, |span| span.min(by_boottime)) >= PROBATION.as_seconds()
    }
}

/// By how many seconds the wall clock has moved, by rules 2 and 3: forward, or back where
/// it is negative. `/proc/uptime` comes first, as it cannot be faked with the wall clock.
fn moved(then: &ClockStamp, now: &ClockStamp, threshold: Span) -> i64 {
    if !then.is_of_boot(now) {
        return now.wall.0.saturating_sub(then.wall.0).min(0);
    }
    let by_uptime = then.moved_by_uptime(now).filter(|_| then.agrees());
    let is_far = |moved: &i64| moved.unsigned_abs() > threshold.as_seconds().unsigned_abs();
    by_uptime.filter(is_far).unwrap_or_else(|| then.moved_by_boottime(now))
}

/// Whether the clock has gone on evenly since a jump was first seen.
fn is_same(jump: &ClockStamp, now: &ClockStamp, threshold: Span) -> bool {
    let is_even = |moved: i64| moved.unsigned_abs() <= threshold.as_seconds().unsigned_abs();
    jump.is_of_boot(now)
        && is_even(jump.moved_by_boottime(now))
        && jump.moved_by_uptime(now).is_none_or(is_even)
}

fn is_near(one: UnixTime, other: UnixTime) -> bool {
    one.0.abs_diff(other.0) <= CLOCK_SKEW.as_seconds().unsigned_abs()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: i64 = 3_600;
    const DAY: i64 = 24 * HOUR;
    const YEAR: i64 = 365 * DAY;
    const NOON: i64 = 1_781_524_800;

    /// A machine that has been running for so long when its clock is right, and whose
    /// wall clock is off by so much.
    fn stamp(boottime: i64, off: i64) -> ClockStamp {
        ClockStamp {
            wall: UnixTime(NOON + boottime + off),
            boot: Some("one".to_owned()),
            boottime,
            uptime: Some(boottime),
        }
    }

    /// The same as a process sees it for which all clocks are faked.
    fn faked(boottime: i64, off: i64) -> ClockStamp {
        ClockStamp { boottime: boottime + off, ..stamp(boottime, off) }
    }

    fn after(last: ClockStamp) -> ClockReference {
        ClockReference::at(last)
    }

    fn reading(stamp: ClockStamp) -> ClockReading {
        ClockReading { stamp, synchronised: None }
    }

    fn judge(reference: &ClockReference, now: ClockStamp) -> ClockVerdict {
        ClockGuard::default().judge(Some(reference), &reading(now))
    }

    /// By how much the clock has moved, if it is not trusted.
    fn refusal(reference: &ClockReference, now: ClockStamp) -> Option<i64> {
        match judge(reference, now) {
            ClockVerdict::Trusted => None,
            ClockVerdict::Moved { refusal, .. } => Some(refusal.moved),
        }
    }

    #[test]
    fn a_machine_without_a_reference_is_trusted_and_so_is_a_guard_that_is_off() {
        let moved = reading(stamp(0, YEAR));
        assert_eq!(ClockGuard::default().judge(None, &moved), ClockVerdict::Trusted);
        let reference = after(stamp(0, 0));
        for guard in [
            ClockGuard { threshold: None, is_accepted: false },
            ClockGuard { is_accepted: true, ..ClockGuard::default() },
        ] {
            assert_eq!(guard.judge(Some(&reference), &moved), ClockVerdict::Trusted);
        }
    }

    #[test]
    fn within_one_start_a_clock_may_move_by_the_threshold_and_no_more() {
        let reference = after(stamp(1_000, 0));
        for off in [0, 1, -1, HOUR, -HOUR] {
            assert_eq!(refusal(&reference, stamp(90_000, off)), None, "{off}");
        }
        for off in [HOUR + 1, -HOUR - 1, DAY, -DAY, YEAR, -YEAR, 20 * YEAR, -20 * YEAR, -NOON] {
            assert_eq!(refusal(&reference, stamp(90_000, off)), Some(off));
        }
    }

    #[test]
    fn a_time_that_is_faked_for_the_process_is_a_moved_clock() {
        let reference = after(stamp(1_000, 0));
        for off in [HOUR + 1, -HOUR - 1, YEAR, -YEAR, -NOON] {
            assert_eq!(refusal(&reference, faked(2_000, off)), Some(off));
            // And whoever has gone by it all the same is told when it is no longer faked
            assert!(refusal(&after(stamp(1_000, off)), stamp(2_000, 0)).is_some());
        }
        // Who lives in a faked time altogether goes on there
        assert_eq!(refusal(&after(faked(1_000, YEAR)), faked(2_000, YEAR + 9 * DAY)), None);
        // So does a container whose uptime is its own, and one that was started again
        let container =
            |boottime, uptime| ClockStamp { uptime: Some(uptime), ..stamp(boottime, 0) };
        assert_eq!(refusal(&after(container(DAY, 5)), container(2 * DAY, DAY + 5)), None);
        assert_eq!(refusal(&after(container(50, 10)), container(2 * DAY, 5)), None);
    }

    #[test]
    fn across_two_starts_a_clock_behind_is_refused_and_one_ahead_is_not() {
        let reference = after(stamp(9 * DAY, 0));
        for boot in [Some("two".to_owned()), None] {
            let now = |off| ClockStamp {
                wall: UnixTime(reference.last.wall.0 + off),
                boot: boot.clone(),
                boottime: 30,
                uptime: None,
            };
            for off in [0, 5, -HOUR, YEAR, 20 * YEAR] {
                assert_eq!(refusal(&reference, now(off)), None, "{off}");
            }
            for off in [-HOUR - 1, -DAY, -20 * YEAR, -NOON] {
                assert_eq!(refusal(&reference, now(off)), Some(off));
            }
        }
    }

    #[test]
    fn a_synchronised_kernel_is_believed_where_its_time_is_the_one_that_is_seen() {
        let reference = after(stamp(0, 0));
        let guard = ClockGuard::default();
        let now = stamp(600, YEAR);
        for (off, is_trusted) in [(0, true), (60, true), (61, false), (-YEAR, false)] {
            let synchronised = Some(UnixTime(now.wall.0 + off));
            let reading = ClockReading { stamp: now.clone(), synchronised };
            let verdict = guard.judge(Some(&reference), &reading);
            assert_eq!(verdict == ClockVerdict::Trusted, is_trusted, "{off}");
        }
    }

    #[test]
    fn a_jump_is_believed_once_it_has_held_for_a_day() {
        let first = stamp(1_000, YEAR);
        let reference = ClockReference { jump: Some(first.clone()), ..after(stamp(0, 0)) };
        let jump = |now: ClockStamp| match judge(&reference, now) {
            ClockVerdict::Trusted => None,
            ClockVerdict::Moved { jump, .. } => Some(jump),
        };
        assert_eq!(jump(stamp(1_000 + DAY - 1, YEAR)), Some(first.clone()));
        assert_eq!(jump(stamp(1_000 + DAY, YEAR)), None);
        assert_eq!(jump(stamp(1_000 + DAY, YEAR + HOUR)), None);
        // Another jump counts anew
        let other = stamp(1_000 + DAY, YEAR + HOUR + 1);
        assert_eq!(jump(other.clone()), Some(other));
        // And so it does after a start of the machine
        let behind = ClockStamp { boot: Some("two".to_owned()), ..stamp(1_000, -YEAR) };
        assert_eq!(jump(behind.clone()), Some(behind));
        // A day that is faked has not passed
        let pretended = faked(2_000, YEAR + DAY);
        let since = ClockReference { jump: Some(faked(1_000, YEAR)), ..after(stamp(0, 0)) };
        assert!(matches!(judge(&since, pretended), ClockVerdict::Moved { .. }));
    }

    #[test]
    fn a_clock_that_has_moved_says_how_far_and_since_when() {
        let said = |moved| {
            let (last_run, now) = (UnixTime(1_781_524_800), UnixTime(1_781_524_800 + moved));
            ClockRefusal { moved, last_run, now }.to_string()
        };
        assert_eq!(
            said(365 * 86_400 + 9),
            "the clock has moved forward by 365 days since the last run (2026-06-15T12:00:00Z)"
        );
        for (moved, by) in [
            (-86_400, "back by 24 hours"),
            (-3_660, "back by 61 minutes"),
            (7_200, "forward by 2 hours"),
            (90, "forward by 90 seconds"),
            (20 * 365 * 86_400, "forward by 20 years"),
            (-(729 * 86_400), "back by 729 days"),
        ] {
            assert!(said(moved).starts_with(&format!("the clock has moved {by} since ")));
        }
    }

    proptest! {
        /// Whatever happens to the clock between runs of which only the trusted ones move
        /// the reference, no run within one start goes by a time that is off by more than
        /// the threshold for each run, unless it has been off for a day.
        #[test]
        fn no_jump_beyond_the_threshold_is_trusted_before_it_has_held(
            runs in prop::collection::vec((1..DAY / 4, prop_oneof![
                Just(0), -YEAR..YEAR, -2 * HOUR..2 * HOUR
            ]), 1..20),
        ) {
            let guard = ClockGuard::default();
            let mut reference = after(stamp(0, 0));
            let (mut boottime, mut believed, mut since) = (0, 0_i64, None);
            for (pause, off) in runs {
                boottime += pause;
                match guard.judge(Some(&reference), &reading(stamp(boottime, off))) {
                    ClockVerdict::Trusted => {
                        let held: Option<(i64, i64)> = since.take();
                        let has_held = held.is_some_and(|(at, jump): (i64, i64)| {
                            boottime - at >= DAY && (off - jump).abs() <= HOUR
                        });
                        prop_assert!((off - believed).abs() <= HOUR || has_held);
                        reference = after(stamp(boottime, off));
                        believed = off;
                    }
                    ClockVerdict::Moved { refusal, jump } => {
                        prop_assert!((off - believed).abs() > HOUR);
                        prop_assert_eq!(refusal.moved, off - believed);
                        if reference.jump.as_ref() != Some(&jump) {
                            since = Some((boottime, off));
                        }
                        reference.jump = Some(jump);
                    }
                }
            }
        }
    }
}
