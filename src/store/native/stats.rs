//! Statistics: counted from the rows, and from the counters for rows that were deleted.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::policy_sql;
use crate::domain::error::Result;
use crate::domain::policy::ExpiryMode;
use crate::domain::session::EndReason;
use crate::domain::time::UnixTime;
use crate::storage::{EndRequest, PolicyContext, TaskStats};
use crate::store::database::{Database, RowRef};
use crate::store::statement::Statement;

/// Maximum number of rows of a small table, in which each open records the peak: counting
/// that many rows is cheap. In a larger table counting would delay the application, and the
/// purge records the peak.
const SMALL_TABLE: usize = 1_000;

pub(super) const UPSERT_ADD: &str = " ON CONFLICT DO UPDATE SET value = value + excluded.value";

/// The end of a statement that counts rows by task and reason. Of a task that is spelled
/// in several ways, one spelling is taken by its letters and not by the order in which
/// rows come, which may differ from one node of a cluster to the next.
pub(super) const UPSERT_ADD_GROUPED: &str =
    " GROUP BY task, counter ON CONFLICT DO UPDATE SET value = value + excluded.value";

/// Counts, by task and reason, the ended rows that a condition selects.
pub(super) fn count_deleted() -> Statement {
    Statement::new(
        "INSERT INTO counters (task, name, value) \
         SELECT min(task COLLATE BINARY), 'deleted.' || end_reason AS counter, count(*) \
         FROM sessions",
    )
}

/// Adds counted rows to the counters; there is at least one.
pub(super) fn add_deleted(deletions: &BTreeMap<(String, EndReason), u64>) -> Statement {
    let mut sql = Statement::new("INSERT INTO counters (task, name, value) VALUES ");
    for (index, ((task, reason), rows)) in deletions.iter().enumerate() {
        sql.push(if index > 0 { ", (" } else { "(" }).bind(task.as_str());
        sql.push(&format!(", 'deleted.{reason}', ")).bind(*rows).push(")");
    }
    sql.push(UPSERT_ADD);
    sql
}

/// Counts, by task and reason, live rows that end and are deleted in one step.
pub(super) fn count_deleted_at_end(scope: &PolicyContext<'_>) -> Statement {
    count_deleted_at_end_for(|sql| policy_sql::end_reason(sql, scope))
}

/// Counts live rows that end and are deleted in one step, for the reasons that an
/// expression returns.
pub(super) fn count_deleted_at_end_for(reason: impl FnOnce(&mut Statement)) -> Statement {
    let mut sql = Statement::new(
        "INSERT INTO counters (task, name, value) \
         SELECT min(task COLLATE BINARY), 'deleted.' || ",
    );
    reason(&mut sql);
    sql.push(" AS counter, count(*) FROM sessions");
    sql
}

/// Counts a session that was refused, where a condition holds.
pub(super) fn count_refused(task: &str) -> Statement {
    let mut sql = Statement::new("INSERT INTO counters (task, name, value) SELECT ");
    sql.bind(task).push(", 'refused', 1");
    sql
}

pub(super) fn count_row_deleted_at_end(ending: &EndRequest) -> Statement {
    let mut sql = Statement::new(
        "INSERT INTO counters (task, name, value) SELECT task, 'deleted.' || ?2, 1 \
         FROM sessions WHERE id = ?1 AND ended_at IS NULL",
    )
    .with(&ending.key)
    .with(ending.end.reason.as_str());
    sql.push(UPSERT_ADD);
    sql
}

/// Records the numbers of live sessions of these tasks where they exceed the peaks so far.
pub(super) fn record_peaks(sessions: &BTreeMap<String, u64>) -> Statement {
    let peaks = sessions.iter().map(|(task, count)| serde_json::json!([task, count])).collect();
    Statement::new(
        "INSERT INTO counters (task, name, value) \
         SELECT json_extract(value, '$[0]'), 'peak', json_extract(value, '$[1]') \
         FROM json_each(?1) WHERE TRUE \
         ON CONFLICT DO UPDATE SET value = excluded.value \
         WHERE excluded.value > counters.value",
    )
    .with(serde_json::Value::Array(peaks).to_string())
}

