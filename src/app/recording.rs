//! Records of runs at work: entries of the ledger that name the ended sessions.

use std::time::Duration;

use super::run::ActiveRun;
use crate::domain::time::UnixTime;
use crate::storage::{EndedSession, NewRun, RunOutcome, RunProgress};

/// Entry of a run. The ledger gets it with the first session that ends.
pub(super) struct RunEntry {
    pub(super) holder: String,
    pub(super) run: NewRun,
    /// Outcome that the ledger shows while nothing follows.
    pub(super) outcome: RunOutcome,
    /// Reading of the clock of the service at the start.
    pub(super) begun: Duration,
    /// Ended sessions that the ledger does not have yet.
    pub(super) pending: Vec<EndedSession>,
}

/// Records of a cycle while it is at work.
pub(super) struct CycleRecord<'a> {
    /// Run of a job, whose lease must hold; `None`: it is by hand, and has no lease.
    pub(super) active: Option<&'a mut ActiveRun>,
    pub(super) entry: &'a mut RunEntry,
}

impl<'a> CycleRecord<'a> {
    pub(super) const fn by_hand(entry: &'a mut RunEntry) -> Self {
        Self { active: None, entry }
    }
}

impl RunEntry {
    pub(super) fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    pub(super) fn progress<'a>(
        &'a self,
        at: UnixTime,
        sessions: &'a [EndedSession],
    ) -> RunProgress<'a> {
        let Self { holder, run, outcome, .. } = self;
        RunProgress { holder, run, outcome: *outcome, at, sessions }
    }
}

/// Run whose sessions are closed batch by batch.
pub(super) struct CloseRun {
    pub(super) entry: RunEntry,
    pub(super) ended: u64,
    pub(super) deleted: u64,
}
