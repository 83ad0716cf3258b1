use std::path::PathBuf;
use std::time::{Duration, SystemTime};

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

/// Program that copies the write-ahead log of a database to a replica, and checkpoints it.
/// A checkpoint by another program that restarts the log before it has been copied makes the
/// replicator copy the whole database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replicator {
    /// Name of the program.
    pub name: &'static str,
    /// Directory that it keeps next to the database, if it does.
    pub directory: Option<PathBuf>,
}

/// Traces of the work of a replicator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReplicatorActivity {
    /// Number of its own commits.
    pub commits: i64,
    /// Time at which it last copied a part of the log, if that shows.
    pub copied_at: Option<SystemTime>,
}

/// The write-ahead log of an SQLite file. In another journal mode, questions about the log are
/// answered with `None`.
pub trait Wal {
    /// Prepares the journal for many transactions of this connection, or ends that: a
    /// write-ahead log is not checkpointed at commits, and a rollback journal is not removed.
    fn keep_journal(&self, is_kept: bool) -> Result<()>;

    fn wal_status(&self) -> Result<Option<WalStatus>>;

    /// Moves as much of the log into the database as readers allow, and returns the size
    /// of the log afterwards.
    fn checkpoint(&self, mode: CheckpointMode) -> Result<Option<WalStatus>>;

    /// Finds out whether a replicator is set up for the database.
    fn replicator(&self) -> Result<Option<Replicator>>;

    fn replicator_activity(&self) -> Result<ReplicatorActivity>;
}
