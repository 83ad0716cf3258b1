//! Properties of a database and its past runs that show its health. Nothing is changed.

use std::ops::ControlFlow;

use super::service::SessionService;
use crate::domain::error::{Error, Result};
use crate::domain::time::UnixTime;
use crate::storage::{
    FileInspection, Replicator, ReplicatorActivity, RunOutcome, RunQuery, RunRecord,
    TableInspection,
};

/// The last purges of a database, by hand or by job, for any tasks.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PurgeHistory {
    /// Last purge that completed.
    pub completed: Option<RunRecord>,
    /// Last purge since then that ended otherwise.
    pub failed: Option<RunRecord>,
}

impl PurgeHistory {
    /// End of the last purge that completed.
    pub fn completed_at(&self) -> Option<UnixTime> {
        self.completed.as_ref().map(|run| run.finished.unwrap_or(run.started))
    }
}

impl SessionService {
    /// Returns the properties of the file; `None` for a cluster.
    ///
    /// # Errors
    /// Any error of reading the database.
    pub fn inspect_file(&self) -> Result<Option<FileInspection>> {
        self.store.inspect_file()
    }

    /// Returns the properties of a framework's table; `None`: the table is native.
    ///
    /// # Errors
    /// Any error of reading the database.
    pub fn inspect_table(&self) -> Result<Option<TableInspection>> {
        self.store.inspect_table()
    }

    /// Returns the reason why the table refuses to be purged, if any, such as a trigger, or values
    /// that do not match the profile.
    ///
    /// # Errors
    /// Any error of reading the database.
    pub fn purge_obstacle(&self) -> Result<Option<Error>> {
        match self.ensure_can_delete().and_then(|()| self.store.validate()) {
            Err(obstacle @ (Error::Refused(_) | Error::ValueMismatch { .. })) => Ok(Some(obstacle)),
            Err(Error::UnconfirmedProfile(_)) => Ok(None),
            checked => checked.map(|()| None),
        }
    }

    /// Returns the replicator of the database, if one is set up, with the traces of its work.
    ///
    /// # Errors
    /// Any error of reading the database.
    pub fn replication(&self) -> Result<Option<(Replicator, ReplicatorActivity)>> {
        let Some(wal) = self.store.wal() else { return Ok(None) };
        let Some(replicator) = wal.replicator()? else { return Ok(None) };
        Ok(Some((replicator, wal.replicator_activity()?)))
    }

    /// Returns the last purge that completed, and the last failure since.
    ///
    /// # Errors
    /// Any error of reading the ledger.
    pub fn purge_history(&self, now: UnixTime) -> Result<PurgeHistory> {
        let mut history = PurgeHistory::default();
        self.runs(&RunQuery::default(), now, &mut |run| {
            if run.work != "purge" {
                return Ok(ControlFlow::Continue(()));
            }
            match run.outcome {
                RunOutcome::Done => history.completed = Some(run),
                RunOutcome::Running | RunOutcome::Skipped => {}
                RunOutcome::Partial
                | RunOutcome::Refused
                | RunOutcome::Failed
                | RunOutcome::Lost => history.failed = history.failed.take().or(Some(run)),
            }
            Ok(if history.completed.is_some() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            })
        })?;
        Ok(history)
    }
}
