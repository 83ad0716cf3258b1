//! Opening an SQLite file, if possible without changing anything.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::errno::Errno;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::error::sqlite_error;
use super::interrupt::InterruptHandle;
use super::transactions::Transactions;
use super::wal::BUSY_TIMEOUT;
use super::{Access, SqliteFile, limits, replication};
use crate::domain::error::{Error, Result};
use crate::store::database::memory;
use crate::store::database::sqlite::file;
use crate::store::database::sqlite::file::locks::KeptFile;
use crate::store::database::sqlite::file::sidecars::{DatabaseFiles, ReadMode};
use crate::store::database::sqlite::file::{INPUT_OUTPUT, denied};

const STATEMENT_CACHE: usize = 64;
/// Maximum and minimum page cache, in bytes, for an adopted table: a purge revisits pages of
/// indexes whose order is unrelated to its own. The minimum is SQLite's default.
const MAX_CACHE: u64 = 20 << 20;
const MIN_CACHE: u64 = 2 << 20;
/// Maximum page cache of large transactions, which revisit the same pages until the end: half of
/// the program's limit on SQLite's memory, beyond which statements fail.
const LARGE_CACHE: u64 = 128 << 20;
const MEMORY_SHARE: u64 = 4;

impl SqliteFile {
    pub fn open(path: &Path, access: Access) -> Result<Self> {
        let mut found = DatabaseFiles::at(path)?;
        let _hold = found.hold()?;
        match access {
            Access::Read => Self::open_to_read(path, &found),
            Access::Write => {
                replication::ensure_primary(path)?;
                found.ensure_writable_by_owner()?;
                let file = Self::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
                file.ensure_writable()?;
                if file.has_write_ahead_log()? {
                    file.sync_for_a_log()?;
                    file.keep_log_for_replicator()?;
                }
                Ok(file)
            }
        }
    }

    /// Leaves the log as it is on closing, if a replicator copies it: while that is stopped, this
    /// connection may be the last, which would checkpoint and delete the log.
    fn keep_log_for_replicator(&self) -> Result<()> {
        if replication::litestream_directory(&self.path).is_none() {
            return Ok(());
        }
        let keep = DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
        self.connection.set_db_config(keep, true).map(drop).map_err(|e| self.error("open", e))
    }

    /// Opens a file for reading. SQLite creates a missing write-ahead log and its shared
    /// memory, and can remove them only with write access.
    fn open_to_read(path: &Path, found: &DatabaseFiles) -> Result<Self> {
        let flags = match found.read_mode()? {
            ReadMode::Attached => OpenFlags::SQLITE_OPEN_READ_ONLY,
            ReadMode::Normal => OpenFlags::SQLITE_OPEN_READ_WRITE,
            ReadMode::Immutable => return Self::open_immutable(path),
        };
        let mut file = Self::connect(path, flags)?;
        if found.has_changes() {
            // Else whoever closes it last works its log into it, also after a mere look.
            let keep = DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
            let kept = file.connection.set_db_config(keep, true);
            kept.map_err(|e| file.error("open", e))?;
        }
        if found.is_checkpointed() && (file.is_read_only()? || file.has_write_ahead_log().is_err())
        {
            // Without a log nobody writes to it now. A program that begins to
            // during this very read may spoil the read, never the file.
            file = Self::open_immutable(path)?;
        }
        if found.needs_hold() {
            // The first read attaches to the log.
            file.has_write_ahead_log()?;
        }
        file.pragma("query_only", "ON")?;
        Ok(file)
    }

    /// Opens the file of another program: enforces its foreign keys, and enlarges the page cache.
    pub fn open_foreign(path: &Path, access: Access) -> Result<Self> {
        file::validate_file(path)?;
        let file = Self::open(path, access)?;
        if access == Access::Write {
            file.pragma("foreign_keys", "ON")?;
            file.set_cache_size(cache_size(memory::limit()))?;
        }
        Ok(file)
    }

