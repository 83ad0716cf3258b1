//! A SQLite file on this machine.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek};
use std::ops::ControlFlow;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags, Row, TransactionBehavior, params_from_iter};

use super::super::sql::Statement;
use super::{Applied, Columns, Transport};
use crate::domain::error::{Error, Result};
use crate::domain::port::Flow;

/// How long to wait for another program's lock before giving up.
const PATIENCE: Duration = Duration::from_secs(5);
/// Statements that are kept prepared: those of a touch, a purge batch and a list.
const PREPARED: usize = 64;
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// Where the header says whether changes go to a write-ahead log.
const HEADER_READ_VERSION: usize = 19;
const WAL: u8 = 2;

/// What a command wants of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// To look at it; it stays as it is.
    Read,
    /// To change rows.
    Write,
}

/// An open SQLite file.
pub struct SqliteFile {
    connection: Connection,
    place: String,
}

impl SqliteFile {
    /// Opens a file that is there.
    ///
    /// # Errors
    /// [`Error::Missing`] if it is not, [`Error::NotOurs`] if it is no SQLite
    /// database, and whatever keeps SQLite from opening it.
    pub fn open(path: &Path, access: Access) -> Result<Self> {
        let place = path.display().to_string();
        let header = header(path, &place)?;
        let flags = match access {
            Access::Read if !leaves_files_behind(path, &header) => OpenFlags::SQLITE_OPEN_READ_ONLY,
            _ => OpenFlags::SQLITE_OPEN_READ_WRITE,
        };
        let file = Self::connect(path, place, flags)?;
        match access {
            Access::Read => file.pragma("query_only", "ON")?,
            Access::Write => {
                file.must_be_writable()?;
                if is_wal(&header) {
                    file.sync_for_a_log()?;
                }
            }
        }
        Ok(file)
    }

    /// Opens a file to set it up, and makes it if it is not there, for its
    /// owner alone. Answers whether it was made.
    ///
    /// # Errors
    /// As for [`open`](Self::open), and if the file cannot be made.
    pub fn create(path: &Path) -> Result<(Self, bool)> {
        let place = path.display().to_string();
        let made = match new_file(path) {
            Ok(_) => true,
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => false,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(missing(path, place)),
            Err(e) => return Err(Error::failed(format!("create {place}"), e)),
        };
        if !made && fs::metadata(path).is_ok_and(|file| file.len() > 0 || !file.is_file()) {
            header(path, &place)?;
        }
        let file = Self::connect(path, place, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        file.must_be_writable()?;
        Ok((file, made))
    }

    /// Where SQLite may not write, it opens to read, and would make a
    /// write-ahead log that it cannot take away again before it says so.
    fn must_be_writable(&self) -> Result<()> {
        if self.connection.is_readonly("main").map_err(|e| self.fault("open", e))? {
            let doing = format!("write to {}", self.place);
            return Err(Error::failed(doing, "it is read-only for this user"));
        }
        Ok(())
    }

    fn connect(path: &Path, place: String, flags: OpenFlags) -> Result<Self> {
        let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        // For SQLite, `:memory:` and `file:…` alone are no names of files.
        let file = Path::new(".").join(path);
        let connection =
            Connection::open_with_flags(file, flags).map_err(|e| fault(&place, "open", e))?;
        connection.busy_timeout(PATIENCE).map_err(|e| fault(&place, "open", e))?;
        connection.set_prepared_statement_cache_capacity(PREPARED);
        Ok(Self { connection, place })
    }

    fn pragma(&self, name: &str, value: &str) -> Result<()> {
        self.connection.pragma_update(None, name, value).map_err(|e| self.fault("open", e))
    }

    /// Runs a script within one write transaction, if `wanted`, asked within
    /// the same transaction, says so.
    ///
    /// # Errors
    /// Whatever `wanted` answers, and whatever SQLite says; then nothing has
    /// changed.
    pub fn upgrade(
        &mut self,
        wanted: impl FnOnce(&Connection) -> rusqlite::Result<Result<Option<String>>>,
    ) -> Result<()> {
        let Self { connection, place } = self;
        let fault = |e| fault(place, "set up", e);
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fault)?;
        if let Some(script) = wanted(&transaction).map_err(fault)?? {
            transaction.execute_batch(&script).map_err(fault)?;
            transaction.commit().map_err(fault)?;
        }
        Ok(())
    }

    /// Lets changes go to a write-ahead log, so that readers and the writer do
    /// not wait for each other. The file remembers it.
    ///
    /// # Errors
    /// Whatever SQLite says.
    pub fn use_write_ahead_log(&self) -> Result<()> {
        self.pragma("journal_mode", "WAL")?;
        self.sync_for_a_log()
    }

    /// With a write-ahead log, syncing at each checkpoint loses nothing when a
    /// program dies, and when the machine does, only the last moments.
    fn sync_for_a_log(&self) -> Result<()> {
        self.pragma("synchronous", "NORMAL")
    }

