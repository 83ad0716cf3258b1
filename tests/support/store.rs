//! Stores to test, and sessions to put into them.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::MutexGuard;

use serde_json::{Value, json};
use sessctl::domain::filter::Filter;
use sessctl::domain::policy::{ExpiryMode, Policies, Policy};
use sessctl::domain::profile::StricterRules;
use sessctl::domain::session::{End, EndReason, Session, SessionKey};
use sessctl::domain::time::{Span, UnixTime};
use sessctl::domain::token::Token;
use sessctl::storage::{Backend, DueRange, Order, PolicyContext, SessionQuery};
use sessctl::store::{Access, Location};
use tempfile::TempDir;

use crate::support::NOW;
use crate::support::rqlite::{self, Nodes};

/// Writes tests for every kind of store there is.
macro_rules! suite {
    ($tests:ident) => {
        mod native_in_sqlite {
            use super::*;

            fn db() -> TestDb {
                TestDb::native_in_sqlite()
            }

            $tests!();
        }

        mod native_on_rqlite {
            use super::*;

            fn db() -> TestDb {
                TestDb::native_on_rqlite()
            }

            $tests!(#[ignore = "needs rqlite"]);
        }
    };
}
pub(crate) use suite;

/// Store with its own database.
pub struct TestDb {
    pub sessions: Box<dyn Backend>,
    database: Database,
}

/// The place of a store.
enum Database {
    /// SQLite file in its own directory.
    File(TempDir),
    /// Cluster of three nodes.
    Cluster(MutexGuard<'static, Nodes>),
}

impl TestDb {
    /// Creates a store of the native table in an SQLite file.
    pub fn native_in_sqlite() -> Self {
        let folder = TempDir::new().unwrap();
        let sessions = sessctl::store::create(folder.path().join("sessions.db")).unwrap();
        Self { sessions, database: Database::File(folder) }
    }

    /// Creates a store of the native table on an rqlite cluster.
    pub fn native_on_rqlite() -> Self {
        let nodes = rqlite::shared();
        let sessions = sessctl::store::create(location(&nodes.nodes[0].url())).unwrap();
        Self { sessions, database: Database::Cluster(nodes) }
    }

    /// True if the database is a cluster.
    pub fn is_remote(&self) -> bool {
        matches!(self.database, Database::Cluster(_))
    }

    /// Path of the file; panics on a cluster.
    pub fn path(&self) -> PathBuf {
        match &self.database {
            Database::File(folder) => folder.path().join("sessions.db"),
            Database::Cluster(_) => panic!("a cluster is no file"),
        }
    }

    /// Location of the store for another program. On a cluster, each program contacts another node.
    pub fn location_of(&self, program: usize) -> Location {
        match &self.database {
            Database::File(_) => self.path().into(),
            Database::Cluster(nodes) => location(&nodes.nodes[program % nodes.nodes.len()].url()),
        }
    }

    /// Opens the store as another program would at the same time.
    pub fn beside(&self) -> Box<dyn Backend> {
        opened(&self.location_of(1))
    }

    /// Deletes all rows and counters.
    pub fn clear(&mut self) {
        let tables = ["sessions", "counters", "task_names"];
        self.execute(&tables.map(|table| json!([format!("DELETE FROM {table}")])));
    }

    /// Executes statements directly in one transaction, each as an array of its text and its
    /// values.
    pub fn execute(&self, statements: &[Value]) {
        match &self.database {
            Database::File(_) => {
                let db = self.connection();
                let transaction = db.unchecked_transaction().unwrap();
                for statement in statements {
                    let (sql, values) = statement.as_array().unwrap().split_first().unwrap();
                    let mut prepared = transaction.prepare_cached(sql.as_str().unwrap()).unwrap();
                    let values = rusqlite::params_from_iter(values.iter().map(parameter));
                    prepared.execute(values).unwrap();
                }
                transaction.commit().unwrap();
            }
            // It refuses a list of nothing.
            Database::Cluster(_) if statements.is_empty() => {}
            Database::Cluster(nodes) => drop(nodes.request(&json!(statements))),
        }
    }

    /// Rows of a direct query, with integers and texts.
    pub fn rows(&self, sql: &str) -> Vec<Vec<Value>> {
        let Database::Cluster(nodes) = &self.database else {
            let db = self.connection();
            let mut prepared = db.prepare(sql).unwrap();
            let columns = prepared.column_count();
            let value = |row: &rusqlite::Row<'_>, place| match row.get(place)? {
                rusqlite::types::Value::Integer(number) => Ok(json!(number)),
                rusqlite::types::Value::Text(text) => Ok(json!(text)),
                other => panic!("{other:?} is neither number nor text"),
            };
            let read =
                |row: &rusqlite::Row<'_>| (0..columns).map(|place| value(row, place)).collect();
            return prepared.query_map([], read).unwrap().collect::<Result<_, _>>().unwrap();
        };
        let answer = nodes.request(&json!([sql]));
        let rows = answer["results"][0]["values"].as_array().cloned().unwrap_or_default();
        rows.into_iter().map(|row| row.as_array().unwrap().clone()).collect()
    }

    fn connection(&self) -> rusqlite::Connection {
        let db = rusqlite::Connection::open(self.path()).unwrap();
        db.pragma_update(None, "synchronous", "OFF").unwrap();
        db
    }

    /// Inserts sessions unchanged.
    pub fn upsert_rows(&mut self, sessions: &[Session]) {
        self.execute(&sessions.iter().map(row).collect::<Vec<_>>());
    }

    /// The number of refused sessions, of all tasks.
    pub fn refusals(&self) -> u64 {
        let stats = self.sessions.tasks(&scope(&Policies::default())).unwrap();
        stats.iter().map(|stat| stat.refused).sum()
    }

    /// The number of sessions that had ended by then, of all tasks, with or without a row.
    pub fn ended_by(&self, now: UnixTime) -> u64 {
        let policies = Policies::default();
        let stats = self.sessions.tasks(&PolicyContext { now, ..scope(&policies) }).unwrap();
        stats.iter().flat_map(|stat| stat.ended_by.values()).sum()
    }

    /// All sessions, in key order.
    pub fn all(&self) -> Vec<Session> {
        self.listed(&Policies::default(), &Filter::default(), false, Order::default())
    }

    /// The sessions of a query.
    pub fn listed(
        &self,
        policies: &Policies,
        filter: &Filter,
        due_only: bool,
        order: Order,
    ) -> Vec<Session> {
        self.visited(&SessionQuery { scope: scope(policies), filter, due_only, after: None, order })
    }

    /// Sessions that a scan of this query visits.
    pub fn visited(&self, query: &SessionQuery<'_>) -> Vec<Session> {
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

/// Statement that inserts a session.
fn row(session: &Session) -> Value {
    let id = session.key.text().expect("a native key");
    json!([
        "INSERT INTO sessions VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
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
        session.agent,
    ])
}

fn parameter(value: &Value) -> rusqlite::types::Value {
    match value {
        Value::Null => rusqlite::types::Value::Null,
        Value::Number(number) => number.as_i64().unwrap().into(),
        Value::String(text) => text.clone().into(),
        other => panic!("{other} is no value of a row"),
    }
}

/// Location of a cluster, parsed like `--db`.
pub fn location(url: &str) -> Location {
    Location::parse(url.as_ref()).unwrap()
}

/// Opens an existing store for writing.
pub fn opened(place: &Location) -> Box<dyn Backend> {
    sessctl::store::open(place, Access::Write).unwrap()
}

/// Context with these policies at `NOW`, for all tasks.
pub fn scope(policies: &Policies) -> PolicyContext<'_> {
    PolicyContext { policies, now: NOW, planned: None, task: None }
}

/// Range of all keys.
pub fn everything() -> DueRange {
    DueRange {
        first: SessionKey::Text("0".into()),
        last: SessionKey::Text("g".into()),
        found: None,
        seen: Vec::new(),
        keys: Vec::new(),
    }
}

/// A session of alice's in the task imap, used just now, with a timeout of 30
/// minutes.
pub fn session(token: &str) -> Session {
    let id = Token::presented(token).id();
    Session {
        handle: id[..12].to_owned(),
        key: SessionKey::Text(id.into()),
        user: Some("alice".to_owned()),
        user_name: None,
        is_user_unreadable: false,
        task: "imap".to_owned(),
        client: None,
        agent: None,
        created_at: Some(NOW),
        last_used_at: Some(NOW),
        idle_timeout: Some(Span::minutes(30)),
        marked_at: None,
        end: None,
        expiry: None,
        stricter: StricterRules::default(),
        exceeds_user_limit: false,
    }
}

/// A builder for the facts of a session that matter to a test.
pub trait SessionFixture: Sized {
    fn idle(self, seconds: i64) -> Self;
    fn opened(self, seconds: i64) -> Self;
    fn timeout(self, timeout: Option<i64>) -> Self;
    fn of(self, task: &str) -> Self;
    fn whose(self, user: &str) -> Self;
    fn marked(self, seconds: i64) -> Self;
    fn ended(self, seconds: i64, reason: EndReason) -> Self;
}

impl SessionFixture for Session {
    /// Sets the last use, and the opening to the same time.
    fn idle(mut self, seconds: i64) -> Self {
        self.last_used_at = Some(UnixTime(NOW.0 - seconds));
        self.created_at = self.last_used_at;
        self
    }

    /// Sets the opening only.
    fn opened(mut self, seconds: i64) -> Self {
        self.created_at = Some(UnixTime(NOW.0 - seconds));
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

    /// Sets the mark, in seconds before `NOW`.
    fn marked(mut self, seconds: i64) -> Self {
        self.marked_at = Some(UnixTime(NOW.0 - seconds));
        self
    }

    /// Sets the end, in seconds before `NOW`.
    fn ended(mut self, seconds: i64, reason: EndReason) -> Self {
        self.end = Some(End { at: UnixTime(NOW.0 - seconds), reason });
        self
    }
}

/// The default policy with another retention.
pub fn retention(retention: Option<Span>) -> Policies {
    let default = Policy { retention, ..Policy::default() };
    Policies::uniform(default)
}

/// A policy under which nothing ends.
pub fn never() -> Policy {
    Policy { expire: ExpiryMode::Never, ..Policy::default() }
}
