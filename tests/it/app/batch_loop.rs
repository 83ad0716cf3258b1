//! Tests of `app::batch_loop`.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use sessctl::app::batch_loop::check_limits;
use sessctl::app::{StopReason, Timer};

/// Returns a timer of the current thread that advances only when it sleeps.
fn fake_timer() -> Timer {
    thread_local! {
        static NOW: Cell<Instant> = Cell::new(Instant::now());
    }
    Timer { now: || NOW.get(), sleep: |duration| NOW.set(NOW.get() + duration) }
}

#[test]
fn a_run_stops_at_its_time_limit_and_a_signal_takes_precedence() {
    let timer = fake_timer();
    let until = Some(timer.now() + Duration::from_mins(1));
    timer.sleep(Duration::from_secs(59));
    assert_eq!(check_limits(ControlFlow::Continue(()), until, timer), Ok(()));
    timer.sleep(Duration::from_secs(1));
    let late = check_limits(ControlFlow::Continue(()), until, timer);
    assert_eq!(late, Err(StopReason::RunTime));
    let stopped = check_limits(ControlFlow::Break(()), until, timer);
    assert_eq!(stopped, Err(StopReason::Signal));
}
