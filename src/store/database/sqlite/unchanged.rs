//! Opening a file of unknown origin so that nothing on disk changes.
//!
//! 1. Only a regular file that begins with SQLite's header is opened by SQLite.
//! 2. Without a log or journal in use, the file counts as immutable: SQLite reads it without
//!    locks and looks for no other file.
//! 3. A write-ahead log is read into an index in memory: its shared memory is neither used nor
//!    made, and nothing is checkpointed. For the moment in which SQLite opens the log, a lock of
//!    this process keeps other programs from removing it.
//! 4. A database with a rollback journal is being written, or has to be rolled back: it is
//!    refused.
//! 5. Nothing keeps other programs from writing meanwhile. [`UnchangedFile::has_changed`] tells
//!    whether they did, so that the caller can read again.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use rustix::fs::{Mode, OFlags};

use super::SqliteFile;
use super::error::sqlite_error;
use super::file::locks::{SHARED, region};
use super::file::sidecars::{ensure_owned_by_root, lengths};
use super::file::{INPUT_OUTPUT, MIN_DATABASE_BYTES, resolve, sibling, users};
use crate::domain::error::{Error, Result};
use crate::store::database::Database;
use crate::store::statement::Statement;

const MAGIC: &[u8] = b"SQLite format 3\0";
const HEADER: usize = 100;
/// Offset of the read version in the header, and its value with a write-ahead log.
const READ_VERSION: usize = 19;
const WAL_READ_VERSION: u8 = 2;
/// Length of the header of a write-ahead log.
const LOG_HEADER: usize = 32;
/// Bytes of a database on which SQLite holds a lock while it reads or writes.
const LOCKS: (i64, i64) = (0x4000_0000, 512);
/// Neither follows a link, nor blocks on a FIFO, nor takes a terminal.
const LOOK: OFlags = OFlags::RDONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);
#[cfg(target_os = "linux")]
const NO_ACCESS_TIME: OFlags = OFlags::NOATIME;
#[cfg(not(target_os = "linux"))]
const NO_ACCESS_TIME: OFlags = OFlags::empty();

/// Device and inode.
pub type FileIdentity = (u64, u64);

pub enum OpenedFile {
    /// Not the beginning of an SQLite database.
    NoDatabase,
    /// Reason why not even its beginning could be read.
    Unreadable(String),
    Database(Box<UnchangedFile>),
}

/// A database that is only looked at.
pub struct UnchangedFile {
    pub database: SqliteFile,
    path: PathBuf,
    state: FileState,
}

/// Properties that change if a program writes to the database, except for appending to its log.
#[derive(Debug, PartialEq, Eq)]
struct FileState {
    size: u64,
    modified: (i64, i64),
    log: Option<Vec<u8>>,
    has_journal: bool,
}

impl UnchangedFile {
    /// Opens a file that is the expected one.
    ///
    /// # Errors
    /// The database cannot be opened; [`Error::Refused`] with the reason if it cannot be read
    /// without changing something.
    pub fn open(path: &Path, expected: FileIdentity) -> Result<OpenedFile> {
        let (file, found, header) = match look_at(path) {
            // It was deleted.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(OpenedFile::NoDatabase);
            }
            Err(error) => return Ok(OpenedFile::Unreadable(describe_fault(&error))),
            Ok(looked) => looked,
        };
        if !header.starts_with(MAGIC) {
            return Ok(OpenedFile::NoDatabase);
        }
        if (found.dev(), found.ino()) != expected {
            let why = "it was replaced while it was being opened".to_owned();
            return Ok(OpenedFile::Unreadable(why));
        }
        if found.len() < MIN_DATABASE_BYTES || header.len() < HEADER {
            return Err(Error::Refused("it is truncated".to_owned()));
        }
        Self::open_database(&resolve(path), &file, &found, &header)
    }

    fn open_database(
        real: &Path,
        file: &File,
        found: &Metadata,
        header: &[u8],
    ) -> Result<OpenedFile> {
        let [log, ..] = lengths(real)?;
        if (users::own(), found.uid()) == (0, 0) {
            ensure_owned_by_root(real)?;
        }
        let unreadable = |e: io::Error| Error::Refused(describe_fault(&e));
        let state = FileState::of(real, found).map_err(unreadable)?;
        if state.has_journal {
            return Err(Error::Refused(describe_journal(file)));
        }
        let has_log = header[READ_VERSION] == WAL_READ_VERSION && log.is_some_and(|log| log > 0);
        let database = if has_log { with_log(real, file)? } else { immutable(real)? };
        Ok(OpenedFile::Database(Box::new(Self { database, path: real.to_owned(), state })))
    }

    /// Reports whether another program has changed what was read, or may have.
    pub fn has_changed(&self) -> bool {
        let now = fs::symlink_metadata(&self.path).and_then(|it| FileState::of(&self.path, &it));
        now.map_or(true, |now| now != self.state)
    }
}

