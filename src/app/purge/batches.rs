//! Batches of a purge: scan, apply, checkpoint, pause.

use std::ops::ControlFlow;
use std::time::Duration;

use super::guard::impact;
use super::sweep::Sweep;
use crate::app::batch_loop::{BatchLoop, BatchWork, LoopResult};
use crate::app::replication;
use crate::app::service::SessionService;
use crate::app::stop::StopReason;
use crate::domain::error::{Error, Result};
use crate::domain::time::UnixTime;
use crate::storage::{DueScan, PublishedProgress, PurgeCounts};

/// Maximum wait for a long-running reader.
const MAX_WAIT: Duration = Duration::from_secs(3);
const POLL_INTERVAL: Duration = Duration::from_millis(50);

impl BatchWork for Sweep<'_> {
    fn go_on(&mut self) -> ControlFlow<()> {
        (self.go_on)(&self.done)
    }

    fn progress(&self) -> Option<PublishedProgress> {
        Some(self.published_progress())
    }

    fn run_batch(&mut self, batches: &mut BatchLoop<'_>) -> LoopResult<bool> {
        let (timer, until) = (self.timer, batches.until);
        let begun = timer.now();
        batches.service.limit_statements(until);
        let mut scan = self.scan(batches.service)?;
        if scan.counts.due > self.throttle.rows() as u64 * 2 {
            // Another connection has written since the last batch: this one becomes smaller.
            scan = self.scan(batches.service)?;
        }
        self.last_scan = timer.elapsed(begun);
        // Immediately before it writes: the process may have been suspended.
        batches.keep_lease(self)?;
        batches.service.limit_statements(until);
        let may_have_more = self.apply(batches.service, scan)?;
        if !may_have_more {
            // Report the final progress; there is nothing left to stop.
            let _ = self.go_on();
        }
        Ok(may_have_more)
    }

    /// Checkpoints the write-ahead log in small steps. While a reader keeps it from being reused,
    /// the purge slows down; at the maximum size, it waits for a while, and then gives up.
    fn checkpoint(&mut self, batches: &mut BatchLoop<'_>) -> LoopResult {
        let (timer, throttle) = (self.timer, &self.throttle);
        let (is_contended, is_at_min_batch) = (throttle.is_contended(), throttle.is_at_min_batch());
        let wal = batches.service.store.wal();
        let (size, backoff) =
            self.checkpointer.after_batch(wal, timer, is_contended, is_at_min_batch)?;
        self.done.log_peak = self.checkpointer.peak;
        self.record_checkpoint_hold();
        if self.checkpointer.replication.is_active() {
            return self.await_replicator(size, batches);
        }
        if size < self.request.write_limits.max_log.0 {
            timer.sleep(backoff);
            return Ok(());
        }
        let begun = timer.now();
        while self.checkpointer.is_blocked_by_reader(batches.service.store.wal(), timer)? {
            self.record_checkpoint_hold();
            batches.check(self)?;
            if timer.elapsed(begun) >= MAX_WAIT {
                return Err(StopReason::WalLimit.into());
            }
            timer.sleep(POLL_INTERVAL);
        }
        self.record_checkpoint_hold();
        Ok(())
    }

    fn pause(&self) -> Duration {
        self.throttle.pause(self.timer.elapsed(self.released) + self.last_scan)
    }
}

impl Sweep<'_> {
    /// Waits until the replicator has restarted a log of the maximum size.
    fn await_replicator(&mut self, size: u64, batches: &mut BatchLoop<'_>) -> LoopResult {
        let timer = self.timer;
        let factor = if self.throttle.is_contended() { 1 } else { replication::ALONE_FACTOR };
        let most = self.request.write_limits.max_log.0.saturating_mul(factor);
        if size < most {
            return Ok(());
        }
        let mut wait = self.checkpointer.replication.start_wait(timer);
        loop {
            let wal = batches.service.store.wal();
            if self.checkpointer.replication.poll(&mut wait, wal, timer, most)? {
                return Ok(());
            }
            batches.check(self)?;
            timer.sleep(replication::POLL_INTERVAL);
        }
    }

    pub(super) fn check_guard(&mut self, batches: &mut BatchLoop<'_>) -> LoopResult {
        let request = self.request;
        if request.guard.is_set() {
            let baseline = batches.service.baseline(request, self.now)?;
            let counts = self.count_all(baseline.backlog_at(), batches)?;
            request.guard.check(impact(request, &counts, baseline)).map_err(Error::from)?;
        }
        Ok(())
    }

    /// Counts all rows before the sweep, with its heartbeat and within its limits.
    fn count_all(
        &mut self,
        backlog: Option<UnixTime>,
        batches: &mut BatchLoop<'_>,
    ) -> LoopResult<PurgeCounts> {
        let (mut counts, mut after) = (PurgeCounts::default(), None);
        loop {
            let scope = self.scope(&batches.service.policies);
            let (found, last) = batches.service.count_next(&scope, backlog, after.as_ref())?;
            counts.add(found.counts);
            if last.is_none() {
                return Ok(counts);
            }
            after = last;
            batches.service.limit_statements(batches.until);
            batches.check(self)?;
        }
    }

    fn scan(&mut self, service: &SessionService) -> Result<DueScan> {
        let (scope, cursor) = (self.scope(&service.policies), self.cursor.as_ref());
        let limits = self.scan_limits(service.notifier.is_enabled());
        let scan = service.store.scan_due(&scope, cursor, limits)?;
        let (wal, replication) = (service.store.wal(), &mut self.checkpointer.replication);
        self.throttle.observe_version(replication.version_of_others(wal, scan.version)?);
        Ok(scan)
    }

    /// Applies the purge to the due rows of a scan, and reports whether there may be more.
    fn apply(&mut self, service: &mut SessionService, scan: DueScan) -> LoopResult<bool> {
        let Some(range) = &scan.due else { return Ok(self.record_scan(scan)) };
        let (due, most) = (scan.counts.due, self.throttle.rows());
        let rows = usize::try_from(due).map_or(most, |due| due.min(most));
        let is_enabled = service.notifier.is_enabled();
        let batch = service.store.apply_purge(&self.scope(&service.policies), range, is_enabled);
        if let Err(error @ Error::Interrupted { .. }) = batch {
            self.interrupted_due = due;
            self.record_scan(scan);
            return Err(error.into());
        }
        let Some(batch) = self.unless_too_large(batch, rows)? else { return Ok(true) };
        self.totals.kept.add(service.store.take_kept());
        self.record_batch(due, &scan.found, &batch);
        service.notifier.record_missed(batch.unreported, self.now);
        service.notify(batch.ended_sessions);
        if batch.is_cut_short {
            // The next scan finds the rest of these rows.
            self.throttle.shrink(rows);
            return Ok(true);
        }
        Ok(self.record_scan(scan))
    }
}
