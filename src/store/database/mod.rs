//! Where the SQL runs. A transport knows nothing of sessions.

pub(super) mod memory;
#[cfg(test)]
pub mod paged_double;
#[cfg(feature = "rqlite")]
pub mod rqlite;
#[cfg(not(feature = "rqlite"))]
#[path = "without_rqlite.rs"]
pub mod rqlite;
pub mod sqlite;

use std::time::Duration;

use rusqlite::Row;
use rusqlite::types::{Value, ValueRef};

use super::statement::Statement;
use crate::domain::error::Result;
use crate::domain::profile::SqlValue;
use crate::storage::{DataVersion, StatementLimit, VisitResult};

/// The port through which tables reach their database.
pub trait Database {
    /// Which database, for messages.
    fn display_name(&self) -> &str;

    /// Runs a statement that reads, and visits its rows one by one.
    fn query(
        &self,
        statement: &Statement,
        visit: &mut dyn FnMut(&dyn RowRef) -> VisitResult,
    ) -> Result<()>;

    /// Visits the rows of what may be a large part of a table. Where rows come in pages,
    /// `next` is asked for the statement of each page: the whole, and then what follows
    /// behind the last row that was visited. It has a total order and no limit.
    fn query_pages(
        &self,
        next: &mut dyn FnMut(Option<&dyn RowRef>) -> Statement,
        visit: &mut dyn FnMut(&dyn RowRef) -> VisitResult,
    ) -> Result<()> {
        self.query(&next(None), visit)
    }

    /// Runs a statement that reads once for each of the values that its `?1` is to
    /// have, all at the same state of the database, and visits what is the only row
    /// of each, or none.
    fn query_each(
        &self,
        statement: &Statement,
        values: &mut dyn Iterator<Item = ValueRef<'_>>,
        visit: &mut dyn FnMut(Option<&dyn RowRef>),
    ) -> Result<()>;

    /// The same where there may be several rows for a value: visits all of them, each with
    /// the place of the value that led to it.
    fn query_all_for_each(
        &self,
        statement: &Statement,
        values: &mut dyn Iterator<Item = ValueRef<'_>>,
        visit: &mut dyn FnMut(usize, &dyn RowRef),
    ) -> Result<()>;

    /// Runs a statement that writes once for each of the values that its `?1` is to
    /// have, the others being `rest`, for all of them or for none. Where an answer is lost
    /// it may run twice, so that it must be one that does the same again or nothing.
    fn execute_for_keys(
        &mut self,
        sql: &str,
        values: &mut dyn Iterator<Item = ValueRef<'_>>,
        rest: &[Value],
    ) -> Result<BatchResult>;

    /// Runs statements that write once for each of these rows, which are the values of
    /// their parameters `?1`, `?2`, …, for all of the rows or for none. For each row it
    /// runs them in their order, and answers what each has done.
    ///
    /// It fails with [`Error::Rejected`](crate::domain::error::Error::Rejected) where a
    /// constraint or a trigger does not accept one of the changes.
    fn execute_for_rows(
        &mut self,
        statements: &[Statement],
        rows: &mut dyn Iterator<Item = Vec<ValueRef<'_>>>,
    ) -> Result<BatchResult>;

    /// Runs statements that write, all of them or none. Those among them that
    /// read see what the ones before have written.
    ///
    /// It takes effect exactly once, whatever becomes of the answer, where it does not
    /// fail with [`Error::OutcomeUnknown`](crate::domain::error::Error::OutcomeUnknown). Where an answer
    /// is [lost](BatchResult::response_lost), the rows that were changed are known all the
    /// same, and what is read behind the last of the writes is read anew. (On a cluster,
    /// where a table of sessctl's own is; in another program's table a list may take
    /// effect twice, so that it must be one that finds nothing to do the second time.)
    fn execute_batch(&mut self, statements: &[Statement]) -> Result<BatchResult>;

    /// Runs statements that write, if they change as many rows as is expected of them,
    /// or else others in their place.
    fn execute_if_counts_match(
        &mut self,
        _expected: &[ExpectedCount],
        otherwise: &[Statement],
    ) -> Result<BatchResult> {
        self.execute_batch(otherwise)
    }

