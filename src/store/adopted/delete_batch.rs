//! Running the statements that delete rows, in transactions of bounded size.

use std::ops::Range;
use std::time::Duration;

use rusqlite::types::ValueRef;

use crate::domain::error::{Error, Result};
use crate::store::database::{BatchResult, Database};
use crate::store::statement::Statement;

/// The most bytes that one request to a cluster is to have. It becomes an entry of a log
/// that all nodes write before anybody goes on, the application's writes among them.
const MAX_REQUEST_BYTES: usize = 256 << 10;
/// How long a transaction is to take that ends sessions which somebody names, where each
/// deletion reads a whole table.
const TARGET_HOLD: Duration = Duration::from_millis(2);
/// Statements for each row, and the places of those that matter.
pub(super) struct Plan {
    pub(super) statements: Vec<Statement>,
    /// The one that deletes the session.
    pub(super) session: usize,
    /// The one that answers which session it was.
    pub(super) told: Option<usize>,
    /// The one that answers why it is still there.
    pub(super) probe: Option<usize>,
}

/// What came of the statements for all rows.
#[derive(Default)]
pub(super) struct BatchOutcome {
    pub(super) applied: BatchResult,
    /// The places of rows that the database rejects, and what it says of them.
    pub(super) rejected: Vec<(usize, String)>,
}

impl BatchOutcome {
    /// For each row, whether its session was deleted, and is not there again.
    pub(super) fn done(&self, plan: &Plan) -> impl Iterator<Item = bool> {
        let count = plan.statements.len();
        let deleted = self.applied.rows.iter().skip(plan.session).step_by(count);
        let is_there = self.applied.answers.chunks(count).map(|answers| {
            plan.probe.and_then(|probe| answers.get(probe)).is_some_and(|rows| !rows.is_empty())
        });
        deleted.zip(is_there).map(|(rows, is_there)| *rows > 0 && !is_there)
    }
}

/// What was done, and what kept the rest from being done.
pub(super) type Partial<T> = (T, Result<()>);

/// The rows that statements are run for.
pub(super) struct Rows<'a, 'r> {
    pub(super) count: usize,
    /// The values of the parameters for one of them.
    pub(super) row: &'a dyn Fn(usize) -> Vec<ValueRef<'r>>,
    /// How many of them to begin with in one transaction, and to learn from how many the
    /// next is to have; `None`: all of them.
    pub(super) chunk: Option<usize>,
}

impl Rows<'_, '_> {
    /// Where a request ends that begins a range of them: as far as it may go.
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
        for place in range.start..end {
            bytes += request_bytes(statements, &(self.row)(place));
            if bytes > MAX_REQUEST_BYTES && place > range.start {
                return place;
            }
        }
        end
    }

    /// Learns what a transaction of so many rows took.
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

/// Runs the statements for each of these rows: in a file all of them at once, on a
/// cluster in requests of bounded size, each row being a matter of its own. Where the
/// database rejects one, the others are done without it: halves of the rows are tried
/// until it is alone.
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
                rows.adapt_chunk(count, applied.hold);
                has_retried = false;
                run.applied.rows.extend(applied.rows);
                run.applied.answers.extend(applied.answers);
                run.applied.answers_lost |= applied.answers_lost;
                run.applied.hold += applied.hold;
                run.applied.commit += applied.commit;
                run.applied.waited += applied.waited;
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

/// How many bytes a request has for one row, about.
fn request_bytes(statements: &[Statement], row: &[ValueRef<'_>]) -> usize {
    let value = |value: &ValueRef<'_>| match value {
        ValueRef::Text(bytes) => bytes.len() + 4,
        ValueRef::Blob(bytes) => 2 * bytes.len() + 4,
        _ => 20,
    };
    let values: usize = row.iter().map(value).sum();
    statements.iter().map(|statement| statement.sql.len() + values).sum()
}
