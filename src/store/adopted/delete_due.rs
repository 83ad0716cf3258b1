//! Deleting due rows by key, each after the profile has judged it once more.

use super::delete::{self, DeleteStatements};
use super::delete_batch::{Partial, Rows, execute_batch};
use super::reader::TableReader;
use super::referencing_tables::ReferencingTables;
use super::sample::is_expired;
use super::values::with_values;
use crate::domain::error::Result;
use crate::domain::profile::SqlValueRef;
use crate::domain::session::{EndReason, SessionKey};
use crate::domain::time::UnixTime;
use crate::storage::{DueRange, KeptRows, PurgeBatchResult, RowSnapshot};
use crate::store::database::{Database, RowRef};
use crate::store::statement::{Parameters, Statement, key_ref};

/// SQL function by which the [profile](crate::domain::profile::Profile::judge) decides on a row.
/// Its arguments are the present time and the inputs.
const IS_DUE: &str = "sessctl_is_due";

#[derive(Debug)]
pub(super) struct DeleteDue {
    /// Deletes the row with the key `?1` if it is due at `?2`, the parameter after the key. It
    /// names one row because SQLite copies each page that a statement with more rows changes: a
    /// function might fail.
    statement: Statement,
}

impl DeleteDue {
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
                "DELETE FROM {} WHERE {} AND {IS_DUE}(?{}, {arguments})",
                reader.table(),
                reader.key.is_bound(),
                reader.key.width() + 1
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

/// Deletes the due rows of a scan: those of the snapshots, or of the keys. The rows of a part in
/// which the database rejects a deletion are deleted one by one.
pub(super) fn apply_purge(
    database: &mut impl Database,
    reader: &TableReader,
    delete_due: Option<&DeleteDue>,
    one_by_one: &DeleteStatements,
    due: &DueRange,
    now: UnixTime,
    return_ended: bool,
) -> Partial<(PurgeBatchResult, KeptRows)> {
    let (mut deleted, mut rest) = (PurgeBatchResult::default(), Vec::new());
    let mut keys = &due.keys;
    if let Some(statement) = delete_due.filter(|_| !return_ended) {
        let (rejected, outcome) = delete_by_key(database, statement, keys, now, &mut deleted);
        rest.extend(rejected.into_iter().map(|index| keys[index].clone()));
        if outcome.is_err() {
            return ((deleted, KeptRows::default()), outcome);
        }
        keys = &rest;
    }
    let found = match due_rows(database, reader, keys, now) {
        Ok(found) => found,
        Err(error) => return ((deleted, KeptRows::default()), Err(error)),
    };
    let snapshots = if due.seen.is_empty() { &found } else { &due.seen };
    if snapshots.is_empty() {
        return ((deleted, KeptRows::default()), Ok(()));
    }
    let ((result, kept), outcome) =
        delete::apply_purge(database, reader, one_by_one, snapshots, now, return_ended);
    ((add(&deleted, result), kept), outcome)
}

/// Returns the indexes of the keys whose deletion the database rejects.
fn delete_by_key(
    database: &mut impl Database,
    delete_due: &DeleteDue,
    keys: &[SessionKey],
    now: UnixTime,
    result: &mut PurgeBatchResult,
) -> Partial<Vec<usize>> {
    let row = |index: usize| {
        let columns = keys[index].columns();
        let mut values = Vec::with_capacity(columns.len() + 1);
        values.extend(columns.iter().map(key_ref));
        values.push(SqlValueRef::Integer(now.0));
        values
    };
    let mut rows = Rows { count: keys.len(), row: &row, chunk: None };
    let statements = std::slice::from_ref(&delete_due.statement);
    let (run, outcome) = execute_batch(database, statements, &mut rows);
    let deleted = run.applied.rows.iter().sum();
    *result = PurgeBatchResult {
        ended: deleted,
        ended_by: [(EndReason::Expired, deleted)].into(),
        deleted,
        timing: run.applied.timing,
        ..PurgeBatchResult::default()
    };
    (run.rejected.into_iter().map(|(index, _)| index).collect(), outcome)
}

fn add(deleted: &PurgeBatchResult, mut rest: PurgeBatchResult) -> PurgeBatchResult {
    rest.ended += deleted.ended;
    for (reason, rows) in &deleted.ended_by {
        *rest.ended_by.entry(*reason).or_default() += rows;
    }
    rest.deleted += deleted.deleted;
    rest.timing += deleted.timing;
    rest
}

/// Snapshots of the rows with these keys that are due now.
fn due_rows(
    database: &impl Database,
    reader: &TableReader,
    keys: &[SessionKey],
    now: UnixTime,
) -> Result<Vec<RowSnapshot>> {
    let mut snapshots = Vec::new();
    if keys.is_empty() {
        return Ok(snapshots);
    }
    let mut sql = reader.select(&reader.snapshot_columns());
    sql.push(&format!(" WHERE {}", reader.key.is_bound()));
    database.query_all_for_each(&sql, &mut keys.iter().map(Parameters::Key), &mut |_, row| {
        if is_expired(reader.judge(row), now) {
            snapshots.extend(reader.snapshot(row, EndReason::Expired));
        }
    })?;
    Ok(snapshots)
}
