//! Keeping the write-ahead log small while a purge fills it.
//!
//! Without this, SQLite does it within some commit, of the purge or of the
//! application, which then waits for all of it. The purge does it between its
//! batches, in small steps, so that the application seldom has to.

use std::time::{Duration, Instant};

use crate::domain::error::Result;
use crate::storage::{CheckpointMode, Wal, WalStatus};

/// How far the log grows from one step to the next: beside others less than what makes
/// SQLite do it within a commit of theirs, which is 4 MB.
const STEP: u64 = 10 << 20;
const GENTLE_STEP: u64 = 1 << 20;
/// From this size on, others who write are made to wait for the last bit of a step,
/// where that is a small bit.
const LARGE: u64 = 2 << 20;
const SMALL_BIT: u64 = 128 << 10;
/// For how long they may have to wait for readers; the last bit is moved besides.
const FIRM: CheckpointMode = CheckpointMode::Restart(Duration::from_millis(2));
/// How often to try without that: what is written during a step is little, and the next
/// one moves it before there is more.
const TRIES: usize = 2;
/// How long to wait behind a batch for each [`LARGE`] that the log has, where it can not
/// be used again, and how often that at most.
const BRAKE: Duration = Duration::from_millis(5);
const HARDEST: u64 = 10;

/// The log of a purge.
#[derive(Debug, Default)]
pub(super) struct Checkpointer {
    /// How large the log was after the last step.
    settled: u64,
    /// The largest that it has been.
    pub(super) peak: u64,
    /// For how long others have been kept from writing by it, since this was last asked.
    hold: Duration,
}

impl Checkpointer {
    /// Looks after the log behind a batch, at any size where there is hardly any room.
    /// Answers how large it is, and how long to wait before it gets more.
    pub(super) fn after_batch(
        &mut self,
        wal: Option<&dyn Wal>,
        is_gentle: bool,
        is_cramped: bool,
    ) -> Result<(u64, Duration)> {
        let Some(size) = self.look(wal)? else {
            return Ok((0, Duration::ZERO));
        };
        if size.bytes < self.settled {
            // Its beginning is used again.
            self.settled = 0;
        }
        let step = if is_gentle { GENTLE_STEP } else { STEP };
        let is_left_over = self.settled >= LARGE;
        if !is_cramped && !is_left_over && size.bytes - self.settled < step {
            return Ok((size.bytes, Duration::ZERO));
        }
        let size = self.shrink(wal)?.unwrap_or(size);
        self.settled = size.bytes;
        Ok((size.bytes, brake(size)))
    }

    /// What is in the log at the end need not wait for the application.
    pub(super) fn at_last(&mut self, wal: Option<&dyn Wal>) -> Result<()> {
        if self.look(wal)?.is_some_and(|size| size.pending > 0) {
            self.shrink(wal)?;
        }
        Ok(())
    }

    /// Whether somebody keeps a log, which is as large as it may be, from being used
    /// again.
    pub(super) fn is_stuck(&mut self, wal: Option<&dyn Wal>) -> Result<bool> {
        Ok(match checkpoint(wal, CheckpointMode::Passive)? {
            None => false,
            Some(WalStatus { pending: SMALL_BIT.., .. }) => true,
            Some(_) => self.be_firm(wal)?.is_some_and(|size| size.is_in_use),
        })
    }

    /// For how long others have been kept from writing since this was last asked, if
    /// they have been.
    pub(super) fn take_hold(&mut self) -> Option<Duration> {
        Some(std::mem::take(&mut self.hold)).filter(|hold| !hold.is_zero())
    }

    fn look(&mut self, wal: Option<&dyn Wal>) -> Result<Option<WalStatus>> {
        let size = wal.map_or(Ok(None), Wal::wal_status)?;
        self.peak = self.peak.max(size.unwrap_or_default().bytes);
        Ok(size)
    }

    /// Moves the log into the database; a large one with more force.
    fn shrink(&mut self, wal: Option<&dyn Wal>) -> Result<Option<WalStatus>> {
        let mut size = None;
        for _ in 0..TRIES {
            size = checkpoint(wal, CheckpointMode::Passive)?;
            if size.is_none_or(|size| size.pending == 0) {
                return Ok(size);
            }
        }
        match size {
            Some(WalStatus { bytes: LARGE.., pending: ..SMALL_BIT, .. }) => self.be_firm(wal),
            size => Ok(size),
        }
    }

    fn be_firm(&mut self, wal: Option<&dyn Wal>) -> Result<Option<WalStatus>> {
        let begun = Instant::now();
        let size = checkpoint(wal, FIRM);
        self.hold = self.hold.max(begun.elapsed());
        size
    }
}

fn checkpoint(wal: Option<&dyn Wal>, mode: CheckpointMode) -> Result<Option<WalStatus>> {
    wal.map_or(Ok(None), |wal| wal.checkpoint(mode))
}

/// How long to wait before the log gets more, if others keep it from being used again:
/// the larger it is, the longer.
fn brake(size: WalStatus) -> Duration {
    if size.pending == 0 && !size.is_in_use {
        return Duration::ZERO;
    }
    let times = (size.bytes / LARGE).min(HARDEST);
    BRAKE * u32::try_from(times).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(bytes: u64, pending: u64, is_in_use: bool) -> WalStatus {
        WalStatus { bytes, pending, is_in_use }
    }

    #[test]
    fn the_brake_is_put_on_by_what_cannot_be_used_again() {
        assert_eq!(brake(log(LARGE * 4, 0, false)), Duration::ZERO);
        assert_eq!(brake(log(LARGE - 1, LARGE - 1, false)), Duration::ZERO);
        assert_eq!(brake(log(LARGE, 1, false)), BRAKE);
        assert_eq!(brake(log(LARGE * 4, 0, true)), BRAKE * 4);
        assert_eq!(brake(log(LARGE * 400, 1, false)), BRAKE * 10);
    }
}
