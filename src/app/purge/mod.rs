//! The purge: one bounded run that marks, ends and deletes what is due.

mod checkpoint;
mod guard;
mod preview;
mod report;
mod sweep;

use std::ops::ControlFlow;
use std::time::Instant;

use super::SessionService;
use super::run::{PURGE, RunResult};
use crate::domain::error::{Error, Result};
use crate::domain::filter::{Filter, TaskPattern};
use crate::domain::policy::{Policies, Verdict};
use crate::domain::session::Session;
use crate::domain::time::UnixTime;
use crate::storage::{Order, PolicyContext, SessionQuery, VisitResult};

use guard::stake;
use preview::ScanTotals;
use sweep::Sweep;

pub use report::{PurgePreview, PurgeProgress, PurgeRequest, PurgeSummary, StopReason};
pub(super) use report::{incomplete_reason, rejected};

impl SessionService {
    /// Marks, ends and deletes what is due at `now`.
    ///
    /// The table is walked once in key order: the next rows that are due are
    /// found without a lock, then settled in a write transaction that judges
    /// them anew and takes about as long as
    /// [`Manners::hold`](crate::domain::write_limits::WriteLimits::hold). Beside others who
    /// write it keeps still in between, and it looks after the write-ahead log. It
    /// can be stopped after any batch, by `go_on` or by a crash, and the next run
    /// finds what is left. One purge works on a table at a time, and the ledger has
    /// a record of each.
    ///
    /// # Errors
    /// [`Error::LeaseHeld`] if another purge is at work.
    /// [`Error::Guard`] if it would
    /// end more than the guard allows.
    /// [`Error::Clock`] if the clock has moved since
    /// the last run.
    /// [`Error::Refused`] if nothing may be deleted
    /// from a framework's table, or if what is there is not what its profile says. In
    /// these cases nothing has changed. And
    /// whatever keeps the table from being read or written, and then the batches
    /// before stand.
    pub fn purge(
        &mut self,
        request: &PurgeRequest,
        now: UnixTime,
        go_on: &mut dyn FnMut(&PurgeProgress) -> ControlFlow<()>,
    ) -> Result<PurgeSummary> {
        if request.job.is_none() {
            self.may_delete()?;
        }
        self.must_trust_clock(now)?;
        let task = request.task.as_ref().map(TaskPattern::as_str);
        let mut shift = self.start_run(PURGE, "purge", task, request.job.as_ref(), now)?;
        // What keeps the schema from being read keeps the walk from its first look, too.
        let is_slow = self.reads_whole_tables().unwrap_or(false);
        let mut walk = Sweep::new(&request.manners, is_slow);
        // Of a job, the ledger has it: or the job would be due again at once.
        let allowed = self.may_delete();
        let outcome = allowed.and_then(|()| self.walk(&mut walk, &mut shift, request, now, go_on));
        self.store.limit_statements(None);
        let outcome = outcome.or_else(|error| match error {
            Error::Interrupted { cause, .. } => {
                Ok(self.interrupted(&mut walk, cause, format!("it {error}")))
            }
            error => Err(error),
        });
        let outcome = outcome.or_else(|error| match obstacle(&error) {
            // A job goes on with it. By hand, an answer is for what was done.
            Some(obstacle) if request.job.is_some() || walk.has_done_something() => {
                Ok(self.broken_off(&mut walk, request, now, obstacle))
            }
            _ => Err(error),
        });
        let close = match &outcome {
            Ok(summary) => RunResult::of(summary.stopped, summary.incomplete_reason()),
            Err(error) => RunResult::Failed(error),
        };
        let finished = self.finish_run(&shift, walk.feat(), close);
        // What the work fails with comes first. What the ledger has no record of is done
        // all the same, and the next run of its job finds it so.
        outcome.and_then(|summary| match finished {
            Err(error) if summary.stopped == Some(StopReason::Busy) && error.is_transient() => {
                Ok(summary)
            }
            Err(error) if error.is_disk_full() && summary.done != PurgeProgress::default() => {
                Ok(summary)
            }
            finished => finished.map(|()| summary),
        })
    }

    /// What [`purge`](Self::purge) would do at `now`, in figures. Where nothing may be
    /// deleted, what it would do if something might.
    ///
    /// # Errors
    /// [`Error::Refused`] if the purge would be, for
    /// what is in the table; whatever keeps the table from being read.
    pub fn preview(&self, request: &PurgeRequest, now: UnixTime) -> Result<PurgePreview> {
        let begun = Instant::now();
        self.store.validate()?;
        let work = self.baseline(request, now)?;
        let scope = self.scope(request.task.as_ref(), now);
        let ScanTotals { census, misfit, kept } = self.count(&scope, work.backlog_at())?;
        let done = PurgeProgress {
            marked: census.would_mark,
            ended: census.would_end,
            deleted: census.would_delete,
            ..PurgeProgress::default()
        };
        let guard = request.guard.check(stake(request, &census, work));
        Ok(PurgePreview {
            summary: PurgeSummary {
                done,
                live: census.live(),
                remaining: 0,
                counted: true,
                elapsed: begun.elapsed(),
                stopped: guard.is_err().then_some(StopReason::Guard),
                obstacle: None,
                untold: None,
                unreadable: census.unreadable,
                misfit,
                kept,
                future: census.future,
            },
            due: census.due,
            guard,
        })
    }

    /// Whether each deletion reads a whole table that is large.
    pub(super) fn reads_whole_tables(&self) -> Result<bool> {
        Ok(self.store.unindexed()?.iter().any(|table| table.is_large))
    }

    /// Visits each session that [`purge`](Self::purge) would change at `now`,
    /// with what it would do, in key order and in flat memory.
    ///
    /// # Errors
    /// Whatever keeps the table from being read, and what the visitor answers.
    pub fn due(
        &self,
        task: Option<&TaskPattern>,
        now: UnixTime,
        visit: &mut dyn FnMut(Session, Verdict) -> VisitResult,
    ) -> Result<()> {
        let scope = self.scope(task, now);
        self.store.validate()?;
        let filter = Filter { task: task.cloned(), ..Filter::default() };
        let query = SessionQuery {
            scope,
            filter: &filter,
            due_only: true,
            after: None,
            order: Order::default(),
        };
        self.store.scan(&query, &mut |session| {
            let verdict = scope.verdict(&session);
            visit(self.named(session)?, verdict)
        })?;
        Ok(())
    }
}

/// Obstacle that has stopped a run, if the rest of its work may go well another time.
fn obstacle(error: &Error) -> Option<(StopReason, String)> {
    if let Error::DiskFull { at } = error {
        let obstacle = format!("the file system of {at} has no space left to change another row");
        return Some((StopReason::Room, obstacle));
    }
    error.obstacle().map(|obstacle| (StopReason::Busy, obstacle))
}

/// The scope of a purge, whose job may have planned it.
fn scope<'a>(
    policies: &'a Policies,
    request: &'a PurgeRequest,
    now: UnixTime,
) -> PolicyContext<'a> {
    let planned = request.job.as_ref().map(|job| job.due.planned);
    PolicyContext { policies, now, planned, task: request.task.as_ref() }
}
