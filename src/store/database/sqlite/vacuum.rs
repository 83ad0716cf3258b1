use std::fs;
use std::path::Path;
use std::time::Instant;

use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use super::{SqliteFile, limits};
use crate::domain::error::{Error, Result};
use crate::storage::{CancelCheck, DiskUsage, SpaceRequirement, VacuumStep, WriteTiming};
use crate::store::database::Database;
use crate::store::database::sqlite::file;
use crate::store::database::sqlite::file::locks::KeptFile;
use crate::store::statement::Statement;

const SPACE: &str = "SELECT page_size, page_count, freelist_count, auto_vacuum FROM \
                     pragma_page_size, pragma_page_count, pragma_freelist_count, \
                     pragma_auto_vacuum";
/// Pages that are sampled to estimate the size of a row.
const SAMPLE_PAGES: usize = 500;
/// Overhead of a page in a log or journal, and the header of the log, in bytes.
const FRAME: u64 = 24;
const HEADER: u64 = 512;
/// Bytes per page in the pointer map, which incremental vacuum needs.
const MAPPED: u64 = 5;
/// Virtual machine steps between two cancel checks: about a millisecond.
const OPERATIONS: i32 = 10_000;

impl SqliteFile {
    pub fn disk_usage(&self) -> Result<DiskUsage> {
        let space = self.query_first(&Statement::new(SPACE), |row| DiskUsage {
            page_size: row.count(0),
            pages: row.count(1),
            free_pages: row.count(2),
            steps_possible: row.count(3) != 0,
            ..DiskUsage::default()
        })?;
        let mut space = space.unwrap_or_default();
        let unreadable = |e| Error::failed(format!("read \"{}\"", self.place), e);
        // SQLite names the log after the resolved path.
        let path = fs::canonicalize(&self.path).map_err(unreadable)?;
        space.file_bytes = fs::metadata(&path).map_err(unreadable)?.len();
        space.log_bytes = ["-wal", "-journal"].iter().map(|log| length(&path, log)).sum();
        Ok(space)
    }

    /// Mean size of a row of a table, without its indexes, from its first pages.
    pub fn mean_row_bytes(&self, table: &str) -> Result<Option<u64>> {
        let sample = Statement::new(
            "SELECT sum(payload), sum(ncell) FROM (SELECT payload, ncell FROM dbstat \
             WHERE name = ?1 AND pagetype <> 'internal' LIMIT ?2)",
        )
        .with(table)
        .with(SAMPLE_PAGES);
        let sums = self.query_first(&sample, |row| (row.count(0), row.count(1)))?;
        Ok(sums.and_then(|(bytes, rows)| bytes.checked_div(rows)))
    }

    pub fn incremental_vacuum(&mut self, pages: usize) -> Result<VacuumStep> {
        let _running = self.start_statement("write to", "");
        let released = shorten(&mut self.connection, pages);
        released.map_err(|e| self.error("write to", e))
    }

    pub fn space_requirement(&self) -> Result<SpaceRequirement> {
        let space = self.disk_usage()?;
        Ok(space_requirement(&space, self.has_write_ahead_log()?))
    }

    /// Reports whether another process holds a lock.
    pub fn is_in_use(&self) -> Result<bool> {
        let kept = KeptFile::open(&file::resolve(&self.path));
        let kept = kept.map_err(|e| Error::failed(format!("read \"{}\"", self.place), e))?;
        Ok(kept.is_in_use())
    }

    /// Rebuilds the file, and enables incremental vacuum.
    pub fn vacuum_for_steps(&mut self, leave: CancelCheck) -> Result<bool> {
        self.pragma("auto_vacuum", "INCREMENTAL")?;
        self.vacuum(leave)
    }

    /// Rebuilds the file with its own settings.
    pub fn vacuum(&mut self, mut leave: CancelCheck) -> Result<bool> {
        if leave() {
            return Ok(false);
        }
        let set_up = self.connection.progress_handler(OPERATIONS, Some(leave));
        set_up.map_err(|e| self.error("rebuild", e))?;
        let rebuilt =
            limits::without_limits(&self.connection, || self.connection.execute_batch("VACUUM"));
        let reset = self.interrupt.watch(&mut self.connection);
        match rebuilt.and(reset) {
            Ok(()) => Ok(true),
            Err(e) if e.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => Ok(false),
            Err(e) => Err(self.error("rebuild", e)),
        }
    }
}

/// Removes up to `pages` free pages.
fn shorten(connection: &mut Connection, pages: usize) -> rusqlite::Result<VacuumStep> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let begun = Instant::now();
    let before = pragma(&transaction, "freelist_count")?;
    {
        let mut step =
            transaction.prepare(&format!("PRAGMA incremental_vacuum({})", pages.max(1)))?;
        let mut moved = step.query([])?;
        while moved.next()?.is_some() {}
    }
    let after = pragma(&transaction, "freelist_count")?;
    transaction.commit()?;
    let pages = u64::try_from(before - after).unwrap_or(0);
    Ok(VacuumStep { pages, timing: WriteTiming::of_hold(begun.elapsed()) })
}

fn pragma(connection: &Connection, name: &str) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, name, |row| row.get(0))
}

fn length(path: &Path, suffix: &str) -> u64 {
    fs::metadata(file::sibling(path, suffix)).map_or(0, |log| log.len())
}

/// Space for a full vacuum. The temporary copy holds at most the pages in use and their pointer
/// map. A write-ahead log receives all of these, a rollback journal the old content of the file.
fn space_requirement(space: &DiskUsage, has_log: bool) -> SpaceRequirement {
    let used = space.pages.saturating_sub(space.free_pages);
    let map = used * MAPPED / space.page_size.max(1) + 2;
    let rebuilt = used + map;
    let logged = if has_log { rebuilt } else { space.pages };
    let longer = rebuilt.saturating_sub(space.pages);
    SpaceRequirement {
        data: HEADER + logged * (space.page_size + FRAME) + longer * space.page_size,
        temporary: rebuilt * space.page_size,
    }
}
