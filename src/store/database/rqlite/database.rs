use std::ops::ControlFlow;
use std::time::Instant;

use super::connection::Rqlite;
use super::idempotency::IdempotentStep;
use super::json;
use crate::domain::error::{Error, Result};
use crate::domain::profile::SqlValueRef;
use crate::storage::{DataVersion, VisitResult, WriteTiming};
use crate::store::database::sqlite::Access;
use crate::store::database::{BatchResult, Database, ExpectedCount, Opener, OwnedRow, RowRef};
use crate::store::statement::{Parameters, Statement};

/// Initial and maximum number of rows in a page. Without an index for the order, each page
/// sorts all rows again, so pages should be few; the largest take about 10 MB.
const FIRST_PAGE: usize = 250;
const LARGEST_PAGE: usize = 10_000;
/// Approximate maximum size of the values of a page, in bytes.
const PAGE_BYTES: usize = 4 << 20;

impl Database for Rqlite {
    fn display_name(&self) -> &str {
        self.client.display_name()
    }

    fn opener(&self) -> Opener<Self> {
        let (cluster, has_receipts) = (self.client.cluster().clone(), self.has_receipts);
        Box::new(move || Ok(Self { has_receipts, ..Self::new(&cluster, Access::Write) }))
    }

    fn query(
        &self,
        statement: &Statement,
        visit: &mut dyn FnMut(&dyn RowRef) -> VisitResult,
    ) -> Result<()> {
        let results = self.read(std::slice::from_ref(statement))?;
        for row in results.iter().flat_map(|result| &result.answers) {
            if visit(row)? == ControlFlow::Break(()) {
                break;
            }
        }
        Ok(())
    }

    fn query_pages(
        &self,
        next: &mut dyn FnMut(Option<&dyn RowRef>) -> Statement,
        visit: &mut dyn FnMut(&dyn RowRef) -> VisitResult,
    ) -> Result<()> {
        let (mut last, mut size) = (None::<OwnedRow>, FIRST_PAGE);
        loop {
            let mut page = next(last.as_ref().map(|row| row as &dyn RowRef));
            page.push(" LIMIT ").bind(size);
            let mut rows = self.read(&[page])?.pop().unwrap_or_default().answers;
            for row in &rows {
                if visit(row)? == ControlFlow::Break(()) {
                    return Ok(());
                }
            }
            if rows.len() < size {
                return Ok(());
            }
            let bytes: usize = rows.iter().map(OwnedRow::bytes).sum();
            let most = PAGE_BYTES / (bytes / rows.len().max(1)).max(1);
            last = rows.pop();
            size = (size * 4).min(LARGEST_PAGE).min(most.max(1));
        }
    }

    fn query_all_for_each(
        &self,
        statement: &Statement,
        values: &mut dyn Iterator<Item = Parameters<'_>>,
        visit: &mut dyn FnMut(usize, &dyn RowRef),
    ) -> Result<()> {
        let results = self.read_for_each(statement, values)?.into_iter().enumerate();
        for (place, result) in results {
            result.answers.iter().for_each(|row| visit(place, row));
        }
        Ok(())
    }

    /// No receipt is left, as the table may be anybody's. Where the answer is lost and the
    /// list is sent again, rows that the first has deleted are found gone, and what is
    /// answered may be less than what was done; it says so.
    fn execute_for_rows(
        &mut self,
        statements: &[Statement],
        rows: &mut dyn Iterator<Item = Vec<SqlValueRef<'_>>>,
    ) -> Result<BatchResult> {
        let total = || json::encode_statement("SELECT total_changes()", std::iter::empty());
        let mut list = vec![total()];
        for row in rows {
            let one =
                |statement: &Statement| json::encode_statement(&statement.sql, row.iter().copied());
            list.extend(statements.iter().map(one));
        }
        list.push(total());
        let count = list.len();
        let is_lossless = |place: usize| {
            let is_of_a_row = place > 0 && place + 1 < count;
            is_of_a_row && statements[(place - 1) % statements.len()].is_lossless
        };
        let response = self.write_body(&serde_json::Value::Array(list).to_string(), is_lossless)?;
        if let Err(why) = &response.outcome
            && !response.is_in_doubt
            && is_about_rows(why)
        {
            let doing = format!("write to \"{}\"", self.client.display_name());
            return Err(Error::Rejected { doing, why: why.clone() });
        }
        let mut applied = self.batch_result(response)?;
        let total = |answers: Option<Vec<OwnedRow>>| answers?.first()?.integer(0);
        let after = total(applied.answers.pop());
        let before = total((!applied.answers.is_empty()).then(|| applied.answers.remove(0)));
        self.observe_changes(before, after);
        applied.rows.pop();
        applied.rows.drain(..applied.rows.len().min(1));
        Ok(applied)
    }

    fn execute_batch(&mut self, statements: &[Statement]) -> Result<BatchResult> {
        if self.has_receipts {
            let all: Vec<IdempotentStep<'_>> =
                statements.iter().map(|statement| (statement, None)).collect();
            // Without expected counts, the batch is never rolled back.
            Ok(self.execute_idempotent(&all)?.unwrap_or_default())
        } else {
            self.execute_once(statements)
        }
    }

    fn execute_if_counts_match(
        &mut self,
        expected: &[ExpectedCount],
        otherwise: &[Statement],
    ) -> Result<BatchResult> {
        if !self.has_receipts {
            return self.execute_batch(otherwise);
        }
        let begun = Instant::now();
        let all: Vec<IdempotentStep<'_>> =
            expected.iter().map(|expected| (&expected.statement, expected.rows)).collect();
        if let Some(applied) = self.execute_idempotent(&all)? {
            return Ok(BatchResult { matched_expectation: true, ..applied });
        }
        // Include the time of the rolled-back attempt.
        let in_vain = begun.elapsed();
        let mut applied = self.execute_batch(otherwise)?;
        applied.timing += WriteTiming { hold: in_vain, commit: in_vain, ..WriteTiming::default() };
        Ok(applied)
    }

    fn version(&self) -> Result<Option<DataVersion>> {
        Ok(Some(DataVersion(self.foreign)))
    }

    fn lossless(&self, expression: &str) -> String {
        json::lossless(expression)
    }

    fn is_remote(&self) -> bool {
        true
    }
}

/// Error messages of SQLite that do not concern a single row.
const NOT_ROW_ERRORS: &[&str] = &[
    "no such ",
    "has no column",
    "syntax error",
    "foreign key mismatch",
    "malformed",
    "disk is full",
    "disk I/O",
    "readonly",
    "is locked",
    "out of memory",
    "interrupted",
    "unable to open",
    "too many ",
];

/// True if an error message may come from a constraint or from a trigger of the application.
fn is_about_rows(why: &str) -> bool {
    !NOT_ROW_ERRORS.iter().any(|known| why.contains(known))
}
