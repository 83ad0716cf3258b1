//! Incremental vacuum in short write transactions, and a full vacuum.

use std::ops::ControlFlow;
use std::time::Duration;

use super::report::{CompactReport, CompactRequest};
use crate::app::batch_loop::{BatchLoop, BatchWork, LoopResult, stop_reason};
use crate::app::replication::{self, Replication};
use crate::app::run::COMPACTION;
use crate::app::service::SessionService;
use crate::app::stop::StopReason;
use crate::app::throttle::Throttle;
use crate::domain::error::{Error, Result};
use crate::domain::time::UnixTime;
use crate::storage::{CancelCheck, CheckpointMode, SpaceRequirement, Wal, WalStatus};

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

struct Compaction<'a> {
    throttle: Throttle,
    /// Free pages that are left.
    left: u64,
    pages_since_checkpoint: u64,
    last_hold: Duration,
    replication: &'a mut Replication,
    go_on: &'a mut dyn FnMut() -> ControlFlow<()>,
    report: &'a mut CompactReport,
}

impl BatchWork for Compaction<'_> {
    fn go_on(&mut self) -> ControlFlow<()> {
        (self.go_on)()
    }

    fn run_batch(&mut self, batches: &mut BatchLoop<'_>) -> LoopResult<bool> {
        if self.left == 0 {
            return Ok(false);
        }
        batches.keep_lease(self)?;
        let most = usize::try_from(self.left).unwrap_or(usize::MAX);
        let pages = self.throttle.rows().min(most);
        let step = batches.service.vacuumable()?.incremental_vacuum(pages)?;
        if step.pages == 0 {
            return Ok(false);
        }
        self.throttle.record(step.pages, step.timing);
        self.left = self.left.saturating_sub(step.pages);
        self.pages_since_checkpoint += step.pages;
        self.last_hold = step.timing.hold;
        self.report.steps += 1;
        self.report.longest_hold = self.report.longest_hold.max(step.timing.hold);
        Ok(true)
    }

    /// Checkpoints the log from time to time. If it is long and a reader keeps it from being
    /// reused, it waits for the reader, and then gives up.
    fn checkpoint(&mut self, batches: &mut BatchLoop<'_>) -> LoopResult {
        if self.pages_since_checkpoint < CHECKPOINT_EVERY {
            return Ok(());
        }
        self.pages_since_checkpoint = 0;
        let timer = batches.service.timer;
        let wal = batches.service.store.wal();
        let log = wal.map_or(Ok(None), Wal::wal_status)?.unwrap_or_default();
        if self.replication.observe(wal, log)? {
            return self.await_replicator(batches);
        }
        let begun = timer.now();
        let is_too_long = |size: WalStatus| size.pending > MAX_WAL;
        while batches.service.checkpoint(CheckpointMode::Passive)?.is_some_and(is_too_long) {
            if timer.elapsed(begun) >= MAX_WAIT {
                return Err(StopReason::Reader.into());
            }
            batches.check(self)?;
            timer.sleep(POLL_INTERVAL);
        }
        Ok(())
    }

    fn pause(&self) -> Duration {
        self.last_hold.min(MAX_WAIT)
    }
}

impl Compaction<'_> {
    /// Waits until the replicator has restarted a long log.
    fn await_replicator(&mut self, batches: &mut BatchLoop<'_>) -> LoopResult {
        let timer = batches.service.timer;
        let mut wait = self.replication.start_wait(timer);
        while !self.replication.poll(&mut wait, batches.service.store.wal(), timer, MAX_WAL)? {
            batches.check(self)?;
            timer.sleep(replication::POLL_INTERVAL);
        }
        Ok(())
    }
}

impl SessionService {
    /// Estimates the number of unused bytes in partly filled pages; `None` in the file of an
    /// application. Only [`vacuum`](Self::vacuum) returns them.
    ///
    /// # Errors
    /// Any error of reading the table.
    pub fn unused_bytes(&mut self) -> Result<Option<u64>> {
        self.vacuumable()?.unused_bytes()
    }

