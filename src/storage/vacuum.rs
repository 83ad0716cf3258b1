//! What a store takes up on its file system, and how it gives some of that back.

use std::time::Duration;

use crate::domain::error::Result;

/// What a store takes up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DiskUsage {
    /// Bytes in a page.
    pub page_size: u64,
    /// Pages that the database has, those that are free among them.
    pub pages: u64,
    /// Pages that hold nothing, and wait to be used again.
    pub free_pages: u64,
    /// Whether free pages can be given back some at a time.
    pub steps_possible: bool,
    /// The length of its file.
    pub file_bytes: u64,
    /// The length of the log beside it.
    pub log_bytes: u64,
}

impl DiskUsage {
    /// Bytes that the file system has given to it.
    pub const fn bytes(&self) -> u64 {
        self.file_bytes + self.log_bytes
    }

    /// Bytes that lie in free pages.
    pub const fn free_bytes(&self) -> u64 {
        self.free_pages * self.page_size
    }

    /// Bytes that the file still has beyond the last page of the database. It is cut
    /// when the log has been worked into it.
    pub const fn overhang(&self) -> u64 {
        self.file_bytes.saturating_sub(self.pages * self.page_size)
    }
}

/// What one step has given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct VacuumStep {
    /// Free pages that the database is shorter by.
    pub pages: u64,
    /// For how long the step held the write lock.
    pub hold: Duration,
}

/// The room that a rebuild takes until it is done, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SpaceRequirement {
    /// In the folder of the database.
    pub beside: u64,
    /// In the folder for temporary files.
    pub temporary: u64,
}

/// Asked now and then whether long work is to go on.
pub type CancelCheck = Box<dyn FnMut() -> bool + Send>;

/// The files of a store.
///
/// As with [`Sessions`](super::Sessions), a method that fails has changed nothing.
#[expect(clippy::missing_errors_doc, reason = "they are the same for all, as said above")]
pub trait Vacuum {
    /// What it takes up.
    fn disk_usage(&self) -> Result<DiskUsage>;

    /// About how many bytes lie within pages that are in use, by a sample: only a
    /// rebuild gives them back.
    fn unused_bytes(&self) -> Result<u64>;

    /// Gives back up to so many free pages, in one write transaction. Those that are in
    /// use at the end of the file take their places.
    fn incremental_vacuum(&mut self, pages: usize) -> Result<VacuumStep>;

    /// What a rebuild would take.
    fn space_requirement(&self) -> Result<SpaceRequirement>;

    /// Writes the database anew, without free pages and with full ones, so that from
    /// then on [`incremental_vacuum`](Self::incremental_vacuum) has a use. Answers whether it came to its end:
    /// not if it was told to leave off, and then nothing has changed. Nobody else can
    /// write until it is done.
    fn vacuum(&mut self, leave: CancelCheck) -> Result<bool>;
}
