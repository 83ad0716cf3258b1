//! Running and previewing a purge.

use std::ops::ControlFlow;
use std::time::Duration;

use super::guard::impact;
use super::preview::ScanTotals;
use super::report::{PurgePreview, PurgeProgress, PurgeReport, PurgeRequest};
use super::sweep::Sweep;
use crate::app::run::{PURGE, RunResult};
use crate::app::service::SessionService;
use crate::app::stop::StopReason;
use crate::domain::error::{Error, Result};
use crate::domain::filter::Filter;
use crate::domain::policy::Verdict;
use crate::domain::session::Session;
use crate::domain::task::TaskPattern;
use crate::domain::time::UnixTime;
use crate::storage::VisitResult;

impl SessionService {
    /// Marks, ends and deletes what is due at `now`.
    ///
    /// Sweeps the table once in key order: it scans for the next due rows without a lock, then
    /// applies them in a write transaction that checks them again and takes about as long as
    /// `WriteLimits::hold`. If there are other writers, it pauses between batches, and it keeps the
    /// write-ahead log small. It can be stopped after any batch, by `go_on` or by a crash, and the
    /// next run finds what is left. Only one purge runs on a table at a time, and the ledger
    /// records each.
    ///
    /// # Errors
    /// [`Error::LeaseHeld`] if another purge is running. [`Error::Guard`] if it would end more than
    /// the guard allows. [`Error::Clock`] if the clock has moved since the last run.
    /// [`Error::Refused`] if nothing may be deleted from a framework table, or if its content does
    /// not match the profile. In these cases nothing has changed. Any error of reading or writing
    /// the table; earlier batches stay applied.
    pub fn purge(
        &mut self,
        request: &PurgeRequest,
        now: UnixTime,
        go_on: &mut dyn FnMut(&PurgeProgress) -> ControlFlow<()>,
    ) -> Result<PurgeReport> {
        if request.job.is_none() {
            self.ensure_can_delete()?;
        }
        self.ensure_clock_trusted(now)?;
        let task = request.task.as_ref().map(TaskPattern::as_str);
        let mut run =
            self.start_run(PURGE, "purge", task, request.job.as_ref(), &request.note, now)?;
        // An error of reading the schema shows again in the first scan.
        let is_slow = self.reads_whole_tables().unwrap_or(false);
        let has_rollback_journal = self.has_rollback_journal().unwrap_or(false);
        let mut sweep = Sweep::new(request, now, go_on, is_slow, has_rollback_journal, self.timer);
        // The ledger records the refusal of a job, which would be due again otherwise.
        let allowed = self.ensure_can_delete();
        let result = allowed.and_then(|()| self.sweep_table(&mut sweep, &mut run));
        self.store.limit_statements(None);
        let result = result.or_else(|error| match (&error, obstacle(&error)) {
            (Error::Interrupted { cause, .. }, _) => {
                Ok(self.interrupted(&mut sweep, *cause, format!("it {error}")))
            }
            // A job resumes later. A manual run reports what it has done so far, if anything.
            (_, Some(obstacle)) if request.job.is_some() || sweep.has_changes() => {
                Ok(self.stopped_by_obstacle(&mut sweep, obstacle))
            }
            _ => Err(error),
        });
        let result = result.map(|mut summary| {
            self.remember_kept(&mut summary.kept, &run, summary.stopped.is_some(), now);
            summary
        });
        let recorded = match &result {
            Ok(summary) => RunResult::of(summary.stopped, summary.incomplete_reason()),
            Err(error) => RunResult::Failed(error),
        };
        let finished = self.finish_run(&run, sweep.counts(), recorded);
        if let (Ok(summary), Ok(())) = (&result, &finished) {
            self.record_purge(&sweep, summary, run.now());
        }
        // The error of the work takes precedence. Work that the ledger could not record is
        // done nevertheless, and the next run of the job finds it done.
        result.and_then(|summary| match finished {
            Err(error) if summary.stopped == Some(StopReason::Busy) && error.is_transient() => {
                Ok(summary)
            }
            Err(error) if error.is_disk_full() && summary.done != PurgeProgress::default() => {
                Ok(summary)
            }
            finished => finished.map(|()| summary),
        })
    }

    /// Counts what [`purge`](Self::purge) would do at `now`; where deletion is not allowed,
    /// what it would do if it were.
    ///
    /// # Errors
    /// [`Error::Refused`] if the purge would be refused because of the content of the
    /// table. Any error of reading the table.
    pub fn preview(&self, request: &PurgeRequest, now: UnixTime) -> Result<PurgePreview> {
        let begun = self.timer.now();
        self.store.validate()?;
        let baseline = self.baseline(request, now)?;
        let scope = self.scope(request.task.as_ref(), now);
        let (totals, _) = self.count_from(&scope, baseline.backlog_at(), None, Duration::MAX)?;
        let ScanTotals { counts, unreadable_value, kept, .. } = totals;
        let done = PurgeProgress {
            marked: counts.would_mark,
            ended: counts.would_end,
            deleted: counts.would_delete,
            ..PurgeProgress::default()
        };
        let guard = request.guard.check(impact(request, &counts, baseline));
        let changed = done.marked + done.ended.max(done.deleted);
        Ok(PurgePreview {
            summary: PurgeReport {
                done,
                live: counts.live(),
                counted: true,
                elapsed: self.timer.elapsed(begun),
                stopped: guard.is_err().then_some(StopReason::Guard),
                unreadable: counts.unreadable,
                unreadable_value,
                kept,
                future: counts.future,
                usage: self.disk_usage().map(Box::new),
                estimate: Some(Box::new(self.estimate_purge(done.deleted, changed, now)?)),
                ..PurgeReport::default()
            },
            due: counts.due,
            guard,
        })
    }

    /// Reports whether each deletion reads the whole of a large table.
    pub(super) fn reads_whole_tables(&self) -> Result<bool> {
        Ok(self.store.unindexed()?.iter().any(|table| table.is_large))
    }

    fn has_rollback_journal(&self) -> Result<bool> {
        self.store.wal().map_or(Ok(false), |file| Ok(file.wal_status()?.is_none()))
    }

    /// Visits each selected session that [`purge`](Self::purge) would change at `now`, with its
    /// verdict, in key order and in constant memory. Returns the number of those that match
    /// except for the user, which is unreadable.
    ///
    /// # Errors
    /// Any error of reading the table, and the error of the visitor.
    pub fn due(
        &self,
        filter: &Filter,
        now: UnixTime,
        visit: &mut dyn FnMut(Session, Verdict) -> VisitResult,
    ) -> Result<u64> {
        self.store.validate()?;
        let scope = self.scope(filter.task.as_ref(), now);
        let selection = self.select(filter, None, false, now)?;
        let unreadable = self.visit_due(&selection, now, &mut |session| {
            let verdict = scope.verdict(&session);
            visit(self.with_task_name(session)?, verdict)
        })?;
        Ok(unreadable + selection.unreadable_users)
    }
}

/// Returns the obstacle that stopped a run, if the rest of its work may succeed later.
fn obstacle(error: &Error) -> Option<(StopReason, String)> {
    if let Error::DiskFull { at } = error {
        let obstacle =
            format!("the file system of \"{at}\" has no space left to change another row");
        return Some((StopReason::DiskFull, obstacle));
    }
    error.obstacle().map(|obstacle| (StopReason::Busy, obstacle))
}
