//! What an operation may ask of a table of sessions, wherever that table is.
//!
//! A store implements [`Sessions`]; the operations know nothing else of it.
//! Nothing here reads and writes in one step: a method that changes rows is one
//! atomic list of statements, each with its condition in it, so that it is safe
//! beside an application that writes to the same table, and on a cluster too.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Duration;

use super::error::Result;
use super::filter::{Filter, TaskPattern};
use super::policy::{Policies, Verdict};
use super::session::{End, EndReason, Key, Session, State, words};
use super::time::{Span, UnixTime};

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

/// From which key to which, both included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRange {
    /// The first key.
    pub first: Key,
    /// The last key.
    pub last: Key,
}

/// How far one look ahead of a purge may go.
#[derive(Debug, Clone, Copy)]
pub struct Reach {
    /// At most so many rows that are due.
    pub due: usize,
    /// At most so many rows in all.
    pub rows: usize,
}

/// What a purge finds when it looks at the next rows in key order.
#[derive(Debug, Clone, Default)]
pub struct Survey {
    /// The last key that was looked at; `None`: there are no more rows.
    pub last: Option<Key>,
    /// From the first to the last row that is due, if any is.
    pub due: Option<KeyRange>,
    /// What is due, and what is not.
    pub census: Census,
    /// Live sessions by task, before the purge has changed any.
    pub live: BTreeMap<String, u64>,
}

/// Sessions counted by what a purge would do with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Census {
    /// Live sessions, those that would end among them.
    pub live: u64,
    /// Live sessions that a purge would end.
    pub would_end: u64,
    /// Rows that it would delete, those of the waste basket among them.
    pub would_delete: u64,
    /// Rows that it would change in any way.
    pub due: u64,
}

impl Census {
    /// Counts one session.
    pub fn count(&mut self, live: bool, verdict: Verdict) {
        let (ends, goes) = match verdict {
            Verdict::Keep => (false, false),
            Verdict::End(_) => (true, false),
            Verdict::Discard(_) => (true, true),
            Verdict::Delete => (false, true),
        };
        self.live += u64::from(live);
        self.would_end += u64::from(ends);
        self.would_delete += u64::from(goes);
        self.due += u64::from(ends || goes);
    }

    /// Adds the counts of other rows.
    pub fn add(&mut self, other: Self) {
        self.live += other.live;
        self.would_end += other.would_end;
        self.would_delete += other.would_delete;
        self.due += other.due;
    }
}

/// What one write transaction of a purge has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Settled {
    /// Live sessions that it ended.
    pub ended: u64,
    /// Rows that it deleted.
    pub deleted: u64,
    /// For how long it held the write lock.
    pub hold: Duration,
}

/// Which sessions to visit, and in which order.
#[derive(Debug, Clone, Copy)]
pub struct Query<'a> {
    /// The rules and the moment that states are judged by. Its task is not
    /// regarded: the filter has its own.
    pub scope: Scope<'a>,
    /// Which sessions.
    pub filter: &'a Filter,
    /// Only those that a purge would change.
    pub due_only: bool,
    /// Only those behind this key; for visits in order of the key.
    pub after: Option<&'a Key>,
    /// In which order.
    pub order: Order,
}

/// An order, the key deciding between equals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Order {
    /// By what.
    pub by: SortKey,
    /// The other way round.
    pub reverse: bool,
}

/// What sessions can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SortKey {
    /// The key, and so the handle: the one order that needs no sorting.
    #[default]
    Handle,
    /// By user, those without one first.
    User,
    /// By task.
    Task,
    /// By client.
    Client,
    /// By state: active, idle, abandoned, ended.
    State,
    /// The one that has been unused for the longest first.
    Idle,
    /// The oldest first.
    Created,
    /// The one that was used first, first.
    LastUsed,
    /// The one that expires first, first; those that never do, last.
    Expires,
    /// The one that ended first, first; live ones last.
    Ended,
}

words!(SortKey, "field to sort by", {
    Handle => "handle",
    User => "user",
    Task => "task",
    Client => "client",
    State => "state",
    Idle => "idle",
    Created => "created",
    LastUsed => "last-used",
    Expires => "expires",
    Ended => "ended",
});

/// The figures of one task.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TaskStat {
    /// Its name, as one of its rows has it.
    pub task: String,
    /// Live sessions in the states active, idle and abandoned.
    pub live: [u64; 3],
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
    /// The last use of the one that has been unused for the longest.
    pub oldest_use: UnixTime,
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
    /// left to the caller, [`Filter::matches_client`].
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
