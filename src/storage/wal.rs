use std::time::Duration;

use crate::domain::error::Result;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WalStatus {
    /// Bytes in use. After a complete checkpoint, the next writer restarts the log.
    pub bytes: u64,
    /// Bytes not yet checkpointed.
    pub pending: u64,
    /// True if another connection prevented a complete checkpoint.
    pub is_in_use: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckpointMode {
    /// Blocks neither writers nor readers.
    Passive,
    /// Blocks writers during the last part, and waits for readers; each for at most about
    /// this time.
    Restart(Duration),
    /// Waits for no other connection; truncates the log if no connection uses it.
    Truncate,
}

/// The write-ahead log of an SQLite file. In another journal mode, a method does nothing
/// and returns `None`.
pub trait Wal {
    /// Enables or disables automatic checkpoints at commits of this connection.
    fn set_autocheckpoint(&self, is_enabled: bool) -> Result<()>;

    fn wal_status(&self) -> Result<Option<WalStatus>>;

    /// Moves as much of the log into the database as readers allow, and returns the size
    /// of the log afterwards.
    fn checkpoint(&self, mode: CheckpointMode) -> Result<Option<WalStatus>>;
}
