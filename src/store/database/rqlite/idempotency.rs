//! Lists of statements that leave a receipt: where the answer is lost, the same list is
//! sent again, fails at the receipt of the first, and reads there what that has done.

use std::time::Instant;

use super::{BatchResult, Done, Rqlite, Written};
use crate::domain::error::{Error, Result};
use crate::store::statement::Statement;

/// Receipts that are kept: those of the last minute or so, however busy the cluster is.
const KEPT: u64 = 100_000;

/// How the receipt of a list that has been carried out shows.
const IS_DONE: &str = "UNIQUE constraint failed: receipts.name";
/// How it shows that a statement has not changed as many rows as was expected of it.
const IS_UNEXPECTED: &str = "NOT NULL constraint failed: receipts.rows";

/// A statement, and how many rows are expected of it, if a number is.
pub(super) type IdempotentStep<'s> = (&'s Statement, Option<u64>);

impl Rqlite {
    /// Runs statements as one request; `None`: one of them did not do what was expected
    /// of it, and nothing has changed.
    pub(super) fn apply_with_receipt(
        &mut self,
        steps: &[IdempotentStep<'_>],
    ) -> Result<Option<BatchResult>> {
        let (begun, name) = (Instant::now(), new_name()?);
        match self.write(&with_receipt(steps, &name))? {
            Written::Done(Done { mut outcomes, hold, commit, .. }) => {
                let after = outcomes.pop().and_then(|total| total.answers.first()?.integer_at(0));
                let _ = outcomes.pop();
                let mut outcomes = outcomes.into_iter();
                let before = outcomes.next().and_then(|total| total.answers.first()?.integer_at(0));
                let _ = outcomes.next();
                self.notice(before, after);
                let mut applied = BatchResult { hold, commit, ..BatchResult::default() };
                for (statement, _) in steps {
                    let outcome = outcomes.next().unwrap_or_default();
                    if !statement.reads() {
                        let _ = outcomes.next();
                    }
                    applied.rows.push(outcome.rows);
                    applied.answers.push(outcome.answers);
                }
                Ok(Some(applied))
            }
            Written::Refused(why, _) if why == IS_UNEXPECTED => Ok(None),
            // Also if it was a node that has asked the leader twice.
            Written::Refused(why, _) if why == IS_DONE => {
                let applied = self.recover(steps, &name)?;
                // How much of it was work, nobody knows.
                let hold = begun.elapsed();
                Ok(Some(BatchResult { hold, commit: hold, ..applied }))
            }
            refused @ Written::Refused(..) => self.applied(refused).map(Some),
        }
    }

    /// What a list has done whose answer was lost. What it has read behind its last
    /// change is read now; the other rows that it has read are lost.
    fn recover(&self, steps: &[IdempotentStep<'_>], name: &str) -> Result<BatchResult> {
        let receipt =
            Statement::new("SELECT rows FROM receipts WHERE name = ?1").with(name).linearizable();
        let reads = |(statement, _): &IdempotentStep<'_>| statement.reads();
        let again = steps.len() - steps.iter().rev().take_while(|step| reads(step)).count();
        let mut list = vec![receipt];
        list.extend(steps[again..].iter().map(|(statement, _)| (*statement).clone()));
        // It is done; without the receipt nobody knows what that was.
        let place = || self.client.display_name().to_owned();
        let unknown =
            |error: Error| Error::OutcomeUnknown { at: place(), why: error.with_causes() };
        let outcomes = self.read(&list).map_err(unknown)?;
        let mut outcomes = outcomes.into_iter();
        let rows = outcomes.next().and_then(|receipt| receipt.answers.first()?.text(0));
        let gone =
            || Error::OutcomeUnknown { at: place(), why: "the receipt of it is gone".to_owned() };
        let rows = rows.ok_or_else(gone)?;
        let mut rows = rows.split_whitespace().map(|rows| rows.parse().unwrap_or(0));
        let answers_lost = steps[..again].iter().any(reads);
        let mut applied = BatchResult { answers_lost, ..BatchResult::default() };
        for (place, step) in steps.iter().enumerate() {
            let outcome = if place < again { None } else { outcomes.next() };
            let outcome = outcome.unwrap_or_default();
            let changed = if reads(step) { None } else { rows.next() };
            applied.rows.push(changed.unwrap_or(outcome.rows));
            applied.answers.push(outcome.answers);
        }
        Ok(applied)
    }
}

/// The statements with a receipt for what each of them does.
fn with_receipt(steps: &[IdempotentStep<'_>], name: &str) -> Vec<Statement> {
    let total = || Statement::new("SELECT total_changes()");
    let mut list =
        vec![total(), Statement::new("INSERT INTO receipts (name) VALUES (?1)").with(name)];
    for (statement, expected) in steps {
        list.push((*statement).clone());
        if !statement.reads() {
            list.push(note(name, *expected));
        }
    }
    let drop = "DELETE FROM receipts WHERE id <= (SELECT max(id) FROM receipts) - ?1";
    list.extend([Statement::new(drop).with(KEPT), total()]);
    list
}

/// Notes how many rows the last statement has changed; if others were expected, it fails,
/// and with it the list.
fn note(name: &str, expected: Option<u64>) -> Statement {
    let Some(expected) = expected else {
        let note = "UPDATE receipts SET rows = rows || changes() || ' ' WHERE name = ?1";
        return Statement::new(note).with(name);
    };
    let note = "UPDATE receipts SET rows = CASE WHEN changes() = ?2 \
                THEN rows || changes() || ' ' END WHERE name = ?1";
    Statement::new(note).with(name).with(expected)
}

/// A name that no other receipt has.
fn new_name() -> Result<String> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).map_err(|e| Error::failed("draw a random name", e))?;
    Ok(format!("{:032x}", u128::from_be_bytes(bits)))
}
