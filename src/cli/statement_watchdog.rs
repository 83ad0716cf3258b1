//! Limits on the memory and the time of SQL statements.

use std::io::{self, IsTerminal};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::domain::error::InterruptReason;
use crate::store::{Protection, Running, protect};

use super::exit::eprint_line;
use super::interrupt::Interrupt;
use super::priority::Priority;
use crate::output::sanitize::escape;

/// Memory limit of SQLite: three times the size of its caches and of the largest value that is
/// read.
const MEMORY: u32 = 256 << 20;
/// Time without a row after which a statement is announced: to people, and to a log.
const NOTICE_AFTER: Duration = Duration::from_secs(10);
const NOTICE_AFTER_IN_LOG: Duration = Duration::from_mins(5);

/// Moment at which the work of the process is to stop.
static DEADLINE: Mutex<Option<Instant>> = Mutex::new(None);
static IS_REPORTED: AtomicBool = AtomicBool::new(false);

pub fn install() {
    protect(Protection { memory: MEMORY, ask: interrupt_reason });
}

/// A bound on the time of all statements, until it is dropped.
pub struct Deadline(());

impl Deadline {
    /// Sets a deadline after this time; `None`: no deadline.
    pub fn after(time: Option<Duration>) -> Self {
        set_deadline(time.and_then(|time| Instant::now().checked_add(time)));
        Self(())
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        set_deadline(None);
    }
}

fn set_deadline(until: Option<Instant>) {
    if let Ok(mut current) = DEADLINE.lock() {
        *current = until;
    }
}

fn interrupt_reason(running: &Running<'_>) -> Option<InterruptReason> {
    report_slow_statement(running);
    if Interrupt::of_process().is_some() {
        return Some(InterruptReason::Asked);
    }
    let until = DEADLINE.lock().map_or(None, |until| *until);
    until.is_some_and(|until| Instant::now() >= until).then_some(InterruptReason::Time)
}

fn report_slow_statement(running: &Running<'_>) {
    if running.silent < NOTICE_AFTER || IS_REPORTED.load(Ordering::Relaxed) {
        return;
    }
    let is_seen = io::stderr().is_terminal();
    if (is_seen || running.silent >= NOTICE_AFTER_IN_LOG)
        && !IS_REPORTED.swap(true, Ordering::Relaxed)
    {
        eprint_line(
            Priority::Notice,
            &escape(&format!(
                "sessctl: still trying to {} after {} s; press Ctrl-C to stop it",
                running.doing,
                running.silent.as_secs()
            )),
        );
    }
}
