//! Scan of a remote table: rows are counted on the server, window by window, and only
//! one line per group is transferred.

use std::ops::ControlFlow;
use std::time::Instant;

use super::policy_sql;
use super::tally::ScannedRows;
use crate::domain::error::Result;
use crate::domain::session::SessionKey;
use crate::domain::time::UnixTime;
use crate::storage::{PolicyContext, ScanLimits};
use crate::store::database::Database;
use crate::store::statement::Statement;

/// Rows in a window, for each that may be due, and in any case at least and at most:
/// a window ends at the last due row that there is room for, and takes some milliseconds
/// if it does not come to that.
const ROWS_PER_DUE: usize = 10;
const MIN_WINDOW: usize = 5_000;
const MAX_WINDOW: usize = 50_000;

pub(super) fn scan_windows(
    database: &impl Database,
    scope: &PolicyContext<'_>,
    after: Option<&SessionKey>,
    limits: ScanLimits,
) -> Result<ScannedRows> {
    let started = Instant::now();
    let (mut scanned, mut after) = (ScannedRows::default(), after.cloned());
    loop {
        let rows_before = scanned.tally.rows;
        let due = limits.due.saturating_sub(to_usize(scanned.tally.due));
        let rows = limits.due.saturating_mul(ROWS_PER_DUE).clamp(MIN_WINDOW, MAX_WINDOW);
        let rows = rows.min(limits.rows.saturating_sub(to_usize(rows_before)));
        let window = window(scope, after.as_ref(), rows, due, limits.backlog);
        let last = add_window(database, &window, &mut scanned)?;
        let is_full = scanned.tally.rows - rows_before >= rows as u64;
        if !is_full && scanned.tally.due < limits.due as u64 {
            scanned.last = None;
            return Ok(scanned);
        }
        let is_done = scanned.tally.due >= limits.due as u64
            || scanned.tally.rows >= limits.rows as u64
            || started.elapsed() >= limits.time;
        after = Some(SessionKey::Text(last.clone().into()));
        scanned.last = Some(last);
        if is_done {
            return Ok(scanned);
        }
    }
}

fn to_usize(rows: u64) -> usize {
    usize::try_from(rows).unwrap_or(usize::MAX)
}

/// Adds the counts of a window, and returns its last key.
fn add_window(
    database: &impl Database,
    window: &Statement,
    scanned: &mut ScannedRows,
) -> Result<String> {
    let mut end = String::new();
    database.query(window, &mut |row| {
        let first = row.text(0).unwrap_or_default();
        let last = row.text(6).unwrap_or_default();
        if scanned.tally.count(row, row.count(5), row.count(7) == 1) {
            let due = scanned.due.get_or_insert_with(|| (first.clone(), last.clone()));
            if first < due.0 {
                due.0 = first;
            }
            if last > due.1 {
                due.1.clone_from(&last);
            }
        }
        end = last.max(std::mem::take(&mut end));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(end)
}

/// Counts the next rows by task and verdict: at most `rows` of them, and none after the last of
/// `due` due rows. SQLite visits the rows of the inner statement in order, and stops there.
fn window(
    scope: &PolicyContext<'_>,
    after: Option<&SessionKey>,
    rows: usize,
    due: usize,
    backlog: Option<UnixTime>,
) -> Statement {
    let mut sql = Statement::new(
        "SELECT min(id), task, status, verdict, end_reason, count(*), max(id), was_due \
         FROM (SELECT id, task, ",
    );
    policy_sql::row_flags(&mut sql, scope);
    sql.push(" AS status, end_reason, ");
    match backlog {
        Some(at) => policy_sql::was_due(&mut sql, scope, at),
        None => drop(sql.push("FALSE")),
    }
    sql.push(" AS was_due, ");
    verdicts(&mut sql, scope, after);
    if due < rows {
        sql.push(" AND id <= ifnull((SELECT id FROM (SELECT id, ");
        verdicts(&mut sql, scope, after);
        sql.push(" ORDER BY id LIMIT ").bind(rows);
        sql.push(") WHERE verdict IS NOT NULL LIMIT 1 OFFSET ").bind(due.saturating_sub(1));
        // No key sorts after this.
        sql.push("), 'g')");
    }
    sql.push(" ORDER BY id LIMIT ").bind(rows);
    // Group by spelling; the program combines the groups.
    sql.push(") GROUP BY task COLLATE BINARY, status, verdict, end_reason, was_due");
    sql
}

/// Selects the verdict on each row after a key, as the last column.
fn verdicts(sql: &mut Statement, scope: &PolicyContext<'_>, after: Option<&SessionKey>) {
    policy_sql::verdict(sql, scope);
    sql.push(" AS verdict FROM sessions WHERE TRUE");
    if let Some(after) = after {
        sql.push(" AND id > ").bind(after);
    }
    policy_sql::and_task_in_scope(sql, scope);
}
