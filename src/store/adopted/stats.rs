//! Statistics of a framework's table: counted from its rows, and from sessctl's own counters
//! for rows that were deleted.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::ops::ControlFlow;

use super::reader::TableReader;
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
struct UserLoad {
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
    let mut loads: Vec<_> = by_user(database, reader, scope)?.into_iter().collect();
    loads.sort_by(|(user, load), (other, another)| {
        let most_first = match by {
            GroupBy::User => another.sessions.cmp(&load.sessions),
            GroupBy::TaskAndUser => Ordering::Equal,
        };
        most_first.then_with(|| user.cmp(other))
    });
    for (user, UserLoad { sessions, unreadable_users, oldest_use }) in loads {
        let task = (by == GroupBy::TaskAndUser).then(|| reader.profile.task.clone());
        let states = [sessions, 0, 0];
        let (tasks, expired) = (1, 0);
        let user_name = None;
        let load = UserStats {
            user,
            user_name,
            unreadable_users,
            task,
            tasks,
            states,
            expired,
            oldest_use,
        };
        if visit(load)? == ControlFlow::Break(()) {
            break;
        }
    }
    Ok(())
}

fn by_user(
    database: &impl Database,
    reader: &TableReader,
    scope: &PolicyContext<'_>,
) -> Result<HashMap<Option<String>, UserLoad>> {
    let mut loads: HashMap<Option<String>, UserLoad> = HashMap::new();
    let what = format!("{}, {}", reader.user(), reader.inputs());
    let user = reader.after_key();
    reader.for_each_row(database, &what, &mut |row| {
        match reader.judge_at(row, user + 1) {
            RowStatus::Session(expiry) if !expiry.is_expired(scope.now) => {
                let owner = reader.owner_at(row, user);
                let is_unreadable = owner == SessionUser::Unreadable;
                let load = loads.entry(owner.user()).or_default();
                load.sessions += 1;
                load.unreadable_users += u64::from(is_unreadable);
                load.oldest_use = min_time(load.oldest_use, last_use(reader, row, user + 1));
            }
            _ => {}
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(loads)
}
