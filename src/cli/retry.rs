//! Waiting for another process that does the same.

use std::thread;
use std::time::{Duration, Instant};

use super::interrupt::Interrupt;

/// How often to look whether a lease is free.
const GLANCE: Duration = Duration::from_millis(100);

/// Tries something again for so long as another process does the same.
pub fn waiting<T>(
    limit: Option<Duration>,
    interrupt: &Interrupt,
    is_held: impl Fn(&crate::Result<T>) -> bool,
    mut attempt: impl FnMut() -> crate::Result<T>,
) -> crate::Result<T> {
    let begun = Instant::now();
    loop {
        let outcome = attempt();
        let is_up = limit.is_none_or(|limit| begun.elapsed() >= limit);
        if is_up || interrupt.signal().is_some() || !is_held(&outcome) {
            return outcome;
        }
        thread::sleep(GLANCE);
    }
}
