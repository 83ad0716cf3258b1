//! A framework's table as a store of sessions.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use super::blocking_references::BlockingReferences;
use super::copy_plan::CopyPlan;
use super::delete::DeleteStatements;
use super::delete_due::DeleteDue;
use super::expiry_index::ExpiryIndex;
use super::reader::TableReader;
use super::referencing_tables::ReferencingTables;
use super::state::FrameworkState;
use super::user_names::{UserQueries, UserTable};
use super::{delete, delete_due, idle_times, list, scan, stats};
use crate::domain::error::Result;
use crate::domain::idle_times::IdleTimes;
use crate::domain::policy::UserExcess;
use crate::domain::profile::Profile;
use crate::domain::session::{Session, SessionKey};
use crate::domain::time::UnixTime;
use crate::domain::token::Token;
use crate::storage::{
    Cursor, DueRange, DueScan, EndRequest, GroupBy, Interruptible, KeptRows, KnownUser,
    PolicyContext, PurgeBatchResult, ScanLimits, ScanResult, SessionQuery, SessionStore,
    StatementLimit, TaskNames, TaskStats, UnindexedTable, UserStats, VisitResult,
};
use crate::store::database::Database;
use crate::store::database::sqlite::SqliteFile;
use crate::store::ledger::LedgerDatabase;

pub(super) struct Adopted<T> {
    pub(super) database: T,
    pub(super) reader: TableReader,
    pub(super) index: Option<ExpiryIndex>,
    pub(super) deletions: OnceCell<Deletions>,
    /// Rows that were due but kept, until the caller takes them.
    pub(super) kept: KeptRows,
    pub(super) state: FrameworkState,
    /// The copy of a rebuild.
    pub(super) copy: Option<CopyPlan>,
    /// The table of users; examined on first use.
    pub(super) users: OnceCell<UserTable>,
    /// Maximum number of due rows held in memory; computed on first use.
    pub(super) max_due_rows: OnceCell<usize>,
    /// Rows that a purge may still read, where triggers may insert rows.
    pub(super) scan_budget: Cell<Option<u64>>,
    /// Users above their limit, when the scan of a purge began.
    pub(super) excess: RefCell<Rc<UserExcess>>,
    /// Deletion was checked, except for the encodings of the values.
    pub(super) deletable_checked: Cell<bool>,
    /// Deletion and the encodings of a sample were checked.
    pub(super) validated: Cell<bool>,
}

pub(super) struct Deletions {
    pub(super) references: ReferencingTables,
    pub(super) if_unchanged: DeleteStatements,
    pub(super) by_key: DeleteStatements,
    /// `None`: each row needs its own statements.
    pub(super) delete_due: Option<DeleteDue>,
}

impl Deletions {
    fn of(database: &impl Database, reader: &TableReader) -> Result<Self> {
        let references = ReferencingTables::of(database, reader)?;
        let (if_unchanged, by_key) = (
            DeleteStatements::if_unchanged(reader, &references),
            DeleteStatements::by_key(reader, &references),
        );
        let delete_due = DeleteDue::of(database, reader, &references)?;
        Ok(Self { references, if_unchanged, by_key, delete_due })
    }

    fn blocking(&self) -> BlockingReferences<'_> {
        BlockingReferences(&self.references.blocking)
    }
}

impl<T: Database> Adopted<T> {
    pub(super) fn new(database: T, reader: TableReader, state: FrameworkState) -> Self {
        Self {
            index: ExpiryIndex::of(&database, &reader),
            deletions: OnceCell::new(),
            kept: KeptRows::default(),
            copy: None,
            users: OnceCell::new(),
            max_due_rows: OnceCell::new(),
            scan_budget: Cell::new(None),
            excess: RefCell::default(),
            deletable_checked: Cell::new(false),
            validated: Cell::new(false),
            database,
            reader,
            state,
        }
    }

    fn users(&self) -> Result<&UserTable> {
        if let Some(known) = self.users.get() {
            return Ok(known);
        }
        let found = UserQueries::of(&self.database, &self.reader)?;
        Ok(self.users.get_or_init(|| found))
    }

    pub(super) fn deletions(&self) -> Result<&Deletions> {
        if let Some(known) = self.deletions.get() {
            return Ok(known);
        }
        let found = Deletions::of(&self.database, &self.reader)?;
        Ok(self.deletions.get_or_init(|| found))
    }
}

impl<T: Database> SessionStore for Adopted<T> {
    fn profile(&self) -> Option<&Profile> {
        Some(&self.reader.profile)
    }

