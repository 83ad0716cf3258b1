//! Client for rqlite, which replicates a SQLite database over several nodes.
//!
//! A batch is one request, and so one entry of the Raft log. If the response is lost, the batch
//! is sent again: either its statements are idempotent, or it leaves a receipt, by which the
//! second attempt recovers the result of the first.

pub(in crate::store) mod address;
mod client;
mod error;
mod idempotency;
mod json;
mod shared;

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use rusqlite::types::{Value, ValueRef};

use super::sqlite::Access;
use super::{BatchResult, Database, ExpectedCount, OwnedRow, RowRef};
use crate::domain::error::{Error, Result};
use crate::domain::profile::SqlValue;
use crate::storage::consistency::{Consistency, ReadFreshness};
use crate::storage::{DataVersion, VisitResult};
use crate::store::cluster::Cluster;
use crate::store::statement::Statement;
use client::{Client, NodeResponse, Request};
use idempotency::IdempotentStep;
use json::StatementResult;

pub use shared::SharedState;

/// Read consistency level of linearizable reads, supported by all versions.
const STRONG: &str = "strong";
/// Initial and maximum number of rows in a page. Without an index for the order, each page
/// sorts all rows again, so pages should be few; the largest take about 10 MB.
const FIRST_PAGE: usize = 250;
const LARGEST_PAGE: usize = 10_000;
/// Approximate maximum size of the values of a page, in bytes.
const PAGE_BYTES: usize = 4 << 20;

/// A database on a cluster.
pub struct Rqlite {
    client: Client,
    /// Default read consistency.
    consistency: Consistency,
    /// Read consistency of [quick](Statement::is_quick) reads.
    quick: Consistency,
    /// True if the database has a table for receipts.
    has_receipts: bool,
    /// `total_changes()` of the node after the last write.
    changes: Option<i64>,
    /// Number of detected writes of other clients.
    foreign: i64,
}

impl Rqlite {
    /// Creates a client; sends nothing.
    pub fn new(cluster: &Cluster, access: Access) -> Self {
        let [consistency, quick] = match access {
            Access::Read => [cluster.consistency; 2],
            // A new leader may not have carried out yet what its predecessor acknowledged: at
            // level `weak` it shows an old table, or an empty one, and a purge would pass over
            // rows that are due. What is about to change is never looked at on one node alone.
            Access::Write => [Consistency::Linearizable, Consistency::Weak],
        };
        Self {
            client: Client::new(cluster),
            consistency,
            quick,
            has_receipts: false,
            changes: None,
            foreign: 0,
        }
    }

    /// Enables receipts.
    #[must_use]
    pub fn with_receipts(self) -> Self {
        Self { has_receipts: true, ..self }
    }

    /// Makes all reads [quick](Statement::is_quick).
    #[must_use]
    pub fn with_quick_reads(self) -> Self {
        Self { consistency: self.quick, ..self }
    }

    /// Freshness of the node that answered last.
    pub fn freshness(&self) -> ReadFreshness {
        self.client.freshness()
    }

    fn send(
        &self,
        path: &str,
        body: &str,
        writes: bool,
        is_lossless: impl Fn(usize) -> bool,
    ) -> Result<NodeResponse> {
        self.client.execute(Request { path, body, writes }, is_lossless)
    }

