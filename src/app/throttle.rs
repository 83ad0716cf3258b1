//! Adaptive size of the write transactions of a run, and the pauses between them.
//!
//! SQLite's write lock is not fair: a process that finds it taken sleeps for 1 ms, then 2,
//! 5, 10, up to 100 ms, and a process that arrives meanwhile goes first. A run that retakes
//! the lock immediately starves the others. So while there are other writers, it holds the
//! lock for less than half of its target, 0.8 ms by default, and then leaves it free for
//! twice as long: a process that found it taken finds it free after its first sleep.
//!
//! While no other connection is active, batches grow to a longer target. Each is followed by a
//! pause of the longest sleep of a process that has waited for it, so that a newcomer waits for
//! one of them at most. The first sign of one ends the long batches.

use std::time::Duration;

use super::token_batch_sizer::next_size;
use crate::storage::{DataVersion, WriteTiming};

/// Minimum number of rows of a batch, unless this many would hold the lock for
/// [`MAX_OVERSHOOT`] times the target: then it may be one. With few rows, the time of a
/// batch says little about each row.
pub const MIN_BATCH: usize = 16;
const FIRST_BATCH: usize = MIN_BATCH * 4;
const MAX_OVERSHOOT: f64 = 4.0;
const MAX_BATCH: usize = 100_000;
/// Maximum without other writers: each batch rewrites the indexes of a table, so a few
/// large batches are fastest.
pub const MAX_BATCH_UNTHROTTLED: usize = 1_000_000;
/// First number of rows without other writers, and maximum time of a scan: a batch can be
/// interrupted at any time.
const FIRST_BATCH_UNTHROTTLED: usize = 65_536;
const MAX_SCAN_TIME_UNTHROTTLED: Duration = Duration::from_secs(10);
/// Fraction (1/n) by which a batch grows again after the file system had no space.
const GROWTH: usize = 16;
/// Weight of the last batch in the moving averages.
const WEIGHT: f64 = 0.3;
/// Batches for which other connections are assumed: at the start, and after a sign of them.
pub const WARMUP_BATCHES: u32 = 8;
pub const BACKOFF_BATCHES: u32 = 1_000;
/// Length of a pause, as a multiple of the last hold.
pub const PAUSE_FACTOR: f64 = 2.0;
/// Length of a pause with a rollback journal, where a commit also blocks readers, and takes so long
/// that waiting processes meet again.
pub const PAUSE_FACTOR_WITH_JOURNAL: f64 = 3.0;
/// Time for the work of a transaction, as a multiple of that of its commit, if a commit alone takes
/// as long as the target.
const WORK_PER_COMMIT: f64 = 1.0;
const WORK_PER_COMMIT_WITH_JOURNAL: f64 = 3.0;
/// Maximum time for this work, as a multiple of the target, unless a commit takes longer.
const MAX_WORK: f64 = 1.5;
/// Share of the target while there are other writers.
pub const CONTENDED_SHARE: f64 = 0.4;
/// Maximum length of a pause: a longer one helps nobody.
const MAX_PAUSE: Duration = Duration::from_millis(250);
/// Sleeps between the attempts of a process that waits for a lock of SQLite, in milliseconds.
/// The last is repeated.
const BUSY_SLEEPS: [u64; 12] = [1, 2, 5, 10, 15, 20, 25, 25, 25, 50, 50, 100];
const MAX_TARGET: Duration = Duration::from_secs(10);
const UNTHROTTLED_TARGET: Duration = Duration::from_secs(10);

