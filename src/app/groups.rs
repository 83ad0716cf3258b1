//! Statistics of users, or of other groups, over selected sessions.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use super::service::SessionService;
use crate::domain::agent::short_agent;
use crate::domain::error::{Attribute, Result};
use crate::domain::filter::Filter;
use crate::domain::session::{Session, SessionState};
use crate::domain::time::UnixTime;
use crate::storage::{GroupBy, Order, UserStats, VisitResult};

/// Sessions of a group, and their tasks in lower case.
#[derive(Default)]
struct GroupTotals {
    states: [u64; 4],
    unreadable_users: u64,
    oldest_use: Option<UnixTime>,
    tasks: BTreeSet<String>,
}

impl SessionService {
    /// Visits the users of selected sessions that have not ended, or other groups of these
    /// sessions, the one with the most first; in a framework table, those of live sessions unless
    /// the filter selects by state. Returns the number of sessions that match except for the user,
    /// which is unreadable.
    ///
    /// # Errors
    /// [`Error::MissingAttributes`](crate::Error::MissingAttributes) if a framework's table has no
    /// client or no agent to group by, any error of reading the table, and the error of the
    /// visitor.
    pub fn groups(
        &self,
        by: GroupBy,
        filter: &Filter,
        now: UnixTime,
        visit: &mut dyn FnMut(UserStats) -> VisitResult,
    ) -> Result<u64> {
        filter.check_grouping(by_attribute(by), self.profile())?;
        if filter.is_task_only() {
            return self.groups_of_task(by, filter, now, visit).map(|()| 0);
        }
        let mut groups: BTreeMap<Option<String>, GroupTotals> = BTreeMap::new();
        let counts_expired = self.profile().is_none() || !filter.states.is_empty();
        let selection = self.select(filter, None, false, now)?;
        let unreadable =
            self.visit_selected(&selection, Order::default(), now, &mut |session| {
                let place = match self.policies.for_task(&session.task).state(&session, now) {
                    SessionState::Active => Some(0),
                    SessionState::Idle => Some(1),
                    SessionState::Abandoned => Some(2),
                    SessionState::Expired => Some(3).filter(|_| counts_expired),
                    SessionState::Ended => None,
                };
                if let Some(place) = place {
                    groups.entry(group(by, &session)).or_default().add(&session, place);
                }
                Ok(ControlFlow::Continue(()))
            })?;
        let mut groups: Vec<UserStats> =
            groups.into_iter().map(|(group, totals)| totals.stats(group)).collect();
        // The sort is stable: equal ones stay in the order of their names.
        groups.sort_by_key(|group| std::cmp::Reverse(group.sessions()));
        for group in groups {
            if visit(self.with_group_name(by, group)?)?.is_break() {
                break;
            }
        }
        Ok(unreadable + selection.unreadable_users)
    }

    fn groups_of_task(
        &self,
        by: GroupBy,
        filter: &Filter,
        now: UnixTime,
        visit: &mut dyn FnMut(UserStats) -> VisitResult,
    ) -> Result<()> {
        let scope = self.scope(filter.task.as_ref(), now);
        self.store.user_stats(&scope, by, &mut |group| visit(self.with_group_name(by, group)?))
    }

    /// Gives a task the letter case of its first use.
    fn with_group_name(&self, by: GroupBy, group: UserStats) -> Result<UserStats> {
        if by != GroupBy::Task {
            return Ok(group);
        }
        let names = self.store.task_names()?;
        Ok(UserStats { user: group.user.map(|task| names.of(task)), ..group })
    }
}

const fn by_attribute(by: GroupBy) -> Option<Attribute> {
    match by {
        GroupBy::Client => Some(Attribute::Client),
        GroupBy::Agent => Some(Attribute::Agent),
        GroupBy::TaskAndUser | GroupBy::User | GroupBy::Task => None,
    }
}

fn group(by: GroupBy, session: &Session) -> Option<String> {
    match by {
        GroupBy::TaskAndUser | GroupBy::User => session.user.clone(),
        GroupBy::Client => session.client.clone(),
        GroupBy::Agent => session.agent.as_deref().map(short_agent),
        GroupBy::Task => Some(session.task.to_ascii_lowercase()),
    }
}

impl GroupTotals {
    fn add(&mut self, session: &Session, place: usize) {
        self.states[place] += 1;
        self.unreadable_users += u64::from(session.is_user_unreadable);
        self.oldest_use = self.oldest_use.into_iter().chain(session.last_used_at).min();
        self.tasks.insert(session.task.to_ascii_lowercase());
    }

    fn stats(self, group: Option<String>) -> UserStats {
        let [active, idle, abandoned, expired] = self.states;
        UserStats {
            user: group,
            user_name: None,
            unreadable_users: self.unreadable_users,
            task: None,
            tasks: self.tasks.len() as u64,
            states: [active, idle, abandoned],
            expired,
            oldest_use: self.oldest_use,
        }
    }
}
