//! Tables of sessions that belong to frameworks. They are described by profiles, and
//! their schema is never changed.
//!
//! The statements bring rows, and the [profile](Profile::judge) judges them: no rule of
//! a framework is written twice. What is deleted is still exactly as it was judged.

mod books;
mod delete;
mod detect;
mod diagnose;
mod doubt;
mod expiry_index;
mod foreign_keys;
mod held;
mod list;
mod misfit;
mod reader;
mod references;
mod scan;
mod state;
mod stats;
mod table;
mod triggers;

use std::cell::{Cell, OnceCell};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

use super::database::rqlite::Rqlite;
use super::database::sqlite::SqliteFile;
use super::database::{Database, memory};
use super::{Access, Location};
use crate::domain::error::{Error, Result};
use crate::domain::profile::{Profile, RowStatus};
use crate::domain::session::{EndReason, Key, Session};
use crate::domain::time::UnixTime;
use crate::domain::token::Token;
use crate::storage::{
    Backend, Cursor, DueRange, DueScan, EndRequest, GroupBy, Interruptible, KeptRows,
    PolicyContext, PurgeBatchResult, ScanLimits, ScanResult, SessionQuery, SessionStore,
    StatementLimit, TaskNames, TaskStats, UnindexedTable, UserStats, VisitResult, Wal,
};
use delete::DeleteStatements;
use diagnose::sample::Sampling;
use expiry_index::ExpiryIndex;
use held::Held;
use reader::TableReader;
use references::ReferencingTables;
use state::State;
use table::{KeyColumn, Table};

pub use detect::detect;
pub use diagnose::{Class, Diagnosis, Sample, diagnose};
pub use state::{StateDirectory, StateMemory, check_state_directory};

/// The index is worth its detour through the table where fewer than one in so many rows
/// are due.
const FEW: usize = 10;

/// Bytes that a row takes, about, from when it is found due until it is deleted, and which
/// part of the memory that the process may use all of them take.
const ROW: u64 = 512;
const SHARE: u64 = 8;
/// Rows that the application may insert before a walk, besides as many as there are.
const SPARE_ROWS: u64 = 1_000;

/// For programs that use the library: the command resolves the zone.
const UNRESOLVED: &str = "the profile reads local times, and the machine's time zone has not been \
                          resolved: call Profile::resolve_local first";

/// Opens a framework's table, as a profile describes it. The ledger and the leases are in a
/// file of sessctl's own in the directory `state`, which is made when something is to be
/// changed. Without a directory, or where the file cannot be used, they are kept in memory;
/// [`open_with_state`] says so.
///
/// # Errors
/// [`Error::Missing`] and [`Error::ForeignDatabase`] if there is no such table,
/// [`Error::Refused`] if it is another than the profile describes or the profile lacks a
/// parameter, and whatever keeps the files from being opened.
pub fn open(
    at: impl Into<Location>,
    access: Access,
    profile: Profile,
    state: Option<&Path>,
) -> Result<Box<dyn Backend>> {
    open_with_state(at, access, profile, StateDirectory::silent(state.map(Path::to_owned)))
}

/// Opens a framework's table like [`open`], and reports trouble with the state.
///
/// # Errors
/// As for [`open`].
pub fn open_with_state(
    at: impl Into<Location>,
    access: Access,
    mut profile: Profile,
    state: StateDirectory,
) -> Result<Box<dyn Backend>> {
    if let Some(lack) = profile.missing_parameters() {
        return Err(Error::Refused(lack));
    }
    profile.resolve_local(&|| Err(Error::Refused(UNRESOLVED.to_owned())))?;
    let at = at.into();
    let state_of = || State::of(&at, access, state);
    match &at {
        Location::File(path) => open_in(open_file(path, access)?, profile, state_of),
        Location::Cluster(cluster) => open_in(Rqlite::new(cluster, access), profile, state_of),
    }
}

fn open_in<T: Database + 'static>(
    database: T,
    profile: Profile,
    state: impl FnOnce() -> Result<State>,
) -> Result<Box<dyn Backend>>
where
    Adopted<T>: Backend,
{
    let table = Table::read(&database, &profile.table)?;
    if let Some(difference) = profile.difference(&table.columns) {
        return Err(Error::Refused(diagnose::check::another(&profile, &table, &difference)));
    }
    let reader = TableReader::new(&database, profile, table);
    Ok(Box::new(Adopted::on(database, reader, state()?)))
}

