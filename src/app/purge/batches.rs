//! Batch loop of a purge: scan, apply, checkpoint, pause.

use std::ops::ControlFlow;
use std::time::Duration;

use super::guard::impact;
use super::limits::PurgeLimits;
use super::report::{PurgeProgress, PurgeRequest};
use super::sweep::Sweep;
use crate::app::run::ActiveRun;
use crate::app::service::SessionService;
use crate::app::stop::StopReason;
use crate::domain::error::{Error, Result};
use crate::domain::time::UnixTime;

/// Maximum wait for a long-running reader.
const MAX_WAIT: Duration = Duration::from_secs(3);
/// Poll interval while waiting.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Result of one step of a sweep.
enum SweepStep {
    /// There may be more rows.
    Continue,
    /// These were the last rows.
    Finished,
    /// The lease is lost; the step changed nothing.
    LeaseLost,
}

impl SessionService {
    /// Applies batch after batch, up to the end of the table or to a limit.
    pub(super) fn purge_batches(
        &mut self,
        sweep: &mut Sweep,
        run: &mut ActiveRun,
        request: &PurgeRequest,
        now: UnixTime,
        limits: &mut PurgeLimits<'_>,
    ) -> Result<Option<StopReason>> {
        if request.guard.is_set() {
            let baseline = self.baseline(request, now)?;
            match self.count_for(run, request, now, baseline.backlog_at(), limits)? {
                ControlFlow::Continue(counts) => {
                    request.guard.check(impact(request, &counts, baseline))?;
                }
                ControlFlow::Break(stopped) => return Ok(Some(stopped)),
            }
        }
        loop {
            match self.purge_batch(sweep, run, request, now, limits)? {
                SweepStep::Continue => {}
                SweepStep::Finished => {
                    // Report the final progress; there is nothing left to stop.
                    let _ = (limits.go_on)(&sweep.done);
                    return Ok(None);
                }
                SweepStep::LeaseLost => return Ok(Some(StopReason::Lease)),
            }
            let stopped = limits.check(&sweep.done);
            if stopped.is_some() {
                return Ok(stopped);
            }
            if let Some(stopped) = self.checkpoint_if_needed(sweep, run, limits)? {
                return Ok(Some(stopped));
            }
            let unlocked = self.timer.elapsed(sweep.released) + sweep.last_scan;
            self.timer.sleep(sweep.throttle.pause(unlocked));
        }
    }

    /// Sends the heartbeat of a run, and checks its limits.
    pub(super) fn check_limits(
        &mut self,
        run: &mut ActiveRun,
        done: &PurgeProgress,
        limits: &mut PurgeLimits<'_>,
    ) -> Result<Option<StopReason>> {
        Ok(if self.heartbeat(run)? { limits.check(done) } else { Some(StopReason::Lease) })
    }

    /// Scans the next rows and applies the purge to those that are due.
    fn purge_batch(
        &mut self,
        sweep: &mut Sweep,
        run: &mut ActiveRun,
        request: &PurgeRequest,
        now: UnixTime,
        limits: &PurgeLimits<'_>,
    ) -> Result<SweepStep> {
        let begun = self.timer.now();
        self.limit_statements(limits.until);
        let scope = request.scope(&self.policies, now);
        let scan = self.store.scan_due(&scope, sweep.cursor.as_ref(), sweep.scan_limits())?;
        sweep.last_scan = self.timer.elapsed(begun);
        // Immediately before it writes: the process may have been suspended.
        if !self.heartbeat(run)? {
            return Ok(SweepStep::LeaseLost);
        }
        self.limit_statements(limits.until);
        sweep.throttle.observe_version(scan.version);
        if let Some(range) = &scan.due {
            let most = sweep.throttle.rows();
            let rows = usize::try_from(scan.counts.due).map_or(most, |due| due.min(most));
            let scope = request.scope(&self.policies, now);
            let batch = self.store.apply_purge(&scope, range, self.notifier.is_enabled());
            if let Err(error @ Error::Interrupted { .. }) = batch {
                sweep.in_hand = scan.counts.due;
                sweep.record_scan(scan);
                return Err(error);
            }
            let Some(batch) = sweep.unless_too_large(batch, rows)? else {
                return Ok(SweepStep::Continue);
            };
            sweep.totals.kept.add(self.store.take_kept());
            sweep.record_batch(scan.counts.due, &batch);
            let is_cut_short = batch.is_cut_short;
            self.notifier.record_missed(batch.unreported, now);
            self.notify(batch.ended_sessions);
            if is_cut_short {
                // The next scan finds the rest of these rows.
                sweep.throttle.shrink(rows);
                return Ok(SweepStep::Continue);
            }
        }
        let step = if scan.last.is_none() { SweepStep::Finished } else { SweepStep::Continue };
        sweep.record_scan(scan);
        Ok(step)
    }

    /// Checkpoints the write-ahead log in small steps. While a reader keeps it from being
    /// reused, the purge slows down; at the maximum size, it waits for the reader for a
    /// while, and then gives up.
    fn checkpoint_if_needed(
        &mut self,
        sweep: &mut Sweep,
        run: &mut ActiveRun,
        limits: &mut PurgeLimits<'_>,
    ) -> Result<Option<StopReason>> {
        let (timer, throttle) = (self.timer, &sweep.throttle);
        let (is_contended, is_cramped) = (throttle.is_contended(), throttle.is_cramped());
        let wal = self.store.wal();
        let (size, backoff) =
            sweep.checkpointer.after_batch(wal, timer, is_contended, is_cramped)?;
        sweep.done.log_peak = sweep.checkpointer.peak;
        sweep.record_checkpoint_hold();
        if size < sweep.max_wal {
            timer.sleep(backoff);
            return Ok(None);
        }
        let begun = timer.now();
        while sweep.checkpointer.is_blocked_by_reader(self.store.wal(), timer)? {
            sweep.record_checkpoint_hold();
            if let Some(stopped) = self.check_limits(run, &sweep.done, limits)? {
                return Ok(Some(stopped));
            }
            if timer.elapsed(begun) >= MAX_WAIT {
                return Ok(Some(StopReason::Log));
            }
            timer.sleep(POLL_INTERVAL);
        }
        sweep.record_checkpoint_hold();
        Ok(None)
    }
}
