//! A copy of some rows of a table in memory, and a transaction that puts it in their place.

use std::ops::ControlFlow;
use std::time::Instant;

use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior, params_from_iter};
use rustix::fs::statvfs;

use super::interrupt::protection;
use super::{SqliteFile, locking, wal};
use crate::domain::error::{Error, Result};
use crate::storage::{DataVersion, RebuildObstacle, RebuildStep, WriteTiming};
use crate::store::database::RowRef;
use crate::store::statement::Statement;

/// Memory that a page of the copy takes in addition to its content.
const PAGE_OVERHEAD: u64 = 256;
/// Part (1/n) of SQLite's own limit on memory.
const MEMORY_SHARE: u64 = 2;

/// Reports whether to copy a row, and whether to go on.
pub type CopyVisitor<'a> = &'a mut dyn FnMut(&dyn RowRef) -> (bool, ControlFlow<()>);

/// Statements and counts of the transaction.
#[derive(Debug)]
pub struct Replacement {
    pub version: Option<DataVersion>,
    /// Deletes all rows.
    pub empty: String,
    /// Inserts the rows of the copy.
    pub fill: String,
    /// Counts the rows that are as in the copy.
    pub count_equal: String,
    /// Returns the state of `AUTOINCREMENT`, which must not change.
    pub sequence: Option<String>,
    pub rows: u64,
    pub copied: u64,
}

impl SqliteFile {
    /// Creates the table of the copy, limited to this many bytes.
    pub fn start_copy(&mut self, create: &str, max_bytes: u64) -> RebuildStep<()> {
        let to_error = |e| self.error("read", e);
        self.pragma("temp_store", "MEMORY")?;
        let page = pragma(&self.connection, "temp.page_size").map_err(to_error)?;
        let max = protection().map_or(u64::MAX, |limits| u64::from(limits.memory) / MEMORY_SHARE);
        let pages = max_bytes.min(max) / (page + PAGE_OVERHEAD);
        if pages == 0 {
            return Ok(ControlFlow::Break(RebuildObstacle::Memory));
        }
        let limit = format!("PRAGMA temp.max_page_count = {}", pages.min(u64::from(u32::MAX)));
        let created = self.connection.execute_batch(&format!("{create}; {limit}"));
        created.map(ControlFlow::Continue).map_err(to_error)
    }

    /// Scans rows in one snapshot, and copies those that `visit` chooses. The parameters of `copy`
    /// are the first columns of the row.
    pub fn copy_rows(
        &mut self,
        scan: &Statement,
        copy: &str,
        visit: CopyVisitor<'_>,
    ) -> RebuildStep<Option<DataVersion>> {
        let _running = self.start_statement("read", &scan.sql);
        match copy_rows(&mut self.connection, scan, copy, visit) {
            Ok(version) => Ok(version),
            Err(e) => self.obstacle(e, RebuildObstacle::Memory, "read"),
        }
    }

    /// Replaces all rows of the table by those of the copy.
    pub fn replace_rows(&mut self, replacement: &Replacement) -> RebuildStep<WriteTiming> {
        let _running = self.start_statement("delete rows of", &replacement.empty);
        if !self.has_space(replacement)? {
            return Ok(ControlFlow::Break(RebuildObstacle::DiskSpace));
        }
        match self.replace_all(replacement) {
            Ok(replaced) => Ok(replaced),
            Err(e) => self.obstacle(e, RebuildObstacle::DiskSpace, "write to"),
        }
    }

    pub fn drop_copy(&mut self) -> Result<()> {
        // It closes the database of temporary tables.
        self.pragma("temp_store", "DEFAULT")
    }

    fn obstacle<T>(
        &self,
        error: rusqlite::Error,
        full: RebuildObstacle,
        doing: &str,
    ) -> RebuildStep<T> {
        let obstacle = match error.sqlite_error_code() {
            Some(ErrorCode::ConstraintViolation | ErrorCode::TooBig) => RebuildObstacle::Rejected,
            Some(ErrorCode::OutOfMemory) => RebuildObstacle::Memory,
            _ => match self.write_or_read_error(error, doing) {
                Error::DiskFull { .. } => full,
                error => return Err(error),
            },
        };
        Ok(ControlFlow::Break(obstacle))
    }

