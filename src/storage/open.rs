//! What becomes of a session that wants to open where there is a limit.

use crate::domain::session::Session;

/// What became of a session that wanted to open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admission {
    /// Whether it is open now; if not, what was full.
    pub outcome: Result<(), LimitScope>,
    /// How many sessions ended to make way for it.
    pub ended: u64,
    /// Those sessions, if the caller wanted to be told.
    pub told: Vec<Session>,
    /// How many of them it cannot tell of, though the caller wanted to be told: the answer
    /// of a cluster was lost.
    pub untold: u64,
}

/// The limit that kept a session from opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitScope {
    /// That of the task.
    Task,
    /// That of the user.
    User,
    /// That of the licence that the task belongs to.
    Licence,
}
