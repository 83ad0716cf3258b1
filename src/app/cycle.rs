//! Cycling: ending sessions now that the application still accepts.

use std::ops::ControlFlow;
use std::time::Duration;

use super::notify::MissedNotifications;
use super::recording::{CycleRecord, RunEntry};
use super::run::{CYCLE, EndedRun, RunCounts, RunResult};
use super::selection::Selection;
use super::service::SessionService;
use super::stop::{StopReason, incomplete_reason, rejected};
use crate::domain::error::{Error, GuardRefusal, GuardedRun, Result, RunImpact};
use crate::domain::filter::Filter;
use crate::domain::guard::Guard;
use crate::domain::policy::Policies;
use crate::domain::session::{End, EndReason, Session, SessionKey};
use crate::domain::task::TaskPattern;
use crate::domain::time::{Span, UnixTime};
use crate::storage::{KeptRows, RunNote, RunOutcome, ScanLimits, UnindexedTable};

/// Sessions per write transaction: a few milliseconds, and about 100 KiB of a cluster's Raft log.
pub(super) const BATCH: usize = 250;

/// Parameters of a cycle.
#[derive(Debug, Clone, Default)]
pub struct CycleRequest {
    /// Sessions to end; usable ones, unless it says otherwise.
    pub filter: Filter,
    /// Maximum number of sessions to end, the longest unused first; `None`: any.
    pub limit: Option<u64>,
    /// Limits on the number of sessions that it may end.
    pub guard: Guard,
    /// Description for the ledger.
    pub note: RunNote,
    /// Maximum time that it may take, apart from its last batch; `None`: any.
    pub run_time: Option<Duration>,
}

/// Result of a cycle.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CycleReport {
    /// Sessions that were ended.
    pub ended: u64,
    /// Ended sessions whose rows were deleted at once: zero retention, or a framework's table.
    pub deleted: u64,
    /// Reason why it stopped early.
    pub stopped: Option<StopReason>,
    /// Description of the obstacle that stopped it.
    pub obstacle: Option<String>,
    /// Ended sessions that hooks were not notified of.
    pub missed_notifications: Option<MissedNotifications>,
    /// Live sessions that may match but were kept: the filter has a user, theirs is unreadable.
    pub unreadable_users: u64,
    /// Sessions of a framework table that are still live because other rows refer to them or
    /// the database rejected the deletion.
    pub kept: KeptRows,
    /// Reason why the ledger lacks the end of the run.
    pub unrecorded: Option<String>,
}

impl CycleReport {
    fn is_complete(&self) -> bool {
        self.stopped.is_none() && self.incomplete_reason().is_none()
    }

    /// Describes why it is incomplete; `None`: it is complete.
    pub fn incomplete_reason(&self) -> Option<String> {
        let kept = match self.kept.referenced_rows() {
            _ if self.kept.is_known => None,
            0 => None,
            1 => Some("1 session was kept because other rows refer to it".to_owned()),
            rows => Some(format!("{rows} sessions were kept because other rows refer to them")),
        };
        let reasons: Vec<String> = kept.into_iter().chain(rejected(&self.kept)).collect();
        let kept = Some(reasons.join("; ")).filter(|reasons| !reasons.is_empty());
        let missed = self.missed_notifications.as_ref();
        incomplete_reason(self.stopped, self.obstacle.as_deref(), missed, kept)
    }
}

