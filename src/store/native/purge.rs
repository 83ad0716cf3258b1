use std::collections::BTreeMap;

use super::rows::{COLUMNS, ended_session};
use super::task_rules::MAX_COMPARED;
use super::{policy_sql, stats};
use crate::domain::error::Result;
use crate::domain::policy::{ExpiryMode, Policies, Policy};
use crate::storage::{DueCounts, DueRange, PolicyContext, PurgeBatchResult, PurgeCounts};
use crate::store::database::{Database, ExpectedCount};
use crate::store::statement::Statement;

const MAX_COUNTED_GROUPS: usize = 500;

/// Deletes, ends and marks the due rows of a range. Each statement repeats its whole
/// condition, so that rows that have changed since the scan are evaluated again.
///
/// Deleted rows are counted in the same transaction: with the counts of the scan, if as
/// many rows are deleted as it found. Under the SQL contract no row becomes due in between
/// except one that ends within the same second, and such a row is excluded, so both sets
/// are the same; and without a lifetime, a row has only one possible reason. (If a clock is
/// set back in between, two rows of two tasks may be confused in the counters, never in the
/// table.) Otherwise rows are counted before they are deleted, which doubles the cost.
pub(super) fn apply_purge(
    database: &mut impl Database,
    scope: &PolicyContext<'_>,
    due: &DueRange,
    return_ended: bool,
) -> Result<PurgeBatchResult> {
    let due_tasks = DueTasks::of(scope, due.found.as_ref());
    let narrowed = due_tasks
        .as_ref()
        .map(|due_tasks| PolicyContext { policies: &due_tasks.policies, ..*scope });
    let scope = narrowed.as_ref().unwrap_or(scope);
    let required = required(scope, due.found.as_ref());
    let due = &DueRows {
        range: due,
        tasks: due_tasks.as_ref().map(|due_tasks| due_tasks.tasks.as_str()),
    };
    let fallback = PurgeBatch::of(scope, due, &required, return_ended, None);
    let has_one_reason = scope.policies.all().all(|policy| policy.lifetime.is_none());
    let is_done =
        |found: &&DueCounts| has_one_reason && found.deletions.len() <= MAX_COUNTED_GROUPS;
    let counted = due.range.found.as_ref().filter(is_done);
    let (applied, batch) = match counted {
        None => (database.execute_batch(&fallback.statements)?, fallback),
        Some(found) => {
            let expected = PurgeBatch::of(scope, due, &required, return_ended, Some(found));
            let list = expected.with_expected_counts(found.counts);
            let applied = database.execute_if_counts_match(&list, &fallback.statements)?;
            let batch = if applied.matched_expectation { expected } else { fallback };
            (applied, batch)
        }
    };
    let rows = |change| batch.index_of(change).map_or(0, |index| applied.rows[index]);
    let ended_rows = batch.ending_rows.map(|index| &applied.answers[index][..]).unwrap_or_default();
    let discarded = rows(RowChange::Discard);
    let ended = rows(RowChange::End) + discarded;
    Ok(PurgeBatchResult {
        marked: rows(RowChange::Mark),
        ended,
        ended_by: BTreeMap::new(),
        deleted: rows(RowChange::Delete) + discarded,
        timing: applied.timing,
        ended_sessions: ended_rows.iter().filter_map(|row| ended_session(row, scope.now)).collect(),
        unreported: if return_ended && applied.response_lost { ended } else { 0 },
        is_cut_short: false,
    })
}

/// Policies of the tasks with due rows, where there are many policies: parsing a statement
/// with all of them would take longer than processing the rows.
struct DueTasks {
    policies: Policies,
    /// The tasks, as a list in JSON.
    tasks: String,
}

impl DueTasks {
    /// `None`: there are few anyway, or the tasks are not known.
    fn of(scope: &PolicyContext<'_>, found: Option<&DueCounts>) -> Option<Self> {
        let found = found.filter(|_| scope.policies.tables().nth(MAX_COMPARED).is_some())?;
        let tasks = || found.tasks.iter().map(String::as_str);
        // What was replaced in a name that is not UTF-8 would not be found again.
        if tasks().any(|task| task.contains(char::REPLACEMENT_CHARACTER)) {
            return None;
        }
        let list = tasks().map(serde_json::Value::from).collect();
        let tasks_in_json = serde_json::Value::Array(list).to_string();
        Some(Self { policies: scope.policies.for_tasks(tasks()), tasks: tasks_in_json })
    }
}

struct DueRows<'a> {
    range: &'a DueRange,
    /// Tasks of the due rows as a JSON array; `None`: all tasks.
    tasks: Option<&'a str>,
}

/// Change of a row by the purge; each kind has its own statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RowChange {
    /// Deletes the row of a session that has ended before.
    Delete,
    /// Ends the session and deletes its row.
    Discard,
    /// Ends the session and keeps its row.
    End,
    /// Marks the session; runs after the ends, because expired sessions are not marked.
    Mark,
}

