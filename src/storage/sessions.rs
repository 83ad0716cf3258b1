//! The table of sessions.

use super::context::PolicyContext;
use super::kept_rows::{KeptRows, UnindexedTable};
use super::list::{ScanResult, SessionQuery};
use super::open::Admission;
use super::purge::{Cursor, DueRange, DueScan, PurgeBatchResult, ScanLimits};
use super::stats::{GroupBy, TaskNames, TaskStats, UserStats};
use crate::domain::error::Result;
use crate::domain::policy::Policies;
use crate::domain::profile::Profile;
use crate::domain::session::{End, Key, Session};
use crate::domain::time::{Span, UnixTime};
use crate::domain::token::Token;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Duration;

/// A session that is about to exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    /// Its row's key.
    pub key: Key,
    /// See [`Session::user`].
    pub user: Option<String>,
    /// See [`Session::task`].
    pub task: String,
    /// See [`Session::client`].
    pub client: Option<String>,
    /// When it opens; also the time of its first use.
    pub created_at: UnixTime,
    /// See [`Session::idle_timeout`].
    pub idle_timeout: Option<Span>,
}

/// The end that one session is to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndRequest {
    /// Which session.
    pub key: Key,
    /// When and why it ends.
    pub end: End,
    /// Whether its row stays for the record, or goes in the same step.
    pub keep_row: bool,
}

/// What a renewal has done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TouchedRows {
    /// For each key, whether there was such a live session.
    pub done: Vec<bool>,
    /// For how long it held the write lock, at most; on a cluster, for how long a node was
    /// at it, without the way there and back.
    pub hold: Duration,
}

/// What a visitor says after each item: go on, or enough.
pub type VisitResult = Result<ControlFlow<()>>;

/// A table of sessions.
///
/// Every method fails with whatever keeps the table from being read or written,
/// and a method that writes has then changed nothing.
#[expect(clippy::missing_errors_doc, reason = "they are the same for all, as said above")]
pub trait SessionStore {
    /// The description of the framework's table that this is; `None`: it is sessctl's
    /// own. A framework's table keeps no ended rows: what ends is deleted. It cannot
    /// be opened into, nor touched: that is left to the application.
    fn profile(&self) -> Option<&Profile> {
        None
    }

    /// Makes what the limits of these policies need so that opening stays quick in
    /// a large table, and takes away what they do not need.
    fn sync_indexes(&mut self, policies: &Policies) -> Result<()>;

    /// Opens sessions, whatever the limits. All of them or, if one cannot be,
    /// none.
    fn insert(&mut self, sessions: &[NewSession]) -> Result<()>;

    /// Opens a session if the limits of its policy and of its licence leave room for it, or
    /// can be made to:
    ///
    /// 1. First those end that the limit should not count: whatever `when_full` says,
    ///    those whose lifetime is over. Under `when_full = "evict-idle"` also the
    ///    abandoned ones, if the policy ends any for being unused; under `"refuse"` all
    ///    that are [over](crate::domain::policy::Policy::end_reason). A `limit` looks at the whole task, a
    ///    `user_limit` alone at the user's sessions. The [licence](crate::domain::policy::Licence) of the task
    ///    looks at all of its tasks before that: each session is judged by the policy of its
    ///    own task, with the `when_full` of the licence.
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
    /// With `tell`, the sessions that ended are answered as they ended. A key that
    /// is taken is an error, and nothing changes.
    fn open_limited(
        &mut self,
        session: &NewSession,
        policies: &Policies,
        tell: bool,
    ) -> Result<Admission>;

    /// The sessions with these keys, in the order of the keys; `None` where
    /// there is no such row. A key given twice is answered twice.
    fn find(&self, keys: &[Key]) -> Result<Vec<Option<Session>>>;

    /// Whether [`find`](Self::find) sees all that was acknowledged before, and not all but
    /// the last moments where another machine has just taken over.
    fn is_linearizable(&self) -> bool {
        true
    }

    /// The same as [`find`](Self::find), with all that was acknowledged before.
    fn find_linearizable(&self, keys: &[Key]) -> Result<Vec<Option<Session>>> {
        self.find(keys)
    }

