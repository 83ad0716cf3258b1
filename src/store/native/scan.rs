use std::ops::ControlFlow;
use std::time::Instant;

use super::tally::{ScannedRows, Tally};
use super::{policy_sql, remote_scan};
use crate::domain::error::Result;
use crate::domain::session::SessionKey;
use crate::domain::time::UnixTime;
use crate::storage::raw_row::key_position;
use crate::storage::{
    Cursor, DueCounts, DueRange, DueScan, FoundSessions, KeptRows, PolicyContext, ScanLimits,
};
use crate::store::database::{Database, RowRef};
use crate::store::scan_limits;
use crate::store::statement::Statement;

pub(super) fn scan_due(
    database: &impl Database,
    scope: &PolicyContext<'_>,
    after: Option<&Cursor>,
    limits: ScanLimits,
) -> Result<DueScan> {
    // Read first: what is found is at least as new as that.
    let version = database.version()?;
    let after = match after {
        Some(Cursor::Key(key)) => Some(key),
        _ => None,
    };
    let scanned = if database.is_remote() {
        remote_scan::scan_windows(database, scope, after, limits)?
    } else {
        scan_rows(database, scope, after, limits)?
    };
    let (rows, mut found) = (scanned.tally.rows, DueCounts::default());
    let mut states = FoundSessions::default();
    let sessions = scanned.tally.into_counts(scope, &mut found, &mut states);
    Ok(DueScan {
        kept: KeptRows::default(),
        fraction: scanned.last.as_deref().map_or(1.0, key_position),
        last: scanned.last.map(|last| Cursor::Key(SessionKey::Text(last.into()))),
        rows,
        counts: found.counts,
        found: states,
        sessions,
        unreadable_value: None,
        version,
        due: scanned.due.map(|(first, last)| DueRange {
            first: SessionKey::Text(first.into()),
            last: SessionKey::Text(last.into()),
            found: Some(found),
            seen: Vec::new(),
            keys: Vec::new(),
        }),
    })
}

fn scan_rows(
    database: &impl Database,
    scope: &PolicyContext<'_>,
    after: Option<&SessionKey>,
    limits: ScanLimits,
) -> Result<ScannedRows> {
    // Compiling a statement with many policies takes time before the first row; the time
    // limit starts with that row.
    let mut started = None;
    let mut tally = Tally::default();
    let (mut last, mut first_due, mut last_due) = (None, None, String::new());
    database.query(&select_verdicts(scope, after, limits.backlog), &mut |row| {
        let started = *started.get_or_insert_with(Instant::now);
        // There are millions of rows: a key is read only where it is needed.
        let was_due = limits.backlog.is_some() && row.count(5) == 1;
        if tally.count(row, 1, was_due) {
            store_key(&mut last_due, row);
            first_due.get_or_insert_with(|| last_due.clone());
        }
        if !scan_limits::is_reached(limits, tally.rows, tally.due, started) {
            return Ok(ControlFlow::Continue(()));
        }
        store_key(last.get_or_insert_default(), row);
        Ok(ControlFlow::Break(()))
    })?;
    Ok(ScannedRows { tally, last, due: first_due.map(|first| (first, last_due)) })
}

/// Stores the key of a row, reusing the buffer.
fn store_key(key: &mut String, row: &dyn RowRef) {
    key.clear();
    match str::from_utf8(row.bytes(0)) {
        Ok(id) => key.push_str(id),
        // Not a valid id. It sorts after all others, and ends the scan.
        Err(_) => key.push_str(&String::from_utf8_lossy(row.bytes(0))),
    }
}

fn select_verdicts(
    scope: &PolicyContext<'_>,
    after: Option<&SessionKey>,
    backlog: Option<UnixTime>,
) -> Statement {
    let mut sql = Statement::new("SELECT id, task, ");
    policy_sql::row_flags(&mut sql, scope);
    sql.push(", ");
    policy_sql::verdict(&mut sql, scope);
    sql.push(", end_reason");
    if let Some(at) = backlog {
        sql.push(", ");
        policy_sql::was_due(&mut sql, scope, at);
    }
    sql.push(" FROM sessions WHERE TRUE");
    if let Some(after) = after {
        sql.push(" AND id > ").bind(after);
    }
    policy_sql::and_task_in_scope(&mut sql, scope);
    sql.push(" ORDER BY id");
    sql
}
