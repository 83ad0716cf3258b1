use std::collections::BTreeMap;

use crate::domain::session::{EndReason, SessionState};
use crate::domain::task::TaskPattern;
use crate::domain::time::UnixTime;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TaskStats {
    /// Name, as spelled in one of its rows.
    pub task: String,
    /// Live sessions in the states active, idle and abandoned.
    pub live: [u64; 3],
    pub due_abandoned: u64,
    pub expired: u64,
    /// Live sessions with unreadable times.
    pub unreadable: u64,
    /// Rows that were used or opened [in the future](super::PolicyContext::is_ahead), as far as
    /// the table says that, or marked, if any policy marks sessions.
    pub future: u64,
    /// Retained rows of ended sessions.
    pub ended: u64,
    /// All rows, including those of a framework's table that are no sessions.
    pub rows: u64,
    /// Sessions ever opened.
    pub opened: u64,
    /// Sessions ever ended, by reason, including deleted rows.
    pub ended_by: BTreeMap<EndReason, u64>,
    /// Rows ever deleted by purges, cycles and closes.
    pub deleted: u64,
    pub refused: u64,
    /// Maximum observed number of sessions that had not ended, live or due.
    pub peak: u64,
    /// Earliest last use of the sessions that have not ended; in a framework's table, of the
    /// live sessions.
    pub oldest_use: Option<UnixTime>,
}

impl TaskStats {
    pub fn live_total(&self) -> u64 {
        self.live.iter().sum()
    }

    /// Number of sessions that have not ended. Unreadable rows of a framework's table are kept,
    /// so they count as live.
    pub fn sessions(&self) -> u64 {
        self.live_total() + self.due_abandoned + self.expired
    }

    pub fn in_state(&self, state: SessionState) -> u64 {
        match state {
            SessionState::Active => self.live[0],
            SessionState::Idle => self.live[1],
            SessionState::Abandoned => self.live[2] + self.due_abandoned,
            SessionState::Expired => self.expired,
            SessionState::Ended => self.ended,
        }
    }
}

/// Canonical names of tasks, in the letter case of their first use, independent of the current
/// rows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TaskNames(BTreeMap<String, String>);

impl TaskNames {
    /// Canonical name of a task in any letter case; an unknown task keeps its spelling.
    pub fn of(&self, task: String) -> String {
        self.get(&task).map_or(task, str::to_owned)
    }

    pub fn get(&self, task: &str) -> Option<&str> {
        self.0.get(&task.to_ascii_lowercase()).map(String::as_str)
    }

    pub fn insert(&mut self, name: String) {
        self.0.insert(name.to_ascii_lowercase(), name);
    }

    pub fn has(&self, task: &TaskPattern) -> bool {
        self.0.values().any(|name| task.matches(name))
    }
}

impl FromIterator<String> for TaskNames {
    fn from_iter<I: IntoIterator<Item = String>>(names: I) -> Self {
        Self(names.into_iter().map(|name| (name.to_ascii_lowercase(), name)).collect())
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserStats {
    /// User, or the client, agent or task by which sessions are grouped; `None` for sessions
    /// without one.
    pub user: Option<String>,
    /// Name of the user; `None` if it is unknown or was not looked up.
    pub user_name: Option<String>,
    /// Sessions with an unreadable user, which count as sessions without one.
    pub unreadable_users: u64,
    /// Task, for statistics of one task.
    pub task: Option<String>,
    pub tasks: u64,
    /// Sessions in the states active, idle and abandoned.
    pub states: [u64; 3],
    /// Sessions in the state expired; not counted in a framework's table, because the framework
    /// itself refuses them.
    pub expired: u64,
    /// Earliest last use, if the table records it.
    pub oldest_use: Option<UnixTime>,
}

impl UserStats {
    pub fn sessions(&self) -> u64 {
        self.states.iter().sum::<u64>() + self.expired
    }

    /// Adds the sessions of another group, which has the same tasks.
    pub fn add(&mut self, other: &Self) {
        for (state, more) in self.states.iter_mut().zip(other.states) {
            *state += more;
        }
        self.expired += other.expired;
        self.unreadable_users += other.unreadable_users;
        self.oldest_use = self.oldest_use.into_iter().chain(other.oldest_use).min();
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupBy {
    /// By task and user, in that order.
    TaskAndUser,
    /// By user, most sessions first.
    User,
    /// By client, most sessions first.
    Client,
    /// By the [short name](crate::domain::agent::short_agent) of the agent, most sessions first.
    Agent,
    /// By task, most sessions first.
    Task,
}
