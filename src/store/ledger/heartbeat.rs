//! Progress that a purge at work publishes.

use std::time::Duration;

use crate::domain::profile::{SqlValue, SqlValueRef};
use crate::domain::time::UnixTime;
use crate::storage::{Heartbeat, Lease, PublishedProgress};
use crate::store::database::RowRef;
use crate::store::statement::Statement;

/// Publishes the progress of a purge at work.
pub(super) fn publish(lease: &Lease, progress: &PublishedProgress) -> Statement {
    let PublishedProgress { marked, ended, deleted, heartbeat } = progress;
    let Heartbeat { fraction, last_hold, longest_hold, log_bytes, .. } = heartbeat;
    let micros = |hold: &Duration| u64::try_from(hold.as_micros()).unwrap_or(u64::MAX);
    Statement::new(
        "UPDATE runs SET marked = ?2, ended = ?3, deleted = ?4, fraction = ?5, last_hold = ?6, \
         longest_hold = ?7, log_bytes = ?8 WHERE holder = ?1 AND outcome = 'running'",
    )
    .with(lease.holder.as_str())
    .with(*marked)
    .with(*ended)
    .with(*deleted)
    .with(SqlValue::Real(*fraction))
    .with(micros(last_hold))
    .with(micros(longest_hold))
    .with(*log_bytes)
}

/// Reads what a purge has published from four columns, and its time from another.
pub(super) fn read(row: &dyn RowRef, at: usize, first: usize) -> Option<Heartbeat> {
    let at = UnixTime(row.integer(at)?);
    let fraction = match row.value(first) {
        SqlValueRef::Real(fraction) => fraction,
        // A cluster may send a whole number as an integer.
        SqlValueRef::Integer(0) => 0.0,
        SqlValueRef::Integer(_) => 1.0,
        _ => return None,
    };
    let hold = |place| Duration::from_micros(row.count(place));
    let (last_hold, longest_hold) = (hold(first + 1), hold(first + 2));
    Some(Heartbeat { at, fraction, last_hold, longest_hold, log_bytes: row.count(first + 3) })
}
