//! Number of rows in a batch.

use std::collections::VecDeque;
use std::ops::RangeInclusive;
use std::time::Duration;

/// Target time that one batch holds the write lock.
const TARGET_HOLD: Duration = Duration::from_millis(2);
/// Minimum and maximum size of a batch. On a cluster a batch is one entry of the Raft log with some
/// 70 bytes per key, and entries of more than about 256 KiB delay those of the application.
pub const MIN_BATCH: usize = 128;
pub const MAX_BATCH: usize = 4096;
const WINDOW: usize = 4;

/// Adapts the number of keys in a batch of touches to the time that batches take. Unlike a
/// [`Throttle`](super::throttle::Throttle), it neither measures commits nor pauses: a client
/// waits for each batch.
#[derive(Debug)]
pub struct TokenBatchSizer {
    keys: usize,
    /// Time per key of each of the last batches.
    per_key: VecDeque<Duration>,
}

impl Default for TokenBatchSizer {
    fn default() -> Self {
        Self { keys: MIN_BATCH, per_key: VecDeque::with_capacity(WINDOW) }
    }
}

impl TokenBatchSizer {
    pub fn keys(&self) -> usize {
        self.keys
    }

    /// Records the time of a batch. The fastest of the last ones counts: some batches
    /// end with a checkpoint, which takes long but does not block other writers.
    pub fn record(&mut self, keys: usize, hold: Option<Duration>) {
        if let Some(hold) = hold
            && let Ok(number) = u32::try_from(keys)
        {
            self.per_key.truncate(WINDOW - 1);
            self.per_key.push_front(hold / number);
        }
        let fastest = self.per_key.iter().min().map_or(0, Duration::as_nanos).max(1);
        let wanted = usize::try_from(TARGET_HOLD.as_nanos() / fastest).unwrap_or(MAX_BATCH);
        self.keys = next_size(self.keys, wanted, MIN_BATCH..=MAX_BATCH);
    }
}

/// Returns the size of the next batch: at most twice that of the last, within limits.
pub(super) fn next_size(last: usize, wanted: usize, limits: RangeInclusive<usize>) -> usize {
    wanted.min(last * 2).clamp(*limits.start(), *limits.end())
}