    /// Returns the pages that are free now to the file system, in short write transactions
    /// with pauses of the same length, so that the application keeps running. It can be
    /// stopped after any of them.
    ///
    /// A database without incremental vacuum stays unchanged.
    ///
    /// # Errors
    /// [`Error::LeaseHeld`](crate::Error::LeaseHeld) if a purge or another compaction is running,
    /// and [`Error::Refused`](crate::Error::Refused) for a framework table unless the request
    /// allows it; then nothing has changed. Any error of moving the pages; earlier steps stay done.
    pub fn compact(
        &mut self,
        request: &CompactRequest,
        now: UnixTime,
        go_on: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<CompactReport> {
        self.ensure_can_compact(request.allow_foreign)?;
        let timer = self.timer;
        let begun = timer.now();
        let mut report = CompactReport::new(self.vacuumable()?.disk_usage()?);
        if !report.before.steps_possible {
            report.stopped = Some(StopReason::NoSteps).filter(|_| report.before.free_pages > 0);
            report.elapsed = timer.elapsed(begun);
            return Ok(report);
        }
        let until = request.run_time.and_then(|time| begun.checked_add(time));
        let mut replication = Replication::detect(self.store.wal())?;
        let stopped = self.with_lease(COMPACTION, now, |service, active| {
            service.with_kept_journal(|service| {
                // Pages that become free meanwhile are left for the next run: it has to end.
                let mut compaction = Compaction {
                    throttle: Throttle::with_target(request.hold.0),
                    left: service.vacuumable()?.disk_usage()?.free_pages,
                    pages_since_checkpoint: 0,
                    last_hold: Duration::ZERO,
                    replication: &mut replication,
                    go_on,
                    report: &mut report,
                };
                let mut batches = BatchLoop { service, active: Some(active), until };
                stop_reason(batches.run(&mut compaction))
            })
        })?;
        self.truncate_wal(&mut replication, go_on)?;
        report.after = self.vacuumable()?.disk_usage()?;
        report.replicator = replication.name();
        // A run that leaves nothing was not stopped early.
        let stopped = stopped.filter(|_| report.after.free_pages > 0);
        report.stopped = stopped.or_else(|| untruncated(&report));
        report.elapsed = timer.elapsed(begun);
        Ok(report)
    }

    fn checkpoint(&self, mode: CheckpointMode) -> Result<Option<WalStatus>> {
        self.store.wal().map_or(Ok(None), |wal| wal.checkpoint(mode))
    }

    /// Checkpoints and truncates the log, if there is a moment without readers. A replicator does
    /// so itself.
    fn truncate_wal(
        &mut self,
        replication: &mut Replication,
        go_on: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<()> {
        if replication.conclude(self.store.wal())? {
            return Ok(());
        }
        for _ in 0..TRUNCATE_ATTEMPTS {
            let log = self.checkpoint(CheckpointMode::Truncate)?;
            if log.is_none_or(|log| log.bytes == 0) || go_on().is_break() {
                break;
            }
            self.timer.sleep(POLL_INTERVAL);
        }
        Ok(())
    }

    /// Rebuilds the whole database without free space. It blocks all other writers.
    ///
    /// 1. A file with sessctl's own table gets incremental vacuum, so that
    ///    [`compact`](Self::compact) works from then on.
    /// 2. In the file of an application, no setting changes, and no other process may use it:
    ///    its writes would fail as soon as they have waited for too long.
    ///
    /// `ensure_space` checks first whether the disk has enough space; `is_canceled` is
    /// called from time to time, and when it returns true, nothing has changed.
    ///
    /// # Errors
    /// [`Error::LeaseHeld`](crate::Error::LeaseHeld) if a purge or a compaction is running,
    /// [`Error::Refused`](crate::Error::Refused) for a framework table unless `request` allows it,
    /// [`Error::InUse`](crate::Error::InUse) if another process uses the file of an application,
    /// the error of `ensure_space`, and any error of writing the database. Nothing has changed
    /// then.
    pub fn vacuum(
        &mut self,
        request: &CompactRequest,
        now: UnixTime,
        ensure_space: &mut dyn FnMut(&SpaceRequirement) -> Result<()>,
        mut is_canceled: CancelCheck,
    ) -> Result<CompactReport> {
        self.ensure_can_compact(request.allow_foreign)?;
        let (timer, run_time, is_foreign) =
            (self.timer, request.run_time, self.profile().is_some());
        let begun = timer.now();
        let is_late = move || run_time.is_some_and(|limit| timer.elapsed(begun) >= limit);
        let mut report = CompactReport::new(self.vacuumable()?.disk_usage()?);
        let go_on = &mut || ControlFlow::Continue(());
        let mut replication = Replication::detect(self.store.wal())?;
        let (is_done, longest_hold) = self.with_lease(COMPACTION, now, |service, _| {
            if is_foreign && service.vacuumable()?.is_in_use()? {
                return Err(Error::InUse { at: service.store.display_name().to_owned() });
            }
            service.truncate_wal(&mut replication, go_on)?;
            ensure_space(&service.vacuumable()?.space_requirement()?)?;
            let vacuum_begun = timer.now();
            let is_canceled = Box::new(move || is_late() || is_canceled());
            let is_done = service.vacuumable()?.vacuum(is_canceled)?;
            Ok((is_done, timer.elapsed(vacuum_begun)))
        })?;
        self.truncate_wal(&mut replication, go_on)?;
        report.after = self.vacuumable()?.disk_usage()?;
        report.replicator = replication.name();
        (report.steps, report.longest_hold) = (u64::from(is_done), longest_hold);
        report.stopped = match is_done {
            true => untruncated(&report),
            false if is_late() => Some(StopReason::RunTime),
            false => Some(StopReason::Signal),
        };
        report.elapsed = timer.elapsed(begun);
        Ok(report)
    }
}

/// The file is longer than its database where a reader keeps it from being truncated.
fn untruncated(report: &CompactReport) -> Option<StopReason> {
    let is_longer = report.after.untruncated_bytes() > 0 && report.replicator.is_none();
    is_longer.then_some(StopReason::Reader)
}
