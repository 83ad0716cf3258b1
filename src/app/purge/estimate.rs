//! Space and time of a purge, and the space that it leaves in the file.

use std::time::Duration;

use crate::app::service::SessionService;
use crate::domain::error::Result;
use crate::domain::time::UnixTime;
use crate::storage::{DiskUsage, RunRecord};

/// Changed rows below which the duration of a run says little about that of another.
const MIN_ROWS: u64 = 1_000;

/// Estimates of a dry run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PurgeEstimate {
    /// Size of the rows that it would delete, by the mean size of a sample; `None`: unknown.
    pub bytes: Option<u64>,
    /// Duration, by the last purge that completed; `None`: there is none that changed many rows.
    pub time: Option<Duration>,
}

impl SessionService {
    /// Estimates what a purge would cost that deletes `deleted` rows and changes `changed`, these
    /// included.
    ///
    /// # Errors
    /// Any error of reading the ledger.
    pub fn estimate_purge(
        &self,
        deleted: u64,
        changed: u64,
        now: UnixTime,
    ) -> Result<PurgeEstimate> {
        // Without a sample there is no estimate: the purge works all the same.
        let row = self.store.mean_row_bytes().unwrap_or_default();
        let last = self.purge_history(now)?.completed;
        Ok(PurgeEstimate {
            bytes: row.map(|bytes| bytes.saturating_mul(deleted)),
            time: last.and_then(|run| time_at_rate_of(&run, changed)),
        })
    }

    /// Returns the use of the file; `None` for a cluster, or if it is unknown.
    pub fn disk_usage(&self) -> Option<DiskUsage> {
        self.inspect_file().ok().flatten().map(|file| file.usage)
    }
}

/// Duration of a run that changes this many rows, at the rate of another. The ledger has whole
/// seconds, so the other one counts as one second longer.
fn time_at_rate_of(run: &RunRecord, changed: u64) -> Option<Duration> {
    let rows = run.marked + run.ended.max(run.deleted);
    let seconds = u64::try_from(run.finished?.since(run.started).as_seconds()).ok()? + 1;
    if rows < MIN_ROWS {
        return None;
    }
    let micros = u128::from(seconds) * 1_000_000 * u128::from(changed) / u128::from(rows);
    u64::try_from(micros).ok().map(Duration::from_micros)
}
