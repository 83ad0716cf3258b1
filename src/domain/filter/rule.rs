//! Selections of a configuration, which have no fixed time.

use super::client::{AgentPattern, ClientFilter};
use super::definition::Filter;
use crate::domain::session::SessionState;
use crate::domain::task::TaskPattern;
use crate::domain::time::{Span, UnixTime};

/// Selection as a configuration writes it: with ages instead of times, and with names or ids of
/// users. A key that is not set selects any session.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SelectionRule {
    pub task: Option<TaskPattern>,
    /// Names or ids of users.
    pub users: Vec<String>,
    pub except_users: Vec<String>,
    pub client: Option<ClientFilter>,
    pub agent: Option<AgentPattern>,
    /// States; empty: those that the action implies.
    pub states: Vec<SessionState>,
    pub idle_over: Option<Span>,
    /// Minimum age.
    pub created_before: Option<Span>,
    /// Minimum time since the last use.
    pub used_before: Option<Span>,
    /// Number of sessions of each user that are left out, the newest.
    pub keep_newest: Option<u64>,
    /// Maximum number of sessions, the longest unused first.
    pub limit: Option<u64>,
}

impl SelectionRule {
    /// Filter at `now`. Users are not looked up: they are ids.
    pub fn filter(&self, now: UnixTime) -> Filter {
        let before = |age: Span| UnixTime(now.0.saturating_sub(age.as_seconds()));
        Filter {
            task: self.task.clone(),
            users: self.users.clone(),
            except_users: self.except_users.clone(),
            client: self.client.clone(),
            agent: self.agent.clone(),
            states: self.states.clone(),
            idle_over: self.idle_over,
            created_before: self.created_before.map(before),
            used_before: self.used_before.map(before),
            keep_newest: self
                .keep_newest
                .map(|number| usize::try_from(number).unwrap_or(usize::MAX)),
            ..Filter::default()
        }
    }

    /// Canonical text of the conditions besides the task, such as `user = "alice", limit = 10`;
    /// empty without any.
    pub fn canonical(&self) -> String {
        let list = |values: &[String]| {
            (!values.is_empty()).then(|| {
                values.iter().map(|value| format!("{value:?}")).collect::<Vec<_>>().join(" ")
            })
        };
        let age = |span: Option<Span>| span.map(|span| span.to_string());
        let number = |number: Option<u64>| number.map(|number| number.to_string());
        let states: Vec<String> = self.states.iter().map(ToString::to_string).collect();
        let agent = self.agent.as_ref().map(|agent| format!("{:?}", agent.as_str()));
        let conditions = [
            ("user", list(&self.users)),
            ("except_user", list(&self.except_users)),
            ("client", self.client.as_ref().map(ToString::to_string)),
            ("agent", agent),
            ("state", list(&states)),
            ("idle_over", age(self.idle_over)),
            ("created_before", age(self.created_before)),
            ("used_before", age(self.used_before)),
            ("keep_newest", number(self.keep_newest)),
            ("limit", number(self.limit)),
        ];
        let set =
            conditions.into_iter().filter_map(|(key, value)| Some(format!("{key} = {}", value?)));
        set.collect::<Vec<_>>().join(", ")
    }
}
