//! The locks of a write transaction, and the time that other connections keep it waiting.

use std::time::{Duration, Instant};

use rusqlite::{Connection, Result, Transaction, TransactionBehavior};

use super::wal::{BUSY_TIMEOUT, is_busy};

/// Interval at which a commit looks whether the readers are done. They read a few rows, and
/// nobody else can begin to read or to write meanwhile; SQLite's own sleeps would make that
/// several milliseconds.
const POLL_INTERVAL: Duration = Duration::from_micros(200);

/// Begins a write transaction. Returns it with the time spent waiting for another connection.
pub(super) fn begin(connection: &Connection) -> Result<(Transaction<'_>, Duration)> {
    let begin = || Transaction::new_unchecked(connection, TransactionBehavior::Immediate);
    // The duration of an attempt does not tell a wait from a slow disk or a busy processor.
    let first = without_waiting(connection, begin);
    if !is_blocked(&first) {
        return first.map(|transaction| (transaction, Duration::ZERO));
    }
    let asked = Instant::now();
    begin().map(|transaction| (transaction, asked.elapsed()))
}

/// Commits a transaction. Without a write-ahead log, this waits for readers. Returns the time
/// spent waiting.
pub(super) fn commit(transaction: &Transaction<'_>) -> Result<Duration> {
    let commit = || without_waiting(transaction, || transaction.execute_batch("COMMIT"));
    let (asked, mut result, mut waited) = (Instant::now(), commit(), Duration::ZERO);
    while is_blocked(&result) && waited < BUSY_TIMEOUT {
        std::thread::sleep(POLL_INTERVAL);
        result = commit();
        waited = asked.elapsed();
    }
    result.map(|()| waited)
}

fn is_blocked<T>(result: &Result<T>) -> bool {
    result.as_ref().is_err_and(is_busy)
}

fn without_waiting<T>(connection: &Connection, attempt: impl Fn() -> Result<T>) -> Result<T> {
    connection.busy_timeout(Duration::ZERO)?;
    let result = attempt();
    connection.busy_timeout(BUSY_TIMEOUT)?;
    result
}
