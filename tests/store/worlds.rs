//! Stores to test, and sessions to put into them.

use std::ops::ControlFlow;
use std::path::PathBuf;

use sessctl::domain::filter::Filter;
use sessctl::domain::policy::{Expire, Policies, Policy};
use sessctl::domain::port::{DueRange, Order, Query, Scope, Store};
use sessctl::domain::session::{End, EndReason, Key, Session};
use sessctl::domain::time::{Span, UnixTime};
use sessctl::domain::token::Token;
use tempfile::TempDir;

/// The moment at which everything is judged.
pub const NOW: UnixTime = UnixTime(1_781_524_800);

/// Writes tests for every kind of store there is.
macro_rules! suite {
    ($tests:ident) => {
        mod native_in_sqlite {
            use super::*;

            fn world() -> World {
                World::native_in_sqlite()
            }

            $tests!();
        }
    };
}
pub(crate) use suite;

/// A store in a folder of its own.
pub struct World {
    pub sessions: Box<dyn Store>,
    folder: TempDir,
}

impl World {
    /// With the native table, in a SQLite file.
    pub fn native_in_sqlite() -> Self {
        let folder = TempDir::new().unwrap();
        let sessions = sessctl::store::create(folder.path().join("sessions.db")).unwrap();
        Self { sessions, folder }
    }

    /// The file.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("sessions.db")
    }

    /// The store, as another program that opens it at the same time.
    pub fn beside(&self) -> Box<dyn Store> {
        sessctl::store::open(self.path(), sessctl::store::Access::Write).unwrap()
    }

    /// Forgets all rows and counters.
    pub fn clear(&mut self) {
        self.database().execute_batch("DELETE FROM sessions; DELETE FROM counters").unwrap();
    }

    /// The tables, past the store.
    pub fn database(&self) -> rusqlite::Connection {
        let db = rusqlite::Connection::open(self.path()).unwrap();
        db.pragma_update(None, "synchronous", "OFF").unwrap();
        db
    }

    /// Puts sessions in, as they are.
    pub fn put(&mut self, sessions: &[Session]) {
        let db = self.database();
        let transaction = db.unchecked_transaction().unwrap();
        for session in sessions {
            put_row(&transaction, session);
        }
        transaction.commit().unwrap();
    }

    /// How many sessions were refused, of all tasks.
    pub fn refusals(&self) -> u64 {
        let stats = self.sessions.tasks(&scope(&Policies::default())).unwrap();
        stats.iter().map(|stat| stat.refused).sum()
    }

    /// All sessions, in key order.
    pub fn all(&self) -> Vec<Session> {
        self.listed(&Policies::default(), &Filter::default(), false, Order::default())
    }

    /// What a query visits.
    pub fn listed(
        &self,
        policies: &Policies,
        filter: &Filter,
        due_only: bool,
        order: Order,
    ) -> Vec<Session> {
        self.visited(&Query { scope: scope(policies), filter, due_only, after: None, order })
    }

    /// The same of any query.
    pub fn visited(&self, query: &Query<'_>) -> Vec<Session> {
        let mut visited = Vec::new();
        self.sessions
            .scan(query, &mut |session| {
                visited.push(session);
                Ok(ControlFlow::Continue(()))
            })
            .unwrap();
        visited
    }
}

fn put_row(db: &rusqlite::Connection, session: &Session) {
    let Key::Text(id) = &session.key else { panic!("{:?} is no native key", session.key) };
    let sql = "INSERT INTO sessions VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    let row = rusqlite::params![
        id,
        session.user,
        session.task,
        session.client,
        session.created_at.unwrap().0,
        session.last_used_at.unwrap().0,
        session.idle_timeout.map(Span::as_seconds),
        session.marked_at.map(|time| time.0),
        session.end.map(|end| end.at.0),
        session.end.map(|end| end.reason.as_str()),
    ];
    db.prepare_cached(sql).unwrap().execute(row).unwrap();
}

/// These policies, now, for all tasks.
pub fn scope(policies: &Policies) -> Scope<'_> {
    Scope { policies, now: NOW, planned: None, task: None }
}

/// All keys.
pub fn everything() -> DueRange {
    DueRange {
        first: Key::Text("0".to_owned()),
        last: Key::Text("g".to_owned()),
        found: None,
        seen: Vec::new(),
    }
}

/// A session of alice's in the task imap, used just now, with a timeout of 30
/// minutes.
pub fn session(token: &str) -> Session {
    let id = Token::presented(token).id();
    Session {
        handle: id[..12].to_owned(),
        key: Key::Text(id),
        user: Some("alice".to_owned()),
        task: "imap".to_owned(),
        client: None,
        created_at: Some(NOW),
        last_used_at: Some(NOW),
        idle_timeout: Some(Span::minutes(30)),
        marked_at: None,
        end: None,
        expiry: None,
    }
}

/// Says what matters of a session.
pub trait But: Sized {
    fn idle(self, seconds: i64) -> Self;
    fn timeout(self, timeout: Option<i64>) -> Self;
    fn of(self, task: &str) -> Self;
    fn whose(self, user: &str) -> Self;
    fn marked(self, seconds: i64) -> Self;
    fn ended(self, seconds: i64, reason: EndReason) -> Self;
}

impl But for Session {
    /// Last used so many seconds ago, and opened then.
    fn idle(mut self, seconds: i64) -> Self {
        self.last_used_at = Some(UnixTime(NOW.0 - seconds));
        self.created_at = self.last_used_at;
        self
    }

    fn timeout(mut self, timeout: Option<i64>) -> Self {
        self.idle_timeout = timeout.map(Span::seconds);
        self
    }

    fn of(mut self, task: &str) -> Self {
        task.clone_into(&mut self.task);
        self
    }

    fn whose(mut self, user: &str) -> Self {
        self.user = Some(user.to_owned());
        self
    }

    /// Marked so many seconds ago.
    fn marked(mut self, seconds: i64) -> Self {
        self.marked_at = Some(UnixTime(NOW.0 - seconds));
        self
    }

    /// Ended so many seconds ago.
    fn ended(mut self, seconds: i64, reason: EndReason) -> Self {
        self.end = Some(End { at: UnixTime(NOW.0 - seconds), reason });
        self
    }
}

/// The default policy with another retention.
pub fn retention(retention: Option<Span>) -> Policies {
    let default = Policy { retention, ..Policy::default() };
    Policies::same_for_all(default)
}

/// A policy under which nothing ends.
pub fn never() -> Policy {
    Policy { expire: Expire::Never, ..Policy::default() }
}
