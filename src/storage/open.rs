//! Opening and touching sessions.

use super::timing::WriteTiming;
use crate::domain::error::Result;
use crate::domain::policy::Policies;
use crate::domain::session::{Key, Session};
use crate::domain::time::{Span, UnixTime};

/// Session to be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    /// Key of its row.
    pub key: Key,
    /// See [`Session::user`].
    pub user: Option<String>,
    /// See [`Session::task`].
    pub task: String,
    /// See [`Session::client`].
    pub client: Option<String>,
    /// Opening time, also the time of its first use.
    pub created_at: UnixTime,
    /// See [`Session::idle_timeout`].
    pub idle_timeout: Option<Span>,
}

/// Result of opening a session under limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admission {
    /// Success, or the limit that was reached.
    pub outcome: std::result::Result<(), LimitScope>,
    /// Number of sessions ended to make room for it.
    pub ended: u64,
    /// Those sessions, if requested.
    pub ended_sessions: Vec<Session>,
    /// Number of ended sessions that are not returned although requested, because the response
    /// of the cluster was lost.
    pub unreported: u64,
}

/// Limit that was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitScope {
    /// Limit of the task.
    Task,
    /// Limit of the user.
    User,
    /// Limit of the licence of the task.
    Licence,
}

/// Result of touching sessions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TouchedRows {
    /// For each key, true if there was a live session.
    pub done: Vec<bool>,
    /// Timing of the transaction; on a cluster, the time that the node took, without the
    /// network.
    pub timing: WriteTiming,
}

/// A table of sessions that sessctl opens and touches.
///
/// A method that fails has changed nothing.
pub trait SessionOpen {
    /// Creates the indexes that the limits of these policies need, and drops those that they do
    /// not.
    fn sync_indexes(&mut self, policies: &Policies) -> Result<()>;

    /// Opens sessions regardless of limits: all or none.
    fn insert(&mut self, sessions: &[NewSession]) -> Result<()>;

    /// Opens a session if the limits of its policy and of its licence leave room for it, or
    /// can be made to:
    ///
    /// 1. First those end that the limit should not count: whatever `when_full` says, those
    ///    whose lifetime is over. Under `when_full = "evict-idle"` also the abandoned ones, if
    ///    the policy ends any for being unused; under `"refuse"` all that are
    ///    [over](crate::domain::policy::Policy::end_reason). A `limit` looks at the whole task,
    ///    a `user_limit` alone at the user's sessions. The
    ///    [licence](crate::domain::policy::Licence) of the task looks at all of its tasks before
    ///    that: each session is judged by the policy of its own task, with the `when_full` of
    ///    the licence.
    /// 2. It opens where fewer sessions than `limit` of the task have not ended, fewer
    ///    than `user_limit` of its user, and fewer of all tasks of the licence than that
    ///    allows, or where there is one to evict. A limit of zero in a policy is none.
    ///    Sessions of nobody have no `user_limit`.
    /// 3. At a limit exactly one session is evicted: of its user if the user is
    ///    at the limit, else of the task if that is at its limit, else of any task of the
    ///    licence; under `"evict-idle"` the one whose own timeout has passed first, under
    ///    `"evict-lru"` the one that has been unused for the longest. It makes way in all of
    ///    these. The `when_full` of the limit that it makes way for decides: under
    ///    `"evict-idle"` it must be idle or abandoned; under `"evict-lru"` any will do.
    /// 4. Each session that ends leaves a row if the policy of its own task keeps one.
    /// 5. If it does not open, the refusal is counted.
    ///
    /// It is all done at once: however many open at a time, no limit is exceeded.
    /// With `return_ended`, the sessions that ended are returned as they ended. A key that
    /// is taken is an error, and nothing changes.
    fn open_limited(
        &mut self,
        session: &NewSession,
        policies: &Policies,
        return_ended: bool,
    ) -> Result<Admission>;

    /// Sets the last use of live sessions to `now`, never to an earlier time, and clears their
    /// marks.
    fn touch_rows(&mut self, keys: &[Key], now: UnixTime) -> Result<TouchedRows>;

    /// Variant of [`touch_rows`](Self::touch_rows) without timing. Answers for each key whether
    /// there was a live session.
    fn renew(&mut self, keys: &[Key], now: UnixTime) -> Result<Vec<bool>> {
        Ok(self.touch_rows(keys, now)?.done)
    }
}