    /// Path and query of a read.
    fn query_path<'s>(
        &self,
        statements: impl IntoIterator<Item = &'s Statement> + Clone,
    ) -> String {
        let is_linearizable =
            statements.clone().into_iter().any(|statement| statement.is_linearizable);
        let is_quick = statements.into_iter().all(|statement| statement.is_quick);
        let level = match if is_quick { self.quick } else { self.consistency } {
            _ if is_linearizable => STRONG,
            Consistency::Weak => "weak",
            // Some versions treat `linearizable` as `weak`.
            Consistency::Linearizable => STRONG,
            Consistency::None => "none",
        };
        format!("/db/query?timings&transaction&level={level}")
    }

    fn read(&self, statements: &[Statement]) -> Result<Vec<StatementResult>> {
        let body = json::encode_statements(statements);
        let path = if statements.iter().any(explains_a_change) {
            // The query endpoint rejects EXPLAIN of a change.
            "/db/request?timings".to_owned()
        } else {
            self.query_path(statements)
        };
        let is_lossless = |place: usize| statements.get(place).is_some_and(|sql| sql.is_lossless);
        match self.send(&path, &body, false, is_lossless)? {
            NodeResponse::Done(results, _) => Ok(results),
            NodeResponse::Refused(why, _) => Err(self.error("read", why)),
        }
    }

    /// Runs a query once for each value, in one request.
    fn read_for_each(
        &self,
        statement: &Statement,
        values: &mut dyn Iterator<Item = ValueRef<'_>>,
    ) -> Result<Vec<StatementResult>> {
        let one = |value| json::encode_statement(&statement.sql, std::iter::once(value));
        let elements: Vec<_> = values.map(one).collect();
        if elements.is_empty() {
            // rqlite rejects an empty batch.
            return Ok(Vec::new());
        }
        let body = serde_json::Value::Array(elements).to_string();
        let path = self.query_path([statement]);
        match self.send(&path, &body, false, |_| statement.is_lossless)? {
            NodeResponse::Done(results, _) => Ok(results),
            NodeResponse::Refused(why, _) => Err(self.error("read", why)),
        }
    }

    /// Sends a batch.
    fn write(&mut self, statements: &[Statement]) -> Result<Written> {
        let is_lossless = |place: usize| statements.get(place).is_some_and(|sql| sql.is_lossless);
        self.write_body(&json::encode_statements(statements), is_lossless)
    }

    fn write_body(&mut self, body: &str, is_lossless: impl Fn(usize) -> bool) -> Result<Written> {
        let begun = Instant::now();
        match self.send("/db/request?transaction&timings", body, true, is_lossless)? {
            NodeResponse::Done(results, is_in_doubt) => {
                let hold = begun.elapsed();
                let work: f64 = results.iter().map(|result| result.time).sum();
                let work = Duration::try_from_secs_f64(work).unwrap_or_default();
                let commit = hold.saturating_sub(work);
                Ok(Written::Done(Done { results, hold, commit, is_in_doubt }))
            }
            NodeResponse::Refused(why, may_have_applied) => {
                Ok(Written::Refused(why, may_have_applied))
            }
        }
    }

    fn error(&self, doing: &str, why: String) -> Error {
        let place = self.client.display_name();
        if ["disk image is malformed", "malformed database"].iter().any(|it| why.contains(it)) {
            return Error::Corrupt { at: place.to_owned(), detail: why };
        }
        Error::failed(format!("{doing} {place}"), why)
    }

    /// Detects writes of other clients from `total_changes()` of the node.
    fn observe_changes(&mut self, before: Option<i64>, after: Option<i64>) {
        if self.changes.is_some() && self.changes != before {
            self.foreign += 1;
        }
        self.changes = after;
    }

    fn execute_once(&mut self, statements: &[Statement]) -> Result<BatchResult> {
        let written = self.write(statements)?;
        self.batch_result(written)
    }

    fn batch_result(&self, written: Written) -> Result<BatchResult> {
        match written {
            Written::Done(Done { results, hold, commit, is_in_doubt }) => {
                let rows = results.iter().map(|result| result.rows).collect();
                let answers = results.into_iter().map(|result| result.answers).collect();
                let response_lost = is_in_doubt;
                Ok(BatchResult {
                    rows,
                    answers,
                    response_lost,
                    hold,
                    commit,
                    ..BatchResult::default()
                })
            }
            // The first attempt may have caused the error of the second.
            Written::Refused(why, true) => {
                Err(Error::OutcomeUnknown { at: self.client.display_name().to_owned(), why })
            }
            Written::Refused(why, false) => Err(self.error("write to", why)),
        }
    }
}

