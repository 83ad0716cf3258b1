//! Incremental vacuum in short write transactions, and a full vacuum.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::report::{CompactReport, CompactRequest};
use crate::app::clock::Timer;
use crate::app::run::{ActiveRun, COMPACTION, PURGE};
use crate::app::service::SessionService;
use crate::app::stop::StopReason;
use crate::app::throttle::Throttle;
use crate::domain::error::Result;
use crate::domain::time::UnixTime;
use crate::storage::{
    CancelCheck, CheckpointMode, DiskUsage, SpaceRequirement, VacuumStep, WalStatus,
};

/// Pages returned from one checkpoint to the next. Each writes a few pages to the
/// write-ahead log: itself, and those that point to it.
const CHECKPOINT_EVERY: u64 = 256;
/// Maximum size in bytes of a log that a reader keeps from being reused: where disk space
/// is short, a much longer log would be a poor bargain.
const MAX_WAL: u64 = 16 << 20;
/// Maximum wait for a long-running reader, and poll interval while waiting.
const MAX_WAIT: Duration = Duration::from_secs(5);
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// Attempts to truncate the log, each of which succeeds while there is no reader.
const TRUNCATE_ATTEMPTS: u32 = 50;

/// Totals of the steps.
#[derive(Debug, Default)]
struct CompactCounts {
    steps: u64,
    longest_hold: Duration,
    pages_since_checkpoint: u64,
}

impl SessionService {
    /// Estimates the number of unused bytes in partly filled pages. Only
    /// [`vacuum`](Self::vacuum) returns them.
    ///
    /// # Errors
    /// Any error of reading the table.
    pub fn unused_bytes(&mut self) -> Result<u64> {
        self.vacuumable()?.unused_bytes()
    }

