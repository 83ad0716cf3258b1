//! Distribution of the times for which sessions have been unused, counted by the database.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::policy_sql;
use super::task_rules::per_task;
use crate::domain::error::Result;
use crate::domain::idle_times::IdleTimes;
use crate::domain::time::{Span, UnixTime};
use crate::storage::PolicyContext;
use crate::store::database::Database;
use crate::store::statement::Statement;

/// Counts in one statement, on a cluster too: pages would be of different moments, and only some
/// lines per task are transferred.
pub(super) fn idle_times(
    database: &impl Database,
    scope: &PolicyContext<'_>,
) -> Result<Vec<IdleTimes>> {
    let mut tasks: BTreeMap<String, IdleTimes> = BTreeMap::new();
    database.query(&rows_by_range(scope), &mut |row| {
        let task = row.text(0).unwrap_or_default();
        let policy = scope.policies.for_task(&task);
        let times = tasks
            .entry(task.to_ascii_lowercase())
            .or_insert_with(|| IdleTimes::of_policy(task, policy));
        let place = usize::try_from(row.count(1)).unwrap_or(usize::MAX);
        if let Some(range) = times.ranges.get_mut(place) {
            range.add(row.count(3), row.count(2) == 1);
        }
        times.without_timeout += row.count(4);
        times.future += row.count(5);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(tasks.into_values().collect())
}

/// Counts sessions by task, range and whether they are due. The place of a range is the number of
/// limits that the idle time exceeds: those of the scale, and those of the policy itself.
fn rows_by_range(scope: &PolicyContext<'_>) -> Statement {
    let mut sql = Statement::new(
        "SELECT task, place, is_due, count(*), sum(idle_timeout IS NULL), sum(is_ahead) \
         FROM (SELECT task, idle_timeout, ",
    );
    place(&mut sql, &IdleTimes::LIMITS, 0, scope.now);
    if scope.policies.all().any(|policy| !IdleTimes::own_limits(policy).is_empty()) {
        sql.push(" + ");
        per_task(&mut sql, scope.policies, |sql, policy| {
            sql.push("0");
            for limit in IdleTimes::own_limits(policy) {
                sql.push(" + (");
                exceeds(sql, limit, scope.now);
                sql.push(")");
            }
        });
    }
    sql.push(" AS place, ");
    policy_sql::end_reason(&mut sql, scope);
    sql.push(" IS NOT NULL AS is_due, last_used_at > ").bind(scope.present());
    sql.push(" AS is_ahead FROM sessions WHERE (ended_at IS NULL OR ended_at > ").bind(scope.now);
    sql.push(")");
    policy_sql::and_task_in_scope(&mut sql, scope);
    // As for the states: without it, the expressions would be evaluated at each of their uses.
    sql.push(" LIMIT -1) GROUP BY task, place, is_due");
    sql
}

/// Writes the number of limits of the scale that the idle time exceeds, which is known to exceed
/// all `before` them, as a tree of comparisons: there are millions of rows.
fn place(sql: &mut Statement, limits: &[Span], before: usize, now: UnixTime) {
    let middle = limits.len() / 2;
    let Some(limit) = limits.get(middle) else {
        sql.push(&before.to_string());
        return;
    };
    sql.push("CASE WHEN ");
    exceeds(sql, *limit, now);
    sql.push(" THEN ");
    place(sql, &limits[middle + 1..], before + middle + 1, now);
    sql.push(" ELSE ");
    place(sql, &limits[..middle], before, now);
    sql.push(" END");
}

fn exceeds(sql: &mut Statement, limit: Span, now: UnixTime) {
    sql.push("last_used_at < ").bind(policy_sql::before(now, limit));
}
