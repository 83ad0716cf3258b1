use super::timing::WriteTiming;
use crate::domain::error::Result;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DiskUsage {
    pub page_size: u64,
    /// Pages of the database, including free pages.
    pub pages: u64,
    pub free_pages: u64,
    /// True if incremental vacuum is enabled.
    pub steps_possible: bool,
    pub file_bytes: u64,
    /// Length of the write-ahead log or rollback journal.
    pub log_bytes: u64,
}

impl DiskUsage {
    pub const fn bytes(&self) -> u64 {
        self.file_bytes + self.log_bytes
    }

    pub const fn free_bytes(&self) -> u64 {
        self.free_pages * self.page_size
    }

    /// Bytes of the file beyond the last page of the database. The checkpoint that moves
    /// the rest of the log truncates the file.
    pub const fn untruncated_bytes(&self) -> u64 {
        self.file_bytes.saturating_sub(self.pages * self.page_size)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct VacuumStep {
    pub pages: u64,
    pub timing: WriteTiming,
}

/// Temporary disk space for a full vacuum, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SpaceRequirement {
    /// Bytes in the directory of the database.
    pub data: u64,
    /// Bytes in the directory for temporary files.
    pub temporary: u64,
}

/// Polled during a long operation; `true` cancels it.
pub type CancelCheck = Box<dyn FnMut() -> bool + Send>;

/// A method that fails has changed nothing.
pub trait Vacuum {
    fn disk_usage(&self) -> Result<DiskUsage>;

    /// Estimate of the unused bytes within pages in use, from a sample; `None`: the file has more
    /// than sessions. Only a full vacuum reclaims them.
    fn unused_bytes(&self) -> Result<Option<u64>>;

    /// Reports whether another process uses the file, as far as its locks tell: with a
    /// write-ahead log, each open connection holds one, otherwise each that is reading or writing.
    fn is_in_use(&self) -> Result<bool>;

    /// Removes up to this many free pages in one write transaction. Pages in use are moved
    /// from the end of the file to free pages.
    fn incremental_vacuum(&mut self, pages: usize) -> Result<VacuumStep>;

    fn space_requirement(&self) -> Result<SpaceRequirement>;

    /// Rebuilds the database without free pages and with full ones; if it holds sessctl's own
    /// table, enables [`incremental_vacuum`](Self::incremental_vacuum). Returns `false` if
    /// `is_canceled` canceled it; nothing has changed then. It blocks other writers until it ends.
    fn vacuum(&mut self, is_canceled: CancelCheck) -> Result<bool>;
}