/// Sizes batches so that each holds the write lock for about the target.
///
/// 1. A batch costs a fixed time for the transaction, which is the shortest commit so far,
///    and a time for each row, which is a moving average.
/// 2. The next batch has as many rows as fit into the target, at most twice as many as the last.
/// 3. Where a commit alone takes as long as the target or longer, as without a write-ahead log, on
///    a slow disk or on a cluster, it has as many rows as make half of the hold useful; with a
///    rollback journal, up to three quarters.
/// 4. Where other writers make commits take longer than the shortest, this is added to the
///    cost of the rows, and batches shrink; but not below those whose own work takes as
///    long as the shortest commit. The rest of the hold is then not caused by the run, and
///    smaller batches would not shorten it: they would be all overhead, and never grow
///    again. Instead, pauses grow with each hold.
#[derive(Debug, Clone)]
pub struct Throttle {
    target: Duration,
    /// Target while no other connection is active.
    alone_target: Duration,
    /// The user says that there are no other writers.
    is_unthrottled: bool,
    pause_factor: f64,
    work_per_commit: f64,
    rows: usize,
    min_rows: usize,
    /// Number of rows that the file system has had space for, if it has run out of it.
    ceiling: Option<usize>,
    /// Seconds.
    per_row: Option<f64>,
    /// Seconds per row without the commits.
    work_per_row: Option<f64>,
    per_commit: Option<f64>,
    /// Batches for which other writers are still assumed.
    contended: u32,
    version: Option<DataVersion>,
    last_hold: Duration,
}

impl Throttle {
    /// Starts with small batches: the machine and its load are not known yet.
    pub fn with_target(target: Duration) -> Self {
        let target = target.min(MAX_TARGET);
        Self {
            target,
            alone_target: target,
            is_unthrottled: false,
            pause_factor: PAUSE_FACTOR,
            work_per_commit: WORK_PER_COMMIT,
            rows: FIRST_BATCH,
            min_rows: MIN_BATCH,
            ceiling: None,
            per_row: None,
            work_per_row: None,
            per_commit: None,
            contended: WARMUP_BATCHES,
            version: None,
            last_hold: Duration::ZERO,
        }
    }

    /// Sets the target for the time in which no other connection is active.
    pub fn with_alone_target(self, target: Duration) -> Self {
        Self { alone_target: target.min(MAX_TARGET), ..self }
    }

    /// Paces the batches for a database whose commits block readers.
    pub fn with_rollback_journal(self) -> Self {
        Self {
            pause_factor: PAUSE_FACTOR_WITH_JOURNAL,
            work_per_commit: WORK_PER_COMMIT_WITH_JOURNAL,
            ..self
        }
    }

    pub fn unthrottled() -> Self {
        Self {
            is_unthrottled: true,
            rows: FIRST_BATCH_UNTHROTTLED,
            ..Self::with_target(UNTHROTTLED_TARGET)
        }
    }

    /// Starts with one row, which may take as long as a whole batch should.
    pub fn starting_with_one_row(self) -> Self {
        Self { rows: 1, min_rows: 1, ..self }
    }

    /// Returns the maximum number of due rows of the next batch.
    pub fn rows(&self) -> usize {
        self.ceiling.map_or(self.rows, |ceiling| self.rows.min(ceiling))
    }

    /// Records that the file system has no space for a batch of this many rows, and
    /// reports whether a smaller one is worth trying.
    pub fn shrink(&mut self, rows: usize) -> bool {
        self.ceiling = Some((rows / 2).max(1));
        rows > 1
    }

    pub fn is_at_min_batch(&self) -> bool {
        self.ceiling.is_some()
    }

    /// Maximum time of the next scan. The batch reads its rows again under the lock, in less time.
    pub(super) fn scan_time(&self) -> Duration {
        if self.is_unthrottled {
            MAX_SCAN_TIME_UNTHROTTLED
        } else {
            (self.full_target() * 2).min(MAX_PAUSE)
        }
    }

    pub const fn is_contended(&self) -> bool {
        self.contended > 0 && !self.is_unthrottled
    }

    /// Target without a share for other writers.
    fn full_target(&self) -> Duration {
        // Without a version of the data, as on a cluster, other writers would not be noticed.
        let is_alone = !self.is_contended() && self.version.is_some();
        if is_alone { self.alone_target } else { self.target }
    }

