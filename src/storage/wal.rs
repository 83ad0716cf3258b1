//! The log that changes go to before they reach the database itself.

use std::time::Duration;

use crate::domain::error::Result;

/// How large a write-ahead log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WalStatus {
    /// Bytes that are in use. A log that has been moved into the database as a whole
    /// is used again from its beginning by the next one who writes.
    pub bytes: u64,
    /// Bytes of them that have not been moved into the database.
    pub pending: u64,
    /// Whether somebody has kept an attempt to move it as a whole from succeeding.
    pub is_in_use: bool,
}

/// How hard to try to get the log into the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckpointMode {
    /// Nobody waits for it: neither who writes nor who reads.
    Passive,
    /// Who writes waits while the last bit is moved, and who reads is waited for,
    /// both for at most about so long.
    Restart(Duration),
    /// Nobody waits for it, and if nobody uses the log at this moment, its file is cut
    /// off.
    Truncate,
}

/// The write-ahead log of a SQLite file. In another journal mode, a method does nothing
/// and answers `None`.
#[expect(clippy::missing_errors_doc, reason = "whatever keeps the database from being read")]
pub trait Wal {
    /// From now on, commits over this connection leave the log as it is, or move it
    /// into the database once in a while again.
    fn keep_log(&self, keep: bool) -> Result<()>;

    /// How large the log is.
    fn wal_status(&self) -> Result<Option<WalStatus>>;

    /// Moves what it can from the log into the database, and answers what the log is
    /// then. What somebody still reads of an older state stays.
    fn checkpoint(&self, effort: CheckpointMode) -> Result<Option<WalStatus>>;
}
