use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use super::rows::{COLUMNS, HANDLE_DIGITS, insert_row, session};
use super::triggers::validate_triggers;
use super::{
    end, idle_times, open_session, policy_sql, purge, remote_batch, scan, sort, stats, user_stats,
};
use crate::domain::error::Result;
use crate::domain::idle_times::IdleTimes;
use crate::domain::policy::Policies;
use crate::domain::profile::SqlValueRef;
use crate::domain::session::{EndReason, Session, SessionKey};
use crate::domain::time::UnixTime;
use crate::storage::{
    Admission, Archiving, Backend, Cursor, DueRange, DueScan, EndRequest, FileInspection, GroupBy,
    Interruptible, NewSession, PolicyContext, PurgeBatchResult, RowCopy, RunProgress, ScanLimits,
    ScanResult, SessionOpener, SessionQuery, SessionStore, StatementLimit, TaskNames, TaskStats,
    TouchedRows, UserStats, Vacuum, VisitResult, Wal,
};
use crate::store::database::rqlite::Rqlite;
use crate::store::database::sqlite::SqliteFile;
use crate::store::database::{Database, RowRef};
use crate::store::ledger::{LedgerDatabase, record_before_end};
use crate::store::statement::{Parameters, Statement, key_ref};

/// Condition that another key begins with the same digits.
const HANDLE_COLLISION: &str = "(SELECT count(*) FROM sessions AS other \
                        WHERE other.id >= substr(sessions.id, 1, 12) \
                        AND other.id < substr(sessions.id, 1, 12) || 'g') > 1";

pub struct Native<T> {
    pub database: T,
}

impl<T: Database> Native<T> {
    pub const fn new(database: T) -> Self {
        Self { database }
    }

    pub(in crate::store) const fn database(&self) -> &T {
        &self.database
    }

    pub(in crate::store) const fn database_mut(&mut self) -> &mut T {
        &mut self.database
    }

    /// Adds rows deleted from another table whose counters are kept in this database.
    pub(in crate::store) fn count_deleted(
        &mut self,
        deletions: &BTreeMap<(String, EndReason), u64>,
    ) -> Result<()> {
        self.database.execute_batch(&[stats::add_deleted(deletions)]).map(drop)
    }

    /// Returns the shortest prefix of a key that no other key has, at least as long as a handle.
    fn unique_prefix(&self, id: &str) -> Result<String> {
        let neighbors = Statement::new(
            "SELECT max(id) FROM sessions WHERE id < ?1 \
             UNION ALL SELECT min(id) FROM sessions WHERE id > ?1",
        )
        .with(id);
        let shared = self
            .database
            .query_all(&neighbors, |row| row.text(0))?
            .into_iter()
            .flatten()
            .map(|other| other.bytes().zip(id.bytes()).take_while(|(a, b)| a == b).count())
            .max()
            .unwrap_or(0);
        Ok(id.get(..HANDLE_DIGITS.max(shared + 1)).unwrap_or(id).to_owned())
    }
}

impl<T: Database> SessionStore for Native<T> {
    fn find(&self, keys: &[SessionKey]) -> Result<Vec<Option<Session>>> {
        if self.database.is_remote() {
            return remote_batch::find(&self.database, keys, false);
        }
        let sql = Statement::new(&format!("SELECT {COLUMNS} FROM sessions WHERE id = ?1"));
        let mut found = Vec::with_capacity(keys.len());
        let mut values = keys.iter().map(Parameters::Key);
        self.database.query_each(&sql, &mut values, &mut |row| found.push(row.map(session)))?;
        Ok(found)
    }

    fn is_linearizable(&self) -> bool {
        !self.database.is_remote()
    }

    fn find_linearizable(&self, keys: &[SessionKey]) -> Result<Vec<Option<Session>>> {
        if self.database.is_remote() {
            remote_batch::find(&self.database, keys, true)
        } else {
            self.find(keys)
        }
    }

    fn end(&mut self, requests: &[EndRequest]) -> Result<Vec<bool>> {
        end::end(&mut self.database, requests, Vec::new())
    }

    fn end_in_run(
        &mut self,
        requests: &[EndRequest],
        progress: &RunProgress<'_>,
    ) -> Result<Option<Vec<bool>>> {
        let recorded = record_before_end(progress, requests).to_vec();
        end::end(&mut self.database, requests, recorded).map(Some)
    }

