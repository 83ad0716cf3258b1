//! Statistics of a framework's table: counted from its rows, and from sessctl's own counters
//! for rows that were deleted.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::ops::ControlFlow;

use super::reader::TableReader;
use super::values::display_text;
use crate::domain::agent::short_agent;
use crate::domain::error::Result;
use crate::domain::profile::{Expiry, RowStatus, SessionUser};
use crate::domain::time::UnixTime;
use crate::storage::{GroupBy, PolicyContext, TaskStats, UserStats, VisitResult};
use crate::store::database::{Database, RowRef};

pub(super) fn is_in_scope(reader: &TableReader, scope: &PolicyContext<'_>) -> bool {
    scope.task.is_none_or(|task| task.matches(&reader.profile.task))
}

/// Reads only the inputs of each row, so that a covering index suffices.
pub(super) fn task_stats(
    database: &impl Database,
    reader: &TableReader,
    scope: &PolicyContext<'_>,
    counters: Vec<TaskStats>,
) -> Result<TaskStats> {
    let is_it = |stat: &TaskStats| stat.task.eq_ignore_ascii_case(&reader.profile.task);
    let mut stat = counters.into_iter().find(is_it).unwrap_or_default();
    stat.task.clone_from(&reader.profile.task);
    let (mut sessions, at) = (0, reader.after_key());
    reader.for_each_row(database, reader.inputs(), &mut |row| {
        if let RowStatus::Session(expiry) = reader.judge_at(row, at) {
            sessions += 1;
            stat.future +=
                u64::from(reader.with_inputs(row, at, |inputs| {
                    reader.profile.is_after(scope.present(), inputs)
                }));
            if expiry.is_expired(scope.now) {
                stat.expired += 1;
            } else {
                stat.live[0] += 1;
                stat.unreadable += u64::from(expiry == Expiry::Unknown);
                stat.oldest_use = min_time(stat.oldest_use, last_use(reader, row, at));
            }
        }
        Ok(ControlFlow::Continue(()))
    })?;
    stat.opened += sessions;
    stat.peak = stat.peak.max(sessions);
    Ok(stat)
}

fn last_use(reader: &TableReader, row: &dyn RowRef, at: usize) -> Option<UnixTime> {
    let used = reader.profile.used?;
    reader.with_inputs(row, at, |inputs| reader.profile.time(Some(used), inputs))
}

fn min_time(one: Option<UnixTime>, other: Option<UnixTime>) -> Option<UnixTime> {
    one.into_iter().chain(other).min()
}

#[derive(Default)]
struct GroupLoad {
    sessions: u64,
    unreadable_users: u64,
    oldest_use: Option<UnixTime>,
}

pub(super) fn user_stats(
    database: &impl Database,
    reader: &TableReader,
    scope: &PolicyContext<'_>,
    by: GroupBy,
    visit: &mut dyn FnMut(UserStats) -> VisitResult,
) -> Result<()> {
    let mut loads: Vec<_> = groups(database, reader, scope, by)?.into_iter().collect();
    loads.sort_by(|(group, load), (other, another)| {
        let most_first = match by {
            GroupBy::TaskAndUser => Ordering::Equal,
            _ => another.sessions.cmp(&load.sessions),
        };
        most_first.then_with(|| group.cmp(other))
    });
    for (user, GroupLoad { sessions, unreadable_users, oldest_use }) in loads {
        let load = UserStats {
            user,
            user_name: None,
            unreadable_users,
            task: (by == GroupBy::TaskAndUser).then(|| reader.profile.task.clone()),
            tasks: 1,
            states: [sessions, 0, 0],
            expired: 0,
            oldest_use,
        };
        if visit(load)? == ControlFlow::Break(()) {
            break;
        }
    }
    Ok(())
}

fn groups(
    database: &impl Database,
    reader: &TableReader,
    scope: &PolicyContext<'_>,
    by: GroupBy,
) -> Result<HashMap<Option<String>, GroupLoad>> {
    let mut loads: HashMap<Option<String>, GroupLoad> = HashMap::new();
    let column = match by {
        GroupBy::TaskAndUser | GroupBy::User => reader.user(),
        GroupBy::Client => reader.client(),
        GroupBy::Agent => reader.agent(),
        GroupBy::Task => "NULL",
    };
    let what = format!("{column}, {}", reader.inputs());
    let at = reader.after_key();
    reader.for_each_row(database, &what, &mut |row| {
        match reader.judge_at(row, at + 1) {
            RowStatus::Session(expiry) if !expiry.is_expired(scope.now) => {
                let (group, is_unreadable) = group(reader, row, at, by);
                let load = loads.entry(group).or_default();
                load.sessions += 1;
                load.unreadable_users += u64::from(is_unreadable);
                load.oldest_use = min_time(load.oldest_use, last_use(reader, row, at + 1));
            }
            _ => {}
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(loads)
}

/// Group of a row by the value of a column; for users, also whether the value is unreadable.
fn group(reader: &TableReader, row: &dyn RowRef, at: usize, by: GroupBy) -> (Option<String>, bool) {
    match by {
        GroupBy::TaskAndUser | GroupBy::User => {
            let owner = reader.owner_at(row, at);
            let is_unreadable = owner == SessionUser::Unreadable;
            (owner.user(), is_unreadable)
        }
        GroupBy::Client => (display_text(row.value(at)), false),
        GroupBy::Agent => (display_text(row.value(at)).map(|agent| short_agent(&agent)), false),
        GroupBy::Task => (Some(reader.profile.task.clone()), false),
    }
}
