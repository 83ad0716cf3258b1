//! Tests of `app::purge::limits`.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use sessctl::app::purge::limits::PurgeLimits;
use sessctl::app::{PurgeProgress, StopReason, Timer};

/// Returns a timer of the current thread that advances only when it sleeps.
fn fake_timer() -> Timer {
    thread_local! {
        static NOW: Cell<Instant> = Cell::new(Instant::now());
    }
    Timer { now: || NOW.get(), sleep: |duration| NOW.set(NOW.get() + duration) }
}

#[test]
fn a_purge_stops_at_its_time_limit_and_a_signal_takes_precedence() {
    let timer = fake_timer();
    let until = Some(timer.now() + Duration::from_mins(1));
    let done = PurgeProgress::default();
    let go_on = &mut |_: &PurgeProgress| ControlFlow::Continue(());
    let mut limits = PurgeLimits { until, timer, go_on };
    timer.sleep(Duration::from_secs(59));
    assert_eq!(limits.check(&done), None);
    timer.sleep(Duration::from_secs(1));
    assert_eq!(limits.check(&done), Some(StopReason::RunTime));
    let go_on = &mut |_: &PurgeProgress| ControlFlow::Break(());
    let mut limits = PurgeLimits { until, timer, go_on };
    assert_eq!(limits.check(&done), Some(StopReason::Signal));
}