    fn scan(
        &self,
        query: &SessionQuery<'_>,
        visit: &mut dyn FnMut(Session) -> VisitResult,
    ) -> Result<ScanResult> {
        let collision_column = COLUMNS.split(',').count();
        let is_remote = self.database.is_remote();
        let SessionQuery { filter, scope, .. } = query;
        self.database.query_pages(&mut |last| scan(query, is_remote, last), &mut |row| {
            let mut session = session(row);
            if !filter.matches_beyond_sql(&session, scope.policies, scope.now) {
                return Ok(ControlFlow::Continue(()));
            }
            if row.integer(collision_column) == Some(1)
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
        let mut sessions = self.database.query_all(&statement, session)?;
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

    fn idle_times(&self, scope: &PolicyContext<'_>) -> Result<Option<Vec<IdleTimes>>> {
        idle_times::idle_times(&self.database, scope).map(Some)
    }

    fn task_names(&self) -> Result<TaskNames> {
        let names = Statement::new("SELECT task FROM task_names");
        Ok(self.database.query_all(&names, |row| row.text(0))?.into_iter().flatten().collect())
    }

    fn user_stats(
        &self,
        scope: &PolicyContext<'_>,
        by: GroupBy,
        visit: &mut dyn FnMut(UserStats) -> VisitResult,
    ) -> Result<()> {
        user_stats::user_stats(&self.database, scope, by, visit)
    }

    fn validate(&self) -> Result<()> {
        // Triggers on a cluster are not checked: each request would take another round trip.
        if self.database.is_remote() { Ok(()) } else { validate_triggers(&self.database) }
    }

    /// Scans due rows. The first scan of a purge also validates the triggers.
    fn scan_due(
        &self,
        scope: &PolicyContext<'_>,
        after: Option<&Cursor>,
        limits: ScanLimits,
    ) -> Result<DueScan> {
        if after.is_none() {
            self.validate()?;
        }
        scan::scan_due(&self.database, scope, after, limits)
    }

    fn apply_purge(
        &mut self,
        scope: &PolicyContext<'_>,
        due: &DueRange,
        return_ended: bool,
    ) -> Result<PurgeBatchResult> {
        purge::apply_purge(&mut self.database, scope, due, return_ended)
    }

    fn record_peaks(&mut self, sessions: &BTreeMap<String, u64>) -> Result<()> {
        if !sessions.is_empty() {
            self.database.execute_batch(&[stats::record_peaks(sessions)])?;
        }
        Ok(())
    }
}

impl<T: Database> LedgerDatabase for Native<T> {
    type Database = T;

    fn read<R>(&self, query: impl FnOnce(&T) -> Result<R>) -> Result<Option<R>> {
        query(&self.database).map(Some)
    }

    fn write<R>(&mut self, mut change: impl FnMut(&mut T) -> Result<R>) -> Result<R> {
        change(&mut self.database)
    }

    fn name(&self) -> String {
        self.database.display_name().to_owned()
    }
}

impl<T: Database> Interruptible for Native<T> {
    fn limit_statements(&mut self, limit: Option<StatementLimit>) {
        self.database.limit_statements(limit);
    }
}

impl<T: Database> SessionOpener for Native<T> {
    fn sync_indexes(&mut self, policies: &Policies) -> Result<()> {
        self.database.execute_batch(&open_session::sync_indexes(policies))?;
        Ok(())
    }

    fn insert(&mut self, sessions: &[NewSession]) -> Result<()> {
        let insert = |session: &NewSession| {
            let mut sql = insert_row(session, "");
            sql.push(" WHERE TRUE");
            sql
        };
        let mut statements: Vec<Statement> = sessions.iter().map(insert).collect();
        let tasks: BTreeSet<&str> = sessions.iter().map(|session| session.task.as_str()).collect();
        statements.extend(tasks.into_iter().map(stats::record_peak_if_small));
        self.database.execute_batch(&statements)?;
        Ok(())
    }

    fn open_limited(
        &mut self,
        session: &NewSession,
        policies: &Policies,
        return_ended: bool,
    ) -> Result<Admission> {
        open_session::open_limited(&mut self.database, session, policies, return_ended)
    }

    fn touch_rows(&mut self, keys: &[SessionKey], now: UnixTime) -> Result<TouchedRows> {
        if self.database.is_remote() {
            return remote_batch::touch_rows(&mut self.database, keys, now);
        }
        let sql = "UPDATE sessions SET last_used_at = max(last_used_at, ?2), marked_at = NULL \
                   WHERE id = ?1 AND ended_at IS NULL";
        let mut rows = keys.iter().map(|key| vec![key_ref(key), SqlValueRef::Integer(now.0)]);
        let applied = self.database.execute_for_rows(&[Statement::new(sql)], &mut rows)?;
        let done = applied.rows.iter().map(|rows| *rows > 0).collect();
        Ok(TouchedRows { done, timing: applied.timing })
    }
}

impl Backend for Native<SqliteFile> {
    fn display_name(&self) -> &str {
        self.database.display_name()
    }

    fn session_opener(&mut self) -> Option<&mut dyn SessionOpener> {
        Some(self)
    }

    fn wal(&self) -> Option<&dyn Wal> {
        Some(&self.database)
    }

    fn vacuum(&mut self) -> Option<&mut dyn Vacuum> {
        Some(self)
    }

    fn archiving(&mut self) -> Option<&mut dyn Archiving> {
        Some(self)
    }

    fn row_copy(&self) -> Option<&dyn RowCopy> {
        Some(self)
    }

    fn row_copy_mut(&mut self) -> Option<&mut dyn RowCopy> {
        Some(self)
    }

    fn mean_row_bytes(&self) -> Result<Option<u64>> {
        self.database.mean_row_bytes("sessions")
    }

    fn inspect_file(&self) -> Result<Option<FileInspection>> {
        self.database.inspect().map(Some)
    }
}

/// Each node has its own file; rqlite manages its log and its free pages.
impl Backend for Native<Rqlite> {
    fn display_name(&self) -> &str {
        self.database.display_name()
    }

    fn session_opener(&mut self) -> Option<&mut dyn SessionOpener> {
        Some(self)
    }

    fn row_copy(&self) -> Option<&dyn RowCopy> {
        Some(self)
    }

    fn row_copy_mut(&mut self) -> Option<&mut dyn RowCopy> {
        Some(self)
    }
}

/// The rows of a query; where they come in pages, those behind the `last` row of one.
fn scan(query: &SessionQuery<'_>, in_pages: bool, last: Option<&dyn RowRef>) -> Statement {
    sort::with_terms(query.order, &query.scope, |terms| {
        let mut sql = Statement::new("SELECT ");
        sql.push(COLUMNS).push(", ").push(HANDLE_COLLISION);
        if in_pages {
            for term in terms {
                term.push_column(&mut sql);
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
            sort::push_after(&mut sql, terms, last, COLUMNS.split(',').count() + 1);
        }
        sort::push_order_by(&mut sql, terms);
        sql
    })
}
