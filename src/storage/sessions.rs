//! The table of sessions.

use super::context::PolicyContext;
use super::kept_rows::{KeptRows, UnindexedTable};
use super::list::{ScanResult, SessionQuery};
use super::purge::{Cursor, DueRange, DueScan, PurgeBatchResult, ScanLimits};
use super::stats::{GroupBy, TaskNames, TaskStats, UserStats};
use crate::domain::error::Result;
use crate::domain::profile::Profile;
use crate::domain::session::{End, Key, Session};
use crate::domain::token::Token;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

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

/// What a visitor says after each item: go on, or enough.
pub type VisitResult = Result<ControlFlow<()>>;

/// A table of sessions.
///
/// Every method fails with whatever keeps the table from being read or written,
/// and a method that writes has then changed nothing.
#[expect(clippy::missing_errors_doc, reason = "they are the same for all, as said above")]
pub trait SessionStore {
    /// The description of the framework's table that this is; `None`: it is sessctl's
    /// own. A framework's table keeps no ended rows: what ends is deleted.
    fn profile(&self) -> Option<&Profile> {
        None
    }

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