    /// Returns the pages that are free now to the file system, in short write transactions
    /// with pauses of the same length, so that the application keeps running. It can be
    /// stopped after any of them.
    ///
    /// A database without incremental vacuum stays unchanged.
    ///
    /// # Errors
    /// [`Error::LeaseHeld`](crate::Error::LeaseHeld) if a purge or another compaction is
    /// running, and [`Error::Refused`](crate::Error::Refused) for a framework table; then
    /// nothing has changed. Any error of moving the pages; earlier steps stay done.
    pub fn compact(
        &mut self,
        request: &CompactRequest,
        now: UnixTime,
        go_on: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<CompactReport> {
        let timer = self.timer;
        let begun = timer.now();
        let before = self.vacuumable()?.disk_usage()?;
        let mut counts = CompactCounts::default();
        if !before.steps_possible {
            let stopped = Some(StopReason::NoSteps).filter(|_| before.free_pages > 0);
            return Ok(report(before, before, &counts, timer.elapsed(begun), stopped));
        }
        let mut run = self.acquire_lease(PURGE, COMPACTION, now)?;
        let mut limits = CompactLimits { timer, begun, run_time: request.run_time, go_on };
        let result = self.without_autocheckpoint(|service| {
            service.vacuum_in_steps(&mut counts, &mut run, request, &mut limits)
        });
        let released = self.release_lease(&run);
        // The error of the work takes precedence.
        let stopped = result.and_then(|stopped| released.map(|()| stopped))?;
        self.truncate_wal(limits.go_on)?;
        let after = self.vacuumable()?.disk_usage()?;
        // A run that leaves nothing was not stopped early.
        let stopped = stopped.filter(|_| after.free_pages > 0).or_else(|| untruncated(&after));
        Ok(report(before, after, &counts, timer.elapsed(begun), stopped))
    }

    fn vacuum_in_steps(
        &mut self,
        counts: &mut CompactCounts,
        run: &mut ActiveRun,
        request: &CompactRequest,
        limits: &mut CompactLimits<'_>,
    ) -> Result<Option<StopReason>> {
        let mut throttle = Throttle::with_target(request.hold.0);
        // Pages that become free meanwhile are left for the next run: it has to end.
        let mut left = self.vacuumable()?.disk_usage()?.free_pages;
        while left > 0 {
            if !self.heartbeat(run)? {
                return Ok(Some(StopReason::Lease));
            }
            let step = self.vacuum_step(&mut throttle, counts, left)?;
            if step.pages == 0 {
                break;
            }
            left = left.saturating_sub(step.pages);
            let stopped = match limits.check() {
                None => self.checkpoint_wal(counts, run, limits)?,
                stopped => stopped,
            };
            if stopped.is_some() {
                return Ok(stopped);
            }
            // Let other writers take the lock.
            self.timer.sleep(step.timing.hold.min(MAX_WAIT));
        }
        Ok(None)
    }

    fn vacuum_step(
        &mut self,
        throttle: &mut Throttle,
        counts: &mut CompactCounts,
        left: u64,
    ) -> Result<VacuumStep> {
        let most = usize::try_from(left).unwrap_or(usize::MAX);
        let step = self.vacuumable()?.incremental_vacuum(throttle.rows().min(most))?;
        if step.pages > 0 {
            throttle.record(step.pages, step.timing);
            counts.steps += 1;
            counts.pages_since_checkpoint += step.pages;
            counts.longest_hold = counts.longest_hold.max(step.timing.hold);
        }
        Ok(step)
    }

    /// Checkpoints the log from time to time. If it is long and a reader keeps it from being
    /// reused, it waits for the reader, and then gives up.
    fn checkpoint_wal(
        &mut self,
        counts: &mut CompactCounts,
        run: &mut ActiveRun,
        limits: &mut CompactLimits<'_>,
    ) -> Result<Option<StopReason>> {
        if counts.pages_since_checkpoint < CHECKPOINT_EVERY {
            return Ok(None);
        }
        counts.pages_since_checkpoint = 0;
        let begun = self.timer.now();
        let is_too_long = |size: WalStatus| size.pending > MAX_WAL;
        while self.checkpoint(CheckpointMode::Passive)?.is_some_and(is_too_long) {
            if self.timer.elapsed(begun) >= MAX_WAIT {
                return Ok(Some(StopReason::Reader));
            }
            if !self.heartbeat(run)? {
                return Ok(Some(StopReason::Lease));
            }
            if let Some(stopped) = limits.check() {
                return Ok(Some(stopped));
            }
            self.timer.sleep(POLL_INTERVAL);
        }
        Ok(None)
    }

    fn checkpoint(&self, mode: CheckpointMode) -> Result<Option<WalStatus>> {
        self.store.wal().map_or(Ok(None), |wal| wal.checkpoint(mode))
    }

    /// Checkpoints and truncates the log, if there is a moment without readers.
    fn truncate_wal(&mut self, go_on: &mut dyn FnMut() -> ControlFlow<()>) -> Result<()> {
        for _ in 0..TRUNCATE_ATTEMPTS {
            let log = self.checkpoint(CheckpointMode::Truncate)?;
            if log.is_none_or(|log| log.bytes == 0) || go_on().is_break() {
                break;
            }
            self.timer.sleep(POLL_INTERVAL);
        }
        Ok(())
    }

    /// Rebuilds the whole database without free space and with incremental vacuum, so that
    /// [`compact`](Self::compact) works from then on. It blocks all other writers.
    ///
    /// `ensure_space` checks first whether the disk has enough space; `is_canceled` is
    /// called from time to time, and when it returns true, nothing has changed.
    ///
    /// # Errors
    /// [`Error::LeaseHeld`](crate::Error::LeaseHeld) if a purge or a compaction is running,
    /// [`Error::Refused`](crate::Error::Refused) for a framework table, the error of
    /// `ensure_space`, and any error of writing the database. Nothing has changed then.
    pub fn vacuum(
        &mut self,
        run_time: Option<Duration>,
        now: UnixTime,
        ensure_space: &mut dyn FnMut(&SpaceRequirement) -> Result<()>,
        mut is_canceled: CancelCheck,
    ) -> Result<CompactReport> {
        let timer = self.timer;
        let begun = timer.now();
        let is_late = move || run_time.is_some_and(|limit| timer.elapsed(begun) >= limit);
        let before = self.vacuumable()?.disk_usage()?;
        let run = self.acquire_lease(PURGE, COMPACTION, now)?;
        let go_on = &mut || ControlFlow::Continue(());
        let result = self.truncate_wal(go_on).and_then(|()| {
            ensure_space(&self.vacuumable()?.space_requirement()?)?;
            let vacuum_begun = timer.now();
            let done = self.vacuumable()?.vacuum(Box::new(move || is_late() || is_canceled()))?;
            Ok((done, timer.elapsed(vacuum_begun)))
        });
        let released = self.release_lease(&run);
        let (done, longest_hold) = result.and_then(|done| released.map(|()| done))?;
        self.truncate_wal(go_on)?;
        let after = self.vacuumable()?.disk_usage()?;
        let counts =
            CompactCounts { steps: u64::from(done), longest_hold, pages_since_checkpoint: 0 };
        let stopped = match done {
            true => untruncated(&after),
            false if is_late() => Some(StopReason::RunTime),
            false => Some(StopReason::Signal),
        };
        Ok(report(before, after, &counts, timer.elapsed(begun), stopped))
    }
}

/// Conditions that stop a compaction early.
struct CompactLimits<'a> {
    timer: Timer,
    begun: Instant,
    run_time: Option<Duration>,
    go_on: &'a mut dyn FnMut() -> ControlFlow<()>,
}

impl CompactLimits<'_> {
    fn check(&mut self) -> Option<StopReason> {
        if (self.go_on)().is_break() {
            return Some(StopReason::Signal);
        }
        let is_late = self.run_time.is_some_and(|limit| self.timer.elapsed(self.begun) >= limit);
        is_late.then_some(StopReason::RunTime)
    }
}

/// Returns the reason why the file is longer than its database: a reader keeps it from
/// being truncated.
fn untruncated(after: &DiskUsage) -> Option<StopReason> {
    Some(StopReason::Reader).filter(|_| after.overhang() > 0)
}

fn report(
    before: DiskUsage,
    after: DiskUsage,
    counts: &CompactCounts,
    elapsed: Duration,
    stopped: Option<StopReason>,
) -> CompactReport {
    let CompactCounts { steps, longest_hold, .. } = *counts;
    CompactReport { before, after, steps, longest_hold, elapsed, stopped }
}
