//! Sessions added up, by task and by user.

use std::collections::BTreeMap;

use crate::domain::session::{EndReason, State};
use crate::domain::time::UnixTime;

/// The figures of one task.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TaskStat {
    /// Its name, as one of its rows has it.
    pub task: String,
    /// Live sessions in the states active, idle and abandoned.
    pub live: [u64; 3],
    /// Sessions that are over by the rules of the framework whose table they are in.
    pub expired: u64,
    /// Live sessions of which it cannot be said whether they are over: their times are
    /// not in the form that they should have.
    pub unreadable: u64,
    /// Rows that were used or opened [in the future](super::Scope::is_ahead), as far as
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
    /// The most live sessions that were seen at once.
    pub peak: u64,
    /// The last use of the live session that has been unused for the longest.
    pub oldest_use: Option<UnixTime>,
}

impl TaskStat {
    /// All its live sessions.
    pub fn live_total(&self) -> u64 {
        self.live.iter().sum()
    }

    /// Its sessions in a state.
    pub fn in_state(&self, state: State) -> u64 {
        match state {
            State::Active => self.live[0],
            State::Idle => self.live[1],
            State::Abandoned => self.live[2],
            State::Expired => self.expired,
            State::Ended => self.ended,
        }
    }
}

/// What a user has of one task, or of all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserLoad {
    /// Who; `None`: the sessions that belong to nobody yet.
    pub user: Option<String>,
    /// The task, where the load is that of one task.
    pub task: Option<String>,
    /// Of how many tasks.
    pub tasks: u64,
    /// Live sessions in the states active, idle and abandoned.
    pub live: [u64; 3],
    /// The last use of the one that has been unused for the longest, as far as the
    /// table says it.
    pub oldest_use: Option<UnixTime>,
}

impl UserLoad {
    /// All the live sessions.
    pub fn live_total(&self) -> u64 {
        self.live.iter().sum()
    }
}

/// How to add up the loads of users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoadBy {
    /// One load for each user and task, in the order of tasks, then of users.
    TaskAndUser,
    /// One for each user, the one with the most sessions first.
    User,
}
