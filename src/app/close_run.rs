//! Closes of one command as a run.

use super::cycle::deletes_row;
use super::recording::CloseRun;
use super::run::EndedRun;
use super::service::SessionService;
use crate::domain::error::Result;
use crate::domain::session::{End, Session};
use crate::domain::time::UnixTime;
use crate::storage::{RunEnd, RunNote, RunOutcome};

impl SessionService {
    /// Records the sessions that are closed from now on as one run, which begins at `now`. A run
    /// that closes no session leaves no record.
    ///
    /// # Errors
    /// Any error of drawing random bits.
    pub fn record_closes(&mut self, note: &RunNote, now: UnixTime) -> Result<()> {
        let run = self.new_run("close", None, None, note, now);
        // Each batch is complete by itself.
        let entry = self.run_entry(self.new_holder()?, run, RunOutcome::Done);
        self.closes = Some(CloseRun { entry, ended: 0, deleted: 0 });
        Ok(())
    }

    /// Ends the run that records closes. With a reason, it is incomplete. Reports whether there
    /// is a record of it.
    ///
    /// # Errors
    /// Any error of writing the ledger; the sessions have ended nevertheless.
    pub fn finish_closes(&mut self, incomplete_reason: Option<String>) -> Result<bool> {
        let Some(CloseRun { mut entry, ended, deleted }) = self.closes.take() else {
            return Ok(false);
        };
        if ended == 0 {
            return Ok(false);
        }
        let is_complete = incomplete_reason.is_none();
        let end = RunEnd {
            finished: self.time_in(&entry),
            outcome: if is_complete { RunOutcome::Done } else { RunOutcome::Partial },
            reason: incomplete_reason,
            marked: 0,
            ended,
            deleted,
            last_settled_at: None,
        };
        let note = &entry.run.note.clone();
        self.observe(&EndedRun { work: "close", task: None, note, job: None, end: &end });
        self.record_pending(&mut entry)?;
        if !is_complete {
            self.store.record_end(&entry.holder, &entry.run, &end)?;
        }
        Ok(true)
    }

    /// Closes live sessions, in the run that records them, if any.
    pub(super) fn close_sessions(&mut self, live: &[Session], end: End) -> Result<Vec<bool>> {
        let Some(mut run) = self.closes.take() else { return self.end_sessions(live, end, None) };
        let closed = self.end_sessions(live, end, Some(&mut run.entry));
        for (session, _) in live.iter().zip(closed.iter().flatten()).filter(|(_, done)| **done) {
            run.ended += 1;
            run.deleted += u64::from(deletes_row(&self.policies, session));
        }
        self.closes = Some(run);
        closed
    }
}
