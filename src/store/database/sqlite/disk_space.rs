//! Free space of the file system as a limit of the write-ahead log: a checkpoint needs space
//! for the pages by which it extends the database.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, Result, Transaction, ffi};
use rustix::fs::statvfs;

use super::locking;
use super::wal::BUSY_TIMEOUT;
use crate::storage::CheckpointMode;
use crate::store::database::sqlite::wal;

/// Free space, in bytes, above which the log needs no limit.
const AMPLE: u64 = 64 << 20;
/// Free space below which each transaction begins with a checkpoint.
const SCARCE: u64 = 16 << 20;
/// Divisor of the free space for the size at which the log is truncated.
const LOG_SHARE: u64 = 4;
/// Time for which ample space is not checked again.
const RECHECK_INTERVAL: Duration = Duration::from_millis(100);
/// Space in pages that a transaction must leave for the application: if a checkpoint does not
/// extend the database, and if it does.
const RESERVES: [u64; 2] = [4, 8];
/// Space that a transaction may take in the log before its size is known.
const MAX_TRANSACTION: u64 = 4 << 20;

pub(super) struct FreeSpace {
    path: PathBuf,
    /// Time at which the space was last ample.
    ample_since: Cell<Option<Instant>>,
}

impl FreeSpace {
    pub(super) fn of(path: &Path) -> Self {
        Self { path: path.to_owned(), ample_since: Cell::new(None) }
    }

    /// Prepares the log for a transaction. If space is scarce:
    ///
    /// 1. What the log holds is moved into the database, and a log that has more than a
    ///    quarter of the free space besides is cut.
    /// 2. Where somebody who reads keeps pages in the log that the database has no place
    ///    for yet, nothing is written that might take the space for them.
    ///
    /// Thus each transaction begins with a log that a checkpoint can move.
    pub(super) fn prepare(&self, connection: &Connection) -> Result<()> {
        if self.was_ample() {
            return Ok(());
        }
        let free = self.free();
        let Some(log) = wal::status(connection)? else { return Ok(()) };
        let is_large = log.bytes > free / LOG_SHARE;
        if free >= SCARCE && !is_large {
            self.ample_since.set((free >= AMPLE).then(Instant::now));
            return Ok(());
        }
        if log.pending > 0 {
            wal::checkpoint(connection, CheckpointMode::Passive, BUSY_TIMEOUT)?;
        }
        if is_large {
            wal::checkpoint(connection, CheckpointMode::Truncate, BUSY_TIMEOUT)?;
        }
        let growth = self.growth(connection)?;
        if growth == 0 { Ok(()) } else { self.ensure_free(growth + MAX_TRANSACTION) }
    }

    /// Commits a transaction, unless the log would then hold more new pages than there is
    /// space for. Returns the time spent waiting for readers.
    pub(super) fn commit(&self, transaction: &Transaction<'_>) -> Result<Duration> {
        if self.shortage().is_some() && has_log(transaction)? {
            // From here on, the commit itself takes next to nothing.
            transaction.cache_flush()?;
            let growth = self.growth(transaction)?;
            let reserve = RESERVES[usize::from(growth > 0)];
            self.ensure_free(growth + reserve * pragma(transaction, "page_size")?)?;
        }
        locking::commit(transaction)
    }

    /// Free bytes, unless space is ample.
    fn shortage(&self) -> Option<u64> {
        if self.was_ample() {
            return None;
        }
        Some(self.free()).filter(|free| *free < AMPLE)
    }

    fn was_ample(&self) -> bool {
        self.ample_since.get().is_some_and(|at| at.elapsed() < RECHECK_INTERVAL)
    }

    fn free(&self) -> u64 {
        let system = statvfs(&self.path);
        system.map_or(u64::MAX, |system| system.f_bavail.saturating_mul(system.f_frsize))
    }

    /// Fails like SQLite on a full file system if less than `bytes` is free.
    fn ensure_free(&self, bytes: u64) -> Result<()> {
        match self.shortage() {
            Some(free) if free < bytes => {
                let full = ffi::Error::new(ffi::SQLITE_FULL);
                Err(rusqlite::Error::SqliteFailure(full, None))
            }
            _ => Ok(()),
        }
    }

    /// Bytes by which a checkpoint would extend the database.
    fn growth(&self, connection: &Connection) -> Result<u64> {
        let bytes = pragma(connection, "page_count")? * pragma(connection, "page_size")?;
        let length = fs::metadata(&self.path).map_or(bytes, |file| file.len());
        Ok(bytes.saturating_sub(length))
    }
}

fn has_log(connection: &Connection) -> Result<bool> {
    let mut asked = connection.prepare_cached("PRAGMA journal_mode")?;
    asked.query_row([], |row| Ok(row.get_ref(0)?.as_str()? == "wal"))
}

fn pragma(connection: &Connection, name: &str) -> Result<u64> {
    let mut asked = connection.prepare_cached(&format!("PRAGMA {name}"))?;
    asked.query_row([], |row| row.get(0)).map(|number: i64| u64::try_from(number).unwrap_or(0))
}
