//! Limits of a scan that reads row by row.

use std::time::Instant;

use crate::storage::ScanLimits;

const CLOCK_CHECK_ROWS: u64 = 128;

pub(super) fn is_reached(limits: ScanLimits, rows: u64, due: u64, started: Instant) -> bool {
    due >= limits.due as u64
        || rows >= limits.rows as u64
        || (rows.is_multiple_of(CLOCK_CHECK_ROWS) && started.elapsed() >= limits.time)
}
