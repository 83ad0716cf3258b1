//! Batches: several statements, or one statement for many rows, in one transaction.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use rusqlite::{CachedStatement, Connection, Result, Row, Transaction, params_from_iter};

use super::locking;
use super::transactions::Transactions;
use crate::domain::profile::SqlValueRef;
use crate::storage::WriteTiming;
use crate::store::database::{BatchResult, OwnedRow, RowRef};
use crate::store::statement::{Parameters, Statement};

pub(super) fn query_all_for_each(
    connection: &Connection,
    sql: &str,
    values: &mut dyn Iterator<Item = Parameters<'_>>,
    visit: &mut dyn FnMut(usize, &dyn RowRef),
) -> Result<()> {
    let transaction = connection.unchecked_transaction()?;
    let mut prepared = transaction.prepare_cached(sql)?;
    for (place, parameters) in values.enumerate() {
        for (index, value) in parameters.iter().enumerate() {
            prepared.raw_bind_parameter(index + 1, value)?;
        }
        let mut rows = prepared.raw_query();
        while let Some(row) = rows.next()? {
            visit(place, row);
        }
    }
    drop(prepared);
    transaction.commit()
}

pub(super) fn execute_for_rows(
    connection: &Connection,
    transactions: &Transactions,
    statements: &[Statement],
    rows: &mut dyn Iterator<Item = Vec<SqlValueRef<'_>>>,
) -> Result<BatchResult> {
    transactions.prepare(connection)?;
    let (transaction, mut waited) = locking::begin(connection)?;
    let begun = Instant::now();
    let mut applied = BatchResult::default();
    let prepared = statements.iter().map(|one| transaction.prepare_cached(&one.sql));
    let mut prepared = prepared.collect::<Result<Vec<_>>>()?;
    for row in rows {
        for statement in &mut prepared {
            let (rows, answers) = run_for_row(statement, &row)?;
            applied.rows.push(rows);
            applied.answers.push(answers);
        }
    }
    drop(prepared);
    let done = Instant::now();
    waited += transactions.commit(&transaction)?;
    let (hold, commit) = (begun.elapsed(), done.elapsed());
    applied.timing = WriteTiming { hold, commit, waited };
    Ok(applied)
}

/// A statement that returns rows counts them as changes.
fn run_for_row(
    statement: &mut CachedStatement<'_>,
    row: &[SqlValueRef<'_>],
) -> Result<(u64, Vec<OwnedRow>)> {
    for (place, value) in row.iter().take(statement.parameter_count()).enumerate() {
        statement.raw_bind_parameter(place + 1, value)?;
    }
    if statement.column_count() == 0 {
        return Ok((statement.raw_execute()? as u64, Vec::new()));
    }
    let mut answers = Vec::new();
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next()? {
        answers.push(owned_row(row)?);
    }
    Ok((answers.len() as u64, answers))
}

/// Runs statements in one transaction, and rolls it back if one changes an unexpected number of
/// rows; answers then the time for which writers were blocked.
pub(super) fn execute_all<'s>(
    connection: &Connection,
    transactions: &Transactions,
    statements: impl Iterator<Item = (&'s Statement, Option<u64>)>,
) -> Result<ControlFlow<Duration, BatchResult>> {
    transactions.prepare(connection)?;
    let (transaction, mut waited) = locking::begin(connection)?;
    let begun = Instant::now();
    let mut applied = BatchResult::default();
    for (statement, expected) in statements {
        let rows = run_statement(&transaction, statement, &mut applied)?;
        if expected.is_some_and(|expected| expected != rows) {
            transaction.rollback()?;
            return Ok(ControlFlow::Break(begun.elapsed()));
        }
    }
    let done = Instant::now();
    waited += transactions.commit(&transaction)?;
    let (hold, commit) = (begun.elapsed(), done.elapsed());
    applied.timing = WriteTiming { hold, commit, waited };
    Ok(ControlFlow::Continue(applied))
}

fn run_statement(
    transaction: &Transaction<'_>,
    statement: &Statement,
    applied: &mut BatchResult,
) -> Result<u64> {
    let mut prepared = transaction.prepare_cached(&statement.sql)?;
    let values = params_from_iter(&statement.values);
    let (mut rows, mut answers) = (0, Vec::new());
    if prepared.column_count() > 0 {
        answers = prepared.query_map(values, owned_row)?.collect::<Result<_>>()?;
    } else {
        rows = prepared.execute(values)? as u64;
    }
    applied.rows.push(rows);
    applied.answers.push(answers);
    Ok(rows)
}

fn owned_row(row: &Row<'_>) -> Result<OwnedRow> {
    let columns = row.as_ref().column_count();
    (0..columns)
        .map(|place| row.get_ref(place).map(|value| SqlValueRef::from(value).to_value()))
        .collect::<Result<_>>()
        .map(OwnedRow)
}