/// Opens an application's file.
fn open_file(path: &Path, access: Access) -> Result<SqliteFile> {
    SqliteFile::open_foreign(path, access).map_err(|error| match error {
        Error::Missing { at, .. }
            if path
                .parent()
                .is_none_or(|folder| folder.as_os_str().is_empty() || folder.exists()) =>
        {
            Error::Missing { at, hint: "give the path of the application's file".to_owned() }
        }
        error => error,
    })
}

/// A framework's table in some database.
struct Adopted<T> {
    database: T,
    reader: TableReader,
    index: Option<ExpiryIndex>,
    deletions: OnceCell<Deletions>,
    /// What was to be deleted and was kept, as far as nobody has asked for it.
    kept: KeptRows,
    state: State,
    /// How many rows that are due may be held in memory; empty: nobody has asked.
    most_at_once: OnceCell<usize>,
    /// Rows that a walk may still go over, where triggers may insert some.
    rows_left: Cell<Option<u64>>,
    /// Whether it has been made sure that nothing stands against deleting rows.
    is_free: Cell<bool>,
    /// Whether it has been made sure as well that they are read as they are meant.
    is_safe: Cell<bool>,
}

/// How rows are deleted, with all that refers to them.
struct Deletions {
    references: ReferencingTables,
    as_seen: DeleteStatements,
    of_key: DeleteStatements,
}

impl Deletions {
    fn of(database: &impl Database, reader: &TableReader) -> Result<Self> {
        let references = ReferencingTables::of(database, reader)?;
        let (as_seen, of_key) = (
            DeleteStatements::as_seen(reader, &references),
            DeleteStatements::of_key(reader, &references),
        );
        Ok(Self { references, as_seen, of_key })
    }

    fn held(&self) -> Held<'_> {
        Held(&self.references.holders)
    }
}

impl<T: Database> Adopted<T> {
    fn on(database: T, reader: TableReader, state: State) -> Self {
        Self {
            index: ExpiryIndex::of(&database, &reader),
            deletions: OnceCell::new(),
            kept: KeptRows::default(),
            most_at_once: OnceCell::new(),
            rows_left: Cell::new(None),
            is_free: Cell::new(false),
            is_safe: Cell::new(false),
            database,
            reader,
            state,
        }
    }

    /// Makes sure that rows may be deleted: the profile allows it, the tables that refer
    /// to this one do, and the values of a sample are what the profile says.
    fn make_sure(&self) -> Result<Sampling> {
        self.make_free()?;
        let sample = Sampling::of(&self.database, &self.reader)?;
        let misfits = diagnose::check::misfits(&self.database, &self.reader, &sample)?;
        if !misfits.is_empty() {
            return Err(Error::Refused(misfits.join("; ")));
        }
        self.is_safe.set(true);
        Ok(sample)
    }

    /// How rows are deleted. It is read from the schema once.
    fn deletions(&self) -> Result<&Deletions> {
        if let Some(known) = self.deletions.get() {
            return Ok(known);
        }
        let found = Deletions::of(&self.database, &self.reader)?;
        Ok(self.deletions.get_or_init(|| found))
    }

    /// Makes sure that nothing but the values might stand against deleting rows.
    fn make_free(&self) -> Result<()> {
        let Deletions { references, as_seen, .. } = self.deletions()?;
        let changes = as_seen.changes();
        let obstacles =
            diagnose::check::obstacles(&self.database, &self.reader, references, &changes)?;
        if !obstacles.is_empty() {
            return Err(Error::Refused(obstacles.join("; ")));
        }
        self.is_free.set(true);
        Ok(())
    }

    /// How many rows that are due may be held in memory.
    fn most_at_once(&self) -> usize {
        *self.most_at_once.get_or_init(|| {
            let rows = memory::limit().map_or(u64::MAX, |limit| limit / SHARE / ROW);
            usize::try_from(rows.max(1)).unwrap_or(usize::MAX)
        })
    }

