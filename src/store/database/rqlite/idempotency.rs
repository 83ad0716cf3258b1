//! Idempotent batches. Each batch inserts a receipt; when a response was lost, the repeated
//! batch fails at the receipt, which records the result of the first.

use std::time::Instant;

use super::connection::Rqlite;
use crate::domain::error::{Error, Result};
use crate::storage::{WriteTiming, random_name};
use crate::store::database::{BatchResult, OwnedRow, RowRef};
use crate::store::statement::Statement;

/// Number of receipts kept: those of at least the last minute on a busy cluster.
const KEPT_RECEIPTS: u64 = 100_000;

/// Error of a batch that was applied already.
const ALREADY_APPLIED: &str = "UNIQUE constraint failed: receipts.name";
/// Error of a batch in which a statement changed an unexpected number of rows.
const COUNT_MISMATCH: &str = "NOT NULL constraint failed: receipts.rows";

/// Statement and its expected number of changed rows, if any.
pub(super) type IdempotentStep<'s> = (&'s Statement, Option<u64>);

impl Rqlite {
    /// Runs statements as one request; `None` if a statement changed an unexpected number of
    /// rows, and the batch was rolled back.
    pub(super) fn execute_idempotent(
        &mut self,
        steps: &[IdempotentStep<'_>],
    ) -> Result<Option<BatchResult>> {
        let (begun, name) = (Instant::now(), random_name()?);
        let response = self.write(&add_receipt(steps, &name))?;
        match &response.outcome {
            Err(why) if why == COUNT_MISMATCH => return Ok(None),
            // A node may also have forwarded the batch twice.
            Err(why) if why == ALREADY_APPLIED => {
                let applied = self.recover_result(steps, &name)?;
                // The share of the commit is unknown.
                let hold = begun.elapsed();
                let timing = WriteTiming { hold, commit: hold, ..WriteTiming::default() };
                return Ok(Some(BatchResult { timing, ..applied }));
            }
            _ => {}
        }
        let BatchResult { rows, answers, timing, .. } = self.batch_result(response)?;
        let total = |answers: Option<&Vec<OwnedRow>>| answers?.first()?.integer(0);
        self.observe_changes(total(answers.first()), total(answers.last()));
        let mut applied = BatchResult { timing, ..BatchResult::default() };
        let mut results = rows.into_iter().zip(answers).skip(BEFORE_STEPS);
        for (statement, _) in steps {
            let (rows, answers) = results.next().unwrap_or_default();
            if !statement.reads() {
                let _ = results.next();
            }
            applied.rows.push(rows);
            applied.answers.push(answers);
        }
        Ok(Some(applied))
    }

    /// Recovers the result of a batch whose response was lost. Reads after its last write are
    /// repeated; the rows of other reads are lost.
    fn recover_result(&self, steps: &[IdempotentStep<'_>], name: &str) -> Result<BatchResult> {
        let receipt =
            Statement::new("SELECT rows FROM receipts WHERE name = ?1").with(name).linearizable();
        let reads = |(statement, _): &IdempotentStep<'_>| statement.reads();
        let again = steps.len() - steps.iter().rev().take_while(|step| reads(step)).count();
        let mut list = vec![receipt];
        list.extend(steps[again..].iter().map(|(statement, _)| (*statement).clone()));
        // The batch was applied, but without its receipt the result is unknown.
        let place = || self.client.display_name().to_owned();
        let unknown =
            |error: Error| Error::OutcomeUnknown { at: place(), why: error.with_causes() };
        let results = self.read(&list).map_err(unknown)?;
        let mut results = results.into_iter();
        let rows = results.next().and_then(|receipt| receipt.answers.first()?.text(0));
        let gone = || Error::OutcomeUnknown {
            at: place(),
            why: "its receipt has been deleted".to_owned(),
        };
        let rows = rows.ok_or_else(gone)?;
        let mut rows = rows.split_whitespace().map(|rows| rows.parse().unwrap_or(0));
        let response_lost = steps[..again].iter().any(reads);
        let mut applied = BatchResult { response_lost, ..BatchResult::default() };
        for (place, step) in steps.iter().enumerate() {
            let result = if place < again { None } else { results.next() };
            let result = result.unwrap_or_default();
            let changed = if reads(step) { None } else { rows.next() };
            applied.rows.push(changed.unwrap_or(result.rows));
            applied.answers.push(result.answers);
        }
        Ok(applied)
    }
}

/// Statements of [`add_receipt`] before those of the batch.
const BEFORE_STEPS: usize = 2;

fn add_receipt(steps: &[IdempotentStep<'_>], name: &str) -> Vec<Statement> {
    let total = || Statement::new("SELECT total_changes()");
    let mut list =
        vec![total(), Statement::new("INSERT INTO receipts (name) VALUES (?1)").with(name)];
    for (statement, expected) in steps {
        list.push((*statement).clone());
        if !statement.reads() {
            list.push(record_rows(name, *expected));
        }
    }
    let drop = "DELETE FROM receipts WHERE id <= (SELECT max(id) FROM receipts) - ?1";
    list.extend([Statement::new(drop).with(KEPT_RECEIPTS), total()]);
    list
}

/// Records the number of rows changed by the last statement; fails, with the batch, if the
/// number is unexpected.
fn record_rows(name: &str, expected: Option<u64>) -> Statement {
    let Some(expected) = expected else {
        let note = "UPDATE receipts SET rows = rows || changes() || ' ' WHERE name = ?1";
        return Statement::new(note).with(name);
    };
    let note = "UPDATE receipts SET rows = CASE WHEN changes() = ?2 \
                THEN rows || changes() || ' ' END WHERE name = ?1";
    Statement::new(note).with(name).with(expected)
}
