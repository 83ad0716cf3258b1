//! What an operation may ask of a table of sessions, wherever that table is.
//!
//! A store implements [`Sessions`]; the operations know nothing else of it.
//! Nothing here reads and writes in one step: a method that changes rows is one
//! atomic list of statements, each with its condition in it, so that it is safe
//! beside an application that writes to the same table, and on a cluster too.

mod figures;
mod listing;
mod purge;

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::error::Result;
use super::filter::TaskPattern;
use super::policy::{Policies, Verdict};
use super::session::{End, Key, Session};
use super::time::{Span, UnixTime};

pub use figures::{LoadBy, TaskStat, UserLoad};
pub use listing::{Order, Query, SortKey};
pub use purge::{Census, KeyRange, Reach, Settled, Survey};

/// The rules, and the moment at which they are asked.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// The policy of each task.
    pub policies: &'a Policies,
    /// The moment.
    pub now: UnixTime,
    /// The tasks that are meant; `None`: all.
    pub task: Option<&'a TaskPattern>,
}

impl Scope<'_> {
    /// What the purge does with the session, if it is in scope at all.
    pub fn verdict(&self, session: &Session) -> Verdict {
        if self.task.is_none_or(|task| task.matches(&session.task)) {
            self.policies.of(&session.task).verdict(session, self.now)
        } else {
            Verdict::Keep
        }
    }
}

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
pub struct Ending {
    /// Which session.
    pub key: Key,
    /// When and why it ends.
    pub end: End,
    /// Whether its row stays for the record, or goes in the same step.
    pub keep_row: bool,
}

/// What a visitor says after each item: go on, or enough.
pub type Flow = Result<ControlFlow<()>>;

/// A table of sessions.
///
/// Every method fails with whatever keeps the table from being read or written,
/// and a method that writes has then changed nothing.
#[expect(clippy::missing_errors_doc, reason = "they are the same for all, as said above")]
pub trait Sessions {
    /// Opens sessions. All of them or, if one cannot be, none.
    fn insert(&mut self, sessions: &[NewSession]) -> Result<()>;

    /// The sessions with these keys, in the order of the keys; `None` where
    /// there is no such row. A key given twice is answered twice.
    fn find(&self, keys: &[Key]) -> Result<Vec<Option<Session>>>;

    /// Moves the last use of live sessions to `now`, never backwards, and
    /// clears their marks. Answers for each key whether there was such a live
    /// session.
    fn renew(&mut self, keys: &[Key], now: UnixTime) -> Result<Vec<bool>>;

    /// Ends live sessions. Answers for each ending whether it took place: not
    /// for a session that has ended before, nor for one that never was.
    fn end(&mut self, endings: &[Ending]) -> Result<Vec<bool>>;

    /// Visits sessions one by one, in flat memory. The filter on the client is
    /// left to the caller,
    /// [`Filter::matches_client`](super::filter::Filter::matches_client).
    fn scan(&self, query: &Query<'_>, visit: &mut dyn FnMut(Session) -> Flow) -> Result<()>;

    /// The sessions whose handle begins like this, at most so many. A prefix
    /// is 4 hexadecimal digits or more, of either case.
    fn by_handle(&self, prefix: &str, most: usize) -> Result<Vec<Session>>;

    /// The figures of the tasks in scope, by name, in one pass over the table.
    fn tasks(&self, scope: &Scope<'_>) -> Result<Vec<TaskStat>>;

    /// Visits what the users of live sessions have.
    fn loads(
        &self,
        scope: &Scope<'_>,
        by: LoadBy,
        visit: &mut dyn FnMut(UserLoad) -> Flow,
    ) -> Result<()>;

    /// Looks at the rows behind a key, in key order, without any lock that
    /// keeps others from writing.
    fn survey(&self, scope: &Scope<'_>, after: Option<&Key>, reach: Reach) -> Result<Survey>;

    /// Counts the rows behind a key in one pass.
    fn census(&self, scope: &Scope<'_>, after: Option<&Key>) -> Result<Census>;

    /// Ends and deletes what is due within a range of keys, in one short write
    /// transaction that judges each row anew: a session that was touched since
    /// the survey survives.
    fn settle(&mut self, scope: &Scope<'_>, range: &KeyRange) -> Result<Settled>;

    /// Remembers how many live sessions were seen at once.
    fn note_peaks(&mut self, live: &BTreeMap<String, u64>) -> Result<()>;
}
