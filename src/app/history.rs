//! History of the table, from the samples of the ledger.

use std::time::Duration;

use super::cycle::CycleReport;
use super::purge::{PurgeReport, Sweep};
use super::service::SessionService;
use crate::domain::error::Result;
use crate::domain::idle_times::IdleTimes;
use crate::domain::session::EndReason;
use crate::domain::task::TaskPattern;
use crate::domain::time::{Span, UnixTime};
use crate::storage::{DiskUsage, Sample, TaskStats};

/// Time after a sample in which a run without changes stores no other: a little less than an hour,
/// so that an hourly run that starts some seconds early stores one.
const QUIET: Span = Span::minutes(59);

impl SessionService {
    /// Stores a sample of the table as it is at `now`, without a run.
    ///
    /// # Errors
    /// [`Error::Clock`](crate::domain::error::Error::Clock) if the clock has moved since the last
    /// run. Any error of reading the table or writing the ledger.
    pub fn record_reading(&mut self, tasks: &[TaskStats], now: UnixTime) -> Result<()> {
        self.ensure_clock_trusted(now)?;
        let mut sample = Sample { at: now, ..self.sized_sample() };
        let (mut live, mut expired, mut rows) = ([0; 3], 0, 0);
        for task in tasks {
            live.iter_mut().zip(task.live).for_each(|(state, more)| *state += more);
            expired += task.expired + task.due_abandoned;
            rows += task.rows;
        }
        (sample.live, sample.expired, sample.rows) = (Some(live), Some(expired), Some(rows));
        self.store.record_sample(&sample, None)
    }

    /// Stores a sample of a purge. A failure is ignored: the purge has done its work.
    pub(super) fn record_purge(&mut self, sweep: &Sweep<'_>, report: &PurgeReport, at: UnixTime) {
        let done = &report.done;
        let is_whole = report.stopped.is_none() && sweep.saw_all && sweep.request.task.is_none();
        let found = Some(sweep.totals.found).filter(|_| is_whole);
        let usage = report.usage.as_deref();
        let sample = Sample {
            at,
            period: Span::ZERO,
            runs: 1,
            live: found.map(|found| found.live),
            expired: found.map(|found| found.expired),
            rows: Some(done.rows).filter(|_| is_whole),
            ended_by: sweep.ended_by.clone(),
            deleted: done.deleted,
            file_bytes: usage.map(|usage| usage.file_bytes),
            free_bytes: usage.map(DiskUsage::free_bytes),
            longest_hold: Some(done.longest_hold).filter(|_| done.batches > 0),
            duration: Some(report.elapsed),
        };
        let has_changes = done.marked + done.ended + done.deleted > 0;
        let _ = self.store.record_sample(&sample, (!has_changes).then_some(QUIET));
    }

    /// Stores a sample of a cycle that has ended sessions. A failure is ignored.
    pub(super) fn record_cycle(&mut self, cycled: &CycleReport, took: Duration, now: UnixTime) {
        if cycled.ended == 0 {
            return;
        }
        let sample = Sample {
            at: now,
            runs: 1,
            ended_by: [(EndReason::Cycled, cycled.ended)].into(),
            deleted: cycled.deleted,
            duration: Some(took),
            ..self.sized_sample()
        };
        let _ = self.store.record_sample(&sample, None);
    }

    fn sized_sample(&self) -> Sample {
        let usage = self.disk_usage();
        Sample {
            file_bytes: usage.map(|usage| usage.file_bytes),
            free_bytes: usage.map(|usage| usage.free_bytes()),
            ..Sample::default()
        }
    }

    /// Returns the samples from `since` to `until`, the earliest first.
    ///
    /// # Errors
    /// Any error of reading the ledger.
    pub fn samples(&self, since: UnixTime, until: UnixTime) -> Result<Vec<Sample>> {
        self.store.samples(since, until)
    }

    /// Reports whether the ledger keeps a history. One in memory has none: that of a framework's
    /// table is there if the state file was found to be unusable by an earlier call.
    pub fn has_ledger(&self) -> bool {
        !self.store.is_volatile()
    }

    /// Adds samples of any times to the history.
    ///
    /// # Errors
    /// Any error of writing the ledger.
    pub fn add_samples(&mut self, samples: &[Sample]) -> Result<()> {
        self.store.add_samples(samples)
    }

    /// Returns the distributions of the times for which the sessions of the tasks in scope have
    /// been unused, by name; `None`: the table does not record the last use.
    ///
    /// # Errors
    /// Any error of reading the table.
    pub fn idle_times(
        &self,
        task: Option<&TaskPattern>,
        now: UnixTime,
    ) -> Result<Option<Vec<IdleTimes>>> {
        self.store.idle_times(&self.scope(task, now))
    }
}
