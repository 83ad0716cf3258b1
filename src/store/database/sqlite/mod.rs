//! A SQLite file on this machine.

mod batch;
mod disk_space;
pub mod error;
pub mod file;
mod inspection;
pub mod interrupt;
mod limits;
mod locking;
pub mod open;
pub mod rebuild;
pub mod replication;
pub mod rollback_journal;
mod transactions;
pub mod unchanged;
mod vacuum;
mod values;
pub mod wal;

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, ErrorCode, TransactionBehavior, params_from_iter};

use super::{BatchResult, CommitHook, Database, ExpectedCount, Opener, Predicate, RowRef, memory};
use crate::domain::error::{Error, Result};
use crate::domain::profile::SqlValueRef;
use crate::storage::{
    CheckpointMode, DataVersion, Replicator, ReplicatorActivity, StatementLimit, VisitResult, Wal,
    WalStatus,
};
use crate::store::statement::{Parameters, Statement};

use error::{VIRTUAL_TABLE_CORRUPT, is_of_virtual_table, sqlite_error};
use interrupt::{InterruptHandle, RunningStatement};
use transactions::{Transactions, hook_error};
use wal::BUSY_TIMEOUT;

#[cfg(feature = "rqlite")]
pub(super) use interrupt::reason_to_stop;
pub use interrupt::{Protection, Running, protect};

/// Maximum number of arguments of a function in SQLite.
const MAX_ARGUMENTS: i32 = 100;

/// Access mode of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Read-only.
    Read,
    /// Read and write.
    Write,
}

pub struct SqliteFile {
    connection: Connection,
    path: PathBuf,
    place: String,
    interrupt: InterruptHandle,
    transactions: Transactions,
    /// `errno` after SQLite opened the file, possibly of a failure that it recovered from.
    opening: Errno,
}

impl SqliteFile {
    fn has_write_ahead_log(&self) -> Result<bool> {
        let mode = self.connection.pragma_query_value(None, "journal_mode", |row| row.get(0));
        mode.map(|mode: String| mode == "wal").map_err(|e| self.error("open", e))
    }

    fn pragma(&self, name: &str, value: &str) -> Result<()> {
        self.connection.pragma_update(None, name, value).map_err(|e| self.error("open", e))
    }

    /// Runs the script that `wanted` returns, in one write transaction with `wanted` itself.
    pub fn upgrade(
        &mut self,
        wanted: impl FnOnce(&Connection) -> rusqlite::Result<Result<Option<String>>>,
    ) -> Result<()> {
        let Self { connection, place, .. } = self;
        let to_error = |e| sqlite_error(place, "set up", e);
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(to_error)?;
        if let Some(script) = wanted(&transaction).map_err(to_error)?? {
            transaction.execute_batch(&script).map_err(to_error)?;
            transaction.commit().map_err(to_error)?;
        }
        Ok(())
    }

