//! The sweep of a purge through the table.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::checkpoint::Checkpointer;
use super::guard::impact;
use super::limits::PurgeLimits;
use super::preview::ScanTotals;
use super::report::{PurgeProgress, PurgeRequest, PurgeSummary};
use crate::app::clock::Timer;
use crate::app::run::{ActiveRun, RunCounts};
use crate::app::service::SessionService;
use crate::app::stop::StopReason;
use crate::app::throttle::Throttle;
use crate::domain::error::{Error, Result};
use crate::domain::time::UnixTime;
use crate::domain::write_limits::WriteLimits;
use crate::storage::{Cursor, DueScan, InterruptReason, PurgeBatchResult, PurgeCounts, ScanLimits};

/// Maximum number of rows of one scan, if fewer of them are due.
const SCAN_ROWS: usize = 20_000;
/// Maximum number of rows of one scan per row of the batch, where that is more.
const SCAN_ROWS_PER_BATCH_ROW: usize = 10;
/// Time that a run which stops early takes to count the rest.
const COUNT_TIME: Duration = Duration::from_secs(1);
/// Maximum wait for a long-running reader.
const MAX_WAIT: Duration = Duration::from_secs(3);
/// Poll interval while waiting.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// One pass through the table.
pub(super) struct Sweep {
    timer: Timer,
    begun: Instant,
    throttle: Throttle,
    checkpointer: Checkpointer,
    max_wal: u64,
    cursor: Option<Cursor>,
    totals: ScanTotals,
    peaks: BTreeMap<String, u64>,
    done: PurgeProgress,
    /// Time at which the last batch released the lock.
    released: Instant,
    /// Due rows of an interrupted batch.
    in_hand: u64,
    /// Duration of the last scan: the lock will be free for about this time.
    last_scan: Duration,
}

impl Sweep {
    /// Creates a sweep; `is_slow`: each deletion reads a whole table, so begin with one row.
    pub(super) fn new(limits: &WriteLimits, is_slow: bool, timer: Timer) -> Self {
        let throttle = if limits.fast {
            Throttle::unthrottled()
        } else {
            Throttle::with_target(limits.hold.0)
        };
        Self {
            timer,
            begun: timer.now(),
            throttle: if is_slow { throttle.from_one_row() } else { throttle },
            checkpointer: Checkpointer::default(),
            max_wal: limits.max_log.0,
            cursor: None,
            totals: ScanTotals::default(),
            peaks: BTreeMap::new(),
            done: PurgeProgress::default(),
            released: timer.now(),
            in_hand: 0,
            last_scan: Duration::ZERO,
        }
    }

    fn scan_limits(&self) -> ScanLimits {
        let due = self.throttle.rows();
        ScanLimits {
            due,
            rows: SCAN_ROWS.max(due.saturating_mul(SCAN_ROWS_PER_BATCH_ROW)),
            time: self.throttle.scan_time(),
            backlog: None,
        }
    }

    /// Returns the result of a batch; `None`: the file system has no space for this many
    /// rows, but may have it for fewer.
    fn unless_too_large(
        &mut self,
        batch: Result<PurgeBatchResult>,
        rows: usize,
    ) -> Result<Option<PurgeBatchResult>> {
        match batch {
            Err(Error::DiskFull { .. }) if self.throttle.shrink(rows) => Ok(None),
            batch => batch.map(Some),
        }
    }

    fn record_scan(&mut self, scan: DueScan) {
        self.cursor = scan.last.or(self.cursor.take());
        self.done.walked = scan.walked;
        self.done.rows += scan.rows;
        let DueScan { census: counts, misfit: unreadable, kept, .. } = scan;
        self.totals.add(ScanTotals { counts, unreadable, kept });
        for (task, sessions) in scan.sessions {
            *self.peaks.entry(task).or_default() += sessions;
        }
    }

    fn record_batch(&mut self, due: u64, batch: &PurgeBatchResult) {
        self.released = self.timer.now();
        self.throttle.record(due, batch);
        self.done.marked += batch.marked;
        self.done.ended += batch.ended;
        self.done.deleted += batch.deleted;
        self.done.batches += 1;
        self.done.last_hold = batch.hold;
        self.done.longest_hold = self.done.longest_hold.max(batch.hold);
    }

    /// Counts the time that a checkpoint has blocked other writers as a hold: the lock has
    /// been free only since then.
    fn record_checkpoint_hold(&mut self) {
        if let Some(hold) = self.checkpointer.take_hold() {
            self.released = self.timer.now();
            self.done.longest_hold = self.done.longest_hold.max(hold);
        }
    }

    pub(super) fn has_changes(&self) -> bool {
        self.done.marked + self.done.ended + self.done.deleted > 0
    }

