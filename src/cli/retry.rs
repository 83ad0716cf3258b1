//! Retry while another process holds the lease.

use std::thread;
use std::time::{Duration, Instant};

use super::interrupt::Interrupt;

const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Repeats an operation until the lease is free, the limit is reached or a signal arrives.
pub fn retry_while_held<T>(
    limit: Option<Duration>,
    interrupt: &Interrupt,
    is_held: impl Fn(&crate::Result<T>) -> bool,
    mut operation: impl FnMut() -> crate::Result<T>,
) -> crate::Result<T> {
    let begun = Instant::now();
    loop {
        let outcome = operation();
        let is_expired = limit.is_none_or(|limit| begun.elapsed() >= limit);
        if is_expired || interrupt.signal().is_some() || !is_held(&outcome) {
            return outcome;
        }
        thread::sleep(POLL_INTERVAL);
    }
}
