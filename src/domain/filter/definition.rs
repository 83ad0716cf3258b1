//! Filters that select sessions.

use std::collections::{BTreeMap, BTreeSet};

use super::client::{AgentPattern, ClientFilter};
use crate::domain::policy::Policies;
use crate::domain::profile::Expiry;
use crate::domain::session::{EndReason, Session, SessionKey, SessionState};
use crate::domain::task::TaskPattern;
use crate::domain::time::{Span, UnixTime};

/// Conditions that a selected session meets; an empty filter selects all sessions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    pub task: Option<TaskPattern>,
    /// Users; empty: any.
    pub users: Vec<String>,
    /// Users whose sessions are left out.
    pub except_users: Vec<String>,
    /// Restriction to sessions whose user cannot be read.
    pub user_unreadable: bool,
    pub client: Option<ClientFilter>,
    pub agent: Option<AgentPattern>,
    /// States; empty: any.
    pub states: Vec<SessionState>,
    /// Sessions that a touch [does not refuse](crate::domain::policy::Policy::refuses_touch),
    /// whatever their state; with states, in addition to those.
    pub usable: bool,
    /// Sessions of a framework's table whose times cannot be read; with states, in addition to
    /// those.
    pub unreadable: bool,
    pub idle_over: Option<Span>,
    pub created_before: Option<UnixTime>,
    pub used_before: Option<UnixTime>,
    /// Sessions, with their handles; `None`: any.
    pub sessions: Option<BTreeMap<SessionKey, String>>,
    /// Sessions that are left out.
    pub except: BTreeSet<SessionKey>,
    /// Number of sessions of each user that are left out, the newest of those that match; sessions
    /// without a user do not match. [`matches`](Self::matches) sees one session, and cannot leave
    /// them out.
    pub keep_newest: Option<usize>,
    pub ended_by: Option<EndReason>,
    pub ended_since: Option<UnixTime>,
    /// Latest time of the opening, for a look at the past.
    pub opened_by: Option<UnixTime>,
}

impl Filter {
    /// Filter that selects the sessions that a cycle ends unless states are requested.
    pub fn usable() -> Self {
        Self { usable: true, ..Self::default() }
    }

    /// Reports whether there are no conditions besides the task.
    pub fn is_task_only(&self) -> bool {
        Self { task: None, ..self.clone() } == Self::default()
    }

    /// Reports whether a session matches: the reference for the SQL of a store.
    ///
    /// 1. Each condition that is set must hold. Times compare strictly: a session that was used
    ///    or opened at `used_before` or `created_before` does not match.
    /// 2. A condition does not hold if the value that it needs is unknown.
    /// 3. A session without a user matches no condition on `users`, and each on `except_users`.
    /// 4. A session whose user cannot be read matches no condition on the user, not even
    ///    `except_users`: it may belong to one of them.
    /// 5. Of `states`, `usable` and `unreadable`, one is enough.
    pub fn matches(&self, session: &Session, policies: &Policies, now: UnixTime) -> bool {
        self.matches_user(session) && self.matches_but_for_user(session, policies, now)
    }

    /// Reports whether a session whose user cannot be read might match.
    pub fn might_match(&self, session: &Session, policies: &Policies, now: UnixTime) -> bool {
        self.is_about_users()
            && session.is_user_unreadable
            && self.matches_but_for_user(session, policies, now)
    }

    /// Reports whether the filter needs to know the user of a session.
    pub(super) fn is_about_users(&self) -> bool {
        !self.users.is_empty() || !self.except_users.is_empty() || self.keep_newest.is_some()
    }

    fn matches_user(&self, session: &Session) -> bool {
        let user = session.user.as_ref();
        (self.users.is_empty() || user.is_some_and(|it| self.users.contains(it)))
            && (self.except_users.is_empty() || !session.is_user_unreadable)
            && user.is_none_or(|it| !self.except_users.contains(it))
            && (self.keep_newest.is_none() || user.is_some())
            && (!self.user_unreadable || session.is_user_unreadable)
    }

    fn matches_but_for_user(&self, session: &Session, policies: &Policies, now: UnixTime) -> bool {
        let end = session.end.filter(|end| end.at <= now);
        let is_before = |at: Option<UnixTime>, time| at.is_some_and(|at| at < time);
        self.task.as_ref().is_none_or(|task| task.matches(&session.task))
            && self.idle_over.is_none_or(|span| session.idle(now).is_some_and(|idle| idle > span))
            && self.created_before.is_none_or(|time| is_before(session.created_at, time))
            && self.used_before.is_none_or(|time| is_before(session.last_used_at, time))
            && (self.ended_by.is_none() || self.ended_by == end.map(|end| end.reason))
            && self.ended_since.is_none_or(|time| end.is_some_and(|end| end.at >= time))
            && self.opened_by.is_none_or(|time| session.created_at.is_none_or(|at| at <= time))
            && self.matches_state(session, policies, now)
            && self.matches_text(session)
    }

    fn matches_state(&self, session: &Session, policies: &Policies, now: UnixTime) -> bool {
        let policy = policies.for_task(&session.task);
        if self.usable && !policy.refuses_touch(session, now) {
            return true;
        }
        if self.unreadable && session.expiry == Some(Expiry::Unknown) {
            return true;
        }
        let is_any = self.states.is_empty() && !self.usable && !self.unreadable;
        is_any || self.states.contains(&policy.state(session, now))
    }

    /// Reports whether a session meets the conditions that SQL cannot express: on its client, its
    /// agent, its identity and its usability.
    pub fn matches_beyond_sql(
        &self,
        session: &Session,
        policies: &Policies,
        now: UnixTime,
    ) -> bool {
        let is_in_sql = !self.usable && !self.unreadable;
        self.matches_text(session) && (is_in_sql || self.matches_state(session, policies, now))
    }

    fn matches_text(&self, session: &Session) -> bool {
        let client = session.client.as_deref();
        let agent = session.agent.as_deref();
        self.client.as_ref().is_none_or(|filter| client.is_some_and(|it| filter.matches(it)))
            && self.agent.as_ref().is_none_or(|pattern| agent.is_some_and(|it| pattern.matches(it)))
            && self.sessions.as_ref().is_none_or(|keys| keys.contains_key(&session.key))
            && !self.except.contains(&session.key)
    }
}