    /// Enables WAL mode, which persists in the file.
    pub fn use_write_ahead_log(&self) -> Result<()> {
        let begun = Instant::now();
        // SQLite's busy timeout does not apply here.
        while let Err(error) = self.pragma("journal_mode", "WAL") {
            let busy = matches!(error, Error::Busy { .. });
            if self.has_write_ahead_log()? {
                break;
            }
            if !busy || begun.elapsed() > BUSY_TIMEOUT {
                return Err(error);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        // WAL mode is not available on file systems without shared memory.
        if self.has_write_ahead_log()? { self.sync_for_a_log() } else { Ok(()) }
    }

    /// In WAL mode, syncing at checkpoints loses nothing when a program dies, and only the last
    /// commits when the machine does.
    fn sync_for_a_log(&self) -> Result<()> {
        self.pragma("synchronous", "NORMAL")
    }

    fn error(&self, doing: &str, error: rusqlite::Error) -> Error {
        let error = match hook_error(error) {
            Ok(error) => return error,
            Err(error) => error,
        };
        match error.sqlite_error_code() {
            Some(ErrorCode::OperationInterrupted) => self.interrupt.interrupted(),
            _ => sqlite_error(&self.place, doing, error),
        }
    }

    fn start_statement(&self, doing: &str, sql: &str) -> RunningStatement {
        self.interrupt.start_statement(doing, sql, &self.place)
    }

    /// Runs a change; on a full file system, truncates the write-ahead log and tries again.
    fn with_room<T>(
        &mut self,
        work: impl Fn(&Connection, &Transactions) -> rusqlite::Result<T>,
    ) -> Result<T> {
        match work(&self.connection, &self.transactions).map_err(|e| self.write_error(e)) {
            Err(Error::DiskFull { .. }) => {
                work(&self.connection, &self.transactions).map_err(|e| self.error("write to", e))
            }
            done => done,
        }
    }

    /// Error of a change that the database may have rejected.
    fn rejection(&self, error: rusqlite::Error) -> Error {
        match error.sqlite_error_code() {
            Some(ErrorCode::ConstraintViolation | ErrorCode::OutOfMemory | ErrorCode::TooBig) => {
                rejected(format!("write to \"{}\"", self.place), error)
            }
            _ if is_of_virtual_table(&error) => Error::Rejected {
                doing: format!("write to \"{}\"", self.place),
                why: VIRTUAL_TABLE_CORRUPT.to_owned(),
            },
            _ => self.write_error(error),
        }
    }

    /// Error of a change. On a full file system, this truncates the write-ahead log if it is
    /// not in use, and removes a rollback journal that was kept.
    fn write_error(&self, error: rusqlite::Error) -> Error {
        let error = self.error("write to", error);
        if matches!(error, Error::DiskFull { .. }) {
            // The full file system is the error to report.
            let _ = wal::checkpoint(&self.connection, CheckpointMode::Truncate, BUSY_TIMEOUT);
            let _ = rollback_journal::keep(&self.connection, false);
        }
        error
    }
}

impl Database for SqliteFile {
    fn display_name(&self) -> &str {
        &self.place
    }

    fn opener(&self) -> Opener<Self> {
        let path = self.path.clone();
        Box::new(move || Self::open(&path, Access::Write))
    }

    fn query(
        &self,
        statement: &Statement,
        visit: &mut dyn FnMut(&dyn RowRef) -> VisitResult,
    ) -> Result<()> {
        let to_error = |e| self.error("read", e);
        let _running = self.start_statement("read", &statement.sql);
        let (mut fresh, mut cached);
        // SQLite does not check whether the schema that an EXPLAIN refers to is still in memory.
        let prepared = if statement.sql.starts_with("EXPLAIN") {
            fresh = self.connection.prepare(&statement.sql).map_err(to_error)?;
            &mut fresh
        } else {
            cached = self.connection.prepare_cached(&statement.sql).map_err(to_error)?;
            &mut *cached
        };
        let mut rows = prepared.query(params_from_iter(&statement.values)).map_err(to_error)?;
        while let Some(row) = rows.next().map_err(to_error)? {
            self.interrupt.record_row();
            if visit(row)? == ControlFlow::Break(()) {
                break;
            }
        }
        Ok(())
    }

    fn query_all_for_each(
        &self,
        statement: &Statement,
        values: &mut dyn Iterator<Item = Parameters<'_>>,
        visit: &mut dyn FnMut(usize, &dyn RowRef),
    ) -> Result<()> {
        let _running = self.start_statement("read", &statement.sql);
        let looked = batch::query_all_for_each(&self.connection, &statement.sql, values, visit);
        looked.map_err(|e| self.error("read", e))
    }

    fn execute_for_rows(
        &mut self,
        statements: &[Statement],
        rows: &mut dyn Iterator<Item = Vec<SqlValueRef<'_>>>,
    ) -> Result<BatchResult> {
        let name = name_of(statements);
        let doing = if name.is_empty() { "write to" } else { "delete rows of" };
        let _running = self.start_statement(doing, name);
        let applied =
            batch::execute_for_rows(&self.connection, &self.transactions, statements, rows);
        applied.map_err(|e| self.rejection(e))
    }

    fn execute_or_reject(&mut self, statements: &[Statement]) -> Result<BatchResult> {
        let _running = self.start_statement("write to", name_of(statements));
        let all = statements.iter().map(|statement| (statement, None));
        let applied = batch::execute_all(&self.connection, &self.transactions, all);
        applied
            .map(|applied| applied.continue_value().unwrap_or_default())
            .map_err(|e| self.rejection(e))
    }

    fn set_commit_hook(&mut self, hook: Option<Box<dyn CommitHook>>) -> bool {
        self.transactions.set_hook(hook);
        true
    }

    fn execute_batch(&mut self, statements: &[Statement]) -> Result<BatchResult> {
        let _running = self.start_statement("write to", name_of(statements));
        let applied = self.with_room(|connection, transactions| {
            let all = statements.iter().map(|statement| (statement, None));
            batch::execute_all(connection, transactions, all)
        })?;
        // Without expected counts, the batch is never rolled back.
        Ok(applied.continue_value().unwrap_or_default())
    }

    fn execute_if_counts_match(
        &mut self,
        expected: &[ExpectedCount],
        otherwise: &[Statement],
    ) -> Result<BatchResult> {
        let _running =
            self.start_statement("write to", expected.first().map_or("", |one| &one.statement.sql));
        let applied = self.with_room(|connection, transactions| {
            let all = expected.iter().map(|expected| (&expected.statement, expected.rows));
            batch::execute_all(connection, transactions, all)
        })?;
        match applied {
            ControlFlow::Continue(applied) => {
                Ok(BatchResult { matched_expectation: true, ..applied })
            }
            ControlFlow::Break(in_vain) => {
                let mut applied = self.execute_batch(otherwise)?;
                // Include the time of the rolled-back attempt.
                applied.timing.hold += in_vain;
                Ok(applied)
            }
        }
    }

    fn define_predicate(&self, name: &str, arguments: usize, predicate: Predicate) -> Result<bool> {
        let Some(count) = i32::try_from(arguments).ok().filter(|count| *count <= MAX_ARGUMENTS)
        else {
            return Ok(false);
        };
        let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DIRECTONLY;
        let defined =
            self.connection.create_scalar_function(name, count, flags, move |arguments| {
                Ok(predicate(&*arguments))
            });
        defined.map(|()| true).map_err(|e| self.error("open", e))
    }

    fn use_large_cache(&self) -> Result<()> {
        self.set_cache_size(open::large_cache_size(memory::available()))
    }

    fn limit_statements(&mut self, limit: Option<StatementLimit>) {
        self.interrupt.limit(limit);
    }

    fn version(&self) -> Result<Option<DataVersion>> {
        wal::data_version(&self.connection).map_err(|e| self.error("read", e))
    }
}

impl Wal for SqliteFile {
    fn keep_journal(&self, is_kept: bool) -> Result<()> {
        let kept = wal::set_autocheckpoint(&self.connection, !is_kept)
            .and_then(|()| rollback_journal::keep(&self.connection, is_kept));
        kept.map_err(|e| self.error("write to", e))
    }

    fn wal_status(&self) -> Result<Option<WalStatus>> {
        wal::status(&self.connection).map_err(|e| self.error("read", e))
    }

    fn checkpoint(&self, mode: CheckpointMode) -> Result<Option<WalStatus>> {
        let moved = wal::checkpoint(&self.connection, mode, BUSY_TIMEOUT);
        moved.map_err(|e| self.error("write to", e))
    }

    fn replicator(&self) -> Result<Option<Replicator>> {
        let found = replication::litestream(&self.connection, &self.path);
        found.map_err(|e| self.error("read", e))
    }

    fn replicator_activity(&self) -> Result<ReplicatorActivity> {
        let activity = replication::litestream_activity(&self.connection, &self.path);
        activity.map_err(|e| self.error("read", e))
    }
}

/// SQL of the statement that names a batch in messages.
fn name_of(statements: &[Statement]) -> &str {
    statements.iter().find(|one| one.sql.starts_with("DELETE")).map_or("", |one| &one.sql)
}

fn rejected(doing: String, error: rusqlite::Error) -> Error {
    let why = match error {
        rusqlite::Error::SqliteFailure(_, Some(sentence)) => sentence,
        error => error.to_string(),
    };
    Error::Rejected { doing, why }
}
