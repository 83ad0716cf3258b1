//! Opening a session under limits: one batch of statements, each with its own condition, so
//! that nothing has to be read in between.

mod licence_sql;
pub mod query;

use super::rows::{COLUMNS, ended_session};
use super::stats;
use crate::domain::error::Result;
use crate::domain::policy::Policies;
use crate::storage::{Admission, NewSession};
use crate::store::database::{Database, RowRef};
use crate::store::statement::Statement;
use query::{EndedRows, Ending, OpenQuery};

struct LimitIndex {
    is_needed: fn(&Policies) -> bool,
    name: &'static str,
    columns: &'static str,
}

/// Indexes for limits. Without them, each open under a limit scans the whole table and
/// blocks writers meanwhile. Without limits they only cost: with a million sessions, a
/// purge takes 1.5 times as long with the first and 13 times as long with the second, whose
/// order is random with respect to the key.
const INDEXES: [LimitIndex; 2] = [
    LimitIndex {
        is_needed: |policies| {
            !policies.licences.is_empty() || policies.all().any(|policy| policy.limit > 0)
        },
        name: "live_by_task",
        columns: "task",
    },
    LimitIndex {
        is_needed: |policies| policies.all().any(|policy| policy.user_limit > 0),
        name: "live_by_user",
        columns: "user, task",
    },
];

/// Creates the indexes that these policies need, and drops the others.
pub fn sync_indexes(policies: &Policies) -> Vec<Statement> {
    let statement = |LimitIndex { is_needed, name, columns }: &LimitIndex| {
        Statement::new(&if is_needed(policies) {
            format!(
                "CREATE INDEX IF NOT EXISTS {name} ON sessions ({columns}) WHERE ended_at IS NULL"
            )
        } else {
            format!("DROP INDEX IF EXISTS {name}")
        })
    };
    INDEXES.iter().map(statement).collect()
}

pub(super) fn open_limited(
    database: &mut impl Database,
    session: &NewSession,
    policies: &Policies,
    return_ended: bool,
) -> Result<Admission> {
    let query = OpenQuery::new(session, policies);
    let batch = OpenBatch::of(query, return_ended);
    let applied = database.execute_batch(&batch.statements)?;
    let rows = |index: &usize| applied.rows[*index];
    let ended_rows = batch.ended_rows.iter().flat_map(|index| &applied.answers[*index]);
    let full = applied.answers.last().and_then(|rows| rows.first());
    let full = full.and_then(|row| row.integer(0));
    let ended = batch.ends.iter().map(rows).sum();
    Ok(Admission {
        outcome: if rows(&batch.open) > 0 { Ok(()) } else { Err(query.limit_scope(full)) },
        ended,
        ended_sessions: ended_rows
            .filter_map(|row| ended_session(row, session.created_at))
            .collect(),
        unreported: if return_ended && applied.response_lost { ended } else { 0 },
    })
}

pub struct OpenBatch<'a> {
    query: OpenQuery<'a>,
    return_ended: bool,
    pub statements: Vec<Statement>,
    /// Indexes of the statements that read the sessions about to end.
    ended_rows: Vec<usize>,
    ends: Vec<usize>,
    open: usize,
}

impl<'a> OpenBatch<'a> {
    /// The last statement returns the limit that was reached.
    pub fn of(query: OpenQuery<'a>, return_ended: bool) -> Self {
        let (statements, ended_rows, ends) = (Vec::new(), Vec::new(), Vec::new());
        let mut batch = Self { query, return_ended, statements, ended_rows, ends, open: 0 };
        for over in query.ends_before_counting() {
            batch.end(&over);
        }
        batch.open = batch.add(query.open());
        batch.end(&query.eviction());
        if query.has_mixed_retention() {
            batch.add(query.unmark());
        }
        batch.add(query.count_refusal());
        batch.add(stats::record_peak_if_small(&query.session.task));
        // Last, after all writes: a read after the last write is repeated if the response is lost.
        batch.add(query.which_limit());
        batch
    }

    fn add(&mut self, statement: Statement) -> usize {
        self.statements.push(statement);
        self.statements.len() - 1
    }

    fn end(&mut self, ends: &Ending<'_>) {
        if self.return_ended {
            let mut rows = Statement::new("SELECT ");
            rows.push(COLUMNS).push(", ");
            (ends.reason)(&mut rows);
            rows.push(" FROM sessions");
            let index = self.add(ends.matching_rows(rows, None));
            self.ended_rows.push(index);
        }
        if !matches!(ends.rows, EndedRows::Kept) {
            let mut count =
                ends.matching_rows(stats::count_deleted_at_end_for(&ends.reason), Some(true));
            count.push(stats::UPSERT_ADD_GROUPED);
            self.add(count);
            let index =
                self.add(ends.matching_rows(Statement::new("DELETE FROM sessions"), Some(true)));
            self.ends.push(index);
        }
        if !matches!(ends.rows, EndedRows::Deleted) {
            let mut end = Statement::new("UPDATE sessions SET ended_at = ");
            end.bind(self.query.session.created_at).push(", end_reason = ");
            (ends.reason)(&mut end);
            let index = self.add(ends.matching_rows(end, Some(false)));
            self.ends.push(index);
        }
    }
}

impl Ending<'_> {
    /// Restricts a statement to these sessions; with `deleted`, to those whose rows are
    /// deleted or kept.
    fn matching_rows(&self, mut sql: Statement, deleted: Option<bool>) -> Statement {
        sql.push(" WHERE ");
        (self.condition)(&mut sql);
        if let (EndedRows::DeletedWhere(is_deleted), Some(deleted)) = (&self.rows, deleted) {
            sql.push(if deleted { " AND " } else { " AND NOT " });
            is_deleted(&mut sql);
        }
        sql
    }
}
