//! Interrupting statements: a trigger or a generated column of an application may never terminate.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::domain::error::{Error, InterruptReason};
use crate::storage::StatementLimit;

/// Virtual machine steps between two calls of the progress handler: a fraction of a millisecond.
const PROGRESS_STEPS: i32 = 10_000;
/// Time for which a statement may continue after a stop request or its time limit. Statements
/// of a batch take a few milliseconds and complete.
pub const GRACE: Duration = Duration::from_millis(500);
const MAX_NAME_CHARS: usize = 80;

/// Limits for all SQLite connections of the process.
#[derive(Debug, Clone, Copy)]
pub struct Protection {
    /// Maximum memory of SQLite, in bytes.
    pub memory: u32,
    /// Reason to interrupt a running statement, polled several hundred times a second. It must
    /// not use a database.
    pub ask: fn(&Running<'_>) -> Option<InterruptReason>,
}

#[derive(Debug, Clone, Copy)]
pub struct Running<'a> {
    pub doing: &'a str,
    /// Time since the start or the last row.
    pub silent: Duration,
}

static PROTECTION: OnceLock<Protection> = OnceLock::new();

/// Sets the limits of all connections opened from now on. Only the first call has an effect.
pub fn protect(protection: Protection) {
    let _ = PROTECTION.set(protection);
}

pub(super) fn protection() -> Option<&'static Protection> {
    PROTECTION.get()
}

/// Reason to cancel an operation outside SQLite.
#[cfg(feature = "rqlite")]
pub(in crate::store::database) fn reason_to_stop(doing: &str) -> Option<InterruptReason> {
    let running = Running { doing, silent: Duration::ZERO };
    protection().and_then(|protection| (protection.ask)(&running))
}

/// Interrupt state of one connection, shared with its progress handler.
#[derive(Clone, Default)]
pub struct InterruptHandle(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<InterruptState>,
    /// True if a row has arrived since the last poll.
    has_new_row: AtomicBool,
}

#[derive(Default)]
struct InterruptState {
    doing: String,
    begun: Option<Instant>,
    /// Approximate time of the last row.
    last_row: Option<Instant>,
    /// Time and reason of the first stop request.
    canceled: Option<(Instant, InterruptReason)>,
    limit: Option<(Instant, InterruptReason)>,
    /// Reason and duration of the last interrupted statement.
    last: Option<(InterruptReason, Duration)>,
}

impl InterruptHandle {
    pub fn watch(&self, connection: &mut Connection) -> rusqlite::Result<()> {
        let handle = self.clone();
        connection.progress_handler(PROGRESS_STEPS, Some(move || handle.should_interrupt()))
    }

    /// Registers a statement until the result is dropped; `doing` describes it.
    pub fn start_statement(&self, doing: &str, sql: &str, display_name: &str) -> RunningStatement {
        let mut state = self.state();
        let is_nested = state.begun.is_some();
        if !is_nested {
            state.begun = Some(Instant::now());
            (state.last_row, state.canceled, state.last) = (None, None, None);
            state.doing.clear();
            state.doing.push_str(doing);
            state.doing.push(' ');
            if let Some(name) = table_of(sql) {
                state.doing.extend(name.chars().take(MAX_NAME_CHARS));
                state.doing.push_str(" in ");
            }
            state.doing.push_str(display_name);
        }
        RunningStatement { handle: self.clone(), is_nested }
    }

    pub(super) fn record_row(&self) {
        self.0.has_new_row.store(true, Ordering::Relaxed);
    }

    pub fn limit(&self, limit: Option<StatementLimit>) {
        let until =
            |limit: StatementLimit| Some((Instant::now().checked_add(limit.time)?, limit.cause));
        self.state().limit = limit.and_then(until);
    }

    pub fn interrupted(&self) -> Error {
        let state = self.state();
        let (cause, after) = state.last.unwrap_or((InterruptReason::Asked, Duration::ZERO));
        Error::Interrupted { doing: state.doing.clone(), cause, after }
    }

    fn should_interrupt(&self) -> bool {
        let now = Instant::now();
        let mut state = self.state();
        let Some(begun) = state.begun else { return false };
        if self.0.has_new_row.swap(false, Ordering::Relaxed) {
            state.last_row = Some(now);
        }
        let silent = now - state.last_row.unwrap_or(begun);
        if state.canceled.is_none() {
            let running = Running { doing: &state.doing, silent };
            let cause = protection().and_then(|protection| (protection.ask)(&running));
            state.canceled = cause.map(|cause| (now, cause));
        }
        let has_passed =
            |(at, _): &(Instant, InterruptReason)| now >= *at + GRACE && now >= begun + GRACE;
        let stop = state.canceled.filter(has_passed).or(state.limit.filter(has_passed));
        state.last = stop.map(|(_, cause)| (cause, now - begun));
        stop.is_some()
    }

    fn state(&self) -> MutexGuard<'_, InterruptState> {
        // A panic leaves the state consistent.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub struct RunningStatement {
    handle: InterruptHandle,
    is_nested: bool,
}

impl Drop for RunningStatement {
    fn drop(&mut self) {
        if !self.is_nested {
            self.handle.state().begun = None;
        }
    }
}

/// First quoted table name of a statement.
pub fn table_of(sql: &str) -> Option<&str> {
    let (_, rest) = [" FROM ", "UPDATE ", "INTO "].iter().find_map(|word| sql.split_once(word))?;
    let name = rest.strip_prefix('"')?;
    name.split_once('"').map(|(name, _)| name)
}