impl FileState {
    fn of(real: &Path, found: &Metadata) -> io::Result<Self> {
        let journal = start_of(&sibling(real, "-journal"), 1)?;
        Ok(Self {
            size: found.len(),
            modified: (found.mtime(), found.mtime_nsec()),
            log: start_of(&sibling(real, "-wal"), LOG_HEADER)?,
            // A journal that is kept for the next transaction begins with zeros.
            has_journal: journal.is_some_and(|start| start.first().is_some_and(|byte| *byte != 0)),
        })
    }
}

/// Opens a file without blocking, and if possible without setting its access time, which only its
/// owner may leave as it is.
fn open_to_look(path: &Path) -> io::Result<File> {
    let open = |flags| rustix::fs::open(path, flags, Mode::empty());
    let opened = match open(LOOK | NO_ACCESS_TIME) {
        Err(rustix::io::Errno::PERM) => open(LOOK),
        opened => opened,
    };
    Ok(opened?.into())
}

/// Opens a file, and reads the beginning that holds the header of a database.
fn look_at(path: &Path) -> io::Result<(File, Metadata, Vec<u8>)> {
    let file = open_to_look(path)?;
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(io::ErrorKind::NotFound.into());
    }
    let mut header = Vec::with_capacity(HEADER);
    (&file).take(HEADER as u64).read_to_end(&mut header)?;
    Ok((file, found, header))
}

fn describe_fault(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            format!("permission denied for user {}", users::name(users::own()))
        }
        _ if error.raw_os_error() == Some(Errno::EIO as i32) => INPUT_OUTPUT.to_owned(),
        _ => error.to_string(),
    }
}

/// First bytes of a file; `None`: it is missing.
fn start_of(path: &Path, most: usize) -> io::Result<Option<Vec<u8>>> {
    let file = match open_to_look(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let mut start = Vec::with_capacity(most);
    file.take(most as u64).read_to_end(&mut start)?;
    Ok(Some(start))
}

fn describe_journal(file: &File) -> String {
    let mut lock = region(libc::F_WRLCK, LOCKS);
    let is_locked = fcntl(file, FcntlArg::F_GETLK(&mut lock)).is_ok()
        && i32::from(lock.l_type) != libc::F_UNLCK;
    let why = if is_locked {
        "in use: a program is writing to it"
    } else {
        "a transaction was interrupted, and has to be rolled back by the application first"
    };
    why.to_owned()
}

fn immutable(real: &Path) -> Result<SqliteFile> {
    connect(real, "immutable=1")
}

fn with_log(real: &Path, file: &File) -> Result<SqliteFile> {
    // It ends with the descriptor at the latest.
    if let Err(Errno::EAGAIN | Errno::EACCES) = set_lock(file, libc::F_RDLCK) {
        return Err(Error::Refused("in use: a program has locked it".to_owned()));
    }
    // The log may have gone before the lock was there, and SQLite would make another.
    if !sibling(real, "-wal").exists() {
        return immutable(real);
    }
    let database = connect(real, "vfs=unix-none")?;
    let keep = DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
    database.connection.set_db_config(keep, true).map_err(|e| database.error("open", e))?;
    // Makes SQLite index the log in memory.
    database.pragma("locking_mode", "EXCLUSIVE")?;
    database.query_first(&Statement::new("SELECT count(*) FROM sqlite_schema"), |_| ())?;
    // Nothing else is opened from here on.
    let _ = set_lock(file, libc::F_UNLCK);
    Ok(database)
}

fn set_lock(file: &File, lock: i32) -> nix::Result<()> {
    fcntl(file, FcntlArg::F_OFD_SETLK(&region(lock, SHARED))).map(drop)
}

/// Opens a file for reading. Messages do not name it: an error would make other code open the file
/// again, to find out more.
fn connect(real: &Path, parameters: &str) -> Result<SqliteFile> {
    let bytes = real.as_os_str().as_encoded_bytes().iter();
    let name: Vec<String> = bytes.map(|byte| format!("%{byte:02x}")).collect();
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = Connection::open_with_flags(format!("file:{}?{parameters}", name.concat()), flags);
    let connection = opened.map_err(|e| sqlite_error("", "open", e))?;
    connection.busy_timeout(Duration::ZERO).map_err(|e| sqlite_error("", "open", e))?;
    let database = SqliteFile::set_up(connection, real, String::new())?;
    // Otherwise a large sort would write a temporary file.
    database.pragma("temp_store", "MEMORY")?;
    Ok(database)
}
