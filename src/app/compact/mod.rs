//! Giving the space of deleted rows back to the file system.

mod report;

use std::ops::ControlFlow;
use std::thread;
use std::time::{Duration, Instant};

use super::SessionService;
use super::run::{ActiveRun, COMPACTION, PURGE};
use super::throttle::Throttle;
use crate::domain::error::Result;
use crate::domain::time::UnixTime;
use crate::storage::{
    CancelCheck, CheckpointMode, DiskUsage, SpaceRequirement, VacuumStep, WalStatus,
};

pub use report::{CompactReport, CompactRequest, CompactStopReason};

/// Pages that are given back before the log is worked into the database. Each writes a
/// few pages to the log: itself, and those that point to it.
const UNFOLDED: u64 = 256;
/// Bytes that the log may keep because of a reader. Where space is short, a log of many
/// times that would be a poor bargain.
const LONGEST_LOG: u64 = 16 << 20;
/// How long to wait for readers, and how often to look.
const PATIENCE: Duration = Duration::from_secs(5);
const GLANCE: Duration = Duration::from_millis(20);
/// How often to try to empty the log, in which a moment without readers is enough.
const ATTEMPTS: u32 = 50;

/// What the steps have come to.
#[derive(Debug, Default)]
struct CompactCounts {
    steps: u64,
    longest_hold: Duration,
    /// Pages that were given back since the log was last worked into the database.
    unfolded: u64,
}

impl SessionService {
    /// About how many bytes lie in pages that are not full. Only
    /// [`vacuum`](Self::vacuum) gives them back.
    ///
    /// # Errors
    /// Whatever keeps the table from being read.
    pub fn unused_bytes(&mut self) -> Result<u64> {
        self.vacuumable()?.unused_bytes()
    }

