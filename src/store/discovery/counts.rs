//! Counting the rows of a table, up to a number of rows and a moment.

use std::ops::ControlFlow;
use std::time::Instant;

use crate::domain::error::Result;
use crate::domain::profile::{Profile, RowStatus};
use crate::domain::time::UnixTime;
use crate::store::adopted::expired_share_of_sample;
use crate::store::adopted::reader::TableReader;
use crate::store::adopted::table::TableSchema;
use crate::store::database::{Database, RowRef};
use crate::store::statement::Statement;

/// Rows between two looks at the clock.
const ROWS_BETWEEN_CHECKS: u64 = 256;

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RowCounts {
    /// Sessions that were read: all of them, or as many as the limits allow.
    pub sessions: u64,
    /// Set if these are all.
    pub is_complete: bool,
    /// Share of the sessions that a purge would delete; `None`: unknown, or there are none.
    pub expired: Option<f64>,
}

impl RowCounts {
    #[must_use]
    pub const fn without_expired(self) -> Self {
        Self { expired: None, ..self }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a share of a number"
    )]
    pub fn expired_rows(&self) -> u64 {
        (self.expired.unwrap_or(0.0) * self.sessions as f64).round() as u64
    }
}

/// A count in progress.
struct Tally {
    rows: u64,
    sessions: u64,
    expired: u64,
    is_complete: bool,
    limit: u64,
    until: Instant,
}

impl Tally {
    const fn new(limit: u64, until: Instant) -> Self {
        Self { rows: 0, sessions: 0, expired: 0, is_complete: true, limit, until }
    }

    /// `is_expired`: `None` for a row that is no session.
    fn add(&mut self, is_expired: Option<bool>) -> ControlFlow<()> {
        if self.rows >= self.limit
            || (self.rows.is_multiple_of(ROWS_BETWEEN_CHECKS) && Instant::now() >= self.until)
        {
            self.is_complete = false;
            return ControlFlow::Break(());
        }
        self.rows += 1;
        self.sessions += u64::from(is_expired.is_some());
        self.expired += u64::from(is_expired == Some(true));
        ControlFlow::Continue(())
    }

    #[expect(clippy::cast_precision_loss, reason = "a share for people")]
    fn counts(&self) -> RowCounts {
        let share = self.expired as f64 / self.sessions.max(1) as f64;
        let expired = (self.sessions > 0).then_some(share);
        RowCounts { sessions: self.sessions, is_complete: self.is_complete, expired }
    }
}

/// Counts the rows of sessctl's own table. Those that have ended count as expired, and so do those
/// past their idle timeout.
pub(super) fn count_native(
    database: &impl Database,
    now: UnixTime,
    limit: u64,
    until: Instant,
) -> Result<RowCounts> {
    let rows = Statement::new(
        "SELECT ended_at IS NOT NULL OR coalesce(last_used_at + idle_timeout < ?1, FALSE) \
         FROM sessions",
    )
    .with(now.0);
    let mut tally = Tally::new(limit, until);
    database.query(&rows, &mut |row| Ok(tally.add(Some(row.integer(0) == Some(1)))))?;
    // The keys are random, so that the first rows are a sample of all.
    Ok(tally.counts())
}

/// Counts the rows of a framework's table. Of a table that is read in part, the first rows are the
/// oldest: the share of expired ones is that of a sample of the whole.
pub(super) fn count_adopted(
    database: &impl Database,
    profile: &Profile,
    now: UnixTime,
    limit: u64,
    until: Instant,
) -> Result<RowCounts> {
    let schema = TableSchema::read(database, &profile.table)?;
    let reader = TableReader::new(database, profile.clone(), schema)?;
    let at = reader.after_key();
    let mut tally = Tally::new(limit, until);
    reader.for_each_row(database, reader.inputs(), &mut |row: &dyn RowRef| {
        let is_expired = match reader.judge_at(row, at) {
            RowStatus::Session(expiry) => Some(expiry.is_expired(now)),
            RowStatus::NoSession => None,
        };
        Ok(tally.add(is_expired))
    })?;
    let counts = tally.counts();
    if counts.is_complete {
        return Ok(counts);
    }
    Ok(RowCounts { expired: expired_share_of_sample(database, &reader, now)?, ..counts })
}
