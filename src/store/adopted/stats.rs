//! Statistics of a framework's table: counted from its rows, and from sessctl's own counters
//! for rows that were deleted.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::ops::ControlFlow;

use super::reader::TableReader;
use crate::domain::error::Result;
use crate::domain::policy::UserExcess;
use crate::domain::profile::{Expiry, RowStatus, SessionUser, Standing};
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
    excess: &UserExcess,
    counters: Vec<TaskStats>,
) -> Result<TaskStats> {
    let is_it = |stat: &TaskStats| stat.task.eq_ignore_ascii_case(&reader.profile.task);
    let mut stat = counters.into_iter().find(is_it).unwrap_or_default();
    stat.task.clone_from(&reader.profile.task);
    let layout = RowLayout::of(reader, excess, false);
    let (mut sessions, at) = (0, layout.inputs_at);
    reader.for_each_row(database, &layout.columns, &mut |row| {
        if let Some((expiry, standing)) = layout.judge(reader, row, excess, scope.now) {
            sessions += 1;
            stat.future +=
                u64::from(reader.with_inputs(row, at, |inputs| {
                    reader.profile.is_after(scope.present(), inputs)
                }));
            if standing == Standing::Live {
                stat.live[0] += 1;
                stat.unreadable += u64::from(expiry == Expiry::Unknown);
                stat.oldest_use = min_time(stat.oldest_use, last_use(reader, row, at));
            } else {
                stat.expired += 1;
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

/// Columns of a row, after its key.
struct RowLayout {
    columns: String,
    inputs_at: usize,
    user_at: usize,
}

impl RowLayout {
    fn of(reader: &TableReader, excess: &UserExcess, needs_user: bool) -> Self {
        let (key, inputs, user) = (reader.after_key(), reader.inputs(), reader.user());
        if !excess.is_empty() {
            let columns = format!("{}, {inputs}, {user}", reader.id());
            return Self { columns, inputs_at: reader.inputs_at(), user_at: reader.user_at() };
        }
        if needs_user {
            return Self { columns: format!("{user}, {inputs}"), inputs_at: key + 1, user_at: key };
        }
        Self { columns: inputs.to_owned(), inputs_at: key, user_at: key }
    }

    fn judge(
        &self,
        reader: &TableReader,
        row: &dyn RowRef,
        excess: &UserExcess,
        now: UnixTime,
    ) -> Option<(Expiry, Standing)> {
        let RowStatus::Session(expiry) = reader.judge_at(row, self.inputs_at) else {
            return None;
        };
        let standing = reader.with_inputs(row, self.inputs_at, |inputs| {
            reader.standing(expiry, inputs, now, |times| reader.exceeds_limit(excess, row, times))
        });
        Some((expiry, standing))
    }
}

#[derive(Default)]
struct UserLoad {
    sessions: u64,
    /// Sessions that are due although the application accepts them.
    due: u64,
    unreadable_users: u64,
    oldest_use: Option<UnixTime>,
}

pub(super) fn user_stats(
    database: &impl Database,
    reader: &TableReader,
    scope: &PolicyContext<'_>,
    excess: &UserExcess,
    by: GroupBy,
    visit: &mut dyn FnMut(UserStats) -> VisitResult,
) -> Result<()> {
    let mut loads: Vec<_> = by_user(database, reader, scope, excess)?.into_iter().collect();
    loads.sort_by(|(user, load), (other, another)| {
        let most_first = match by {
            GroupBy::User => (another.sessions + another.due).cmp(&(load.sessions + load.due)),
            GroupBy::TaskAndUser => Ordering::Equal,
        };
        most_first.then_with(|| user.cmp(other))
    });
    for (user, UserLoad { sessions, due, unreadable_users, oldest_use }) in loads {
        let task = (by == GroupBy::TaskAndUser).then(|| reader.profile.task.clone());
        let states = [sessions, 0, 0];
        let (tasks, expired) = (1, due);
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
    excess: &UserExcess,
) -> Result<HashMap<Option<String>, UserLoad>> {
    let mut loads: HashMap<Option<String>, UserLoad> = HashMap::new();
    let layout = RowLayout::of(reader, excess, true);
    reader.for_each_row(database, &layout.columns, &mut |row| {
        if let Some((_, standing @ (Standing::Live | Standing::Due(_)))) =
            layout.judge(reader, row, excess, scope.now)
        {
            let owner = reader.owner_at(row, layout.user_at);
            let is_unreadable = owner == SessionUser::Unreadable;
            let load = loads.entry(owner.user()).or_default();
            let is_live = standing == Standing::Live;
            load.sessions += u64::from(is_live);
            load.due += u64::from(!is_live);
            load.unreadable_users += u64::from(is_unreadable);
            let used = last_use(reader, row, layout.inputs_at);
            load.oldest_use = min_time(load.oldest_use, used);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(loads)
}
