//! One statement for many values of its first parameter: prepared once, and without
//! a lock of its own for each.

use std::time::Instant;

use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{CachedStatement, Connection, Result, TransactionBehavior};

use super::disk_space::Room;
use super::{BatchResult, OwnedRow, RowRef, Statement, lists};

pub(super) fn query_each(
    connection: &Connection,
    sql: &str,
    values: &mut dyn Iterator<Item = ValueRef<'_>>,
    visit: &mut dyn FnMut(Option<&dyn RowRef>),
) -> Result<()> {
    let transaction = connection.unchecked_transaction()?;
    let mut prepared = transaction.prepare_cached(sql)?;
    for value in values {
        prepared.raw_bind_parameter(1, ToSqlOutput::Borrowed(value))?;
        match prepared.raw_query().next()? {
            Some(row) => visit(Some(row)),
            None => visit(None),
        }
    }
    drop(prepared);
    transaction.commit()
}

pub(super) fn query_all_for_each(
    connection: &Connection,
    sql: &str,
    values: &mut dyn Iterator<Item = ValueRef<'_>>,
    visit: &mut dyn FnMut(usize, &dyn RowRef),
) -> Result<()> {
    let transaction = connection.unchecked_transaction()?;
    let mut prepared = transaction.prepare_cached(sql)?;
    for (place, value) in values.enumerate() {
        prepared.raw_bind_parameter(1, ToSqlOutput::Borrowed(value))?;
        let mut rows = prepared.raw_query();
        while let Some(row) = rows.next()? {
            visit(place, row);
        }
    }
    drop(prepared);
    transaction.commit()
}

pub(super) fn execute_batch(
    connection: &mut Connection,
    room: &Room,
    sql: &str,
    values: &mut dyn Iterator<Item = ValueRef<'_>>,
    rest: &[Value],
) -> Result<BatchResult> {
    room.prepare(connection)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let begun = Instant::now();
    let mut rows = Vec::new();
    let mut prepared = transaction.prepare_cached(sql)?;
    for (place, value) in rest.iter().enumerate() {
        prepared.raw_bind_parameter(place + 2, value)?;
    }
    for value in values {
        prepared.raw_bind_parameter(1, ToSqlOutput::Borrowed(value))?;
        rows.push(prepared.raw_execute()? as u64);
    }
    drop(prepared);
    room.commit(transaction)?;
    Ok(BatchResult { rows, hold: begun.elapsed(), ..BatchResult::default() })
}

pub(super) fn execute_for_rows(
    connection: &mut Connection,
    room: &Room,
    statements: &[Statement],
    rows: &mut dyn Iterator<Item = Vec<ValueRef<'_>>>,
) -> Result<BatchResult> {
    room.prepare(connection)?;
    let asked = Instant::now();
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let begun = Instant::now();
    let mut applied = BatchResult { waited: begun - asked, ..BatchResult::default() };
    let prepared = statements.iter().map(|one| transaction.prepare_cached(&one.sql));
    let mut prepared = prepared.collect::<Result<Vec<_>>>()?;
    for row in rows {
        for statement in &mut prepared {
            let (rows, answers) = run(statement, &row)?;
            applied.rows.push(rows);
            applied.answers.push(answers);
        }
    }
    drop(prepared);
    let done = Instant::now();
    room.commit(transaction)?;
    let (hold, commit) = (begun.elapsed(), done.elapsed());
    Ok(BatchResult { hold, commit, ..applied })
}

/// Runs one statement with these values. One that answers rows has changed as many.
fn run(statement: &mut CachedStatement<'_>, row: &[ValueRef<'_>]) -> Result<(u64, Vec<OwnedRow>)> {
    for (place, value) in row.iter().take(statement.parameter_count()).enumerate() {
        statement.raw_bind_parameter(place + 1, ToSqlOutput::Borrowed(*value))?;
    }
    if statement.column_count() == 0 {
        return Ok((statement.raw_execute()? as u64, Vec::new()));
    }
    let mut answers = Vec::new();
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next()? {
        answers.push(lists::answer(row)?);
    }
    Ok((answers.len() as u64, answers))
}
