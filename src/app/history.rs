//! History of the table, from the samples of the ledger.

use super::service::SessionService;
use crate::domain::error::Result;
use crate::domain::idle_times::IdleTimes;
use crate::domain::task::TaskPattern;
use crate::domain::time::UnixTime;
use crate::storage::Sample;

impl SessionService {
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
