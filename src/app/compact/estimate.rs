//! Estimate of what a compaction gives back, and what it needs.

use crate::app::service::SessionService;
use crate::domain::error::Result;
use crate::storage::{DiskUsage, SpaceRequirement};

/// Bytes that a rebuild writes for each byte of the new file: a temporary copy, then the log or
/// the old pages in the journal, then the file.
const REBUILD_WRITES: u64 = 3;
/// Bytes that steps write for each byte that they free: the page that fills a free one goes to
/// the log or the journal, then to the file.
const STEP_WRITES: u64 = 2;

/// Estimate for a database whose rows stay as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CompactEstimate {
    pub usage: DiskUsage,
    /// Unused bytes in partly filled pages, by a sample; `None`: unknown, as in the file of an
    /// application.
    pub slack: Option<u64>,
    /// Temporary disk space that a rebuild needs.
    pub rebuild_space: SpaceRequirement,
}

impl CompactEstimate {
    /// Bytes that steps give back: the free pages, or nothing in a file without incremental
    /// vacuum.
    pub const fn freed_by_steps(&self) -> u64 {
        if self.usage.steps_possible { self.usage.free_bytes() } else { 0 }
    }

    /// Bytes that a rebuild gives back: the free pages, and what partly filled pages have unused
    /// as far as that is known.
    pub fn freed_by_rebuild(&self) -> u64 {
        self.usage.free_bytes().saturating_add(self.slack.unwrap_or(0)).min(self.used_bytes())
    }

    /// Bytes that the steps write in all; writers go on meanwhile.
    pub const fn written_by_steps(&self) -> u64 {
        self.freed_by_steps() * STEP_WRITES
    }

    /// Bytes that a rebuild writes in all; writers wait meanwhile.
    pub fn written_by_rebuild(&self) -> u64 {
        (self.used_bytes() - self.freed_by_rebuild()) * REBUILD_WRITES
    }

    /// Bytes of the database, which the file may not have yet or still has.
    const fn used_bytes(&self) -> u64 {
        self.usage.pages * self.usage.page_size
    }
}

impl SessionService {
    /// Estimates a compaction without changing anything. It reads only a sample of the table.
    ///
    /// # Errors
    /// [`Error::Refused`](crate::Error::Refused) for a cluster, whose nodes maintain their own
    /// files, and any error of reading the database.
    pub fn estimate_compaction(&mut self) -> Result<CompactEstimate> {
        let vacuum = self.vacuumable()?;
        Ok(CompactEstimate {
            usage: vacuum.disk_usage()?,
            slack: vacuum.unused_bytes()?,
            rebuild_space: vacuum.space_requirement()?,
        })
    }
}
