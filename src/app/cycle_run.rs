//! Batches of a cycle.

use std::ops::ControlFlow;

use super::batch_loop::{BatchLoop, BatchWork, LoopResult, stop_reason};
use super::cycle::{BATCH, CycleReport, CycleRequest, deletes_row, impact};
use super::recording::{CycleRecord, RunEntry};
use super::selection::{SelectedBatch, Selection};
use super::service::SessionService;
use super::stop::StopReason;
use crate::domain::error::{Error, InterruptReason, Result};
use crate::domain::session::{Session, SessionKey};
use crate::domain::time::UnixTime;

/// Sessions that may be opened during a cycle, in addition to as many as there were.
const MAX_NEW: u64 = 100_000;
const ROWS_KEEP_COMING: &str =
    "rows are inserted as fast as sessions end; check the table for a trigger that inserts them";

struct CycleRun<'a> {
    selection: Selection<'a>,
    now: UnixTime,
    /// Number of further sessions beyond which it does not come to an end.
    left: u64,
    /// Key after which the next batch begins.
    after: Option<SessionKey>,
    /// Maximum number of sessions in a batch.
    max: usize,
    /// Set if the names of the users are shown.
    has_names: bool,
    entry: &'a mut RunEntry,
    show: &'a mut dyn FnMut(&Session),
    go_on: &'a mut dyn FnMut() -> ControlFlow<()>,
    cycled: &'a mut CycleReport,
}

impl BatchWork for CycleRun<'_> {
    fn go_on(&mut self) -> ControlFlow<()> {
        (self.go_on)()
    }

    fn run_batch(&mut self, batches: &mut BatchLoop<'_>) -> LoopResult<bool> {
        let service = &mut *batches.service;
        let SelectedBatch { sessions: mut batch, next, unreadable_users } =
            service.next_selected(&self.selection, self.now, self.after.as_ref(), self.max)?;
        let done = match service.end_cycled(&batch, self.now, self.entry) {
            Err(Error::DiskFull { .. }) if batch.len() > 1 => {
                self.max = batch.len() / 2;
                return self.run_batch(batches);
            }
            Err(error @ Error::Interrupted { cause: InterruptReason::Asked, .. }) => {
                self.cycled.unreadable_users += unreadable_users;
                self.cycled.obstacle = Some(format!("it {error}"));
                return Err(StopReason::Signal.into());
            }
            done => done?,
        };
        self.cycled.unreadable_users += unreadable_users;
        if self.has_names {
            // The sessions have ended: without names, their ids are shown.
            let _ = service.name_users(&mut batch);
        }
        for (session, _) in batch.iter().zip(done).filter(|(_, done)| *done) {
            self.cycled.ended += 1;
            self.cycled.deleted += u64::from(deletes_row(&service.policies, session));
            (self.show)(session);
        }
        if next.is_none() {
            return Ok(false);
        }
        let left = self.left.checked_sub(batch.len() as u64);
        self.left =
            left.ok_or_else(|| Error::failed("reach the end of the sessions", ROWS_KEEP_COMING))?;
        self.after = next;
        batches.keep_lease(self)?;
        Ok(true)
    }
}

impl SessionService {
    /// Ends sessions like [`cycle`](Self::cycle), while the run has its lease, if any. The
    /// caller records the end of the run. If it fails, `cycled` has what it has done.
    pub(super) fn cycle_until(
        &mut self,
        request: &CycleRequest,
        now: UnixTime,
        record: CycleRecord<'_>,
        show: &mut dyn FnMut(&Session),
        go_on: &mut dyn FnMut() -> ControlFlow<()>,
        cycled: &mut CycleReport,
    ) -> Result<()> {
        let CycleRequest { filter, limit, guard, run_time, .. } = request;
        let CycleRecord { active, entry } = record;
        let begun = self.timer.now();
        let until = run_time.and_then(|time| self.timer.now().checked_add(time));
        self.ensure_can_delete()?;
        let selection = self.select(filter, *limit, true, now)?;
        cycled.unreadable_users += selection.unreadable_users;
        let sessions = self.record_peaks(now)?;
        if guard.is_set() {
            let would_end = self.count_selected(&selection, now)?;
            guard.check(impact(would_end, sessions))?;
        }
        let left = sessions.saturating_mul(2).saturating_add(MAX_NEW);
        // Nobody watches a job.
        let has_names = active.is_none();
        let (after, max) = (None, BATCH);
        let mut run =
            CycleRun { selection, now, left, after, max, has_names, entry, show, go_on, cycled };
        let mut batches = BatchLoop { service: self, active, until };
        run.cycled.stopped = stop_reason(batches.run(&mut run))?;
        cycled.missed_notifications = self.take_missed_notifications();
        cycled.kept = self.take_kept();
        let took = self.timer.elapsed(begun);
        self.record_cycle(cycled, took, now);
        Ok(())
    }
}
