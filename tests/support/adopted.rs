//! The store of a framework's table, in a database that only an application has used.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

use rusqlite::Connection;
use sessctl::domain::error::Error;
use sessctl::domain::filter::Filter;
use sessctl::domain::policy::Policies;
use sessctl::domain::profile::Profile;
use sessctl::domain::session::Session;
use sessctl::storage::{
    Backend, Cursor, DueScan, Order, PolicyContext, PurgeBatchResult, PurgeCounts, ScanLimits,
    SessionQuery,
};
use sessctl::store;
use sessctl::store::Access;

use super::{NOW, Sandbox};

/// Database of an application in its own directory.
pub struct ApplicationDb {
    pub sandbox: Sandbox,
}

/// The result of a sweep.
#[derive(Debug, Default)]
pub struct PurgeTotals {
    pub counts: PurgeCounts,
    pub settled: PurgeBatchResult,
    pub sessions: u64,
    pub rows: u64,
    /// True if it used an index.
    pub by_time: bool,
}

impl ApplicationDb {
    /// Runs these statements in a new database.
    pub fn of(sql: &str) -> Self {
        let db = Self { sandbox: Sandbox::without_database() };
        db.application().execute_batch(&format!("BEGIN; {sql}; COMMIT")).unwrap();
        db
    }

    pub fn path(&self) -> PathBuf {
        self.sandbox.path("application.db")
    }

    pub fn state(&self) -> PathBuf {
        self.sandbox.path("own/records")
    }

    /// The application's connection.
    pub fn application(&self) -> Connection {
        let connection = Connection::open(self.path()).unwrap();
        connection.pragma_update(None, "synchronous", "OFF").unwrap();
        connection.pragma_update(None, "foreign_keys", "OFF").unwrap();
        connection
    }

    pub fn open(&self, profile: Profile) -> Result<Box<dyn Backend>, Error> {
        store::adopted::open(self.path(), Access::Write, profile, Some(&self.state()))
    }

    pub fn store(&self, profile: Profile) -> Box<dyn Backend> {
        self.open(profile).unwrap()
    }

    /// One column of all rows, in its order.
    pub fn column(&self, table: &str, column: &str) -> Vec<String> {
        let sql = format!(
            "SELECT CASE typeof(\"{column}\") WHEN 'blob' THEN hex(\"{column}\") \
             ELSE CAST(\"{column}\" AS TEXT) END FROM \"{table}\" ORDER BY 1"
        );
        let application = self.application();
        let mut rows = application.prepare(&sql).unwrap();
        let value = |row: &rusqlite::Row<'_>| {
            row.get::<_, Option<String>>(0).map(|text| text.unwrap_or_else(|| "NULL".to_owned()))
        };
        rows.query_map([], value).unwrap().collect::<Result<_, _>>().unwrap()
    }

    /// Properties that sessctl never changes: the schema, the journal mode, the file's marks.
    pub fn fingerprint(&self) -> Vec<String> {
        let application = self.application();
        let pragma = |name| {
            application
                .pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0))
                .map(|value| format!("{name} {value:?}"))
                .unwrap()
        };
        let mut schema =
            application.prepare("SELECT ifnull(sql, name) FROM sqlite_schema").unwrap();
        let schema = schema.query_map([], |row| row.get(0)).unwrap();
        let pragmas =
            ["journal_mode", "application_id", "user_version", "auto_vacuum", "page_size"];
        schema.map(Result::unwrap).chain(pragmas.map(pragma)).collect()
    }
}

/// All tasks, under the default policies.
pub fn all_tasks() -> PolicyContext<'static> {
    static POLICIES: LazyLock<Policies> = LazyLock::new(Policies::default);
    PolicyContext { policies: &POLICIES, now: NOW, planned: None, task: None }
}

/// Runs one scan of a purge.
pub fn look(store: &dyn Backend, after: Option<&Cursor>, rows: usize) -> DueScan {
    store.scan_due(&all_tasks(), after, few(rows)).unwrap()
}

/// Runs a complete purge in scans of at most this many rows.
pub fn purge_all(store: &mut dyn Backend, rows: usize) -> Result<PurgeTotals, Error> {
    purge_with_scans(store, rows, &mut |_| {})
}

/// Runs a complete purge without snapshots, so that no sessions are returned.
pub fn purge_by_key(store: &mut dyn Backend, rows: usize) -> Result<PurgeTotals, Error> {
    purge(store, ScanLimits { snapshots: false, ..few(rows) }, &mut |_| {})
}

/// Runs a complete purge and passes each scan to a function.
pub fn purge_with_scans(
    store: &mut dyn Backend,
    rows: usize,
    watch: &mut dyn FnMut(&DueScan),
) -> Result<PurgeTotals, Error> {
    purge(store, few(rows), watch)
}

fn purge(
    store: &mut dyn Backend,
    limits: ScanLimits,
    watch: &mut dyn FnMut(&DueScan),
) -> Result<PurgeTotals, Error> {
    let (mut totals, mut after) = (PurgeTotals::default(), None);
    loop {
        let survey = store.scan_due(&all_tasks(), after.as_ref(), limits)?;
        watch(&survey);
        totals.counts.add(survey.counts);
        totals.sessions += survey.sessions.values().sum::<u64>();
        totals.rows += survey.rows;
        assert!((0.0..=1.0).contains(&survey.fraction), "{}", survey.fraction);
        if let Some(due) = survey.due {
            let settled = store.apply_purge(&all_tasks(), &due, limits.snapshots)?;
            totals.settled.deleted += settled.deleted;
            totals.settled.ended += settled.ended;
            totals.settled.ended_sessions.extend(settled.ended_sessions);
        }
        totals.by_time |= matches!(survey.last, Some(Cursor::Time(..)));
        after = survey.last;
        if after.is_none() {
            return Ok(totals);
        }
    }
}

/// All sessions, in key order.
pub fn all_sessions(store: &dyn Backend) -> Vec<Session> {
    list_sessions(store, &Filter::default(), Order::default())
}

pub fn list_sessions(store: &dyn Backend, filter: &Filter, order: Order) -> Vec<Session> {
    let query = SessionQuery { scope: all_tasks(), filter, due_only: false, after: None, order };
    let mut sessions = Vec::new();
    let visit = &mut |session| {
        sessions.push(session);
        Ok(ControlFlow::Continue(()))
    };
    store.scan(&query, visit).unwrap();
    sessions
}

/// The limits of a scan that keeps snapshots.
pub fn few(rows: usize) -> ScanLimits {
    let time = Duration::from_mins(1);
    ScanLimits { due: rows, rows, time, snapshots: true, ..ScanLimits::ALL }
}

/// The text of a refusal.
pub fn refused<T>(outcome: Result<T, Error>) -> String {
    match outcome {
        Err(error) if error.is_refusal() => error.to_string(),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it was not refused"),
    }
}