/// Counts the sessions of a task that have not ended and remembers how many, in a small table.
pub(super) fn record_peak_if_small(task: &str) -> Statement {
    Statement::new(
        "INSERT INTO counters (task, name, value) \
         SELECT ?1, 'peak', (SELECT count(*) FROM sessions WHERE task = ?1 AND ended_at IS NULL) \
         WHERE (SELECT count(*) FROM (SELECT 1 FROM sessions LIMIT ?2)) < ?2 \
         ON CONFLICT DO UPDATE SET value = excluded.value WHERE excluded.value > value",
    )
    .with(task)
    .with(SMALL_TABLE)
}

/// One statement reads rows and counters: a purge between two would move sessions from
/// the ones to the others, and they would count twice.
pub(super) fn tasks(database: &impl Database, scope: &PolicyContext<'_>) -> Result<Vec<TaskStats>> {
    let mut tasks: BTreeMap<String, TaskStats> = BTreeMap::new();
    database.query(&rows_and_counters(scope), &mut |row| {
        let task = row.text(0).unwrap_or_default();
        let stat = tasks
            .entry(task.to_ascii_lowercase())
            .or_insert_with(|| TaskStats { task, ..TaskStats::default() });
        match row.text(1) {
            Some(name) => add_counter(stat, &name, row.count(2)),
            None => add_rows(stat, row, scope),
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(tasks.into_values().collect())
}

fn add_rows(stat: &mut TaskStats, row: &dyn RowRef, scope: &PolicyContext<'_>) {
    let abandoned = row.count(4);
    let is_due = scope.policies.for_task(&stat.task).expire == ExpiryMode::Abandoned;
    let (live, due_abandoned) = if is_due { (0, abandoned) } else { (abandoned, 0) };
    stat.live = [row.count(2), row.count(3), live];
    stat.due_abandoned = due_abandoned;
    stat.expired = row.count(5);
    stat.ended = row.count(6);
    stat.rows = row.count(7);
    stat.opened += row.count(7);
    stat.oldest_use = row.integer(8).map(UnixTime);
    stat.future = row.count(9);
    for (index, reason) in EndReason::ALL.iter().enumerate() {
        *stat.ended_by.entry(*reason).or_default() += row.count(10 + index);
    }
    stat.peak = stat.peak.max(stat.sessions());
}

fn add_counter(stat: &mut TaskStats, name: &str, value: u64) {
    match name.strip_prefix("deleted.").map(str::parse) {
        Some(Ok(reason)) => {
            *stat.ended_by.entry(reason).or_default() += value;
            stat.opened += value;
            stat.deleted += value;
        }
        _ if name == "refused" => stat.refused += value,
        _ if name == "peak" => stat.peak = stat.peak.max(value),
        _ => {}
    }
}

/// The rows of each task; then, with a name in the second column, its counters.
fn rows_and_counters(scope: &PolicyContext<'_>) -> Statement {
    let mut sql = Statement::new(
        "SELECT task, NULL, sum(state = 0), sum(state = 1), sum(state = 2), sum(state = 3), \
         sum(state = 4), count(*), min(CASE WHEN state <> 4 THEN last_used_at END), \
         sum(is_ahead)",
    );
    for reason in EndReason::ALL {
        sql.push(&format!(", sum(state = 4 AND end_reason = '{reason}')"));
    }
    sql.push(" FROM (SELECT task, last_used_at, end_reason, ");
    policy_sql::is_ahead(&mut sql, scope);
    sql.push(" AS is_ahead, ");
    policy_sql::state(&mut sql, scope.policies, scope.now);
    sql.push(" AS state FROM sessions WHERE TRUE");
    policy_sql::and_task_in_scope(&mut sql, scope);
    // The unlimited LIMIT keeps SQLite from substituting the expression of the state at
    // each of its uses, and evaluating it ten times per row.
    sql.push(
        " LIMIT -1) GROUP BY task \
         UNION ALL SELECT task, name, value, NULL, NULL, NULL, NULL, NULL, NULL, NULL",
    );
    sql.push(&", NULL".repeat(EndReason::ALL.len()));
    sql.push(" FROM counters WHERE TRUE");
    policy_sql::and_task_in_scope(&mut sql, scope);
    sql
}
