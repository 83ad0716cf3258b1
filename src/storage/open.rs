use super::timing::WriteTiming;
use crate::domain::error::Result;
use crate::domain::policy::Policies;
use crate::domain::session::{Session, SessionKey};
use crate::domain::time::{Span, UnixTime};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    pub key: SessionKey,
    pub user: Option<String>,
    pub task: String,
    pub client: Option<String>,
    pub agent: Option<String>,
    /// Opening time, also the time of its first use.
    pub created_at: UnixTime,
    pub idle_timeout: Option<Span>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admission {
    pub outcome: std::result::Result<(), LimitScope>,
    pub ended: u64,
    /// Empty unless requested.
    pub ended_sessions: Vec<Session>,
    /// Ended sessions that are not returned although requested: the cluster's response was lost.
    pub unreported: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitScope {
    Task,
    User,
    Licence,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TouchedRows {
    /// For each key, true if there was a live session.
    pub done: Vec<bool>,
    /// Timing of the transaction; on a cluster, the time that the node took, without the network.
    pub timing: WriteTiming,
}

/// A method that fails has changed nothing.
pub trait SessionOpener {
    /// Creates the indexes that the limits of these policies need, and drops the others.
    fn sync_indexes(&mut self, policies: &Policies) -> Result<()>;

    /// Opens sessions regardless of limits: all or none.
    fn insert(&mut self, sessions: &[NewSession]) -> Result<()>;

    /// Opens a session if the limits of its policy and of its licence allow it, or if enough
    /// sessions can be ended or evicted:
    ///
    /// 1. Sessions end that the limit should not count: under any `when_full` those whose lifetime
    ///    is over; under `"evict-idle"` also abandoned ones, if the policy ends unused sessions;
    ///    under `"refuse"` all that are [over](crate::domain::policy::Policy::end_reason). A
    ///    `limit` counts the whole task, a `user_limit` the sessions of the user. The
    ///    [licence](crate::domain::policy::Licence) of the task comes first and counts all of its
    ///    tasks: each session is judged by the policy of its own task, with the `when_full` of the
    ///    licence.
    /// 2. The session opens if fewer sessions than `limit` of the task, `user_limit` of the user
    ///    and the limit of the licence have not ended, or if one can be evicted. A limit of
    ///    zero is none. Sessions without a user have no `user_limit`.
    /// 3. At a limit, exactly one session is evicted: of the user if the user is at the limit,
    ///    else of the task if the task is, else of any task of the licence. Its eviction counts
    ///    for all of these. The `when_full` of the limit decides which: under `"evict-idle"`
    ///    the one whose own timeout passed first, which must be idle or abandoned; under
    ///    `"evict-lru"` the one that has been unused for the longest.
    /// 4. Each session that ends leaves a row if the policy of its own task keeps one.
    /// 5. A refusal is counted.
    ///
    /// All of this is atomic: no limit is exceeded, however many sessions open at a time. With
    /// `return_ended`, the sessions that ended are returned. A key that exists is an error, and
    /// nothing changes.
    fn open_limited(
        &mut self,
        session: &NewSession,
        policies: &Policies,
        return_ended: bool,
    ) -> Result<Admission>;

    /// Sets the last use of live sessions to `now`, but never back, and clears their marks.
    fn touch_rows(&mut self, keys: &[SessionKey], now: UnixTime) -> Result<TouchedRows>;

    /// [`touch_rows`](Self::touch_rows) without timing.
    fn renew(&mut self, keys: &[SessionKey], now: UnixTime) -> Result<Vec<bool>> {
        Ok(self.touch_rows(keys, now)?.done)
    }
}
