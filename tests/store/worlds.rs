//! Stores to test, and sessions to put into them.

use std::ops::ControlFlow;
use std::path::PathBuf;

use sessctl::domain::filter::Filter;
use sessctl::domain::policy::{Expire, Policies, Policy};
use sessctl::domain::port::{Ending, NewSession, Order, Query, Scope, Sessions};
use sessctl::domain::session::{End, EndReason, Key, Session};
use sessctl::domain::time::{Span, UnixTime};
use sessctl::domain::token::Token;
use tempfile::TempDir;

/// The moment at which everything is judged.
pub const NOW: UnixTime = UnixTime(1_781_524_800);

/// A store in a folder of its own.
pub struct World {
    pub sessions: Box<dyn Sessions>,
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
    pub fn beside(&self) -> Box<dyn Sessions> {
        sessctl::store::open(self.path(), sessctl::store::Access::Write).unwrap()
    }

    /// Forgets all rows and counters.
    pub fn clear(&mut self) {
        let db = rusqlite::Connection::open(self.path()).unwrap();
        db.execute_batch("DELETE FROM sessions; DELETE FROM counters").unwrap();
    }

    /// Puts sessions in, as they are.
    pub fn put(&mut self, sessions: &[Session]) {
        let new: Vec<NewSession> = sessions
            .iter()
            .map(|session| NewSession {
                key: session.key.clone(),
                user: session.user.clone(),
                task: session.task.clone(),
                client: session.client.clone(),
                created_at: session.created_at,
                idle_timeout: session.idle_timeout,
            })
            .collect();
        self.sessions.insert(&new).unwrap();
        for session in sessions {
            let renewed =
                self.sessions.renew(std::slice::from_ref(&session.key), session.last_used_at);
            assert_eq!(renewed.unwrap(), [true]);
            if let Some(end) = session.end {
                let ending = Ending { key: session.key.clone(), end, keep_row: true };
                assert_eq!(self.sessions.end(&[ending]).unwrap(), [true]);
            }
        }
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
        let query = Query { scope: scope(policies), filter, due_only, after: None, order };
        let mut visited = Vec::new();
        self.sessions
            .scan(&query, &mut |session| {
                visited.push(session);
                Ok(ControlFlow::Continue(()))
            })
            .unwrap();
        visited
    }
}

/// These policies, now, for all tasks.
pub fn scope(policies: &Policies) -> Scope<'_> {
    Scope { policies, now: NOW, task: None }
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
        created_at: NOW,
        last_used_at: NOW,
        idle_timeout: Some(Span::minutes(30)),
        marked_at: None,
        end: None,
    }
}

/// Says what matters of a session.
pub trait But: Sized {
    fn idle(self, seconds: i64) -> Self;
    fn timeout(self, timeout: Option<i64>) -> Self;
    fn of(self, task: &str) -> Self;
    fn ended(self, seconds: i64, reason: EndReason) -> Self;
}

impl But for Session {
    /// Last used so many seconds ago, and opened then.
    fn idle(mut self, seconds: i64) -> Self {
        self.last_used_at = UnixTime(NOW.0 - seconds);
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
