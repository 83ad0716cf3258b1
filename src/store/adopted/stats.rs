//! Statistics of a framework's table: counted from its rows, and from sessctl's own counters
//! for rows that were deleted.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::ops::ControlFlow;

use super::reader::TableReader;
use super::values::display_text;
use crate::domain::agent::short_agent;
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
    let layout = RowLayout::of(reader, excess, None);
    let (mut sessions, at) = (0, layout.inputs_at);
    reader.for_each_row(database, &layout.columns, &mut |row| {
        stat.rows += 1;
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

pub(super) fn last_use(reader: &TableReader, row: &dyn RowRef, at: usize) -> Option<UnixTime> {
    let used = reader.profile.used?;
    reader.with_inputs(row, at, |inputs| reader.profile.time(Some(used), inputs))
}

fn min_time(one: Option<UnixTime>, other: Option<UnixTime>) -> Option<UnixTime> {
    one.into_iter().chain(other).min()
}

/// Columns of a row, after its key.
pub(super) struct RowLayout {
    pub(super) columns: String,
    pub(super) inputs_at: usize,
    /// Position of the column that rows are grouped by.
    group_at: usize,
}

impl RowLayout {
    pub(super) fn of(reader: &TableReader, excess: &UserExcess, group: Option<&str>) -> Self {
        let (key, inputs) = (reader.after_key(), reader.inputs());
        match group {
            // As in a row of `owned_columns`.
            _ if !excess.is_empty() => Self {
                columns: [reader.id(), inputs, reader.user(), group.unwrap_or("NULL")].join(", "),
                inputs_at: reader.inputs_at(),
                group_at: reader.user_at() + 1,
            },
            Some(group) => {
                Self { columns: format!("{group}, {inputs}"), inputs_at: key + 1, group_at: key }
            }
            None => Self { columns: inputs.to_owned(), inputs_at: key, group_at: key },
        }
    }

    pub(super) fn judge(
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
struct GroupLoad {
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
    let mut loads: Vec<_> = groups(database, reader, scope, excess, by)?.into_iter().collect();
    loads.sort_by(|(group, load), (other, another)| {
        let most_first = match by {
            GroupBy::TaskAndUser => Ordering::Equal,
            _ => (another.sessions + another.due).cmp(&(load.sessions + load.due)),
        };
        most_first.then_with(|| group.cmp(other))
    });
    for (user, GroupLoad { sessions, due, unreadable_users, oldest_use }) in loads {
        let load = UserStats {
            user,
            user_name: None,
            unreadable_users,
            task: (by == GroupBy::TaskAndUser).then(|| reader.profile.task.clone()),
            tasks: 1,
            states: [sessions, 0, 0],
            expired: due,
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
    excess: &UserExcess,
    by: GroupBy,
) -> Result<HashMap<Option<String>, GroupLoad>> {
    let mut loads: HashMap<Option<String>, GroupLoad> = HashMap::new();
    let column = match by {
        GroupBy::TaskAndUser | GroupBy::User => reader.user(),
        GroupBy::Client => reader.client(),
        GroupBy::Agent => reader.agent(),
        GroupBy::Task => "NULL",
    };
    let layout = RowLayout::of(reader, excess, Some(column));
    reader.for_each_row(database, &layout.columns, &mut |row| {
        if let Some((_, standing @ (Standing::Live | Standing::Due(_)))) =
            layout.judge(reader, row, excess, scope.now)
        {
            let (group, is_unreadable) = group(reader, row, layout.group_at, by);
            let load = loads.entry(group).or_default();
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