    fn fault(&self, doing: &str, error: rusqlite::Error) -> Error {
        fault(&self.place, doing, error)
    }
}

impl Transport for SqliteFile {
    fn place(&self) -> &str {
        &self.place
    }

    fn query(
        &self,
        statement: &Statement,
        visit: &mut dyn FnMut(&dyn Columns) -> Flow,
    ) -> Result<()> {
        let fault = |e| self.fault("read", e);
        let mut prepared = self.connection.prepare_cached(&statement.sql).map_err(fault)?;
        let mut rows = prepared.query(params_from_iter(&statement.values)).map_err(fault)?;
        while let Some(row) = rows.next().map_err(fault)? {
            if visit(row)? == ControlFlow::Break(()) {
                break;
            }
        }
        Ok(())
    }

    fn apply(&mut self, statements: &[Statement]) -> Result<Applied> {
        let Self { connection, place } = self;
        let fault = |e| fault(place, "write to", e);
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fault)?;
        let begun = Instant::now();
        let mut rows = Vec::with_capacity(statements.len());
        for statement in statements {
            let mut prepared = transaction.prepare_cached(&statement.sql).map_err(fault)?;
            let changed = prepared.execute(params_from_iter(&statement.values)).map_err(fault)?;
            rows.push(changed as u64);
        }
        transaction.commit().map_err(fault)?;
        Ok(Applied { rows, hold: begun.elapsed() })
    }
}

impl Columns for Row<'_> {
    fn value(&self, place: usize) -> ValueRef<'_> {
        self.get_ref(place).unwrap_or(ValueRef::Null)
    }
}

fn new_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// The first bytes of a file that is a SQLite database.
fn header(path: &Path, place: &str) -> Result<Vec<u8>> {
    let not_ours = |found: &str| Error::NotOurs { at: place.to_owned(), found: found.to_owned() };
    let unreadable = |e| Error::failed(format!("read {place}"), e);
    // A look first: to open a pipe would be to wait for whoever writes to it.
    let kind = match fs::metadata(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            return Err(missing(path, place.to_owned()));
        }
        found => found.map_err(unreadable)?.file_type(),
    };
    if kind.is_dir() {
        return Err(not_ours("it is a folder"));
    }
    if !kind.is_file() {
        return Err(not_ours("it is no ordinary file"));
    }
    let header = beginning(path).map_err(unreadable)?;
    if header.is_empty() {
        return Err(not_ours("the file is empty; `sessctl init` makes a database of it"));
    }
    if header.len() < 100 || !header.starts_with(MAGIC) {
        return Err(not_ours("it is no SQLite database"));
    }
    Ok(header)
}

/// A file's first 100 bytes, through a descriptor that stays open for as long as
/// the process lives, one for each file.
///
/// To close any descriptor of a file takes all locks away that its process has on
/// it, those of other connections too. The next program to close the database
/// would believe itself alone with it, and would remove a write-ahead log that is
/// being written to.
fn beginning(path: &Path) -> io::Result<Vec<u8>> {
    static KEPT: Mutex<BTreeMap<(u64, u64), File>> = Mutex::new(BTreeMap::new());
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let found = fs::metadata(path)?;
    let file = match kept.entry((found.dev(), found.ino())) {
        Entry::Occupied(known) => known.into_mut(),
        Entry::Vacant(place) => place.insert(File::open(path)?),
    };
    let mut header = Vec::with_capacity(100);
    file.rewind()?;
    file.take(100).read_to_end(&mut header)?;
    Ok(header)
}

fn is_wal(header: &[u8]) -> bool {
    header.get(HEADER_READ_VERSION) == Some(&WAL)
}

/// Whether a reader that may not write would leave files there: it needs the
/// write-ahead log and its index, makes them where no other program has, and
/// cannot take them away again. One that may write can.
fn leaves_files_behind(path: &Path, header: &[u8]) -> bool {
    let beside = |suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    is_wal(header) && !(beside("-wal").exists() && beside("-shm").exists())
}

fn missing(path: &Path, at: String) -> Error {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let hint = match folder {
        Some(folder) if !folder.exists() => format!("there is no folder {}", folder.display()),
        _ => "`sessctl init` makes one".to_owned(),
    };
    Error::Missing { at, hint }
}

/// What a failure of SQLite means to a caller.
fn fault(place: &str, doing: &str, error: rusqlite::Error) -> Error {
    let at = place.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::Busy { at },
        Some(ErrorCode::DatabaseCorrupt) => Error::Corrupt { at, detail: error.to_string() },
        Some(ErrorCode::NotADatabase) => {
            Error::NotOurs { at, found: "it is no SQLite database".to_owned() }
        }
        _ => match error {
            // Its source would be the same sentence once more, with a number.
            rusqlite::Error::SqliteFailure(_, Some(sentence)) => {
                Error::failed(format!("{doing} {place}"), sentence)
            }
            error => Error::failed(format!("{doing} {place}"), error),
        },
    }
}
