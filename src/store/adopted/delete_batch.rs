//! Running the statements that delete rows, in transactions of bounded size.

use std::ops::Range;
use std::time::Duration;

use crate::domain::error::{Error, Result};
use crate::domain::profile::SqlValueRef;
use crate::store::database::{BatchResult, Database};
use crate::store::statement::Statement;

/// Maximum size of one request to a cluster. Each becomes an entry of the Raft log that all
/// nodes write before further writes proceed, including the application's.
const MAX_REQUEST_BYTES: usize = 256 << 10;
/// Target for a transaction that ends sessions by key, if each deletion scans a whole table.
const TARGET_HOLD: Duration = Duration::from_millis(2);
pub(super) struct Plan {
    pub(super) statements: Vec<Statement>,
    /// The one that deletes the session.
    pub(super) session: usize,
    pub(super) ended_row: Option<usize>,
    /// Index of the statement that returns why the row is still there.
    pub(super) probe: Option<usize>,
}

#[derive(Default)]
pub(super) struct BatchOutcome {
    pub(super) applied: BatchResult,
    /// Indexes of rows that the database rejects, with its reason.
    pub(super) rejected: Vec<(usize, String)>,
}

impl BatchOutcome {
    /// For each row: its session was deleted and not inserted again.
    pub(super) fn done(&self, plan: &Plan) -> impl Iterator<Item = bool> {
        let count = plan.statements.len();
        let deleted = self.applied.rows.iter().skip(plan.session).step_by(count);
        let is_there = self.applied.answers.chunks(count).map(|answers| {
            plan.probe.and_then(|probe| answers.get(probe)).is_some_and(|rows| !rows.is_empty())
        });
        deleted.zip(is_there).map(|(rows, is_there)| *rows > 0 && !is_there)
    }
}

/// Completed work, and the error that stopped the rest.
pub(super) type Partial<T> = (T, Result<()>);

pub(super) struct Rows<'a, 'r> {
    pub(super) count: usize,
    pub(super) row: &'a dyn Fn(usize) -> Vec<SqlValueRef<'r>>,
    /// Rows in the first transaction; later sizes adapt to its duration. `None`: all in one.
    pub(super) chunk: Option<usize>,
}

impl Rows<'_, '_> {
    fn request_end(
        &self,
        range: &Range<usize>,
        statements: &[Statement],
        is_remote: bool,
    ) -> usize {
        let end = self.chunk.map_or(range.end, |chunk| range.end.min(range.start + chunk));
        if !is_remote {
            return end;
        }
        let mut bytes = 0;
        for index in range.start..end {
            bytes += request_bytes(statements, &(self.row)(index));
            if bytes > MAX_REQUEST_BYTES && index > range.start {
                return index;
            }
        }
        end
    }

    fn adapt_chunk(&mut self, rows: usize, hold: Duration) {
        if let Some(chunk) = &mut self.chunk {
            let is_short = hold * 2 <= TARGET_HOLD;
            *chunk = if is_short {
                rows * 2
            } else if hold > TARGET_HOLD {
                rows / 2
            } else {
                rows
            }
            .max(1);
        }
    }
}

/// Runs the statements for each of these rows: in a file in one transaction, on a cluster
/// in requests of bounded size. If the database rejects a row, the others are processed
/// without it: halves of the batch are tried until the row is alone.
pub(super) fn execute_batch(
    database: &mut impl Database,
    statements: &[Statement],
    rows: &mut Rows<'_, '_>,
) -> Partial<BatchOutcome> {
    let mut run = BatchOutcome::default();
    // What is left to do; the next is the last of them.
    let mut todo = Vec::from([Range { start: 0, end: rows.count }]);
    let mut has_retried = false;
    while let Some(range) = todo.pop().filter(|range| !range.is_empty()) {
        let end = rows.request_end(&range, statements, database.is_remote());
        if end < range.end {
            todo.push(end..range.end);
        }
        let (start, count) = (range.start, end - range.start);
        match database.execute_for_rows(statements, &mut (start..end).map(rows.row)) {
            Ok(applied) => {
                rows.adapt_chunk(count, applied.timing.hold);
                has_retried = false;
                run.applied.rows.extend(applied.rows);
                run.applied.answers.extend(applied.answers);
                run.applied.response_lost |= applied.response_lost;
                run.applied.timing += applied.timing;
            }
            Err(Error::Rejected { why, .. }) if count == 1 => {
                run.rejected.push((start, why));
                run.applied.rows.extend(statements.iter().map(|_| 0));
                run.applied.answers.extend(statements.iter().map(|_| Vec::new()));
            }
            Err(Error::Rejected { .. }) => {
                let middle = start + count / 2;
                todo.extend([middle..end, start..middle]);
            }
            // The log has given up its room, which may be enough.
            Err(Error::DiskFull { .. }) if !has_retried => {
                has_retried = true;
                todo.push(start..end);
            }
            Err(error) => return (run, Err(error)),
        }
    }
    (run, Ok(()))
}

/// Approximate size of a request for one row.
fn request_bytes(statements: &[Statement], row: &[SqlValueRef<'_>]) -> usize {
    let value = |value: &SqlValueRef<'_>| match value {
        SqlValueRef::Text(bytes) => bytes.len() + 4,
        SqlValueRef::Blob(bytes) => 2 * bytes.len() + 4,
        _ => 20,
    };
    let values: usize = row.iter().map(value).sum();
    statements.iter().map(|statement| statement.sql.len() + values).sum()
}
