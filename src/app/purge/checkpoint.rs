//! Keeping the write-ahead log small during a purge.
//!
//! Otherwise SQLite checkpoints within some commit, of the purge or of the application,
//! which then waits for all of it. The purge checkpoints between its batches, in small
//! steps, so that the application seldom has to.

use std::time::Duration;

use crate::app::clock::Timer;
use crate::app::replication::Replication;
use crate::domain::error::Result;
use crate::storage::{CheckpointMode, Wal, WalStatus};

/// Growth of the log from one checkpoint to the next while others write: less than the 4 MB at
/// which SQLite checkpoints in their commits.
const CONTENDED_STEP: u64 = 1 << 20;
/// Size from which other writers wait for the last part of a checkpoint, if that part is
/// smaller than [`SMALL_PENDING`].
pub const LARGE_WAL: u64 = 2 << 20;
const SMALL_PENDING: u64 = 128 << 10;
/// Time that they may wait for readers, in addition to moving the last part.
const RESTART: CheckpointMode = CheckpointMode::Restart(Duration::from_millis(2));
/// Passive attempts before that: little is written during a checkpoint, and the next
/// attempt moves it before there is more.
const PASSIVE_ATTEMPTS: usize = 2;
/// Pause after a batch for each [`LARGE_WAL`] of a log that cannot be reused.
pub const BACKOFF: Duration = Duration::from_millis(5);
const MAX_BACKOFF_STEPS: u64 = 10;

#[derive(Debug)]
pub(super) struct Checkpointer {
    /// Growth of the log from one checkpoint to the next while no other connection is active.
    step: u64,
    /// Size of the log after the last checkpoint.
    checkpointed: u64,
    pub(super) peak: u64,
    /// Size of the log when it was last looked at.
    pub(super) log_bytes: u64,
    /// Longest time that checkpoints have blocked other writers since it was last taken.
    hold: Duration,
    /// No reader kept the last checkpoint from being complete.
    was_complete: bool,
    pub(super) replication: Replication,
}

impl Checkpointer {
    pub(super) fn new(step: u64) -> Self {
        Self {
            step,
            checkpointed: 0,
            peak: 0,
            log_bytes: 0,
            hold: Duration::ZERO,
            was_complete: false,
            replication: Replication::default(),
        }
    }

    /// Checkpoints after a batch if the log has grown enough, or at any size where disk
    /// space is scarce. Returns the size of a log that was checkpointed, and how long to pause
    /// before it grows.
    pub(super) fn after_batch(
        &mut self,
        wal: Option<&dyn Wal>,
        timer: Timer,
        is_contended: bool,
        is_at_min_batch: bool,
    ) -> Result<(u64, Duration)> {
        let Some(size) = self.status(wal)? else {
            return Ok((0, Duration::ZERO));
        };
        if self.replication.observe(wal, size)? {
            return Ok((size.bytes, Duration::ZERO));
        }
        if size.bytes < self.checkpointed {
            // The log was restarted.
            self.checkpointed = 0;
        }
        let may_grow = !is_contended && self.was_complete;
        let step = if may_grow { self.step } else { CONTENDED_STEP };
        let has_backlog = self.checkpointed >= LARGE_WAL && !self.was_complete;
        if !is_at_min_batch && !has_backlog && size.bytes - self.checkpointed < step {
            return Ok((0, Duration::ZERO));
        }
        let size = self.checkpoint(wal, timer)?.unwrap_or(size);
        self.was_complete = size.pending == 0 && !size.is_in_use;
        self.checkpointed = size.bytes;
        Ok((size.bytes, backoff(size)))
    }

    pub(super) fn final_checkpoint(&mut self, wal: Option<&dyn Wal>, timer: Timer) -> Result<()> {
        match self.status(wal)? {
            Some(size) if size.pending > 0 && !self.replication.observe(wal, size)? => {
                self.checkpoint(wal, timer).map(drop)
            }
            _ => Ok(()),
        }
    }

    /// Reports whether a reader keeps a log of maximum size from being reused.
    pub(super) fn is_blocked_by_reader(
        &mut self,
        wal: Option<&dyn Wal>,
        timer: Timer,
    ) -> Result<bool> {
        Ok(match checkpoint(wal, CheckpointMode::Passive)? {
            None => false,
            Some(WalStatus { pending: SMALL_PENDING.., .. }) => true,
            Some(_) => self.checkpoint_restart(wal, timer)?.is_some_and(|size| size.is_in_use),
        })
    }

    /// Takes the longest time that checkpoints have blocked other writers; `None`: they have not.
    pub(super) fn take_hold(&mut self) -> Option<Duration> {
        Some(std::mem::take(&mut self.hold)).filter(|hold| !hold.is_zero())
    }

    fn status(&mut self, wal: Option<&dyn Wal>) -> Result<Option<WalStatus>> {
        let size = wal.map_or(Ok(None), Wal::wal_status)?;
        self.log_bytes = size.unwrap_or_default().bytes;
        self.peak = self.peak.max(self.log_bytes);
        Ok(size)
    }

    /// Runs a passive checkpoint, and one that restarts a large log.
    fn checkpoint(&mut self, wal: Option<&dyn Wal>, timer: Timer) -> Result<Option<WalStatus>> {
        let mut size = None;
        for _ in 0..PASSIVE_ATTEMPTS {
            size = checkpoint(wal, CheckpointMode::Passive)?;
            if size.is_none_or(|size| size.pending == 0) {
                return Ok(size);
            }
        }
        match size {
            Some(WalStatus { bytes: LARGE_WAL.., pending: ..SMALL_PENDING, .. }) => {
                self.checkpoint_restart(wal, timer)
            }
            size => Ok(size),
        }
    }

    fn checkpoint_restart(
        &mut self,
        wal: Option<&dyn Wal>,
        timer: Timer,
    ) -> Result<Option<WalStatus>> {
        let begun = timer.now();
        let size = checkpoint(wal, RESTART);
        self.hold = self.hold.max(timer.elapsed(begun));
        size
    }
}

fn checkpoint(wal: Option<&dyn Wal>, mode: CheckpointMode) -> Result<Option<WalStatus>> {
    wal.map_or(Ok(None), |wal| wal.checkpoint(mode))
}

/// Returns the pause before the log grows: proportional to its size where it cannot be reused.
pub fn backoff(size: WalStatus) -> Duration {
    if size.pending == 0 && !size.is_in_use {
        return Duration::ZERO;
    }
    let steps = (size.bytes / LARGE_WAL).min(MAX_BACKOFF_STEPS);
    BACKOFF * u32::try_from(steps).unwrap_or(1)
}
