//! sessctl's own table of sessions, as migrations/ creates it.

mod books;
mod by_task;
mod copy;
mod open;
mod policy_sql;
mod purge;
mod remote_batch;
mod remote_scan;
mod scan;
mod sort;
mod stats;
#[cfg(test)]
mod tests;
mod triggers;
mod vacuum;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use rusqlite::types::Value;

use super::database::rqlite::Rqlite;
use super::database::sqlite::SqliteFile;
use super::database::{Database, RowRef};
use super::statement::{Statement, bare};
use crate::domain::error::Result;
use crate::domain::policy::Policies;
use crate::domain::session::{End, EndReason, Key, Session};
use crate::domain::time::{Span, UnixTime};
use crate::storage::{
    Admission, Backend, Cursor, DueRange, DueScan, EndRequest, GroupBy, Interruptible, NewSession,
    PolicyContext, PurgeBatchResult, RowCopy, ScanLimits, ScanResult, SessionOpen, SessionQuery,
    SessionStore, StatementLimit, TaskNames, TaskStats, TouchedRows, UserStats, Vacuum,
    VisitResult, Wal,
};
use triggers::must_let_sessions_end;

/// How many digits of the key people see and type, where that is enough to
/// tell the sessions apart.
const HANDLE: usize = 12;

/// What a row must have for [`session`] to read it.
const COLUMNS: &str = "id, user, task, client, created_at, last_used_at, idle_timeout, \
                       marked_at, ended_at, end_reason";

/// Whether another row's key begins with the same digits.
const CLASHES: &str = "(SELECT count(*) FROM sessions AS other \
                        WHERE other.id >= substr(sessions.id, 1, 12) \
                        AND other.id < substr(sessions.id, 1, 12) || 'g') > 1";

/// The native table in some database.
pub(super) struct Native<T> {
    database: T,
}

impl<T: Database> Native<T> {
    pub(super) const fn on(database: T) -> Self {
        Self { database }
    }

    /// Adds rows up that have gone from another table, for which this one keeps the
    /// counters.
    pub(super) fn count_deleted(
        &mut self,
        gone: &BTreeMap<(String, EndReason), u64>,
    ) -> Result<()> {
        self.database.execute_batch(&[stats::deleted_so_many(gone)]).map(drop)
    }

