//! Statistics of users over selected sessions.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use super::service::SessionService;
use crate::domain::agent::short_agent;
use crate::domain::error::Result;
use crate::domain::filter::Filter;
use crate::domain::session::{Session, SessionState};
use crate::domain::time::UnixTime;
use crate::storage::{GroupBy, Order, UserStats, VisitResult};

/// Sessions of a user, and their tasks in lower case.
#[derive(Default)]
struct UserTotals {
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
    /// [`Error::Unselectable`](crate::Error::Unselectable) if the profile of a framework table has
    /// no client or no agent to group by, any error of reading the table, and the error of the
    /// visitor.
    pub fn groups(
        &self,
        by: GroupBy,
        filter: &Filter,
        now: UnixTime,
        visit: &mut dyn FnMut(UserStats) -> VisitResult,
    ) -> Result<u64> {
        self.profile().map_or(Ok(()), |profile| match by {
            GroupBy::Client => profile.must_name("client", profile.client.as_ref()),
            GroupBy::Agent => profile.must_name("agent", profile.agent.as_ref()),
            GroupBy::TaskAndUser | GroupBy::User | GroupBy::Task => Ok(()),
        })?;
        let names = self.store.task_names()?;
        let visit = &mut |group: UserStats| match by {
            GroupBy::Task => {
                visit(UserStats { user: group.user.map(|task| names.of(task)), ..group })
            }
            _ => visit(group),
        };
        if filter.is_task_only() {
            filter.check(self.profile())?;
            self.store.user_stats(&self.scope(filter.task.as_ref(), now), by, visit)?;
            return Ok(0);
        }
        self.groups_of_selected(by, filter, now, visit)
    }

    fn groups_of_selected(
        &self,
        by: GroupBy,
        filter: &Filter,
        now: UnixTime,
        visit: &mut dyn FnMut(UserStats) -> VisitResult,
    ) -> Result<u64> {
        let mut users: BTreeMap<Option<String>, UserTotals> = BTreeMap::new();
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
                    users.entry(group(by, &session)).or_default().add(&session, place);
                }
                Ok(ControlFlow::Continue(()))
            })?;
        let mut users: Vec<UserStats> =
            users.into_iter().map(|(user, totals)| totals.stats(user)).collect();
        // The sort is stable: equal ones stay in the order of their names.
        users.sort_by_key(|user| std::cmp::Reverse(user.sessions()));
        for user in users {
            if visit(user)?.is_break() {
                break;
            }
        }
        Ok(unreadable + selection.unreadable_users)
    }
}

/// Name of the group of a session.
fn group(by: GroupBy, session: &Session) -> Option<String> {
    match by {
        GroupBy::TaskAndUser | GroupBy::User => session.user.clone(),
        GroupBy::Task => Some(session.task.to_ascii_lowercase()),
        GroupBy::Client => session.client.clone(),
        GroupBy::Agent => session.agent.as_deref().map(short_agent),
    }
}

impl UserTotals {
    fn add(&mut self, session: &Session, place: usize) {
        self.states[place] += 1;
        self.unreadable_users += u64::from(session.is_user_unreadable);
        self.oldest_use = self.oldest_use.into_iter().chain(session.last_used_at).min();
        self.tasks.insert(session.task.to_ascii_lowercase());
    }

    fn stats(self, user: Option<String>) -> UserStats {
        let [active, idle, abandoned, expired] = self.states;
        UserStats {
            user,
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