    fn find(&self, keys: &[SessionKey]) -> Result<Vec<Option<Session>>> {
        list::find(&self.database, &self.reader, keys)
    }

    fn by_tokens(&self, tokens: &[Token]) -> Result<Vec<Vec<Session>>> {
        list::by_tokens(&self.database, &self.reader, tokens)
    }

    /// Expiry times do not matter here, so their encoding is not checked.
    fn end(&mut self, endings: &[EndRequest]) -> Result<Vec<bool>> {
        self.reader.profile.may_delete()?;
        if !self.deletable_checked.get() {
            self.ensure_deletable()?;
        }
        self.deletions()?;
        let Some(deletions) = self.deletions.get() else {
            return Ok(Vec::new());
        };
        let (database, reader) = (&mut self.database, &self.reader);
        let (ended, outcome) = delete::end(database, reader, &deletions.by_key, endings);
        self.state.record_deleted(&self.reader.profile.task, ended.gone);
        self.kept.add(ended.kept);
        outcome.map_err(|error| deletions.references.name_triggers(error)).map(|()| ended.done)
    }

    fn scan(
        &self,
        query: &SessionQuery<'_>,
        visit: &mut dyn FnMut(Session) -> VisitResult,
    ) -> Result<ScanResult> {
        let blocking =
            if query.due_only { self.deletions()?.blocking() } else { BlockingReferences(&[]) };
        let excess = self.find_excess(query.scope.now, Duration::MAX)?;
        list::scan(&self.database, &self.reader, query, &blocking, &excess, visit)
    }

    fn mark_excess(&self, sessions: Vec<Session>, now: UnixTime) -> Result<Vec<Session>> {
        let excess = self.find_excess(now, Duration::MAX)?;
        Ok(sessions.into_iter().map(|session| excess.mark(session)).collect())
    }

    fn by_handle(&self, prefix: &str, most: usize) -> Result<Vec<Session>> {
        list::by_handle(&self.database, &self.reader, prefix, most)
    }

    fn tasks(&self, scope: &PolicyContext<'_>) -> Result<Vec<TaskStats>> {
        if !stats::is_in_scope(&self.reader, scope) {
            return Ok(Vec::new());
        }
        let remembered = self.state.tasks(scope)?;
        let excess = self.find_excess(scope.now, Duration::MAX)?;
        Ok(vec![stats::task_stats(&self.database, &self.reader, scope, &excess, remembered)?])
    }

    fn idle_times(&self, scope: &PolicyContext<'_>) -> Result<Option<Vec<IdleTimes>>> {
        let Some(times) = IdleTimes::of_profile(&self.reader.profile) else { return Ok(None) };
        if !stats::is_in_scope(&self.reader, scope) {
            return Ok(Some(Vec::new()));
        }
        let excess = self.find_excess(scope.now, Duration::MAX)?;
        let counted = idle_times::count(&self.database, &self.reader, scope, &excess, times)?;
        Ok(Some(vec![counted]))
    }

    fn task_names(&self) -> Result<TaskNames> {
        Ok(std::iter::once(self.reader.profile.task.clone()).collect())
    }

    fn user_stats(
        &self,
        scope: &PolicyContext<'_>,
        by: GroupBy,
        visit: &mut dyn FnMut(UserStats) -> VisitResult,
    ) -> Result<()> {
        if !stats::is_in_scope(&self.reader, scope) {
            return Ok(());
        }
        let excess = self.find_excess(scope.now, Duration::MAX)?;
        stats::user_stats(&self.database, &self.reader, scope, &excess, by, visit)
    }

    fn known_users(&self, users: &[&str]) -> Result<Vec<Option<KnownUser>>> {
        match self.users()? {
            Ok(queries) => queries.known_users(&self.database, users),
            Err(_) => Ok(vec![None; users.len()]),
        }
    }

    fn users_named(&self, name: &str, most: usize) -> Result<Vec<String>> {
        match self.users()? {
            Ok(queries) => queries.users_named(&self.database, name, most),
            Err(_) => Ok(Vec::new()),
        }
    }

    fn user_names_like(&self, prefix: &str, most: usize) -> Result<Vec<String>> {
        match self.users()? {
            Ok(queries) => queries.names_like(&self.database, prefix, most),
            Err(_) => Ok(Vec::new()),
        }
    }

    fn user_names_obstacle(&self) -> Result<Option<String>> {
        Ok(self.users()?.as_ref().err().cloned())
    }

    fn validate(&self) -> Result<()> {
        if self.reader.profile.readonly.is_none() {
            return self.ensure_valid().map(drop);
        }
        self.sample_valid_rows().map(drop)
    }

