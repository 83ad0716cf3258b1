//! One statement for many values of its first parameter: prepared once, and without
//! a lock of its own for each.

use std::time::Instant;

use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, Result, TransactionBehavior};

use super::{Applied, Columns};

pub(super) fn look_up(
    connection: &Connection,
    sql: &str,
    values: &mut dyn Iterator<Item = ValueRef<'_>>,
    visit: &mut dyn FnMut(Option<&dyn Columns>),
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

pub(super) fn apply(
    connection: &mut Connection,
    sql: &str,
    values: &mut dyn Iterator<Item = ValueRef<'_>>,
    rest: &[Value],
) -> Result<Applied> {
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
    transaction.commit()?;
    Ok(Applied { rows, hold: begun.elapsed(), ..Applied::default() })
}