    fn target(&self) -> Duration {
        let share = if self.is_contended() { CONTENDED_SHARE } else { 1.0 };
        self.full_target().mul_f64(share)
    }

    /// Records the version of the data before a batch: a change is a sign of another writer.
    pub fn observe_version(&mut self, version: Option<DataVersion>) {
        if self.version.is_some() && self.version != version {
            self.back_off();
        }
        self.version = version;
    }

    /// Begins again as at the start: what large batches cost says little about small ones.
    fn back_off(&mut self) {
        if self.contended == 0 && !self.is_unthrottled {
            self.rows = self.rows.min(FIRST_BATCH.max(self.min_rows));
            (self.per_row, self.work_per_row) = (None, None);
        }
        self.contended = BACKOFF_BATCHES;
    }

    /// Records the timing of a batch with this many due rows.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the numbers lie within [1, MAX_BATCH_UNTHROTTLED]"
    )]
    pub fn record(&mut self, rows: u64, timing: WriteTiming) {
        self.last_hold = timing.hold;
        self.contended = self.contended.saturating_sub(1);
        let was_alone = self.contended == 0;
        if !timing.waited.is_zero() {
            self.back_off();
        }
        // A batch without a hold was recovered afterwards, and says nothing about the next.
        let is_other = was_alone && self.is_contended();
        if rows == 0 || timing.hold.is_zero() || is_other {
            return;
        }
        let (hold, commit) = (timing.hold.as_secs_f64(), timing.commit.as_secs_f64());
        let shortest = self.per_commit.map_or(commit, |shortest| shortest.min(commit));
        self.per_commit = Some(shortest);
        let row = average(&mut self.per_row, (hold - shortest).max(1e-9) / rows as f64);
        let work = average(&mut self.work_per_row, (hold - commit) / rows as f64);
        // Where commits are slow, longer transactions would keep others waiting for too long.
        let most = self.target.as_secs_f64() * MAX_WORK;
        let least = (shortest * self.work_per_commit).min(most.max(shortest));
        let wanted = (self.target().as_secs_f64() - shortest).max(least) / row;
        let useful = if work > 0.0 { least / work } else { 0.0 };
        let max = if self.is_unthrottled { MAX_BATCH_UNTHROTTLED } else { MAX_BATCH };
        let is_too_slow =
            work * MIN_BATCH as f64 > self.full_target().as_secs_f64() * MAX_OVERSHOOT;
        let min = if is_too_slow { 1 } else { self.min_rows };
        self.rows = next_size(self.rows, wanted.max(useful) as usize, min..=max);
        // Space may have become free. A batch that finds none has cost little.
        self.ceiling = self
            .ceiling
            .map(|ceiling| ceiling + ceiling.div_ceil(GROWTH))
            .filter(|ceiling| *ceiling < max);
    }

    /// Returns the length of the pause before the next batch, if the lock has been free for
    /// this time and will be for that of another scan.
    pub fn pause(&self, unlocked: Duration) -> Duration {
        let wanted = if self.is_contended() {
            self.last_hold.max(self.target()).mul_f64(self.pause_factor)
        } else if !self.is_unthrottled && self.last_hold > self.target * 2 {
            longest_sleep(self.last_hold)
        } else {
            Duration::ZERO
        };
        wanted.saturating_sub(unlocked).min(MAX_PAUSE)
    }
}

/// Returns the longest sleep between two attempts of a process that has waited for a lock for
/// this time.
fn longest_sleep(waited: Duration) -> Duration {
    let mut attempted = Duration::ZERO;
    let sleeps = BUSY_SLEEPS.map(Duration::from_millis);
    let is_last = |sleep: &Duration| {
        attempted += *sleep;
        attempted >= waited
    };
    sleeps.into_iter().find(is_last).unwrap_or(sleeps[sleeps.len() - 1])
}

fn average(average: &mut Option<f64>, last: f64) -> f64 {
    *average.insert(average.map_or(last, |before| before + WEIGHT * (last - before)))
}