    /// Gives the pages that are free now back to the file system, in short write
    /// transactions with pauses of the same length, so that the application goes on.
    /// It can be stopped after any of them.
    ///
    /// A database that was not made for steps stays as it is.
    ///
    /// # Errors
    /// [`Error::LeaseHeld`](crate::Error::LeaseHeld) if a purge or another compaction is at work,
    /// and [`Error::Refused`](crate::Error::Refused) if it is a framework's; then nothing
    /// has changed. And whatever keeps the pages from being moved; the
    /// steps before stand.
    pub fn compact(
        &mut self,
        request: &CompactRequest,
        now: UnixTime,
        go_on: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<CompactReport> {
        let begun = Instant::now();
        let before = self.vacuumable()?.disk_usage()?;
        let mut feat = CompactCounts::default();
        if !before.steps_possible {
            let stopped = Some(CompactStopReason::NoSteps).filter(|_| before.free_pages > 0);
            return Ok(compacted(before, before, &feat, begun, stopped));
        }
        let mut shift = self.acquire_lease(PURGE, COMPACTION, now)?;
        let mut watch = CompactDeadline { begun, run_time: request.run_time, go_on };
        // What a commit would do about the log is done between the steps.
        let outcome = self.with_log_kept(|service| {
            service.step_by_step(&mut feat, &mut shift, request, &mut watch)
        });
        let finished = self.finish_unrecorded(&shift);
        // What the work fails with comes first.
        let stopped = outcome.and_then(|stopped| finished.map(|()| stopped))?;
        self.empty_log(watch.go_on)?;
        let after = self.vacuumable()?.disk_usage()?;
        // What stops a run that has nothing left has not stopped it.
        let stopped = stopped.filter(|_| after.free_pages > 0).or_else(|| overhang(&after));
        Ok(compacted(before, after, &feat, begun, stopped))
    }

    fn step_by_step(
        &mut self,
        feat: &mut CompactCounts,
        shift: &mut ActiveRun,
        request: &CompactRequest,
        watch: &mut CompactDeadline<'_>,
    ) -> Result<Option<CompactStopReason>> {
        let mut pace = Throttle::aiming_at(request.hold.0);
        // More may become free meanwhile: that is for the next time, or there would be
        // no end to it.
        let mut left = self.vacuumable()?.disk_usage()?.free_pages;
        while left > 0 {
            if !self.stay(shift)? {
                return Ok(Some(CompactStopReason::Lease));
            }
            let released = self.release_some(&mut pace, feat, left)?;
            if released.pages == 0 {
                break;
            }
            left = left.saturating_sub(released.pages);
            let cut = match watch.cut() {
                None => self.keep_log_short(feat, shift, watch)?,
                cut => cut,
            };
            if cut.is_some() {
                return Ok(cut);
            }
            // Whoever has waited for the lock gets it now.
            thread::sleep(released.hold.min(PATIENCE));
        }
        Ok(None)
    }

    fn release_some(
        &mut self,
        pace: &mut Throttle,
        feat: &mut CompactCounts,
        left: u64,
    ) -> Result<VacuumStep> {
        let most = usize::try_from(left).unwrap_or(usize::MAX);
        let released = self.vacuumable()?.incremental_vacuum(pace.rows().min(most))?;
        if released.pages > 0 {
            pace.learn(released.pages, &released);
            feat.steps += 1;
            feat.unfolded += released.pages;
            feat.longest_hold = feat.longest_hold.max(released.hold);
        }
        Ok(released)
    }

    /// Works the log into the database once in a while. Where a reader is in the way and
    /// the log has become long, it waits for the reader, and then gives up.
    fn keep_log_short(
        &mut self,
        feat: &mut CompactCounts,
        shift: &mut ActiveRun,
        watch: &mut CompactDeadline<'_>,
    ) -> Result<Option<CompactStopReason>> {
        if feat.unfolded < UNFOLDED {
            return Ok(None);
        }
        feat.unfolded = 0;
        let begun = Instant::now();
        let is_too_long = |size: WalStatus| size.pending > LONGEST_LOG;
        while self.checkpoint(CheckpointMode::Passive)?.is_some_and(is_too_long) {
            if begun.elapsed() >= PATIENCE {
                return Ok(Some(CompactStopReason::Reader));
            }
            if !self.stay(shift)? {
                return Ok(Some(CompactStopReason::Lease));
            }
            if let Some(cut) = watch.cut() {
                return Ok(Some(cut));
            }
            thread::sleep(GLANCE);
        }
        Ok(None)
    }

    fn checkpoint(&self, mode: CheckpointMode) -> Result<Option<WalStatus>> {
        self.store.wal().map_or(Ok(None), |wal| wal.checkpoint(mode))
    }

    /// Works the log into the database and empties it, if there is a moment for that.
    fn empty_log(&mut self, go_on: &mut dyn FnMut() -> ControlFlow<()>) -> Result<()> {
        for _ in 0..ATTEMPTS {
            let log = self.checkpoint(CheckpointMode::Truncate)?;
            if log.is_none_or(|log| log.bytes == 0) || go_on().is_break() {
                break;
            }
            thread::sleep(GLANCE);
        }
        Ok(())
    }

    /// Writes the whole database anew, without any free space, and in such a way that
    /// from then on [`compact`](Self::compact) has a use. Nobody else can write until it
    /// is done.
    ///
    /// `room` is asked before anything happens whether the disk has what it takes; `leave`
    /// is asked now and then whether to leave off, and then nothing has changed.
    ///
    /// # Errors
    /// [`Error::LeaseHeld`](crate::Error::LeaseHeld) if a purge or a compaction is at work,
    /// [`Error::Refused`](crate::Error::Refused) if it is a framework's, what `room`
    /// answers, and whatever keeps the database from being written. Nothing has
    /// changed then.
    pub fn vacuum(
        &mut self,
        run_time: Option<Duration>,
        now: UnixTime,
        room: &mut dyn FnMut(&SpaceRequirement) -> Result<()>,
        mut leave: CancelCheck,
    ) -> Result<CompactReport> {
        let begun = Instant::now();
        let is_up = move || run_time.is_some_and(|limit| begun.elapsed() >= limit);
        let before = self.vacuumable()?.disk_usage()?;
        let shift = self.acquire_lease(PURGE, COMPACTION, now)?;
        let go_on = &mut || ControlFlow::Continue(());
        let outcome = self.empty_log(go_on).and_then(|()| {
            room(&self.vacuumable()?.space_requirement()?)?;
            let working = Instant::now();
            let done = self.vacuumable()?.vacuum(Box::new(move || is_up() || leave()))?;
            Ok((done, working.elapsed()))
        });
        let finished = self.finish_unrecorded(&shift);
        let (done, longest_hold) = outcome.and_then(|done| finished.map(|()| done))?;
        self.empty_log(go_on)?;
        let after = self.vacuumable()?.disk_usage()?;
        let feat = CompactCounts { steps: u64::from(done), longest_hold, unfolded: 0 };
        let cut = if is_up() { CompactStopReason::RunTime } else { CompactStopReason::Signal };
        let stopped = if done { overhang(&after) } else { Some(cut) };
        Ok(compacted(before, after, &feat, begun, stopped))
    }
}

/// What may end the work early.
struct CompactDeadline<'a> {
    begun: Instant,
    run_time: Option<Duration>,
    go_on: &'a mut dyn FnMut() -> ControlFlow<()>,
}

impl CompactDeadline<'_> {
    fn cut(&mut self) -> Option<CompactStopReason> {
        if (self.go_on)().is_break() {
            return Some(CompactStopReason::Signal);
        }
        Some(CompactStopReason::RunTime)
            .filter(|_| self.run_time.is_some_and(|limit| self.begun.elapsed() >= limit))
    }
}

/// A file that is longer than its database will be cut when a reader lets it.
fn overhang(after: &DiskUsage) -> Option<CompactStopReason> {
    Some(CompactStopReason::Reader).filter(|_| after.overhang() > 0)
}

fn compacted(
    before: DiskUsage,
    after: DiskUsage,
    feat: &CompactCounts,
    begun: Instant,
    stopped: Option<CompactStopReason>,
) -> CompactReport {
    let CompactCounts { steps, longest_hold, .. } = *feat;
    CompactReport { before, after, steps, longest_hold, elapsed: begun.elapsed(), stopped }
}
