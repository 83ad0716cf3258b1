//! A list of statements that takes place as a whole or not at all.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use rusqlite::{Connection, Result, Row, Transaction, TransactionBehavior, params_from_iter};

use super::disk_space::Room;
use super::{BatchResult, OwnedRow};
use crate::store::statement::Statement;

/// Runs statements in one transaction. If one of them does not change as many rows as is
/// expected of it, nothing has happened but that others could not write for so long.
pub(super) fn execute_batch<'s>(
    connection: &mut Connection,
    room: &Room,
    statements: impl Iterator<Item = (&'s Statement, Option<u64>)>,
) -> Result<ControlFlow<Duration, BatchResult>> {
    room.prepare(connection)?;
    let asked = Instant::now();
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let begun = Instant::now();
    let mut applied = BatchResult { waited: begun - asked, ..BatchResult::default() };
    for (statement, expected) in statements {
        let rows = run(&transaction, statement, &mut applied)?;
        if expected.is_some_and(|expected| expected != rows) {
            transaction.rollback()?;
            return Ok(ControlFlow::Break(begun.elapsed()));
        }
    }
    let done = Instant::now();
    room.commit(transaction)?;
    let (hold, commit) = (begun.elapsed(), done.elapsed());
    Ok(ControlFlow::Continue(BatchResult { hold, commit, ..applied }))
}

/// Runs one of them, and answers how many rows it has changed.
fn run(
    transaction: &Transaction<'_>,
    statement: &Statement,
    applied: &mut BatchResult,
) -> Result<u64> {
    let mut prepared = transaction.prepare_cached(&statement.sql)?;
    let values = params_from_iter(&statement.values);
    let (mut rows, mut answers) = (0, Vec::new());
    if prepared.column_count() > 0 {
        answers = prepared.query_map(values, answer)?.collect::<Result<_>>()?;
    } else {
        rows = prepared.execute(values)? as u64;
    }
    applied.rows.push(rows);
    applied.answers.push(answers);
    Ok(rows)
}

/// A row that a statement answers.
pub(super) fn answer(row: &Row<'_>) -> Result<OwnedRow> {
    let columns = row.as_ref().column_count();
    (0..columns)
        .map(|place| row.get_ref(place).map(Into::into))
        .collect::<Result<_>>()
        .map(OwnedRow)
}
