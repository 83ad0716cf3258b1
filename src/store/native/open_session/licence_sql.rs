use crate::domain::policy::Licence;
use crate::domain::task::TaskPattern;
use crate::store::native::task_rules::task_matches;
use crate::store::statement::Statement;

const HAS_INDEX: &str = "EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'live_by_task')";

/// Selects live rows of the tasks that a licence covers.
///
/// SQLite does not search an index for a pattern combined with other conditions: it would read all
/// live rows. With the index, each name of a task is found by one step from the name before.
/// Without it, each step would read the table, so the rows are compared instead.
pub(super) fn is_licensed(sql: &mut Statement, licence: &Licence) {
    if !licence.tasks.iter().any(TaskPattern::is_wild) {
        matches_any_task(sql, licence, "");
        return;
    }
    sql.push("task IN (WITH RECURSIVE live(task) AS (SELECT CASE WHEN ").push(HAS_INDEX);
    sql.push(" THEN (SELECT min(task) FROM sessions WHERE ended_at IS NULL) END");
    sql.push(" UNION ALL SELECT (SELECT min(task) FROM sessions WHERE ended_at IS NULL ");
    sql.push("AND task > live.task) FROM live WHERE live.task IS NOT NULL) ");
    sql.push("SELECT task FROM live WHERE ");
    matches_any_task(sql, licence, " COLLATE NOCASE");
    sql.push(" UNION ALL SELECT task FROM (SELECT task FROM sessions WHERE ended_at IS NULL AND ");
    matches_any_task(sql, licence, "");
    // As a condition, it would be evaluated for each row.
    sql.push(" LIMIT CASE WHEN ").push(HAS_INDEX).push(" THEN 0 ELSE -1 END))");
}

fn matches_any_task(sql: &mut Statement, licence: &Licence, collation: &str) {
    for (index, pattern) in licence.tasks.iter().enumerate() {
        sql.push(if index > 0 { " OR " } else { "(" });
        task_matches(sql, pattern);
        sql.push(if pattern.is_wild() { "" } else { collation });
    }
    sql.push(")");
}