    /// An expression whose value arrives as it is stored, in its class and to the last
    /// bit, in a statement that is [exact](Statement::is_lossless).
    fn lossless(&self, expression: &str) -> String {
        expression.to_owned()
    }

    /// Whether rows are dear to bring here, so that they are better counted where they
    /// are.
    fn is_remote(&self) -> bool {
        false
    }

    /// The state of the database, where it has a name.
    fn version(&self) -> Result<Option<DataVersion>> {
        Ok(None)
    }

    /// As [`Interruptible::limit_statements`](crate::storage::Interruptible::limit_statements).
    /// Where requests are bounded in time by themselves, it does nothing.
    fn limit_statements(&mut self, _limit: Option<StatementLimit>) {}
}

/// A statement, and how many rows it is expected to insert, change or delete; `None`:
/// any number.
#[derive(Debug, Clone)]
pub struct ExpectedCount {
    /// The statement.
    pub statement: Statement,
    /// The number.
    pub rows: Option<u64>,
}

/// The columns of the row that a visitor looks at.
pub trait RowRef {
    /// The value of the column at this place, counted from 0.
    fn value(&self, place: usize) -> ValueRef<'_>;
}

impl dyn RowRef + '_ {
    /// A whole number; `None` for NULL and for what is no whole number.
    pub fn integer(&self, place: usize) -> Option<i64> {
        match self.value(place) {
            ValueRef::Integer(number) => Some(number),
            _ => None,
        }
    }

    /// A count, which is never NULL and never negative.
    pub fn count(&self, place: usize) -> u64 {
        self.integer(place).and_then(|number| u64::try_from(number).ok()).unwrap_or(0)
    }

    /// The bytes of a text; none for NULL and for what is no text.
    pub fn bytes(&self, place: usize) -> &[u8] {
        match self.value(place) {
            ValueRef::Text(bytes) => bytes,
            _ => &[],
        }
    }

    /// Text; bytes that are not UTF-8 are replaced, as nothing else shows them.
    pub fn text(&self, place: usize) -> Option<String> {
        match self.value(place) {
            ValueRef::Text(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
            _ => None,
        }
    }
}

impl RowRef for Row<'_> {
    fn value(&self, place: usize) -> ValueRef<'_> {
        self.get_ref(place).unwrap_or(ValueRef::Null)
    }
}

/// What a list of statements has done.
#[derive(Debug, Clone, Default)]
pub struct BatchResult {
    /// How many rows each of them inserted, changed or deleted.
    pub rows: Vec<u64>,
    /// The rows that each of them has read.
    pub answers: Vec<Vec<OwnedRow>>,
    /// Whether some of those rows have been lost: the answer did not arrive, and it was
    /// found out afterwards what had been done.
    pub response_lost: bool,
    /// Whether they were those of which a number of rows was expected, and it was right.
    pub matched_expectation: bool,
    /// For how long others could not write.
    pub hold: Duration,
    /// The part of that which went into the commit.
    pub commit: Duration,
    /// How long others, who wrote, have kept it waiting.
    pub waited: Duration,
}

/// A row that is held: it was read in the midst of writing, or came from far away.
#[derive(Debug, Clone, Default)]
pub struct OwnedRow(pub Vec<SqlValue>);

impl RowRef for OwnedRow {
    fn value(&self, place: usize) -> ValueRef<'_> {
        self.0.get(place).map_or(ValueRef::Null, ValueRef::from)
    }
}

impl<'a> From<&'a SqlValue> for ValueRef<'a> {
    fn from(value: &'a SqlValue) -> Self {
        match value {
            SqlValue::Null => Self::Null,
            SqlValue::Integer(number) => Self::Integer(*number),
            SqlValue::Real(number) => Self::Real(*number),
            SqlValue::Text(bytes) => Self::Text(bytes),
            SqlValue::Blob(bytes) => Self::Blob(bytes),
        }
    }
}

impl From<ValueRef<'_>> for SqlValue {
    fn from(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(number) => Self::Integer(number),
            ValueRef::Real(number) => Self::Real(number),
            ValueRef::Text(bytes) => Self::Text(bytes.to_vec()),
            ValueRef::Blob(bytes) => Self::Blob(bytes.to_vec()),
        }
    }
}
