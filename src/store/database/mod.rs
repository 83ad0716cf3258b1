//! Database connections, independent of sessions.

pub mod memory;
#[cfg(feature = "rqlite")]
pub mod rqlite;
#[cfg(not(feature = "rqlite"))]
#[path = "without_rqlite.rs"]
pub mod rqlite;
pub mod sqlite;

use std::ops::ControlFlow;

use super::statement::{Parameters, Statement};
use crate::domain::error::Result;
use crate::domain::profile::{SqlValue, SqlValueRef};
use crate::storage::{DataVersion, StatementLimit, VisitResult, WriteTiming};

/// Decides on the arguments of an SQL function.
pub type Predicate = Box<dyn Fn(&dyn RowRef) -> bool + Send>;

/// Opens the same database once more, in any thread, to write to it.
pub type Opener<D> = Box<dyn Fn() -> Result<D> + Send>;

/// Observer of write transactions.
pub trait CommitHook {
    /// A transaction begins; what another one did since its begin was rolled back or committed.
    fn begin(&mut self);

    /// All statements of a transaction have run. If this fails, it is rolled back.
    fn before_commit(&mut self) -> Result<()>;
}

pub trait Database: 'static {
    fn display_name(&self) -> &str;

    fn opener(&self) -> Opener<Self>
    where
        Self: Sized;

    fn query(
        &self,
        statement: &Statement,
        visit: &mut dyn FnMut(&dyn RowRef) -> VisitResult,
    ) -> Result<()>;

    /// Visits the rows of a large query. If rows are fetched in pages, `next` builds the query
    /// of each page from the last row of the previous one, starting with `None`. The query has
    /// a total order and no LIMIT.
    fn query_pages(
        &self,
        next: &mut dyn FnMut(Option<&dyn RowRef>) -> Statement,
        visit: &mut dyn FnMut(&dyn RowRef) -> VisitResult,
    ) -> Result<()> {
        self.query(&next(None), visit)
    }

    fn query_all<V>(
        &self,
        statement: &Statement,
        mut read: impl FnMut(&dyn RowRef) -> V,
    ) -> Result<Vec<V>> {
        let mut values = Vec::new();
        self.query(statement, &mut |row| {
            values.push(read(row));
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(values)
    }

    fn query_first<V>(
        &self,
        statement: &Statement,
        read: impl Fn(&dyn RowRef) -> V,
    ) -> Result<Option<V>> {
        let mut value = None;
        self.query(statement, &mut |row| {
            value = Some(read(row));
            Ok(ControlFlow::Break(()))
        })?;
        Ok(value)
    }

    /// Runs a query once for each of these parameters, all in the same snapshot, and visits all
    /// rows, each with the index of its parameters.
    fn query_all_for_each(
        &self,
        statement: &Statement,
        values: &mut dyn Iterator<Item = Parameters<'_>>,
        visit: &mut dyn FnMut(usize, &dyn RowRef),
    ) -> Result<()>;

    /// [`query_all_for_each`](Self::query_all_for_each), but only the first row of each, or `None`.
    fn query_each(
        &self,
        statement: &Statement,
        values: &mut dyn Iterator<Item = Parameters<'_>>,
        visit: &mut dyn FnMut(Option<&dyn RowRef>),
    ) -> Result<()> {
        let (mut count, mut next) = (0, 0);
        let mut counted = values.inspect(|_| count += 1);
        self.query_all_for_each(statement, &mut counted, &mut |index, row| {
            if index >= next {
                (next..index).for_each(|_| visit(None));
                visit(Some(row));
                next = index + 1;
            }
        })?;
        (next..count).for_each(|_| visit(None));
        Ok(())
    }

    /// Runs writes once for each row of parameters `?1`, `?2`, …, atomically. For each row, the
    /// statements run in order, and each has a result.
    ///
    /// Fails with [`Error::Rejected`](crate::domain::error::Error::Rejected) if a constraint or
    /// a trigger rejects a change.
    fn execute_for_rows(
        &mut self,
        statements: &[Statement],
        rows: &mut dyn Iterator<Item = Vec<SqlValueRef<'_>>>,
    ) -> Result<BatchResult>;

    /// Runs a batch atomically. Reads in the batch see the writes before them.
    ///
    /// The batch takes effect exactly once, unless it fails with
    /// [`Error::OutcomeUnknown`](crate::domain::error::Error::OutcomeUnknown). If a response is
    /// [lost](BatchResult::response_lost), the counts of changed rows are recovered, and reads
    /// after the last write are repeated. In the database of another program on a cluster, a
    /// batch may take effect twice, so it must be idempotent.
    fn execute_batch(&mut self, statements: &[Statement]) -> Result<BatchResult>;

    /// Runs a batch like [`execute_batch`](Self::execute_batch), but fails like
    /// [`execute_for_rows`](Self::execute_for_rows) if the database rejects a change.
    fn execute_or_reject(&mut self, statements: &[Statement]) -> Result<BatchResult> {
        self.execute_batch(statements)
    }

    /// Sets the observer of write transactions. Returns whether it is supported.
    fn set_commit_hook(&mut self, _hook: Option<Box<dyn CommitHook>>) -> bool {
        false
    }

    /// Runs `expected` if each statement changes the expected number of rows, or else `otherwise`.
    fn execute_if_counts_match(
        &mut self,
        _expected: &[ExpectedCount],
        otherwise: &[Statement],
    ) -> Result<BatchResult> {
        self.execute_batch(otherwise)
    }

    /// Defines an SQL function with this number of arguments for the statements of this connection.
    /// The schema cannot use it. Returns whether it is supported.
    fn define_predicate(
        &self,
        _name: &str,
        _arguments: usize,
        _predicate: Predicate,
    ) -> Result<bool> {
        Ok(false)
    }

    /// Enlarges the page cache for transactions that change much of a table.
    fn use_large_cache(&self) -> Result<()> {
        Ok(())
    }

    /// Expression that transports the value of another without loss, for a statement that is
    /// [lossless](Statement::is_lossless).
    fn lossless(&self, expression: &str) -> String {
        expression.to_owned()
    }

    /// True if fetching rows is expensive, so that counting belongs into SQL.
    fn is_remote(&self) -> bool {
        false
    }

    fn version(&self) -> Result<Option<DataVersion>> {
        Ok(None)
    }

    /// See [`Interruptible::limit_statements`](crate::storage::Interruptible::limit_statements). No
    /// effect if requests have their own timeout.
    fn limit_statements(&mut self, _limit: Option<StatementLimit>) {}
}

/// Statement and its expected number of changed rows; `None` for any number.
#[derive(Debug, Clone)]
pub struct ExpectedCount {
    pub statement: Statement,
    pub rows: Option<u64>,
}

pub trait RowRef {
    /// Value of a column, counted from 0.
    fn value(&self, place: usize) -> SqlValueRef<'_>;

    /// Integer; `None` for other storage classes.
    fn integer(&self, place: usize) -> Option<i64> {
        match self.value(place) {
            SqlValueRef::Integer(number) => Some(number),
            _ => None,
        }
    }

    /// Non-negative integer; 0 for other values.
    fn count(&self, place: usize) -> u64 {
        self.integer(place).and_then(|number| u64::try_from(number).ok()).unwrap_or(0)
    }

    /// Bytes of a text; empty for other storage classes.
    fn bytes(&self, place: usize) -> &[u8] {
        match self.value(place) {
            SqlValueRef::Text(bytes) => bytes,
            _ => &[],
        }
    }

    /// Text, with invalid UTF-8 replaced.
    fn text(&self, place: usize) -> Option<String> {
        match self.value(place) {
            SqlValueRef::Text(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, Default)]
pub struct BatchResult {
    /// Number of changed rows of each statement.
    pub rows: Vec<u64>,
    pub answers: Vec<Vec<OwnedRow>>,
    /// True if returned rows were lost with the response, and only the counts were recovered.
    pub response_lost: bool,
    /// True if the statements with expected counts ran, and the counts matched.
    pub matched_expectation: bool,
    pub timing: WriteTiming,
}

#[derive(Debug, Clone, Default)]
pub struct OwnedRow(pub Vec<SqlValue>);

impl RowRef for OwnedRow {
    fn value(&self, place: usize) -> SqlValueRef<'_> {
        self.0.get(place).map_or(SqlValueRef::Null, SqlValue::raw)
    }
}