    fn write_or_read_error(&self, error: rusqlite::Error, doing: &str) -> Error {
        if doing == "read" { self.error(doing, error) } else { self.write_error(error) }
    }

    fn replace_all(
        &mut self,
        replacement: &Replacement,
    ) -> rusqlite::Result<ControlFlow<RebuildObstacle, WriteTiming>> {
        let Self { connection, transactions, .. } = self;
        transactions.prepare(connection)?;
        let (transaction, waited) = locking::begin(connection)?;
        let begun = Instant::now();
        if wal::data_version(&transaction)? != replacement.version {
            return Ok(ControlFlow::Break(RebuildObstacle::Written));
        }
        if !replace(&transaction, replacement)? {
            return Ok(ControlFlow::Break(RebuildObstacle::Rejected));
        }
        let done = Instant::now();
        let waited = waited + transactions.commit(&transaction)?;
        let (hold, commit) = (begun.elapsed(), done.elapsed());
        Ok(ControlFlow::Continue(WriteTiming { hold, commit, waited }))
    }

    /// Reports whether the file system has space for the log or the journal of the transaction.
    fn has_space(&self, replacement: &Replacement) -> Result<bool> {
        let usage = self.disk_usage()?;
        let used = usage.pages.saturating_sub(usage.free_pages);
        let kept =
            u128::from(used) * u128::from(replacement.copied) / u128::from(replacement.rows.max(1));
        let kept = u64::try_from(kept).unwrap_or(used);
        // Twice the pages of the rest, and the pages that list the free ones; where the file
        // shrinks by itself, possibly all.
        let pages = if usage.steps_possible { usage.pages } else { 2 * kept + used / 500 };
        let wanted = (pages + SPARE_PAGES) * usage.page_size;
        let free = statvfs(&self.path)
            .map_or(u64::MAX, |system| system.f_bavail.saturating_mul(system.f_frsize));
        Ok(wanted <= free)
    }
}

/// Space that stays free for the application.
const SPARE_PAGES: u64 = 1_024;

fn copy_rows(
    connection: &mut Connection,
    scan: &Statement,
    copy: &str,
    visit: CopyVisitor<'_>,
) -> rusqlite::Result<ControlFlow<RebuildObstacle, Option<DataVersion>>> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Deferred)?;
    let version = wal::data_version(&transaction)?;
    let mut scanned = transaction.prepare_cached(&scan.sql)?;
    let mut copied = transaction.prepare_cached(copy)?;
    let mut rows = scanned.query(params_from_iter(&scan.values))?;
    while let Some(row) = rows.next()? {
        let (is_chosen, step) = visit(row);
        if is_chosen {
            for index in 0..copied.parameter_count() {
                copied.raw_bind_parameter(index + 1, RowRef::value(row, index))?;
            }
            if copied.raw_execute()? != 1 {
                return Ok(ControlFlow::Break(RebuildObstacle::Rejected));
            }
        }
        if step.is_break() {
            break;
        }
    }
    drop(rows);
    drop((scanned, copied));
    transaction.commit()?;
    Ok(ControlFlow::Continue(version))
}

/// Replaces the rows, and reports whether the table is as it should be.
fn replace(transaction: &Transaction<'_>, replacement: &Replacement) -> rusqlite::Result<bool> {
    // An insert of no rows would add an entry to a sqlite_sequence without one.
    if replacement.rows == replacement.copied {
        return Ok(true);
    }
    let sequence = || match &replacement.sequence {
        Some(sql) => transaction.query_row(sql, [], |row| row.get::<_, Option<String>>(0)),
        None => Ok(None),
    };
    let before = sequence()?;
    let emptied = transaction.execute(&replacement.empty, [])?;
    let filled = transaction.execute(&replacement.fill, [])?;
    let equal: i64 = transaction.query_row(&replacement.count_equal, [], |row| row.get(0))?;
    Ok(emptied as u64 == replacement.rows
        && filled as u64 == replacement.copied
        && u64::try_from(equal) == Ok(replacement.copied)
        && sequence()? == before)
}

fn pragma(connection: &Connection, name: &str) -> rusqlite::Result<u64> {
    let number: i64 = connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0))?;
    Ok(u64::try_from(number).unwrap_or(0))
}
