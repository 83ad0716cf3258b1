//! Tests of `domain::guard`.

use sessctl::domain::error::{GuardedRun, RunImpact};
use sessctl::domain::guard::Guard;

fn allows(guard: (f64, u64), would_end: u64, backlog: u64, sessions: u64) -> bool {
    let (max_percent, max_rows) = guard;
    let work = GuardedRun::PurgeSince(sessctl::domain::time::UnixTime(0));
    let impact = RunImpact { work, task: None, sessions, would_end, backlog };
    Guard { max_percent, max_rows }.check(impact).is_ok()
}

#[test]
fn a_cap_is_what_may_be_reached_but_not_exceeded() {
    assert!(allows((50.0, 0), 5, 0, 10));
    assert!(!allows((50.0, 0), 6, 0, 10));
    assert!(allows((100.0, 0), 10, 0, 10));
    assert!(allows((100.0, 5), 5, 0, 10));
    assert!(!allows((100.0, 5), 6, 0, 10));
    assert!(allows((0.0, 0), 0, 0, 0));
    assert!(!allows((0.0, 0), 1, 0, 10));
}

#[test]
fn a_backlog_counts_for_neither_cap() {
    assert!(allows((50.0, 0), 9, 4, 10));
    assert!(!allows((50.0, 0), 9, 3, 10));
    assert!(allows((100.0, 5), 9, 4, 10));
    assert!(!allows((100.0, 5), 9, 3, 10));
    assert!(allows((0.0, 1), 9, 9, 10));
}
