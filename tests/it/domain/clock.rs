//! Clocks that move, and those that are trusted.

use proptest::prelude::*;
use sessctl::domain::clock::{
    ClockGuard, ClockReading, ClockReference, ClockRefusal, ClockStamp, ClockVerdict,
};
use sessctl::domain::time::UnixTime;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
const YEAR: i64 = 365 * DAY;
const NOON: i64 = 1_781_524_800;

/// A machine with this uptime, whose wall clock is off by `off` seconds.
fn stamp(boottime: i64, off: i64) -> ClockStamp {
    ClockStamp {
        wall: UnixTime(NOON + boottime + off),
        boot: Some("one".to_owned()),
        boottime,
        uptime: Some(boottime),
    }
}

/// Clocks of a process for which all clocks are faked.
fn faked(boottime: i64, off: i64) -> ClockStamp {
    ClockStamp { boottime: boottime + off, ..stamp(boottime, off) }
}

fn after(last: ClockStamp) -> ClockReference {
    ClockReference::at(last)
}

fn reading(stamp: ClockStamp) -> ClockReading {
    ClockReading { stamp, synchronized: None }
}

fn judge(reference: &ClockReference, now: ClockStamp) -> ClockVerdict {
    ClockGuard::default().judge(Some(reference), &reading(now))
}

/// Seconds that the clock has moved, if it is not trusted.
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
        // A reference from a faked time is refused once the time is no longer faked
        assert!(refusal(&after(stamp(1_000, off)), stamp(2_000, 0)).is_some());
    }
    // A process whose time is always faked is trusted
    assert_eq!(refusal(&after(faked(1_000, YEAR)), faked(2_000, YEAR + 9 * DAY)), None);
    // So is a container with its own uptime, and one that was restarted
    let container = |boottime, uptime| ClockStamp { uptime: Some(uptime), ..stamp(boottime, 0) };
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
fn a_synchronized_kernel_is_believed_where_its_time_is_the_one_that_is_seen() {
    let reference = after(stamp(0, 0));
    let guard = ClockGuard::default();
    let now = stamp(600, YEAR);
    for (off, is_trusted) in [(0, true), (60, true), (61, false), (-YEAR, false)] {
        let synchronized = Some(UnixTime(now.wall.0 + off));
        let reading = ClockReading { stamp: now.clone(), synchronized };
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
    // So does one after a reboot
    let behind = ClockStamp { boot: Some("two".to_owned()), ..stamp(1_000, -YEAR) };
    assert_eq!(jump(behind.clone()), Some(behind));
    // A day that is faked has not passed
    let pretended = faked(2_000, YEAR + DAY);
    let since = ClockReference { jump: Some(faked(1_000, YEAR)), ..after(stamp(0, 0)) };
    assert!(matches!(judge(&since, pretended), ClockVerdict::Moved { .. }));
}

#[test]
fn a_clock_that_has_moved_says_how_far_and_since_when() {
    let message = |moved| {
        let (last_run, now) = (UnixTime(1_781_524_800), UnixTime(1_781_524_800 + moved));
        ClockRefusal { moved, last_run, now }.to_string()
    };
    assert_eq!(
        message(365 * 86_400 + 9),
        "the clock has moved forward by 365 days since the last run (2026-06-15T12:00:00Z)"
    );
    for (moved, by) in [
        (-86_400, "back by 24 hours"),
        (-3_660, "back by 61 minutes"),
        (7_200, "forward by 2 hours"),
        (90, "forward by 90 seconds"),
        (-(729 * 86_400), "back by 729 days"),
    ] {
        assert!(message(moved).starts_with(&format!("the clock has moved {by} since ")));
    }
    // One that is off by years was not moved, but is wrong
    assert_eq!(
        message(730 * 86_400),
        "the clock says 2028-06-14T12:00:00Z, but the last run was at 2026-06-15T12:00:00Z"
    );
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
