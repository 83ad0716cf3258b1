//! Sweeping the table, and the summary of the run.

use std::time::Duration;

use super::preview::ScanTotals;
use super::report::PurgeReport;
use super::sweep::Sweep;
use crate::app::batch_loop::{BatchLoop, stop_reason};
use crate::app::replication::Replication;
use crate::app::run::ActiveRun;
use crate::app::service::SessionService;
use crate::app::stop::StopReason;
use crate::domain::error::{InterruptReason, Result};
use crate::storage::PurgeCounts;

/// Time that a run which stops early takes to count the rest.
const COUNT_TIME: Duration = Duration::from_secs(1);

impl SessionService {
    pub(super) fn sweep_table(
        &mut self,
        sweep: &mut Sweep<'_>,
        active: &mut ActiveRun,
    ) -> Result<PurgeReport> {
        let until = sweep.request.run_time.and_then(|time| sweep.begun.checked_add(time));
        self.limit_statements(until);
        sweep.checkpointer.replication = Replication::detect(self.store.wal())?;
        if sweep.request.write_limits.fast {
            self.store.prepare_large_batches()?;
        }
        let stopped = self.with_kept_journal(|service| {
            let mut batches = BatchLoop { service, active: Some(active), until };
            let allowed = sweep.check_guard(&mut batches);
            let rebuilt = allowed.and_then(|()| sweep.rebuild(&mut batches));
            let swept = rebuilt.and_then(|all| if all { Ok(()) } else { batches.run(sweep) });
            let stopped = stop_reason(swept)?;
            sweep.checkpointer.final_checkpoint(service.store.wal(), service.timer)?;
            Ok(stopped)
        })?;
        self.store.limit_statements(None);
        sweep.done.log_peak = sweep.checkpointer.peak;
        match self.store.record_peaks(&sweep.peaks) {
            // A failure to record these figures does not undo the work.
            Err(error) if error.is_transient() || error.is_disk_full() => {}
            recorded => recorded?,
        }
        let rest = self.count_remaining(sweep, stopped)?;
        Ok(self.summarize(sweep, rest, stopped, None))
    }

    pub(super) fn stopped_by_obstacle(
        &mut self,
        sweep: &mut Sweep<'_>,
        (stopped, obstacle): (StopReason, String),
    ) -> PurgeReport {
        let stopped = Some(stopped);
        let rest = self.count_remaining(sweep, stopped);
        // If not even a scan is possible, the rest stays uncounted.
        self.summarize(sweep, rest.unwrap_or_default(), stopped, Some(obstacle))
    }

    /// Returns the summary of a run whose statement was interrupted. It does not scan for
    /// the rest, which would most likely take as long.
    pub(super) fn interrupted(
        &mut self,
        sweep: &mut Sweep<'_>,
        cause: InterruptReason,
        obstacle: String,
    ) -> PurgeReport {
        let stopped = match cause {
            InterruptReason::Asked => StopReason::Signal,
            InterruptReason::Time => StopReason::RunTime,
            InterruptReason::Lease => StopReason::Lease,
        };
        sweep.totals.kept.add(self.store.take_kept());
        let interrupted_due = sweep.interrupted_due;
        let counts = PurgeCounts {
            would_end: interrupted_due,
            due: interrupted_due,
            ..PurgeCounts::default()
        };
        let rest = ScanTotals { counts, ..ScanTotals::default() };
        self.summarize(sweep, (rest, false), Some(stopped), Some(obstacle))
    }

    /// Returns the summary of a run that leaves this rest, which was `counted` or not.
    fn summarize(
        &mut self,
        sweep: &mut Sweep<'_>,
        (rest, counted): (ScanTotals, bool),
        stopped: Option<StopReason>,
        obstacle: Option<String>,
    ) -> PurgeReport {
        let (due, still_due) = (rest.counts.due, rest.counts.would_end);
        sweep.totals.add(rest);
        let ScanTotals { counts, found, unreadable_value, kept } =
            std::mem::take(&mut sweep.totals);
        sweep.totals.found = found;
        PurgeReport {
            done: sweep.done,
            method: Some(sweep.method),
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
            unreadable_value,
            kept,
            usage: self.disk_usage().map(Box::new),
            estimate: None,
            replication: sweep.checkpointer.replication.report().map(Box::new),
        }
    }

    /// Counts the rows after the point where a run stopped, and reports whether it counted all.
    fn count_remaining(
        &self,
        sweep: &Sweep<'_>,
        stopped: Option<StopReason>,
    ) -> Result<(ScanTotals, bool)> {
        if stopped.is_none() {
            return Ok((ScanTotals::default(), true));
        }
        let scope = sweep.scope(&self.policies);
        self.count_from(&scope, None, sweep.cursor.clone(), COUNT_TIME)
    }
}