    pub(super) fn set_cache_size(&self, size: i64) -> Result<()> {
        let set = self.connection.pragma_update(None, "cache_size", size);
        set.map_err(|e| self.error("open", e))
    }

    /// Checks that a file could be opened safely; a file in use under another name could not,
    /// because its log is elsewhere.
    pub fn must_be_safe_to_open(path: &Path) -> Result<()> {
        DatabaseFiles::at(path).map(drop)
    }

    /// True if the write-ahead log of a file is in use, so that opening it creates no files.
    pub fn has_a_log_in_use(path: &Path) -> bool {
        file::has_wal(path) && file::sibling(&file::resolve(path), "-shm").exists()
    }

    /// True if the header of a file is the usual one and has this application id. It is read
    /// without locks, and without opening the database. A file with another header may have
    /// it as well.
    pub fn has_usual_header(path: &Path, application_id: i64) -> bool {
        // 4 KiB pages that end in no bytes of an extension; the versions may be 1 or 2.
        const START: &[u8] = b"SQLite format 3\0\x10\0";
        const FRACTIONS: [u8; 4] = [0, 64, 32, 32];
        if file::validate_file(path).is_err() {
            return false;
        }
        KeptFile::open(path).and_then(|file| file.header()).is_ok_and(|header| {
            header.starts_with(START)
                && header[18..20].iter().all(|version| (1..=2).contains(version))
                && header[20..24] == FRACTIONS
                && header[68..72] == application_id.to_be_bytes()[4..]
        })
    }

    /// Opens a file as immutable: without locks, log or changes, for inspecting a file of
    /// unknown origin.
    ///
    /// # Errors
    /// [`Error::Missing`] if it is not there, [`Error::ForeignDatabase`] if it cannot be
    /// an SQLite database, and whatever keeps SQLite from opening it.
    pub fn open_immutable(path: &Path) -> Result<Self> {
        file::validate_file(path)?;
        let name = file::sqlite_path(path);
        let bytes = name.as_os_str().as_encoded_bytes().iter();
        let name: Vec<String> = bytes.map(|byte| format!("%{byte:02x}")).collect();
        let uri = PathBuf::from(format!("file:{}?immutable=1", name.concat()));
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
        Self::connect_to(&uri, path, flags)
    }

    /// Opens a file for migration; creates a missing file with mode 0600. Answers whether it
    /// was created.
    pub fn create(path: &Path) -> Result<(Self, bool)> {
        replication::ensure_primary(path)?;
        let made = match file::new_file(path) {
            Ok(_) => true,
            Err(e) if e.kind() == ErrorKind::AlreadyExists => false,
            Err(e) if e.kind() == ErrorKind::NotFound => return Err(file::missing_error(path)),
            Err(e) => return Err(file::create_error(path, e)),
        };
        let mut found = DatabaseFiles::at(path)?;
        let _hold = found.hold()?;
        found.ensure_writable_by_owner()?;
        let file = Self::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        file.ensure_writable()?;
        file::restrict_mode_if_empty(path)?;
        Ok((file, made))
    }

    /// Opens a database in memory; messages name it by `path`.
    pub fn in_memory(path: &Path) -> Result<Self> {
        let place = path.display().to_string();
        let connection =
            Connection::open_in_memory().map_err(|e| sqlite_error(&place, "open", e))?;
        Self::set_up(connection, path, place)
    }

    /// Opens a file exclusively, and checkpoints its write-ahead log.
    ///
    /// # Errors
    /// [`Error::Busy`] if another connection uses it, and whatever keeps it from being written.
    pub fn open_alone(path: &Path) -> Result<Self> {
        let file = Self::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        file.ensure_writable()?;
        file.connection.busy_timeout(Duration::ZERO).map_err(|e| file.error("open", e))?;
        file.pragma("locking_mode", "EXCLUSIVE")?;
        file.pragma("journal_mode", "DELETE")?;
        if file.has_write_ahead_log()? {
            return Err(Error::Busy { at: file.place });
        }
        Ok(file)
    }