/// Returns the changes that are needed: those that the scan found, or, without a scan, all
/// that the policies may require.
fn required(scope: &PolicyContext<'_>, found: Option<&DueCounts>) -> Vec<RowChange> {
    let any = |is: fn(&Policy) -> bool| scope.policies.all().any(is);
    let wants = match found.map(|found| found.counts) {
        None => [
            (RowChange::Delete, true),
            (RowChange::Discard, any(policy_sql::deletes_at_end)),
            (RowChange::End, any(|policy| !policy_sql::deletes_at_end(policy))),
            (RowChange::Mark, any(|policy| policy.expire == ExpiryMode::TwoPass)),
        ],
        Some(counts) => {
            let discards = counts.would_discard();
            [
                (RowChange::Delete, counts.would_delete > discards),
                (RowChange::Discard, discards > 0),
                (RowChange::End, counts.would_end > discards),
                (RowChange::Mark, counts.would_mark > 0),
            ]
        }
    };
    wants.into_iter().filter(|(_, is_wanted)| *is_wanted).map(|(change, _)| change).collect()
}

struct PurgeBatch<'a> {
    scope: &'a PolicyContext<'a>,
    due: &'a DueRows<'a>,
    statements: Vec<Statement>,
    ending_rows: Option<usize>,
    indexes: Vec<(RowChange, usize)>,
}

impl<'a> PurgeBatch<'a> {
    /// With `counted`, deletions are counted already.
    fn of(
        scope: &'a PolicyContext<'a>,
        due: &'a DueRows<'a>,
        required: &[RowChange],
        return_ended: bool,
        counted: Option<&DueCounts>,
    ) -> Self {
        let (statements, indexes) = (Vec::new(), Vec::new());
        let mut batch = Self { scope, due, statements, ending_rows: None, indexes };
        let ends = required.contains(&RowChange::End) || required.contains(&RowChange::Discard);
        if return_ended && ends {
            batch.ending_rows = Some(batch.add(ending_rows(scope), policy_sql::ends));
        }
        if let Some(found) = counted.filter(|found| !found.deletions.is_empty()) {
            batch.statements.push(stats::add_deleted(&found.deletions));
        }
        for change in required {
            if counted.is_none() {
                batch.add_count(*change);
            }
            let index = batch.add_change(*change);
            if counted.is_some() && *change == RowChange::Delete {
                batch.statements[index].push(" AND ended_at < ").bind(scope.now);
            }
            batch.indexes.push((*change, index));
        }
        batch
    }

    fn with_expected_counts(&self, counts: PurgeCounts) -> Vec<ExpectedCount> {
        let discards = counts.would_discard();
        let expected = [
            (self.index_of(RowChange::Delete), counts.would_delete - discards),
            (self.index_of(RowChange::Discard), discards),
        ];
        let of = |index| expected.iter().find(|(at, _)| *at == Some(index)).map(|(_, rows)| *rows);
        let statements = self.statements.iter().cloned().enumerate();
        statements.map(|(index, statement)| ExpectedCount { statement, rows: of(index) }).collect()
    }

    fn index_of(&self, change: RowChange) -> Option<usize> {
        self.indexes.iter().find(|(what, _)| *what == change).map(|(_, index)| *index)
    }

    fn add_change(&mut self, change: RowChange) -> usize {
        let delete = || Statement::new("DELETE FROM sessions");
        match change {
            RowChange::Delete => self.add(delete(), policy_sql::retention_elapsed),
            RowChange::Discard => self.add(delete(), policy_sql::ends_deleting_row),
            RowChange::End => self.add(end(self.scope), policy_sql::ends_keeping_row),
            RowChange::Mark => self.add(mark(self.scope), policy_sql::is_mark_due),
        }
    }

    /// Adds a statement that adds the rows about to be deleted to the counters.
    fn add_count(&mut self, change: RowChange) {
        let index = match change {
            RowChange::Delete => self.add(stats::count_deleted(), policy_sql::retention_elapsed),
            RowChange::Discard => {
                self.add(stats::count_deleted_at_end(self.scope), policy_sql::ends_deleting_row)
            }
            RowChange::End | RowChange::Mark => return,
        };
        self.statements[index].push(stats::UPSERT_ADD_GROUPED);
    }

    /// Adds a statement for the rows of the range that match a condition, and returns its index.
    fn add(
        &mut self,
        mut sql: Statement,
        condition: fn(&mut Statement, &PolicyContext<'_>),
    ) -> usize {
        sql.push(" WHERE id BETWEEN ").bind(&self.due.range.first);
        sql.push(" AND ").bind(&self.due.range.last);
        if let Some(tasks) = self.due.tasks {
            sql.push(" AND task IN (SELECT value FROM json_each(").bind(tasks).push("))");
        }
        policy_sql::and_task_in_scope(&mut sql, self.scope);
        sql.push(" AND ");
        condition(&mut sql, self.scope);
        self.statements.push(sql);
        self.statements.len() - 1
    }
}

fn end(scope: &PolicyContext<'_>) -> Statement {
    let mut sql = Statement::new("UPDATE sessions SET ended_at = ");
    sql.bind(scope.now).push(", end_reason = ");
    policy_sql::end_reason(&mut sql, scope);
    sql
}

fn mark(scope: &PolicyContext<'_>) -> Statement {
    let mut sql = Statement::new("UPDATE sessions SET marked_at = ");
    policy_sql::mark_time(&mut sql, scope);
    sql
}

/// The rows that are about to end, each with the reason.
fn ending_rows(scope: &PolicyContext<'_>) -> Statement {
    let mut sql = Statement::new("SELECT ");
    sql.push(COLUMNS).push(", ");
    policy_sql::end_reason(&mut sql, scope);
    sql.push(" FROM sessions");
    sql
}
