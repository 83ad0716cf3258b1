//! A SQLite file on this machine.

mod each;
mod lists;
mod pages;

use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior, params_from_iter};

use super::super::sql::Statement;
use super::{Answer, Applied, Columns, Expecting, Transport, file, wal};
use crate::domain::error::{Error, Result};
use crate::domain::port::{Effort, Flow, LogSize, Version};

/// How long to wait for another program's lock before giving up.
const PATIENCE: Duration = Duration::from_secs(5);
/// Statements that are kept prepared: those of a touch, a purge batch and a list.
const PREPARED: usize = 64;
/// Pages to remember of another program's file, in KiB, with the sign that SQLite wants
/// there: a purge comes back to the pages of indexes whose order is random against its
/// own.
const CACHE: i64 = -65_536;
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
    path: PathBuf,
    place: String,
}

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
        let connection = Connection::open_with_flags(name, flags).map_err(|error| {
            match file::kept_open(path) {
                // SQLite does not say why.
                Err(e) => Error::failed(format!("read {place}"), e),
                Ok(_) => fault(&place, "open", error),
            }
        })?;
        connection.busy_timeout(PATIENCE).map_err(|e| fault(&place, "open", e))?;
        connection.set_prepared_statement_cache_capacity(PREPARED);
        Ok(Self { connection, path: path.to_owned(), place })
    }

    fn is_read_only(&self) -> Result<bool> {
        self.connection.is_readonly("main").map_err(|e| self.fault("open", e))
    }

    fn has_write_ahead_log(&self) -> Result<bool> {
        let mode = self.connection.pragma_query_value(None, "journal_mode", |row| row.get(0));
        mode.map(|mode: String| mode == "wal").map_err(|e| self.fault("open", e))
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
        let Self { connection, place, .. } = self;
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
        let begun = Instant::now();
        // SQLite does not wait here for a program that does the same.
        while let Err(error) = self.pragma("journal_mode", "WAL") {
            let busy = matches!(error, Error::Busy { .. });
            if self.has_write_ahead_log()? {
                break;
            }
            if !busy || begun.elapsed() > PATIENCE {
                return Err(error);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        // A file system that has no shared memory has no such log either.
        if self.has_write_ahead_log()? { self.sync_for_a_log() } else { Ok(()) }
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

    fn look_up(
        &self,
        sql: &str,
        values: &mut dyn Iterator<Item = ValueRef<'_>>,
        visit: &mut dyn FnMut(Option<&dyn Columns>),
    ) -> Result<()> {
        each::look_up(&self.connection, sql, values, visit).map_err(|e| self.fault("read", e))
    }

    fn apply_to_each(
        &mut self,
        sql: &str,
        values: &mut dyn Iterator<Item = ValueRef<'_>>,
        rest: &[Value],
    ) -> Result<Applied> {
        let applied = each::apply(&mut self.connection, sql, values, rest);
        applied.map_err(|e| self.fault("write to", e))
    }

    fn apply_rows(
        &mut self,
        sqls: &[&str],
        rows: &mut dyn Iterator<Item = Vec<ValueRef<'_>>>,
    ) -> Result<Applied> {
        let applied = each::apply_rows(&mut self.connection, sqls, rows);
        applied.map_err(|e| self.fault("write to", e))
    }

    fn apply(&mut self, statements: &[Statement]) -> Result<Applied> {
        let all = statements.iter().map(|statement| (statement, None));
        let applied = lists::apply(&mut self.connection, all);
        // Nothing is expected, so nothing is otherwise.
        let applied = applied.map_err(|e| self.fault("write to", e))?;
        Ok(applied.continue_value().unwrap_or_default())
    }

    fn apply_expecting(
        &mut self,
        expected: &[Expecting],
        otherwise: &[Statement],
    ) -> Result<Applied> {
        let all = expected.iter().map(|expected| (&expected.statement, expected.rows));
        let applied = lists::apply(&mut self.connection, all);
        match applied.map_err(|e| self.fault("write to", e))? {
            ControlFlow::Continue(applied) => Ok(Applied { as_expected: true, ..applied }),
            ControlFlow::Break(in_vain) => {
                let applied = self.apply(otherwise)?;
                // There was no room between the two.
                Ok(Applied { hold: applied.hold + in_vain, ..applied })
            }
        }
    }

    fn version(&self) -> Result<Option<Version>> {
        wal::version(&self.connection).map_err(|e| self.fault("read", e))
    }

    fn keep_log(&mut self, keep: bool) -> Result<()> {
        wal::keep(&self.connection, keep).map_err(|e| self.fault("write to", e))
    }

    fn log_size(&self) -> Result<Option<LogSize>> {
        wal::size(&self.connection).map_err(|e| self.fault("read", e))
    }

    fn move_log(&mut self, effort: Effort) -> Result<Option<LogSize>> {
        let moved = wal::move_into_the_database(&self.connection, effort, PATIENCE);
        moved.map_err(|e| self.fault("write to", e))
    }
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
        // On a full disk, too, SQLite may say no more than this.
        Some(ErrorCode::SystemIoFailure) => {
            Error::failed(format!("{doing} {place}"), format!("{error}; is the disk full?"))
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
