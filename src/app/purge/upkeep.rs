//! Keeping the write-ahead log small while a purge fills it.
//!
//! Without this, SQLite does it within some commit, of the purge or of the
//! application, which then waits for all of it. The purge does it between its
//! batches, in small steps, so that the application seldom has to.

use std::time::Duration;

use crate::domain::error::Result;
use crate::domain::port::{Effort, LogSize, Store};

/// How far the log grows from one step to the next: beside others less than what makes
/// SQLite do it within a commit of theirs, which is 4 MB.
const STEP: u64 = 8 << 20;
const GENTLE_STEP: u64 = 1 << 20;
/// From this size on, those who write are made to wait for the last bit of a step.
const FIRM: u64 = 2 << 20;
/// For how long at most.
const FIRM_TIME: Duration = Duration::from_millis(2);
/// How often to try without that: what is written during a step is little, and the next
/// one moves it before there is more.
const TRIES: usize = 2;

/// The log of a purge.
#[derive(Debug, Default)]
pub(super) struct Upkeep {
    /// How large the log was after the last step.
    settled: u64,
    /// The largest that it has been.
    pub(super) peak: u64,
}

impl Upkeep {
    /// Looks after the log behind a batch, and answers what is in it.
    pub(super) fn after_batch(
        &mut self,
        store: &mut dyn Store,
        is_gentle: bool,
    ) -> Result<Option<LogSize>> {
        let Some(mut size) = store.log_size()? else {
            return Ok(None);
        };
        self.peak = self.peak.max(size.bytes);
        if size.bytes < self.settled {
            // Its beginning is used again.
            self.settled = 0;
        }
        let step = if is_gentle { GENTLE_STEP } else { STEP };
        if size.bytes - self.settled >= step {
            size = self.shrink(store)?.unwrap_or(size);
            self.settled = size.bytes;
        }
        Ok(Some(size))
    }

    /// Moves the log into the database; a large one with more force.
    pub(super) fn shrink(&mut self, store: &mut dyn Store) -> Result<Option<LogSize>> {
        let mut size = None;
        for _ in 0..TRIES {
            size = store.move_log(Effort::Gentle)?;
            if size.is_none_or(|size| size.pending == 0) {
                return Ok(size);
            }
        }
        match size {
            Some(LogSize { bytes: FIRM.., .. }) => store.move_log(Effort::Firm(FIRM_TIME)),
            size => Ok(size),
        }
    }
}

/// Whether somebody keeps a log, which is as large as it may be, from being used again.
pub(super) fn is_stuck(store: &mut dyn Store) -> Result<bool> {
    store.move_log(Effort::Gentle)?;
    Ok(store.move_log(Effort::Firm(FIRM_TIME))?.is_some_and(|size| size.is_in_use))
}
