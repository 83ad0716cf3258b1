//! Statistics of users, and of other groups of sessions.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use super::sort::SortTerm;
use super::{policy_sql, sort};
use crate::domain::agent::short_agent;
use crate::domain::error::Result;
use crate::domain::time::UnixTime;
use crate::storage::{GroupBy, PolicyContext, UserStats, VisitResult};
use crate::store::database::{Database, RowRef};
use crate::store::statement::Statement;

const USER_STATS_COLUMNS: usize = 8;

pub(super) fn user_stats(
    database: &impl Database,
    scope: &PolicyContext<'_>,
    by: GroupBy,
    visit: &mut dyn FnMut(UserStats) -> VisitResult,
) -> Result<()> {
    if by == GroupBy::Agent {
        return by_agent(database, scope, visit);
    }
    groups(database, scope, by, visit)
}

/// Visits the groups of one statement, in its order.
fn groups(
    database: &impl Database,
    scope: &PolicyContext<'_>,
    by: GroupBy,
    visit: &mut dyn FnMut(UserStats) -> VisitResult,
) -> Result<()> {
    let in_pages = database.is_remote();
    database.query_pages(&mut |last| select_groups(scope, by, in_pages, last), &mut |row| {
        visit(UserStats {
            user: row.text(0),
            user_name: None,
            unreadable_users: 0,
            task: row.text(1).filter(|_| matches!(by, GroupBy::TaskAndUser | GroupBy::Agent)),
            tasks: row.count(2),
            states: [row.count(3), row.count(4), row.count(5)],
            expired: row.count(6),
            oldest_use: row.integer(7).map(UnixTime),
        })
    })
}

/// Adds up the groups of all texts that have the same short name, of which each may have several
/// tasks.
fn by_agent(
    database: &impl Database,
    scope: &PolicyContext<'_>,
    visit: &mut dyn FnMut(UserStats) -> VisitResult,
) -> Result<()> {
    let mut agents: BTreeMap<Option<String>, (UserStats, BTreeSet<String>)> = BTreeMap::new();
    groups(database, scope, GroupBy::Agent, &mut |mut group| {
        let name = group.user.take().filter(|agent| !agent.is_empty());
        let name = name.map(|agent| short_agent(&agent));
        let task = group.task.take().unwrap_or_default().to_ascii_lowercase();
        match agents.get_mut(&name) {
            Some((all, tasks)) => {
                all.add(&group);
                tasks.insert(task);
            }
            None => {
                let all = UserStats { user: name.clone(), ..group };
                agents.insert(name, (all, BTreeSet::from([task])));
            }
        }
        Ok(ControlFlow::Continue(()))
    })?;
    let mut agents: Vec<_> = agents.into_values().collect();
    agents.sort_by_key(|(agent, _)| std::cmp::Reverse(agent.sessions()));
    for (agent, tasks) in agents {
        if visit(UserStats { tasks: tasks.len() as u64, ..agent })? == ControlFlow::Break(()) {
            break;
        }
    }
    Ok(())
}

/// Selects all groups, or those after the `last` row of a page. Each page counts anew: a group
/// whose number changes in between may be seen twice or not at all.
fn select_groups(
    scope: &PolicyContext<'_>,
    by: GroupBy,
    in_pages: bool,
    last: Option<&dyn RowRef>,
) -> Statement {
    let column = match by {
        GroupBy::TaskAndUser | GroupBy::User => "user",
        GroupBy::Client => "client",
        GroupBy::Agent => "agent",
        GroupBy::Task => "task",
    };
    let task = |sql: &mut Statement| {
        sql.push("task");
    };
    let group = |sql: &mut Statement| {
        sql.push(column);
    };
    let number = |sql: &mut Statement| {
        sql.push("count(*)");
    };
    let is_within_task = matches!(by, GroupBy::TaskAndUser | GroupBy::Agent);
    let first = if is_within_task {
        SortTerm { write: &task, is_descending: false, is_text: true }
    } else {
        SortTerm { write: &number, is_descending: true, is_text: false }
    };
    let terms = [first, SortTerm { write: &group, is_descending: false, is_text: true }];
    let mut sql = Statement::new(&format!(
        "SELECT {column}, min(task), count(DISTINCT task), sum(state = 0), sum(state = 1), \
         sum(state = 2), sum(state = 3), min(last_used_at)",
    ));
    if in_pages {
        for term in &terms {
            term.push_column(&mut sql);
        }
    }
    sql.push(" FROM (SELECT user, task, client, agent, last_used_at, ");
    policy_sql::state(&mut sql, scope.policies, scope.now);
    sql.push(" AS state FROM sessions WHERE ended_at IS NULL");
    policy_sql::and_task_in_scope(&mut sql, scope);
    sql.push(") GROUP BY ").push(if is_within_task { "task, " } else { "" }).push(column);
    if let Some(last) = last {
        sql.push(" HAVING ");
        sort::push_after(&mut sql, &terms, last, USER_STATS_COLUMNS);
    }
    sort::push_order_by(&mut sql, &terms);
    sql
}