    /// A scan with a limit on due rows belongs to a purge: the first one validates the table and
    /// chooses the order. Other scans only count.
    fn scan_due(
        &self,
        scope: &PolicyContext<'_>,
        after: Option<&Cursor>,
        limits: ScanLimits,
    ) -> Result<DueScan> {
        if !stats::is_in_scope(&self.reader, scope) {
            return Ok(DueScan { fraction: 1.0, ..DueScan::default() });
        }
        let (database, reader) = (&self.database, &self.reader);
        let only_counts = limits.due == usize::MAX;
        let blocking =
            if only_counts { self.deletions()?.blocking() } else { BlockingReferences(&[]) };
        if after.is_none() {
            self.start_scan_budget()?;
            self.excess.replace(Rc::new(self.find_excess(scope.now, limits.time)?));
        }
        let excess = self.excess.borrow().clone();
        let index = match after {
            Some(Cursor::Time(..)) => self.index.as_ref(),
            None if limits.due < usize::MAX => self.index_for(&self.ensure_valid()?, scope.now),
            _ => None,
        };
        let snapshots = limits.snapshots
            || self.reader.profile.stricter.is_set()
            || self.deletions()?.delete_due.is_none();
        let is_bounded = snapshots && !only_counts;
        let due = if is_bounded { limits.due.min(self.max_due_rows()) } else { limits.due };
        let limits = ScanLimits { due, snapshots, ..limits };
        let by_index =
            index.map(|index| index.scan(database, reader, scope, after, limits, &blocking));
        let found = match by_index.transpose()?.flatten() {
            Some(found) => found,
            None => {
                let scan =
                    scan::KeyScan { scope, after, limits, blocking: &blocking, excess: &excess };
                scan::scan_by_key(database, reader, scan)?
            }
        };
        self.use_scan_budget(found.rows)?;
        Ok(found)
    }

    fn apply_purge(
        &mut self,
        scope: &PolicyContext<'_>,
        due: &DueRange,
        return_ended: bool,
    ) -> Result<PurgeBatchResult> {
        self.reader.profile.may_delete()?;
        self.ensure_valid_once()?;
        self.deletions()?;
        let Some(deletions) = self.deletions.get() else {
            return Ok(PurgeBatchResult::default());
        };
        let (database, reader) = (&mut self.database, &self.reader);
        let ((result, kept), outcome) = delete_due::apply_purge(
            database,
            reader,
            deletions.delete_due.as_ref(),
            &deletions.if_unchanged,
            due,
            scope.now,
            return_ended,
        );
        self.kept.add(kept);
        self.state.record_deleted(&reader.profile.task, result.ended_by.clone());
        outcome.map_err(|error| deletions.references.name_triggers(error)).map(|()| result)
    }

    fn prepare_large_batches(&self) -> Result<()> {
        self.database.use_large_cache()
    }

    fn take_kept(&mut self) -> KeptRows {
        std::mem::take(&mut self.kept)
    }

    fn check_references(&self, keys: &[SessionKey]) -> Result<(Vec<bool>, KeptRows)> {
        self.deletions()?.blocking().find_kept(&self.database, &self.reader, keys)
    }

    fn unindexed(&self) -> Result<Vec<UnindexedTable>> {
        Ok(self.deletions()?.references.unindexed.clone())
    }

    fn record_peaks(&mut self, sessions: &BTreeMap<String, u64>) -> Result<()> {
        self.state.flush()?;
        if sessions.is_empty() {
            return Ok(());
        }
        self.state.change(|state| state.record_peaks(sessions))
    }
}

impl<T: Database> LedgerDatabase for Adopted<T> {
    type Database = SqliteFile;

    fn read<R>(&self, query: impl FnOnce(&SqliteFile) -> Result<R>) -> Result<Option<R>> {
        self.state.read(|native| query(native.database()))
    }

    fn write<R>(&mut self, mut change: impl FnMut(&mut SqliteFile) -> Result<R>) -> Result<R> {
        self.state.change(|native| change(native.database_mut()))
    }

    fn name(&self) -> String {
        self.state.name()
    }

    fn is_in_memory(&self) -> bool {
        self.state.is_volatile()
    }

    fn note_lease(&self) {
        self.state.note_lease();
    }

    fn has_lost_lease(&self) -> bool {
        self.state.has_lost_lease()
    }
}

impl<T: Database> Interruptible for Adopted<T> {
    fn limit_statements(&mut self, limit: Option<StatementLimit>) {
        self.database.limit_statements(limit);
    }
}
