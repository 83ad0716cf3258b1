use super::context::PolicyContext;
use super::kept_rows::{KeptRows, UnindexedTable};
use super::list::{ScanResult, SessionQuery};
use super::purge::{Cursor, DueRange, DueScan, PurgeBatchResult, ScanLimits};
use super::runs::RunProgress;
use super::stats::{GroupBy, TaskNames, TaskStats, UserStats};
use super::visit::VisitResult;
use crate::domain::error::Result;
use crate::domain::idle_times::IdleTimes;
use crate::domain::profile::Profile;
use crate::domain::session::{End, Session, SessionKey};
use crate::domain::time::UnixTime;
use crate::domain::token::Token;
use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndRequest {
    pub key: SessionKey,
    pub end: End,
    /// True to keep the row as a record; false to delete it in the same step.
    pub keep_row: bool,
}

/// A user of the application's own table of users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownUser {
    /// Name; `None`: there is none, or not exactly one.
    pub name: Option<String>,
}

/// Every method fails if the table cannot be read or written; a method that fails has changed
/// nothing.
pub trait SessionStore {
    /// Profile of a framework's table; `None` for sessctl's own table. A framework's table
    /// keeps no ended rows: sessions that end are deleted.
    fn profile(&self) -> Option<&Profile> {
        None
    }

    /// Sessions with these keys, in the order of the keys; `None` for a key without a row. A
    /// key that occurs twice has two results.
    fn find(&self, keys: &[SessionKey]) -> Result<Vec<Option<Session>>>;

    /// True if [`find`](Self::find) is linearizable: it sees every write acknowledged before,
    /// even right after a change of leader.
    fn is_linearizable(&self) -> bool {
        true
    }

    fn find_linearizable(&self, keys: &[SessionKey]) -> Result<Vec<Option<Session>>> {
        self.find(keys)
    }

    /// Sessions with these tokens, in the order of the tokens. Tokens are compared bytewise. In a
    /// framework's table, several sessions may share a token, and some of them may have expired.
    fn by_tokens(&self, tokens: &[Token]) -> Result<Vec<Vec<Session>>> {
        let found = self.find_linearizable(&tokens.iter().map(Token::key).collect::<Vec<_>>())?;
        Ok(found.into_iter().map(|session| session.into_iter().collect()).collect())
    }

    /// Ends live sessions. Reports for each request whether it took effect: `false` for a
    /// session that had ended or never existed.
    fn end(&mut self, requests: &[EndRequest]) -> Result<Vec<bool>>;

    /// Ends live sessions like [`end`](Self::end), and records those that it has ended in the
    /// ledger, both or neither. The sessions of `progress` are those of the requests, in the same
    /// order. `None`: the ledger is in another database, and nothing has changed.
    fn end_in_run(
        &mut self,
        _requests: &[EndRequest],
        _progress: &RunProgress<'_>,
    ) -> Result<Option<Vec<bool>>> {
        Ok(None)
    }

    /// Visits the sessions that [match](crate::domain::filter::Filter::matches) the filter, one
    /// by one, in constant memory.
    ///
    /// Without a condition on users, sessions with an unreadable user are visited. With one,
    /// those that match the rest of the filter are counted instead, as far as the visit goes.
    fn scan(
        &self,
        query: &SessionQuery<'_>,
        visit: &mut dyn FnMut(Session) -> VisitResult,
    ) -> Result<ScanResult>;

    /// Sessions whose handle begins with `prefix`, of at most `most` ids, in the order of their
    /// handles. A prefix has 4 or more hexadecimal digits, of either case. In a framework's
    /// table, several sessions may have the same id, and then the same handle.
    fn by_handle(&self, prefix: &str, most: usize) -> Result<Vec<Session>>;

    /// Sets, for sessions that were found by their keys or handles, whether they [exceed the
    /// limit](Session::exceeds_user_limit) of their user in a framework's table.
    fn mark_excess(&self, sessions: Vec<Session>, _now: UnixTime) -> Result<Vec<Session>> {
        Ok(sessions)
    }

    /// Statistics of the tasks in scope, by name, from one scan of the table.
    fn tasks(&self, scope: &PolicyContext<'_>) -> Result<Vec<TaskStats>>;

    /// Distributions of the times for which the sessions of the tasks in scope have been unused, by
    /// name, from one scan of the table. `None`: the table does not record the last use.
    fn idle_times(&self, _scope: &PolicyContext<'_>) -> Result<Option<Vec<IdleTimes>>> {
        Ok(None)
    }

    /// Names of all tasks that have had sessions, each in the letter case of its first use. A
    /// framework's table has one task, given by its profile.
    fn task_names(&self) -> Result<TaskNames>;

    /// Visits the statistics of users, or of other groups, over sessions that have not ended; in
    /// a framework's table, over live sessions.
    fn user_stats(
        &self,
        scope: &PolicyContext<'_>,
        by: GroupBy,
        visit: &mut dyn FnMut(UserStats) -> VisitResult,
    ) -> Result<()>;

    /// Looks up users by their ids, in their order; `None`: unknown. sessctl's own table knows its
    /// users by their names alone.
    fn known_users(&self, users: &[&str]) -> Result<Vec<Option<KnownUser>>> {
        Ok(vec![None; users.len()])
    }

    /// Ids of the users with a name, at most `most`.
    fn users_named(&self, _name: &str, _most: usize) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    /// Names of users that begin with a text, in any case of ASCII letters, at most `most`.
    fn user_names_like(&self, _prefix: &str, _most: usize) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    /// Reason why no names of users can be looked up.
    fn user_names_obstacle(&self) -> Result<Option<String>> {
        Ok(None)
    }

    /// Checks that the content of a framework's table matches its profile, so that a purge can
    /// be planned. Fails with [`Error::Refused`](crate::domain::error::Error::Refused), which
    /// lists the mismatches.
    fn validate(&self) -> Result<()> {
        Ok(())
    }

    /// Scans the rows after a cursor, without a lock that blocks writers.
    fn scan_due(
        &self,
        scope: &PolicyContext<'_>,
        after: Option<&Cursor>,
        limits: ScanLimits,
    ) -> Result<DueScan>;

    /// Marks, ends and deletes the due rows of a key range in one short write transaction that
    /// evaluates each row again: a session touched since the scan survives. Rows that became
    /// due since the scan may be left to the next run. With `return_ended`, the ended sessions
    /// are returned.
    fn apply_purge(
        &mut self,
        scope: &PolicyContext<'_>,
        due: &DueRange,
        return_ended: bool,
    ) -> Result<PurgeBatchResult>;

    /// Prepares for large batches of [`apply_purge`](Self::apply_purge), which take more memory.
    fn prepare_large_batches(&self) -> Result<()> {
        Ok(())
    }

    /// Takes the rows that [`end`](Self::end) and [`apply_purge`](Self::apply_purge) could not
    /// delete since the last call. sessctl's own table has none.
    fn take_kept(&mut self) -> KeptRows {
        KeptRows::default()
    }

    /// For each key, whether [`end`](Self::end) would keep the row because other tables refer
    /// to it; and the referring tables.
    fn check_references(&self, keys: &[SessionKey]) -> Result<(Vec<bool>, KeptRows)> {
        Ok((vec![false; keys.len()], KeptRows::default()))
    }

    fn unindexed(&self) -> Result<Vec<UnindexedTable>> {
        Ok(Vec::new())
    }

    fn record_peaks(&mut self, sessions: &BTreeMap<String, u64>) -> Result<()>;
}
