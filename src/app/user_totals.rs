//! Statistics of users, and of other groups, over selected sessions.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use super::service::SessionService;
use crate::domain::agent::short_agent;
use crate::domain::error::{Attribute, Result};
use crate::domain::filter::{Filter, require};
use crate::domain::session::{Session, SessionState};
use crate::domain::time::UnixTime;
use crate::storage::{GroupBy, Order, TaskNames, UserStats, VisitResult};

/// Sessions of a user or of another group, and their tasks in lower case.
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
    /// the filter selects by state. Returns the number of sessions that match except for the
    /// user, which is unreadable.
    ///
    /// # Errors
    /// [`Error::MissingAttributes`](crate::domain::error::Error::MissingAttributes) if the table
    /// lacks what the sessions are selected or grouped by, any error of reading the table, and the error of the visitor.
    pub fn groups(
        &self,
        by: GroupBy,
        filter: &Filter,
        now: UnixTime,
        visit: &mut dyn FnMut(UserStats) -> VisitResult,
    ) -> Result<u64> {
        match by {
            GroupBy::Client => require(self.profile(), &[Attribute::Client])?,
            GroupBy::Agent => require(self.profile(), &[Attribute::Agent])?,
            GroupBy::TaskAndUser | GroupBy::User | GroupBy::Task => {}
        }
        if !filter.is_task_only() {
            return self.selected_groups(by, filter, now, visit);
        }
        filter.check(self.profile())?;
        let names = self.names_of_groups(by)?;
        let scope = self.scope(filter.task.as_ref(), now);
        self.store.user_stats(&scope, by, &mut |group| {
            visit(match &names {
                Some(names) => UserStats { user: group.user.map(|task| names.of(task)), ..group },
                None => group,
            })
        })?;
        Ok(0)
    }

    fn selected_groups(
        &self,
        by: GroupBy,
        filter: &Filter,
        now: UnixTime,
        visit: &mut dyn FnMut(UserStats) -> VisitResult,
    ) -> Result<u64> {
        let mut groups: BTreeMap<Option<String>, UserTotals> = BTreeMap::new();
        let counts_expired = self.profile().is_none() || !filter.states.is_empty();
        let names = self.names_of_groups(by)?.unwrap_or_default();
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
                    groups.entry(group(&session, by, &names)).or_default().add(&session, place);
                }
                Ok(ControlFlow::Continue(()))
            })?;
        let mut groups: Vec<UserStats> =
            groups.into_iter().map(|(group, totals)| totals.stats(group)).collect();
        // The sort is stable: equal ones stay in the order of their names.
        groups.sort_by_key(|group| std::cmp::Reverse(group.sessions()));
        for group in groups {
            if visit(group)?.is_break() {
                break;
            }
        }
        Ok(unreadable + selection.unreadable_users)
    }

    /// Names of tasks, if sessions are grouped by these.
    fn names_of_groups(&self, by: GroupBy) -> Result<Option<TaskNames>> {
        (by == GroupBy::Task).then(|| self.store.task_names()).transpose()
    }
}

/// Group of a session; `None`: it has no such value.
fn group(session: &Session, by: GroupBy, names: &TaskNames) -> Option<String> {
    match by {
        GroupBy::TaskAndUser | GroupBy::User => session.user.clone(),
        GroupBy::Client => session.client.clone(),
        GroupBy::Agent => {
            session.agent.as_deref().filter(|agent| !agent.is_empty()).map(short_agent)
        }
        GroupBy::Task => Some(names.of(session.task.clone())),
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
