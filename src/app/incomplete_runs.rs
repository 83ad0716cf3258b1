//! Incomplete runs of a job in a row.

use std::ops::ControlFlow;

use super::service::SessionService;
use crate::domain::error::Result;
use crate::domain::job::Job;
use crate::domain::time::UnixTime;
use crate::storage::{RunOutcome, RunQuery};

/// Runs that are read at most: the ledger may have those of many months.
const MAX_RUNS: u64 = 10_000;

/// The latest runs of a job, none of which was complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IncompleteRuns {
    pub count: u64,
    /// Start of the first one.
    pub since: UnixTime,
}

impl SessionService {
    /// Returns the incomplete runs since the last run of a job that was complete; `None`: the
    /// latest one was.
    ///
    /// 1. A run that stopped early and one that was lost, because its process died, are
    ///    incomplete.
    /// 2. A run that is skipped did not take place, and does not count.
    /// 3. Any other run ends the row: one that failed or was refused was reported as such.
    /// 4. A job that is tied to a host has only the runs of this one.
    ///
    /// # Errors
    /// Any error of reading the ledger.
    pub fn incomplete_runs(&self, job: &Job, now: UnixTime) -> Result<Option<IncompleteRuns>> {
        let query =
            RunQuery { job: Some(job.name.clone()), limit: Some(MAX_RUNS), ..RunQuery::default() };
        let mut row: Option<IncompleteRuns> = None;
        self.runs(&query, now, &mut |run| {
            let is_of_other_host = job.host.is_some() && run.origin.host != self.origin.host;
            Ok(match run.outcome {
                _ if is_of_other_host => ControlFlow::Continue(()),
                RunOutcome::Partial | RunOutcome::Lost => {
                    let count = row.map_or(0, |row| row.count) + 1;
                    row = Some(IncompleteRuns { count, since: run.started });
                    ControlFlow::Continue(())
                }
                RunOutcome::Skipped | RunOutcome::Running => ControlFlow::Continue(()),
                RunOutcome::Done | RunOutcome::Refused | RunOutcome::Failed => {
                    ControlFlow::Break(())
                }
            })
        })?;
        Ok(row)
    }
}
