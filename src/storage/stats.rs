//! Sessions added up, by task and by user.

use std::collections::BTreeMap;

use crate::domain::filter::TaskPattern;
use crate::domain::session::{EndReason, State};
use crate::domain::time::UnixTime;

/// The figures of one task.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TaskStats {
    /// Its name, as one of its rows has it.
    pub task: String,
    /// Live sessions in the states active, idle and abandoned.
    pub live: [u64; 3],
    /// Sessions in the state abandoned that are not live, as their policy ends them for
    /// that.
    pub given_up: u64,
    /// Sessions in the state expired.
    pub expired: u64,
    /// Live sessions of which it cannot be said whether they are over: their times are
    /// not in the form that they should have.
    pub unreadable: u64,
    /// Rows that were used or opened [in the future](super::PolicyContext::is_ahead), as far as
    /// the table says that, or marked, if any policy marks sessions.
    pub future: u64,
    /// Rows of ended sessions that are still kept.
    pub ended: u64,
    /// All sessions ever opened.
    pub opened: u64,
    /// All sessions ever ended, by reason, whether their rows are kept or not.
    pub ended_by: BTreeMap<EndReason, u64>,
    /// All rows ever deleted by purges, cycles and closes.
    pub deleted: u64,
    /// Sessions that were refused.
    pub refused: u64,
    /// The most sessions that were seen at once that had not ended, live or due.
    pub peak: u64,
    /// The last use of the session that has been unused for the longest, of those that
    /// have not ended; of a framework's table, of those that are live.
    pub oldest_use: Option<UnixTime>,
}

impl TaskStats {
    /// All its live sessions.
    pub fn live_total(&self) -> u64 {
        self.live.iter().sum()
    }

    /// All its sessions that have not ended. Rows of a framework's table that cannot be
    /// read are kept, and so they count as live.
    pub fn sessions(&self) -> u64 {
        self.live_total() + self.given_up + self.expired
    }

    /// Its sessions in a state.
    pub fn in_state(&self, state: State) -> u64 {
        match state {
            State::Active => self.live[0],
            State::Idle => self.live[1],
            State::Abandoned => self.live[2] + self.given_up,
            State::Expired => self.expired,
            State::Ended => self.ended,
        }
    }
}

/// The name of each task, in the letter case of its first use. It stays the same whatever
/// rows there are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TaskNames(BTreeMap<String, String>);

impl TaskNames {
    /// The name of a task that may be spelled in another letter case; a task that has none is
    /// shown as it is spelled.
    pub fn of(&self, task: String) -> String {
        self.get(&task).map_or(task, str::to_owned)
    }

    /// The name of a task, if it has one.
    pub fn get(&self, task: &str) -> Option<&str> {
        self.0.get(&task.to_ascii_lowercase()).map(String::as_str)
    }

    /// Gives a task this name.
    pub fn insert(&mut self, name: String) {
        self.0.insert(name.to_ascii_lowercase(), name);
    }

    /// Whether any of them matches.
    pub fn has(&self, task: &TaskPattern) -> bool {
        self.0.values().any(|name| task.matches(name))
    }
}

impl FromIterator<String> for TaskNames {
    fn from_iter<I: IntoIterator<Item = String>>(names: I) -> Self {
        Self(names.into_iter().map(|name| (name.to_ascii_lowercase(), name)).collect())
    }
}

/// What a user has of one task, or of all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserStats {
    /// Who; `None`: the sessions that belong to nobody yet.
    pub user: Option<String>,
    /// Those among them whose user cannot be read, and who are counted with nobody's.
    pub unreadable_users: u64,
    /// The task, where the load is that of one task.
    pub task: Option<String>,
    /// Of how many tasks.
    pub tasks: u64,
    /// Sessions in the states active, idle and abandoned.
    pub states: [u64; 3],
    /// Sessions in the state expired; those of a framework's table are left out, as
    /// the framework itself refuses them.
    pub expired: u64,
    /// The last use of the one that has been unused for the longest, as far as the
    /// table says it.
    pub oldest_use: Option<UnixTime>,
}

impl UserStats {
    /// All the sessions.
    pub fn sessions(&self) -> u64 {
        self.states.iter().sum::<u64>() + self.expired
    }
}

/// How to add up the loads of users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupBy {
    /// One load for each user and task, in the order of tasks, then of users.
    TaskAndUser,
    /// One for each user, the one with the most sessions first.
    User,
}
