//! Deleting the due rows of key ranges, each by one statement.

use std::ops::ControlFlow;

use super::delete::{self, DeleteStatements};
use super::delete_batch::{Partial, Rows, execute_batch};
use super::reader::{TableReader, with_values};
use super::referencing_tables::ReferencingTables;
use super::sample::is_expired;
use crate::domain::error::Result;
use crate::domain::profile::SqlValueRef;
use crate::domain::session::SessionKey;
use crate::domain::time::UnixTime;
use crate::storage::{DueRange, KeptRows, PurgeBatchResult, RowSnapshot};
use crate::store::database::{Database, RowRef};
use crate::store::statement::{Statement, key_ref};

/// SQL function by which the [profile](crate::domain::profile::Profile::judge) decides on a row.
/// Its arguments are the present time and the inputs.
const IS_DUE: &str = "sessctl_is_due";

#[derive(Debug)]
pub(super) struct DeleteRange {
    /// Deletes the rows from `?1` to `?2` that are due at `?3`.
    statement: Statement,
}

impl DeleteRange {
    /// `None` where a row needs statements of its own: those that delete dependents, look for
    /// references that block it, or find out whether a trigger kept it; and where the database
    /// cannot call the profile.
    pub(super) fn of(
        database: &impl Database,
        reader: &TableReader,
        references: &ReferencingTables,
    ) -> Result<Option<Self>> {
        let is_plain = !reader.input_expressions().is_empty()
            && reader.profile.dependents.is_empty()
            && references.blocking.is_empty()
            && !references.has_triggers;
        if !is_plain || !define_is_due(database, reader)? {
            return Ok(None);
        }
        let arguments = reader.input_expressions().join(", ");
        Ok(Some(Self {
            statement: Statement::new(&format!(
                "DELETE FROM {} WHERE {} BETWEEN ?1 AND ?2 AND {IS_DUE}(?3, {arguments})",
                reader.table(),
                reader.key
            )),
        }))
    }
}

fn define_is_due(database: &impl Database, reader: &TableReader) -> Result<bool> {
    let (profile, count) = (reader.profile.clone(), reader.input_expressions().len());
    let is_due = move |arguments: &dyn RowRef| {
        let now = arguments.integer(0).map(UnixTime);
        let status = with_values(arguments, 1, count, |inputs| profile.judge(inputs));
        now.is_some_and(|now| is_expired(status, now))
    };
    database.define_predicate(IS_DUE, count + 1, Box::new(is_due))
}

/// Deletes the due rows of a range: those of the snapshots, if there are any, or else all. The rows
/// of a part in which the database rejects a deletion are deleted one by one.
pub(super) fn apply_purge(
    database: &mut impl Database,
    reader: &TableReader,
    range: Option<&DeleteRange>,
    one_by_one: &DeleteStatements,
    due: &DueRange,
    now: UnixTime,
    return_ended: bool,
) -> Partial<(PurgeBatchResult, KeptRows)> {
    let whole = [(due.first.clone(), due.last.clone())];
    let mut ranges = if due.ranges.is_empty() { &whole[..] } else { &due.ranges };
    let (mut deleted, mut rest) = (PurgeBatchResult::default(), Vec::new());
    if let Some(range) = range.filter(|_| due.seen.is_empty() && !return_ended) {
        let (rejected, outcome) = delete_ranges(database, range, ranges, now, &mut deleted);
        if outcome.is_err() || rejected.is_empty() {
            return ((deleted, KeptRows::default()), outcome);
        }
        rest.extend(rejected.into_iter().map(|index| ranges[index].clone()));
        ranges = &rest;
    }
    let found;
    let snapshots = if due.seen.is_empty() {
        match due_rows(database, reader, ranges, now) {
            Ok(rows) => found = rows,
            Err(error) => return ((deleted, KeptRows::default()), Err(error)),
        }
        &found
    } else {
        &due.seen
    };
    let ((result, kept), outcome) =
        delete::apply_purge(database, reader, one_by_one, snapshots, now, return_ended);
    ((add(&deleted, result), kept), outcome)
}

/// Returns the indexes of the ranges in which the database rejects the deletion of a row.
fn delete_ranges(
    database: &mut impl Database,
    range: &DeleteRange,
    ranges: &[(SessionKey, SessionKey)],
    now: UnixTime,
    result: &mut PurgeBatchResult,
) -> Partial<Vec<usize>> {
    let row = |index: usize| {
        let (first, last) = &ranges[index];
        vec![key_ref(first), key_ref(last), SqlValueRef::Integer(now.0)]
    };
    let mut rows = Rows { count: ranges.len(), row: &row, chunk: None };
    let (run, outcome) = execute_batch(database, std::slice::from_ref(&range.statement), &mut rows);
    let deleted = run.applied.rows.iter().sum();
    *result = PurgeBatchResult {
        ended: deleted,
        deleted,
        timing: run.applied.timing,
        ..PurgeBatchResult::default()
    };
    (run.rejected.into_iter().map(|(index, _)| index).collect(), outcome)
}

fn add(deleted: &PurgeBatchResult, mut rest: PurgeBatchResult) -> PurgeBatchResult {
    rest.ended += deleted.ended;
    rest.deleted += deleted.deleted;
    rest.timing += deleted.timing;
    rest
}

/// Snapshots of the rows of these ranges that are due now.
fn due_rows(
    database: &impl Database,
    reader: &TableReader,
    ranges: &[(SessionKey, SessionKey)],
    now: UnixTime,
) -> Result<Vec<RowSnapshot>> {
    let mut snapshots = Vec::new();
    for (first, last) in ranges {
        let mut sql = reader.select(&reader.snapshot_columns());
        sql.push(&format!(" WHERE {} BETWEEN ", reader.key)).bind(first);
        sql.push(" AND ").bind(last).push(&format!(" ORDER BY {}", reader.key));
        database.query(&sql, &mut |row| {
            if is_expired(reader.judge(row), now) {
                snapshots.extend(reader.snapshot(row));
            }
            Ok(ControlFlow::Continue(()))
        })?;
    }
    Ok(snapshots)
}