    /// Runs `act` while the file is locked exclusively.
    pub fn while_locked(&mut self, act: impl FnOnce() -> Result<()>) -> Result<()> {
        let Self { connection, place, .. } = self;
        let to_error = |e| sqlite_error(place, "lock", e);
        let exclusive = TransactionBehavior::Exclusive;
        let transaction = connection.transaction_with_behavior(exclusive).map_err(to_error)?;
        act()?;
        transaction.rollback().map_err(to_error)
    }

    /// Fails for a file that SQLite could open only for reading; it would create a write-ahead
    /// log that it cannot remove before it reports that.
    fn ensure_writable(&self) -> Result<()> {
        if self.is_read_only()? {
            let reason = denied::reason(&self.path);
            let reason = reason.unwrap_or_else(|| readonly_reason(self.opening).to_owned());
            return Err(Error::failed(format!("write to \"{}\"", self.place), reason));
        }
        Ok(())
    }

    fn connect(path: &Path, flags: OpenFlags) -> Result<Self> {
        Self::connect_to(&file::sqlite_path(path), path, flags)
    }

    /// Opens the file `name`; messages name it by `path`.
    fn connect_to(name: &Path, path: &Path, flags: OpenFlags) -> Result<Self> {
        let place = path.display().to_string();
        let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Errno::clear();
        let connection = Connection::open_with_flags(name, flags);
        let opening = Errno::last();
        let connection = connection.map_err(|error| {
            // SQLite does not say why.
            match KeptFile::open(path) {
                Err(e) => file::read_error(path, e),
                Ok(_) => sqlite_error(&place, "open", error),
            }
        })?;
        connection.busy_timeout(BUSY_TIMEOUT).map_err(|e| sqlite_error(&place, "open", e))?;
        Ok(Self { opening, ..Self::set_up(connection, path, place)? })
    }

    pub(super) fn set_up(mut connection: Connection, path: &Path, place: String) -> Result<Self> {
        connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
        let interrupt = InterruptHandle::default();
        let set_up = limits::apply(&connection).and_then(|()| interrupt.watch(&mut connection));
        set_up.map_err(|e| sqlite_error(&place, "open", e))?;
        let (path, transactions, opening) =
            (path.to_owned(), Transactions::of(path), Errno::UnknownErrno);
        Ok(Self { connection, path, place, interrupt, transactions, opening })
    }

    /// Maximum size in bytes of the page cache.
    pub fn max_cache(&self) -> Result<u64> {
        let size = self.connection.pragma_query_value(None, "cache_size", |row| row.get(0));
        let kibibytes: i64 = size.map_err(|e| self.error("open", e))?;
        Ok(kibibytes.unsigned_abs() << 10)
    }

    fn is_read_only(&self) -> Result<bool> {
        self.connection.is_readonly("main").map_err(|e| self.error("open", e))
    }
}

/// Reason why SQLite opened a file read-only although permissions allow writing.
fn readonly_reason(opening: Errno) -> &'static str {
    match opening {
        Errno::EIO | Errno::ENXIO | Errno::ENODEV => INPUT_OUTPUT,
        _ => "it is read-only for this user",
    }
}

/// Value of `PRAGMA cache_size` for a memory limit: KiB, negative by SQLite's convention.
pub fn cache_size(limit: Option<u64>) -> i64 {
    cache_size_up_to(MAX_CACHE, limit)
}

/// [`cache_size`] for large transactions.
pub fn large_cache_size(limit: Option<u64>) -> i64 {
    cache_size_up_to(LARGE_CACHE, limit)
}

fn cache_size_up_to(most: u64, limit: Option<u64>) -> i64 {
    let bytes = limit.map_or(most, |limit| (limit / MEMORY_SHARE).clamp(MIN_CACHE, most));
    -i64::try_from(bytes >> 10).unwrap_or(0)
}
