//! How a SQLite file is opened: without a trace, where that can be had.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::work::Work;
use super::{Access, PATIENCE, SqliteFile, fault, limits};
use crate::domain::error::{Error, Result};
use crate::store::transport::file;

/// Statements that are kept prepared: those of a touch, a purge batch and a list.
const PREPARED: usize = 64;
/// Pages to remember of another program's file, in KiB, with the sign that SQLite wants
/// there: a purge comes back to the pages of indexes whose order is random against its
/// own.
const CACHE: i64 = -65_536;

impl SqliteFile {
    /// Opens a file that is there, for what a command wants of it.
    ///
    /// # Errors
    /// As for [`as_it_lies`](Self::as_it_lies), and if it may not be written
    /// but should be.
    pub fn open(path: &Path, access: Access) -> Result<Self> {
        match access {
            Access::Read => Self::open_to_read(path),
            Access::Write => {
                let file = Self::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
                file.must_be_writable()?;
                if file.has_write_ahead_log()? {
                    file.sync_for_a_log()?;
                }
                Ok(file)
            }
        }
    }

    /// A reader of a write-ahead log needs the log and its index. Where no other
    /// program has made them, it makes them, and can take them away again only
    /// if it may write.
    fn open_to_read(path: &Path) -> Result<Self> {
        let real = file::real(path);
        let has_log = file::beside(&real, "-wal").exists();
        let flags = if has_log && file::beside(&real, "-shm").exists() {
            OpenFlags::SQLITE_OPEN_READ_ONLY
        } else {
            OpenFlags::SQLITE_OPEN_READ_WRITE
        };
        let mut file = Self::connect(path, flags)?;
        if file::has_a_log(path) {
            // Else whoever closes it last works its log into it, also after a mere look.
            let keep = DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
            let kept = file.connection.set_db_config(keep, true);
            kept.map_err(|e| file.fault("open", e))?;
        }
        if !has_log && file.is_read_only()? && file::wants_a_log(path)? {
            // Without a log nobody writes to it now. A program that begins to
            // during this very read may spoil the read, never the file.
            file = Self::as_it_lies(path)?;
        }
        file.pragma("query_only", "ON")?;
        Ok(file)
    }

    /// The same for a file that belongs to another program: its foreign keys hold, and
    /// there is room for the pages that a purge comes back to.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub fn open_of_others(path: &Path, access: Access) -> Result<Self> {
        file::must_be_a_file(path)?;
        let file = Self::open(path, access)?;
        if access == Access::Write {
            file.pragma("foreign_keys", "ON")?;
            let size = file.connection.pragma_update(None, "cache_size", CACHE);
            size.map_err(|e| file.fault("open", e))?;
        }
        Ok(file)
    }

    /// Whether a file has a log that somebody uses: it has an index, too, and to open it
    /// leaves no trace.
    pub fn has_a_log_in_use(path: &Path) -> bool {
        file::has_a_log(path) && file::beside(&file::real(path), "-shm").exists()
    }

    /// Opens a file as one that does not change: no lock, no log, no trace. It
    /// is what to look at before it is known whose file it is.
    ///
    /// # Errors
    /// [`Error::Missing`] if it is not there, [`Error::NotOurs`] if it cannot be
    /// a SQLite database, and whatever keeps SQLite from opening it.
    pub fn as_it_lies(path: &Path) -> Result<Self> {
        file::must_be_a_file(path)?;
        let name = file::by_name(path);
        let bytes = name.as_os_str().as_encoded_bytes().iter();
        let name: Vec<String> = bytes.map(|byte| format!("%{byte:02x}")).collect();
        let uri = PathBuf::from(format!("file:{}?immutable=1", name.concat()));
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
        Self::connect_to(&uri, path, flags)
    }

    /// Opens a file to set it up, and makes it if it is not there, for its
    /// owner alone. Answers whether it was made.
    ///
    /// # Errors
    /// If the file cannot be made or written.
    pub fn create(path: &Path) -> Result<(Self, bool)> {
        let made = match file::new_file(path) {
            Ok(_) => true,
            Err(e) if e.kind() == ErrorKind::AlreadyExists => false,
            Err(e) if e.kind() == ErrorKind::NotFound => return Err(file::missing(path)),
            Err(e) => return Err(Error::failed(format!("create {}", path.display()), e)),
        };
        let file = Self::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        file.must_be_writable()?;
        file::take_as_own_if_empty(path)?;
        Ok((file, made))
    }

    /// Where SQLite may not write, it opens to read, and would make a
    /// write-ahead log that it cannot take away again before it says so.
    fn must_be_writable(&self) -> Result<()> {
        if self.is_read_only()? {
            let doing = format!("write to {}", self.place);
            return Err(Error::failed(doing, "it is read-only for this user"));
        }
        Ok(())
    }

    fn connect(path: &Path, flags: OpenFlags) -> Result<Self> {
        Self::connect_to(&file::by_name(path), path, flags)
    }

    /// Opens what SQLite calls `name`, and messages call `path`.
    fn connect_to(name: &Path, path: &Path, flags: OpenFlags) -> Result<Self> {
        let place = path.display().to_string();
        let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(name, flags).map_err(|error| {
            match file::kept_open(path) {
                // SQLite does not say why.
                Err(e) => Error::failed(format!("read {place}"), e),
                Ok(_) => fault(&place, "open", error),
            }
        })?;
        connection.busy_timeout(PATIENCE).map_err(|e| fault(&place, "open", e))?;
        connection.set_prepared_statement_cache_capacity(PREPARED);
        let work = Work::default();
        let set_up = limits::set(&connection).and_then(|()| work.watch(&mut connection));
        set_up.map_err(|e| fault(&place, "open", e))?;
        Ok(Self { connection, path: path.to_owned(), place, work })
    }

    fn is_read_only(&self) -> Result<bool> {
        self.connection.is_readonly("main").map_err(|e| self.fault("open", e))
    }
}
