//! Entries of the ledger that name the sessions that a run has ended.

use super::cycle::deletes_row;
use super::recording::RunEntry;
use super::service::SessionService;
use crate::domain::error::Result;
use crate::domain::session::Session;
use crate::domain::time::{Span, UnixTime};
use crate::storage::{EndRequest, EndedSession, NewRun, RunOutcome};

impl SessionService {
    /// Creates the entry of a run that the ledger has, or does not have yet, under this holder.
    pub(super) fn run_entry(&self, holder: String, run: NewRun, outcome: RunOutcome) -> RunEntry {
        RunEntry { holder, run, outcome, begun: (self.uptime)(), pending: Vec::new() }
    }

    /// The start of the run plus the time by the monotonic clock.
    pub(super) fn time_in(&self, entry: &RunEntry) -> UnixTime {
        let elapsed = (self.uptime)().saturating_sub(entry.begun).as_secs();
        entry.run.started.plus(Span::seconds(i64::try_from(elapsed).unwrap_or(i64::MAX)))
    }

    /// Ends sessions, and records them: in the same transaction if the ledger is in the same
    /// database, and otherwise afterwards.
    pub(super) fn end_recorded(
        &mut self,
        requests: &[EndRequest],
        sessions: &[Session],
        entry: &mut RunEntry,
    ) -> Result<Vec<bool>> {
        let at = self.time_in(entry);
        let ended: Vec<EndedSession> =
            sessions.iter().map(|session| self.ended_session(session)).collect();
        let recorded = self.store.end_in_run(requests, &entry.progress(at, &ended))?;
        if let Some(done) = recorded {
            return Ok(done);
        }
        let done = self.store.end(requests)?;
        let ended = ended.into_iter().zip(&done).filter(|(_, done)| **done);
        entry.pending.extend(ended.map(|(session, _)| session));
        // The sessions have ended: what could not be recorded is recorded with the next.
        let _ = self.record_pending(entry);
        Ok(done)
    }

    fn ended_session(&self, session: &Session) -> EndedSession {
        EndedSession {
            handle: session.handle.clone(),
            user: session.user.clone(),
            is_deleted: deletes_row(&self.policies, session),
        }
    }

    /// Records ended sessions that the ledger does not have yet.
    pub(super) fn record_pending(&mut self, entry: &mut RunEntry) -> Result<()> {
        if entry.has_pending() {
            let at = self.time_in(entry);
            self.store.record_progress(&entry.progress(at, &entry.pending))?;
            entry.pending.clear();
        }
        Ok(())
    }
}