/// True for EXPLAIN of a statement that writes.
fn explains_a_change(statement: &Statement) -> bool {
    let explained = statement.sql.strip_prefix("EXPLAIN ");
    explained.is_some_and(|sql| !sql.starts_with("QUERY PLAN SELECT") && !sql.starts_with("SELECT"))
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

/// Result of a write request.
enum Written {
    Done(Done),
    /// Results, and true if an earlier attempt may have been applied.
    Refused(String, bool),
}

/// Applied request.
struct Done {
    results: Vec<StatementResult>,
    hold: Duration,
    /// Part of the hold time outside the statements.
    commit: Duration,
    /// True if an earlier attempt may have been applied, too.
    is_in_doubt: bool,
}

impl OwnedRow {
    /// Approximate size of its values in bytes.
    fn bytes(&self) -> usize {
        let bytes = |value: &SqlValue| match value {
            SqlValue::Text(bytes) | SqlValue::Blob(bytes) => bytes.len() + 8,
            _ => 8,
        };
        self.0.iter().map(bytes).sum()
    }

    fn integer_at(&self, place: usize) -> Option<i64> {
        (self as &dyn RowRef).integer(place)
    }

    fn text(&self, place: usize) -> Option<String> {
        (self as &dyn RowRef).text(place)
    }
}

impl Database for Rqlite {
    fn display_name(&self) -> &str {
        self.client.display_name()
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

    fn query_each(
        &self,
        statement: &Statement,
        values: &mut dyn Iterator<Item = ValueRef<'_>>,
        visit: &mut dyn FnMut(Option<&dyn RowRef>),
    ) -> Result<()> {
        for result in self.read_for_each(statement, values)? {
            visit(result.answers.first().map(|row| row as &dyn RowRef));
        }
        Ok(())
    }

    fn query_all_for_each(
        &self,
        statement: &Statement,
        values: &mut dyn Iterator<Item = ValueRef<'_>>,
        visit: &mut dyn FnMut(usize, &dyn RowRef),
    ) -> Result<()> {
        let results = self.read_for_each(statement, values)?.into_iter().enumerate();
        for (place, result) in results {
            result.answers.iter().for_each(|row| visit(place, row));
        }
        Ok(())
    }

    fn execute_for_keys(
        &mut self,
        sql: &str,
        values: &mut dyn Iterator<Item = ValueRef<'_>>,
        rest: &[Value],
    ) -> Result<BatchResult> {
        let rest = || rest.iter().map(ValueRef::from);
        let elements =
            values.map(|value| json::encode_statement(sql, std::iter::once(value).chain(rest())));
        let body = serde_json::Value::Array(elements.collect()).to_string();
        let written = self.write_body(&body, |_| false)?;
        self.batch_result(written)
    }

    /// No receipt is left, as the table may be anybody's. Where the answer is lost and the
    /// list is sent again, rows that the first has deleted are found gone, and what is
    /// answered may be less than what was done; it says so.
    fn execute_for_rows(
        &mut self,
        statements: &[Statement],
        rows: &mut dyn Iterator<Item = Vec<ValueRef<'_>>>,
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
        let written = self.write_body(&serde_json::Value::Array(list).to_string(), is_lossless)?;
        if let Written::Refused(why, false) = &written
            && is_about_rows(why)
        {
            let doing = format!("write to {}", self.client.display_name());
            return Err(Error::Rejected { doing, why: why.clone() });
        }
        let mut applied = self.batch_result(written)?;
        let total = |answers: Option<Vec<OwnedRow>>| answers?.first()?.integer_at(0);
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
        let applied = self.execute_batch(otherwise)?;
        let BatchResult { hold, commit, .. } = applied;
        Ok(BatchResult { hold: hold + in_vain, commit: commit + in_vain, ..applied })
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