    /// Makes sure that walks which begin now come to an end, also where triggers insert a row
    /// for each that is deleted: rows that get a place behind the last one are not looked at,
    /// and no walk goes over many more rows than there are.
    fn end_walks(&self) -> Result<()> {
        let reader = &self.reader;
        let has_triggers = self.deletions()?.references.has_triggers;
        let is_place = matches!(reader.table.key, KeyColumn::Place(_));
        reader.last_place.set(None);
        if has_triggers && is_place {
            self.database.query(&reader.ends(&self.database, &reader.key), &mut |row| {
                reader.last_place.set(row.integer(1));
                Ok(ControlFlow::Break(()))
            })?;
        }
        let rows = if has_triggers { Some(reader.count(&self.database)?) } else { None };
        self.rows_left.set(rows.map(|rows| rows.saturating_mul(2).saturating_add(SPARE_ROWS)));
        Ok(())
    }

    /// Counts rows of a walk.
    fn spend(&self, rows: u64) -> Result<()> {
        let Some(left) = self.rows_left.get() else { return Ok(()) };
        self.rows_left.set(Some(left.saturating_sub(rows)));
        if rows <= left {
            return Ok(());
        }
        let (table, place) = (&self.reader.table.name, self.database.display_name());
        Err(Error::failed(
            format!("come to the end of {table} in {place}"),
            "its triggers insert rows for those that are deleted; change the triggers",
        ))
    }

    fn make_sure_once(&self) -> Result<()> {
        if self.is_safe.get() { Ok(()) } else { self.make_sure().map(drop) }
    }

    /// The index that a purge had better walk along: there is one, and few of the rows
    /// of a sample are due.
    fn index_for(&self, sample: &Sampling, now: UnixTime) -> Option<&ExpiryIndex> {
        let is_due = |judged| matches!(judged, RowStatus::Session(expiry) if expiry.is_over(now));
        let even = || sample.rows.iter().filter(|row| row.is_even);
        let judged = even().map(|row| row.judge(&self.reader.profile));
        let due = judged.filter(|judged| is_due(*judged)).count();
        self.index.as_ref().filter(|_| due * FEW < even().count().max(1))
    }
}

/// The same error; if a deletion did not come to its end, with the triggers that it sets off.
fn naming_triggers(error: Error, references: &ReferencingTables) -> Error {
    match error {
        Error::Interrupted { doing, cause, after } if !references.triggers.is_empty() => {
            let (are, names) = match references.triggers.as_slice() {
                [name] => ("trigger ", name.clone()),
                names => ("triggers ", table::list(names)),
            };
            Error::Interrupted { doing: format!("{doing} ({are}{names})"), cause, after }
        }
        error => error,
    }
}

impl<T: Database> SessionStore for Adopted<T> {
    fn profile(&self) -> Option<&Profile> {
        Some(&self.reader.profile)
    }

    fn find(&self, keys: &[Key]) -> Result<Vec<Option<Session>>> {
        list::find(&self.database, &self.reader, keys)
    }

    fn by_tokens(&self, tokens: &[Token]) -> Result<Vec<Vec<Session>>> {
        list::by_tokens(&self.database, &self.reader, tokens)
    }

    /// No time says here which sessions go: it is no matter whether times can be read.
    fn end(&mut self, endings: &[EndRequest]) -> Result<Vec<bool>> {
        self.reader.profile.may_delete()?;
        if !self.is_free.get() {
            self.make_free()?;
        }
        self.deletions()?;
        let Some(deletions) = self.deletions.get() else {
            return Ok(Vec::new());
        };
        let (ended, outcome) = delete::end(&mut self.database, &deletions.of_key, endings);
        self.state.count(&self.reader.profile.task, ended.gone);
        self.kept.add(ended.kept);
        outcome.map_err(|error| naming_triggers(error, &deletions.references)).map(|()| ended.done)
    }

    fn scan(
        &self,
        query: &SessionQuery<'_>,
        visit: &mut dyn FnMut(Session) -> VisitResult,
    ) -> Result<ScanResult> {
        let held = if query.due_only { self.deletions()?.held() } else { Held(&[]) };
        list::scan(&self.database, &self.reader, query, &held, visit)
    }