    /// The sessions that clients hold these tokens of, in the order of the tokens. Tokens
    /// are compared by their bytes. In a framework's table, several sessions may have the
    /// same, and some of them may be over.
    fn by_tokens(&self, tokens: &[Token]) -> Result<Vec<Vec<Session>>> {
        let found = self.find_linearizable(&tokens.iter().map(Token::key).collect::<Vec<_>>())?;
        Ok(found.into_iter().map(|session| session.into_iter().collect()).collect())
    }

    /// Moves the last use of live sessions to `now`, never backwards, and
    /// clears their marks.
    fn touch_rows(&mut self, keys: &[Key], now: UnixTime) -> Result<TouchedRows>;

    /// The same, where nobody asks how long it took. Answers for each key whether
    /// there was such a live session.
    fn renew(&mut self, keys: &[Key], now: UnixTime) -> Result<Vec<bool>> {
        Ok(self.touch_rows(keys, now)?.done)
    }

    /// Ends live sessions. Answers for each ending whether it took place: not
    /// for a session that has ended before, nor for one that never was.
    fn end(&mut self, endings: &[EndRequest]) -> Result<Vec<bool>>;

    /// Visits sessions one by one, in flat memory. The filter on the client is
    /// left to the caller,
    /// [`Filter::matches_client`](crate::domain::filter::Filter::matches_client).
    ///
    /// Sessions whose user cannot be read are visited where the filter asks for no user.
    /// Where it does, those that fit in all else are counted, as far as the visit goes.
    fn scan(
        &self,
        query: &SessionQuery<'_>,
        visit: &mut dyn FnMut(Session) -> VisitResult,
    ) -> Result<ScanResult>;

    /// The sessions whose handle begins like this, of at most so many ids, in the order of
    /// their handles. A prefix is 4 hexadecimal digits or more, of either case. In a
    /// framework's table, several sessions may have the same id, and then the same handle.
    fn by_handle(&self, prefix: &str, most: usize) -> Result<Vec<Session>>;

    /// The figures of the tasks in scope, by name, in one pass over the table.
    fn tasks(&self, scope: &PolicyContext<'_>) -> Result<Vec<TaskStats>>;

    /// The names of the tasks that have had sessions, each in the letter case of its first
    /// use. A framework's table has one task, that of its profile.
    fn task_names(&self) -> Result<TaskNames>;

    /// Visits what users have of sessions that have not ended; of a framework's table, of
    /// those that are live.
    fn user_stats(
        &self,
        scope: &PolicyContext<'_>,
        by: GroupBy,
        visit: &mut dyn FnMut(UserStats) -> VisitResult,
    ) -> Result<()>;

    /// Makes sure that what is in a framework's table is what its profile says, so that
    /// a purge can be planned. [`Error::Refused`](crate::domain::error::Error::Refused) with what
    /// was found, if not.
    fn validate(&self) -> Result<()> {
        Ok(())
    }

    /// Looks at the rows behind a place, without any lock that keeps others from
    /// writing.
    fn scan_due(
        &self,
        scope: &PolicyContext<'_>,
        after: Option<&Cursor>,
        reach: ScanLimits,
    ) -> Result<DueScan>;

    /// Marks, ends and deletes what is due within a range of keys, in one short
    /// write transaction that judges each row anew: a session that was touched
    /// since the survey survives. What has become due since then may be left to
    /// the next run. With `tell`, the sessions that ended are answered as they
    /// ended.
    fn apply_purge(
        &mut self,
        scope: &PolicyContext<'_>,
        due: &DueRange,
        tell: bool,
    ) -> Result<PurgeBatchResult>;

    /// What [`end`](Self::end) and [`apply_purge`](Self::apply_purge) have kept although it was to be
    /// deleted, since this was asked last. A table of sessctl's own keeps nothing.
    fn take_kept(&mut self) -> KeptRows {
        KeptRows::default()
    }

    /// Which of the sessions with these keys [`end`](Self::end) would keep because rows of
    /// other tables refer to them, for each key, and by what.
    fn check_references(&self, keys: &[Key]) -> Result<(Vec<bool>, KeptRows)> {
        Ok((vec![false; keys.len()], KeptRows::default()))
    }

    /// Tables that each deletion of a session reads as a whole.
    fn unindexed(&self) -> Result<Vec<UnindexedTable>> {
        Ok(Vec::new())
    }

    /// Remembers how many sessions, by task, were seen at once that had not ended.
    fn record_peaks(&mut self, sessions: &BTreeMap<String, u64>) -> Result<()>;
}