impl SessionService {
    /// Ends the sessions that match a filter and have not ended, live or due, and passes each
    /// to `show` after the commit.
    ///
    /// Each batch is a separate transaction: if a later one fails or `go_on` stops it, the
    /// earlier ones stay committed, and a repetition resumes there.
    ///
    /// # Errors
    /// [`Error::Guard`] if it would end more than the guard allows: nothing has ended then, and the
    /// ledger records the refusal. [`Error::MissingAttributes`] and [`Error::OtherTask`] if the
    /// table cannot have such sessions. [`Error::Refused`] if deletion is not allowed. Any error of
    /// reading or writing the table.
    pub fn cycle(
        &mut self,
        request: &CycleRequest,
        now: UnixTime,
        show: &mut dyn FnMut(&Session),
        go_on: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<CycleReport> {
        let task = request.filter.task.as_ref().map(TaskPattern::as_str);
        let run = self.new_run(CYCLE, task, None, &request.note, now);
        let mut entry = self.run_entry(self.new_holder()?, run, RunOutcome::Running);
        let (mut cycled, run) = (CycleReport::default(), CycleRecord::by_hand(&mut entry));
        let result = self.cycle_until(request, now, run, show, go_on, &mut cycled);
        let recorded = self.finish_cycle(entry, &cycled, &result);
        cycled.unrecorded = recorded.err().map(|error| error.with_causes());
        result.map(|()| cycled)
    }

    /// Records the end of a cycle that is not a run of a job. One that failed is recorded if
    /// its guard refused it, or if it has ended sessions; one that matched none, if it has a
    /// reason of its caller.
    fn finish_cycle(
        &mut self,
        mut entry: RunEntry,
        cycled: &CycleReport,
        result: &Result<()>,
    ) -> Result<()> {
        let has_changes = cycled.ended > 0;
        let result = match result {
            Ok(()) if !has_changes && entry.run.note.why.is_none() && cycled.is_complete() => {
                return Ok(());
            }
            Ok(()) => RunResult::of(cycled.stopped, cycled.incomplete_reason()),
            Err(error @ Error::Guard(_)) => RunResult::Failed(error),
            Err(error) if has_changes => RunResult::Failed(error),
            Err(_) => return Ok(()),
        };
        let counts = RunCounts { marked: 0, ended: cycled.ended, deleted: cycled.deleted };
        let mut end = result.end(self.time_in(&entry), counts);
        if !has_changes && end.outcome == RunOutcome::Done {
            end.reason = Some("no session matched".to_owned());
        }
        if has_changes {
            let RunEntry { run, .. } = &entry;
            let (task, note) = (run.task.clone(), run.note.clone());
            let task = task.as_deref();
            self.observe(&EndedRun { work: CYCLE, task, note: &note, job: None, end: &end });
        }
        self.record_pending(&mut entry)?;
        self.store.record_end(&entry.holder, &entry.run, &end)
    }

    /// Passes the sessions that [`cycle`](Self::cycle) would end to `show`, and returns the
    /// result that it would have.
    ///
    /// # Errors
    /// Any error of reading the table.
    pub fn preview_cycle(
        &self,
        request: &CycleRequest,
        now: UnixTime,
        show: &mut dyn FnMut(&Session),
    ) -> Result<CycleReport> {
        let selection = self.select(&request.filter, request.limit, true, now)?;
        self.preview_in_batches(&selection, now, |batch| self.name_users(batch), show)
    }

    /// Returns the number of sessions that [`cycle`](Self::cycle) would end.
    ///
    /// # Errors
    /// Any error of reading the table.
    pub fn count_cycle(&self, request: &CycleRequest, now: UnixTime) -> Result<u64> {
        let selection = self.select(&request.filter, request.limit, true, now)?;
        self.count_selected(&selection, now)
    }

    pub(super) fn count_selected(&self, selection: &Selection<'_>, now: UnixTime) -> Result<u64> {
        Ok(self.preview_in_batches(selection, now, |_| Ok(()), &mut |_| {})?.ended)
    }

    fn preview_in_batches(
        &self,
        selection: &Selection<'_>,
        now: UnixTime,
        prepare: impl Fn(&mut [Session]) -> Result<()>,
        show: &mut dyn FnMut(&Session),
    ) -> Result<CycleReport> {
        let unreadable_users = selection.unreadable_users;
        let mut cycled = CycleReport { unreadable_users, ..CycleReport::default() };
        let mut after = None;
        loop {
            let mut batch = self.next_selected(selection, now, after.as_ref(), BATCH)?;
            prepare(&mut batch.sessions)?;
            let (ends, kept) = self.would_end(&batch.sessions)?;
            cycled.ended += ends.len() as u64;
            cycled.unreadable_users += batch.unreadable_users;
            cycled.kept.add(kept);
            ends.into_iter().for_each(&mut *show);
            after = batch.next;
            if after.is_none() {
                return Ok(cycled);
            }
        }
    }

    /// Reports whether the table has ever had a matching task.
    ///
    /// # Errors
    /// Any error of reading the table.
    pub fn knows_task(&self, task: &TaskPattern) -> Result<bool> {
        Ok(self.store.task_names()?.has(task))
    }

    /// Returns those of these sessions that would end, and those that would be kept.
    fn would_end<'s>(&self, sessions: &'s [Session]) -> Result<(Vec<&'s Session>, KeptRows)> {
        let keys: Vec<SessionKey> = sessions.iter().map(|session| session.key.clone()).collect();
        let (are_kept, kept) = self.store.check_references(&keys)?;
        let ends = sessions.iter().zip(are_kept).filter(|(_, is_kept)| !is_kept);
        Ok((ends.map(|(session, _)| session).collect(), kept))
    }

    /// Returns the sessions that were to end and were kept since the last call.
    pub fn take_kept(&mut self) -> KeptRows {
        self.store.take_kept()
    }

    /// Lists the tables without an index, which each deletion of a session reads as a whole.
    ///
    /// # Errors
    /// Any error of reading the schema.
    pub fn unindexed(&self) -> Result<Vec<UnindexedTable>> {
        self.store.unindexed()
    }

    /// Reports whether a guard allows a cycle to end this number of sessions.
    ///
    /// # Errors
    /// Any error of reading the table.
    pub fn check_cycle_guard(
        &self,
        would_end: u64,
        guard: Guard,
        now: UnixTime,
    ) -> Result<std::result::Result<(), GuardRefusal>> {
        if !guard.is_set() {
            return Ok(Ok(()));
        }
        let scan = self.store.scan_due(&self.scope(None, now), None, ScanLimits::ALL)?;
        Ok(guard.check(impact(would_end, scan.counts.sessions)))
    }

    pub(super) fn end_cycled(
        &mut self,
        sessions: &[Session],
        now: UnixTime,
        entry: &mut RunEntry,
    ) -> Result<Vec<bool>> {
        self.end_sessions(sessions, End { at: now, reason: EndReason::Cycled }, Some(entry))
    }

    /// Records the peaks of all tasks before many sessions end; returns the number of all sessions.
    pub(super) fn record_peaks(&mut self, now: UnixTime) -> Result<u64> {
        let scan = self.store.scan_due(&self.scope(None, now), None, ScanLimits::ALL)?;
        match self.store.record_peaks(&scan.sessions) {
            // A missing peak does not prevent sessions from ending.
            Err(error) if error.is_disk_full() => {}
            recorded => recorded?,
        }
        Ok(scan.counts.sessions)
    }
}

pub(super) fn deletes_row(policies: &Policies, session: &Session) -> bool {
    session.expiry.is_some() || policies.for_task(&session.task).retention == Some(Span::ZERO)
}

/// Returns what a cycle would end, for its guard: all sessions of the table count.
pub(super) fn impact(would_end: u64, sessions: u64) -> RunImpact {
    RunImpact { work: GuardedRun::Cycle, task: None, sessions, would_end, backlog: 0 }
}