    /// Returns the counts for the ledger.
    pub(super) fn counts(&self) -> RunCounts {
        RunCounts { marked: self.done.marked, ended: self.done.ended, deleted: self.done.deleted }
    }
}

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
    /// Sweeps the table, and returns the summary.
    pub(super) fn sweep_table(
        &mut self,
        sweep: &mut Sweep,
        run: &mut ActiveRun,
        request: &PurgeRequest,
        now: UnixTime,
        go_on: &mut dyn FnMut(&PurgeProgress) -> ControlFlow<()>,
    ) -> Result<PurgeSummary> {
        let until = request.run_time.and_then(|time| sweep.begun.checked_add(time));
        let mut limits = PurgeLimits { until, timer: self.timer, go_on };
        self.limit_statements(until);
        let stopped = self.without_autocheckpoint(|service| {
            let stopped = service.purge_batches(sweep, run, request, now, &mut limits)?;
            sweep.checkpointer.final_checkpoint(service.store.as_mut(), service.timer)?;
            Ok(stopped)
        })?;
        self.store.limit_statements(None);
        sweep.done.log_peak = sweep.checkpointer.peak;
        match self.store.record_peaks(&sweep.peaks) {
            // A failure to record these figures does not undo the work.
            Err(error) if error.is_transient() || error.is_disk_full() => {}
            recorded => recorded?,
        }
        let rest = self.count_remaining(sweep, request, now, stopped)?;
        Ok(self.summarize(sweep, rest, stopped, None))
    }

    /// Returns the summary of a run that an obstacle has stopped.
    pub(super) fn stopped_by_obstacle(
        &mut self,
        sweep: &mut Sweep,
        request: &PurgeRequest,
        now: UnixTime,
        (stopped, obstacle): (StopReason, String),
    ) -> PurgeSummary {
        let stopped = Some(stopped);
        let rest = self.count_remaining(sweep, request, now, stopped);
        // If not even a scan is possible, the rest stays uncounted.
        self.summarize(sweep, rest.unwrap_or_default(), stopped, Some(obstacle))
    }

    /// Returns the summary of a run whose statement was interrupted. It does not scan for
    /// the rest, which would most likely take as long.
    pub(super) fn interrupted(
        &mut self,
        sweep: &mut Sweep,
        cause: InterruptReason,
        obstacle: String,
    ) -> PurgeSummary {
        let stopped = match cause {
            InterruptReason::Asked => StopReason::Signal,
            InterruptReason::Time => StopReason::RunTime,
            InterruptReason::Lease => StopReason::Lease,
        };
        sweep.totals.kept.add(self.store.take_kept());
        let in_hand = sweep.in_hand;
        let counts = PurgeCounts { would_end: in_hand, due: in_hand, ..PurgeCounts::default() };
        let rest = ScanTotals { counts, ..ScanTotals::default() };
        self.summarize(sweep, (rest, false), Some(stopped), Some(obstacle))
    }

    /// Returns the summary of a run that leaves this rest, which was `counted` or not.
    fn summarize(
        &mut self,
        sweep: &mut Sweep,
        (rest, counted): (ScanTotals, bool),
        stopped: Option<StopReason>,
        obstacle: Option<String>,
    ) -> PurgeSummary {
        let (due, still_due) = (rest.counts.due, rest.counts.would_end);
        sweep.totals.add(rest);
        let ScanTotals { counts, unreadable, kept } = std::mem::take(&mut sweep.totals);
        PurgeSummary {
            done: sweep.done,
            live: counts.sessions.saturating_sub(sweep.done.ended + still_due),
            remaining: due,
            counted,
            elapsed: self.timer.elapsed(sweep.begun),
            // A run that leaves nothing was not stopped early.
            stopped: stopped.filter(|_| due > 0 || !counted),
            obstacle,
            missed_notifications: self.take_missed_notifications(),
            unreadable: counts.unreadable,
            future: counts.future,
            unreadable_value: unreadable,
            kept,
        }
    }

    /// Applies batch after batch, up to the end of the table or to a limit.
    fn purge_batches(
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
            let rows = usize::try_from(scan.census.due).map_or(most, |due| due.min(most));
            let scope = request.scope(&self.policies, now);
            let batch = self.store.apply_purge(&scope, range, self.notifier.is_enabled());
            if let Err(error @ Error::Interrupted { .. }) = batch {
                sweep.in_hand = scan.census.due;
                sweep.record_scan(scan);
                return Err(error);
            }
            let Some(batch) = sweep.unless_too_large(batch, rows)? else {
                return Ok(SweepStep::Continue);
            };
            sweep.totals.kept.add(self.store.take_kept());
            sweep.record_batch(scan.census.due, &batch);
            let is_cut_short = batch.is_cut_short;
            self.notifier.record_missed(batch.untold, now);
            self.notify(batch.told);
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
        let store = self.store.as_mut();
        let (size, backoff) =
            sweep.checkpointer.after_batch(store, timer, is_contended, is_cramped)?;
        sweep.done.log_peak = sweep.checkpointer.peak;
        sweep.record_checkpoint_hold();
        if size < sweep.max_wal {
            timer.sleep(backoff);
            return Ok(None);
        }
        let begun = timer.now();
        while sweep.checkpointer.is_blocked_by_reader(self.store.as_mut(), timer)? {
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

    /// Counts the rows after the point where a run stopped, and reports whether it counted
    /// all of them.
    fn count_remaining(
        &self,
        sweep: &Sweep,
        request: &PurgeRequest,
        now: UnixTime,
        stopped: Option<StopReason>,
    ) -> Result<(ScanTotals, bool)> {
        if stopped.is_none() {
            return Ok((ScanTotals::default(), true));
        }
        let scope = request.scope(&self.policies, now);
        self.count_from(&scope, sweep.cursor.as_ref(), COUNT_TIME)
    }
}