    /// The rows of a statement whose every row gives one value.
    fn collect<V>(
        &self,
        statement: &Statement,
        mut read: impl FnMut(&dyn RowRef) -> V,
    ) -> Result<Vec<V>> {
        let mut values = Vec::new();
        self.database.query(statement, &mut |row| {
            values.push(read(row));
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(values)
    }

    /// As many digits of the key as no other row's key begins with.
    fn unique_prefix(&self, id: &str) -> Result<String> {
        let neighbours = Statement::new(
            "SELECT max(id) FROM sessions WHERE id < ?1 \
             UNION ALL SELECT min(id) FROM sessions WHERE id > ?1",
        )
        .with(id);
        let shared = self
            .collect(&neighbours, |row| row.text(0))?
            .into_iter()
            .flatten()
            .map(|other| other.bytes().zip(id.bytes()).take_while(|(a, b)| a == b).count())
            .max()
            .unwrap_or(0);
        Ok(id.get(..HANDLE.max(shared + 1)).unwrap_or(id).to_owned())
    }
}

impl<T: Database> SessionStore for Native<T> {
    fn find(&self, keys: &[Key]) -> Result<Vec<Option<Session>>> {
        if self.database.is_remote() {
            return remote_batch::find(&self.database, keys, false);
        }
        let sql = Statement::new(&format!("SELECT {COLUMNS} FROM sessions WHERE id = ?1"));
        let mut found = Vec::with_capacity(keys.len());
        let mut values = keys.iter().map(bare);
        self.database.query_each(&sql, &mut values, &mut |row| found.push(row.map(session)))?;
        Ok(found)
    }

    fn is_linearizable(&self) -> bool {
        !self.database.is_remote()
    }

    fn find_linearizable(&self, keys: &[Key]) -> Result<Vec<Option<Session>>> {
        if self.database.is_remote() {
            remote_batch::find(&self.database, keys, true)
        } else {
            self.find(keys)
        }
    }

    fn end(&mut self, endings: &[EndRequest]) -> Result<Vec<bool>> {
        let mut statements = Vec::with_capacity(endings.len());
        let mut decisive = Vec::with_capacity(endings.len());
        for ending in endings {
            if ending.keep_row {
                statements.push(end_row(ending));
            } else {
                statements.extend([stats::count_discarded(ending), delete_live_row(ending)]);
            }
            decisive.push(statements.len() - 1);
        }
        let rows = self.database.execute_batch(&statements)?.rows;
        Ok(decisive.iter().map(|at| rows[*at] > 0).collect())
    }

    fn scan(
        &self,
        query: &SessionQuery<'_>,
        visit: &mut dyn FnMut(Session) -> VisitResult,
    ) -> Result<ScanResult> {
        let clash_column = COLUMNS.split(',').count();
        let is_far = self.database.is_remote();
        self.database.query_pages(&mut |last| scan(query, is_far, last), &mut |row| {
            let mut session = session(row);
            if row.integer(clash_column) == Some(1)
                && let Some(id) = session.key.text()
            {
                session.handle = self.unique_prefix(id)?;
            }
            visit(session)
        })?;
        Ok(ScanResult::default())
    }

    fn by_handle(&self, prefix: &str, most: usize) -> Result<Vec<Session>> {
        let prefix = prefix.to_ascii_lowercase();
        let mut statement = Statement::new("SELECT ");
        statement.push(COLUMNS).push(" FROM sessions WHERE id >= ").bind(prefix.as_str());
        statement.push(" AND id < ").bind(format!("{prefix}g"));
        statement.push(" ORDER BY id LIMIT ").bind(most);
        let mut sessions = self.collect(&statement, session)?;
        for session in &mut sessions {
            if let Some(id) = session.key.text() {
                session.handle = self.unique_prefix(id)?;
            }
        }
        Ok(sessions)
    }

    fn tasks(&self, scope: &PolicyContext<'_>) -> Result<Vec<TaskStats>> {
        stats::tasks(&self.database, scope)
    }

    fn task_names(&self) -> Result<TaskNames> {
        let names = Statement::new("SELECT task FROM task_names");
        Ok(self.collect(&names, |row| row.text(0))?.into_iter().flatten().collect())
    }

    fn user_stats(
        &self,
        scope: &PolicyContext<'_>,
        by: GroupBy,
        visit: &mut dyn FnMut(UserStats) -> VisitResult,
    ) -> Result<()> {
        stats::user_stats(&self.database, scope, by, visit)
    }

    fn validate(&self) -> Result<()> {
        // Triggers on a cluster are not looked at: each request would take a round trip more.
        if self.database.is_remote() { Ok(()) } else { must_let_sessions_end(&self.database) }
    }

    /// The first look of a walk makes sure that sessions may end.
    fn scan_due(
        &self,
        scope: &PolicyContext<'_>,
        after: Option<&Cursor>,
        reach: ScanLimits,
    ) -> Result<DueScan> {
        if after.is_none() {
            self.validate()?;
        }
        scan::scan_due(&self.database, scope, after, reach)
    }

    fn apply_purge(
        &mut self,
        scope: &PolicyContext<'_>,
        due: &DueRange,
        tell: bool,
    ) -> Result<PurgeBatchResult> {
        purge::apply_purge(&mut self.database, scope, due, tell)
    }

    fn record_peaks(&mut self, sessions: &BTreeMap<String, u64>) -> Result<()> {
        if !sessions.is_empty() {
            self.database.execute_batch(&[stats::record_peaks(sessions)])?;
        }
        Ok(())
    }
}

impl<T: Database> Interruptible for Native<T> {
    fn limit_statements(&mut self, limit: Option<StatementLimit>) {
        self.database.limit_statements(limit);
    }
}

impl<T: Database> SessionOpen for Native<T> {
    fn sync_indexes(&mut self, policies: &Policies) -> Result<()> {
        self.database.execute_batch(&open::indexes(policies))?;
        Ok(())
    }

    fn insert(&mut self, sessions: &[NewSession]) -> Result<()> {
        let insert = |session: &NewSession| {
            let mut sql = new_row(session, "");
            sql.push(" WHERE TRUE");
            sql
        };
        let mut statements: Vec<Statement> = sessions.iter().map(insert).collect();
        let tasks: BTreeSet<&str> = sessions.iter().map(|session| session.task.as_str()).collect();
        statements.extend(tasks.into_iter().map(stats::note_peak_of_a_small_table));
        self.database.execute_batch(&statements)?;
        Ok(())
    }

    fn open_limited(
        &mut self,
        session: &NewSession,
        policies: &Policies,
        tell: bool,
    ) -> Result<Admission> {
        open::open_limited(&mut self.database, session, policies, tell)
    }

    fn touch_rows(&mut self, keys: &[Key], now: UnixTime) -> Result<TouchedRows> {
        if self.database.is_remote() {
            return remote_batch::renew(&mut self.database, keys, now);
        }
        let sql = "UPDATE sessions SET last_used_at = max(last_used_at, ?2), marked_at = NULL \
                   WHERE id = ?1 AND ended_at IS NULL";
        let mut values = keys.iter().map(bare);
        let applied = self.database.execute_for_keys(sql, &mut values, &[Value::Integer(now.0)])?;
        let done = applied.rows.iter().map(|rows| *rows > 0).collect();
        Ok(TouchedRows { done, hold: applied.hold })
    }
}

impl Backend for Native<SqliteFile> {
    fn display_name(&self) -> &str {
        self.database.display_name()
    }

    fn opening(&mut self) -> Option<&mut dyn SessionOpen> {
        Some(self)
    }

    fn wal(&self) -> Option<&dyn Wal> {
        Some(&self.database)
    }

    fn vacuum(&mut self) -> Option<&mut dyn Vacuum> {
        Some(self)
    }

    fn row_copy(&self) -> Option<&dyn RowCopy> {
        Some(self)
    }

    fn row_copy_mut(&mut self) -> Option<&mut dyn RowCopy> {
        Some(self)
    }
}

/// Each node has a file of its own, and rqlite looks after its log and its free pages.
impl Backend for Native<Rqlite> {
    fn display_name(&self) -> &str {
        self.database.display_name()
    }

    fn opening(&mut self) -> Option<&mut dyn SessionOpen> {
        Some(self)
    }

    fn row_copy(&self) -> Option<&dyn RowCopy> {
        Some(self)
    }

    fn row_copy_mut(&mut self) -> Option<&mut dyn RowCopy> {
        Some(self)
    }
}

/// Inserts a row, where a condition holds that has to follow, after the values of further
/// columns, if there are any.
fn new_row(session: &NewSession, further: &str) -> Statement {
    Statement::new(&format!(
        "INSERT INTO sessions (id, user, task, client, created_at, last_used_at, \
         idle_timeout{further}) SELECT ?1, ?2, ?3, ?4, ?5, ?5, ?6",
    ))
    .with(&session.key)
    .with(session.user.as_deref())
    .with(session.task.as_str())
    .with(session.client.as_deref())
    .with(session.created_at)
    .with(session.idle_timeout)
}

fn end_row(ending: &EndRequest) -> Statement {
    Statement::new(
        "UPDATE sessions SET ended_at = ?2, end_reason = ?3 WHERE id = ?1 AND ended_at IS NULL",
    )
    .with(&ending.key)
    .with(ending.end.at)
    .with(ending.end.reason.as_str())
}

fn delete_live_row(ending: &EndRequest) -> Statement {
    Statement::new("DELETE FROM sessions WHERE id = ?1 AND ended_at IS NULL").with(&ending.key)
}

/// The rows of a query; where they come in pages, those behind the `last` row of one.
fn scan(query: &SessionQuery<'_>, in_pages: bool, last: Option<&dyn RowRef>) -> Statement {
    sort::with_terms(query.order, &query.scope, |terms| {
        let mut sql = Statement::new("SELECT ");
        sql.push(COLUMNS).push(", ").push(CLASHES);
        if in_pages {
            for term in terms {
                term.column(&mut sql);
            }
        }
        sql.push(" FROM sessions WHERE TRUE");
        if let Some(after) = query.after {
            sql.push(" AND id > ").bind(after);
        }
        policy_sql::and_filter(&mut sql, query.filter, &query.scope);
        if query.due_only {
            sql.push(" AND (");
            policy_sql::verdict(&mut sql, &query.scope);
            sql.push(") IS NOT NULL");
        }
        if let Some(last) = last {
            sql.push(" AND ");
            sort::behind(&mut sql, terms, last, COLUMNS.split(',').count() + 1);
        }
        sort::by(&mut sql, terms);
        sql
    })
}

/// Reads a row of [`COLUMNS`] with the reason for which it is about to end.
fn ended_session(row: &dyn RowRef, at: UnixTime) -> Option<Session> {
    let reason = row.text(COLUMNS.split(',').count())?.parse().ok()?;
    Some(Session { end: Some(End { at, reason }), ..session(row) })
}

/// Reads a row of [`COLUMNS`].
fn session(row: &dyn RowRef) -> Session {
    let time = |place| row.integer(place).map(UnixTime);
    let id = row.text(0).unwrap_or_default();
    let reason = row.text(9).and_then(|word| word.parse().ok());
    Session {
        handle: id.get(..HANDLE).unwrap_or(&id).to_owned(),
        key: Key::Text(id.into()),
        user: row.text(1),
        is_user_unreadable: false,
        task: row.text(2).unwrap_or_default(),
        client: row.text(3),
        created_at: time(4),
        last_used_at: time(5),
        idle_timeout: row.integer(6).map(Span::seconds),
        marked_at: time(7),
        end: time(8).zip(reason).map(|(at, reason)| End { at, reason }),
        expiry: None,
    }
}