    fn by_handle(&self, prefix: &str, most: usize) -> Result<Vec<Session>> {
        list::by_handle(&self.database, &self.reader, prefix, most)
    }

    fn tasks(&self, scope: &PolicyContext<'_>) -> Result<Vec<TaskStats>> {
        if !stats::is_in_scope(&self.reader, scope) {
            return Ok(Vec::new());
        }
        let remembered = self.state.tasks(scope)?;
        Ok(vec![stats::task(&self.database, &self.reader, scope, remembered)?])
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
        stats::user_stats(&self.database, &self.reader, scope, by, visit)
    }

    fn validate(&self) -> Result<()> {
        if self.reader.profile.readonly.is_none() {
            return self.make_sure().map(drop);
        }
        let sample = Sampling::of(&self.database, &self.reader)?;
        let misfits = diagnose::check::misfits(&self.database, &self.reader, &sample)?;
        if misfits.is_empty() { Ok(()) } else { Err(Error::Refused(misfits.join("; "))) }
    }

    /// A look with a limit of due rows is one of a purge: the first of a walk makes sure
    /// that rows may be deleted at all, and chooses the way. Others only count.
    fn scan_due(
        &self,
        scope: &PolicyContext<'_>,
        after: Option<&Cursor>,
        reach: ScanLimits,
    ) -> Result<DueScan> {
        if !stats::is_in_scope(&self.reader, scope) {
            return Ok(DueScan { walked: 1.0, ..DueScan::default() });
        }
        let (database, reader) = (&self.database, &self.reader);
        let only_counts = reach.due == usize::MAX;
        let due = if only_counts { reach.due } else { reach.due.min(self.most_at_once()) };
        let reach = ScanLimits { due, ..reach };
        let held = if only_counts { self.deletions()?.held() } else { Held(&[]) };
        if after.is_none() {
            self.end_walks()?;
        }
        let index = match after {
            Some(Cursor::Time(..)) => self.index.as_ref(),
            None if reach.due < usize::MAX => self.index_for(&self.make_sure()?, scope.now),
            _ => None,
        };
        let along = index.map(|index| index.scan(database, reader, scope, after, reach, &held));
        let survey = match along.transpose()?.flatten() {
            Some(survey) => survey,
            None => {
                let spread = diagnose::sample::spread(database, reader)?;
                scan::by_key(database, reader, scope, after, reach, &spread, &held)?
            }
        };
        self.spend(survey.rows)?;
        Ok(survey)
    }

    fn apply_purge(
        &mut self,
        scope: &PolicyContext<'_>,
        due: &DueRange,
        tell: bool,
    ) -> Result<PurgeBatchResult> {
        self.reader.profile.may_delete()?;
        self.make_sure_once()?;
        self.deletions()?;
        let Some(deletions) = self.deletions.get() else {
            return Ok(PurgeBatchResult::default());
        };
        let (database, reader) = (&mut self.database, &self.reader);
        let ((settled, kept), outcome) =
            delete::apply_purge(database, reader, &deletions.as_seen, &due.seen, scope.now, tell);
        self.kept.add(kept);
        self.state.count(&reader.profile.task, [(EndReason::Expired, settled.deleted)]);
        outcome.map_err(|error| naming_triggers(error, &deletions.references)).map(|()| settled)
    }

    fn take_kept(&mut self) -> KeptRows {
        std::mem::take(&mut self.kept)
    }

    fn check_references(&self, keys: &[Key]) -> Result<(Vec<bool>, KeptRows)> {
        self.deletions()?.held().among(&self.database, &self.reader, keys)
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

impl<T: Database> Interruptible for Adopted<T> {
    fn limit_statements(&mut self, limit: Option<StatementLimit>) {
        self.database.limit_statements(limit);
    }
}

/// The application opens and touches the sessions, copies the table, and looks after the
/// free pages of its file.
impl Backend for Adopted<SqliteFile> {
    fn display_name(&self) -> &str {
        self.database.display_name()
    }

    fn wal(&self) -> Option<&dyn Wal> {
        Some(&self.database)
    }
}

impl Backend for Adopted<Rqlite> {
    fn display_name(&self) -> &str {
        self.database.display_name()
    }
}
