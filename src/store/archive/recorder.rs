//! Recording the rows of a transaction, and saving them before it commits.

use std::sync::{Arc, Mutex, PoisonError};

use super::children::ChildTable;
use super::table::StoredTable;
use super::triggers::{self, RecordedChange};
use crate::domain::error::{Error, Result};
use crate::domain::profile::SqlValue;
use crate::storage::{Archive, ArchivedRow, ArchivedSession, NamedValue};
use crate::store::database::{CommitHook, Database, RowRef};
use crate::store::statement::Statement;

/// Reads the handle and the user of a session from the values of
/// [`expressions`](SessionNaming::expressions), which start at a column.
type ReadNames = Box<dyn Fn(&dyn RowRef, usize) -> (String, Option<String>) + Send>;

/// Names of sessions, for people.
pub(in crate::store) struct SessionNaming {
    pub(in crate::store) table: String,
    /// Column that is set at the end of a session whose row stays, and its condition.
    pub(in crate::store) end: Option<(Vec<String>, &'static str)>,
    pub(in crate::store) expressions: Vec<String>,
    /// Column with the reason of the end.
    pub(in crate::store) reason: Option<&'static str>,
    pub(in crate::store) read: ReadNames,
}

/// Records the rows of sessions, and of the tables that refer to them, in an archive.
///
/// # Errors
/// [`Error::Refused`] if the database or the table does not support it.
pub(in crate::store) fn record_to(
    database: &mut impl Database,
    naming: SessionNaming,
    children: Vec<ChildTable>,
    archive: Box<dyn Archive>,
) -> Result<()> {
    let sessions = StoredTable::read(database, &naming.table)?;
    let mut changes = vec![RecordedChange {
        table: sessions.clone(),
        changed: Vec::new(),
        when: None,
        naming: naming.expressions.clone(),
    }];
    changes.extend(naming.end.clone().map(|(changed, when)| RecordedChange {
        table: sessions,
        changed,
        when: Some(when),
        naming: naming.expressions.clone(),
    }));
    for ChildTable { name, changed } in children {
        let table = StoredTable::read(database, &name)?;
        changes.push(RecordedChange { table, changed, when: None, naming: Vec::new() });
    }
    let transaction = Arc::new(Mutex::new(RecordedRows::default()));
    let naming = Arc::new(Mutex::new(naming));
    let mut statements = triggers::drop_all(database)?;
    for (index, change) in changes.iter().enumerate() {
        define_function(database, index, change, &transaction, &naming)?;
        statements.push(Statement::new(&change.create_sql(index)));
    }
    database.execute_batch(&statements)?;
    database.set_commit_hook(Some(Box::new(Recorder { transaction, archive })));
    Ok(())
}

/// Stops recording.
pub(in crate::store) fn stop_recording(database: &mut impl Database) -> Result<()> {
    database.set_commit_hook(None);
    let statements = triggers::drop_all(database)?;
    if statements.is_empty() { Ok(()) } else { database.execute_batch(&statements).map(drop) }
}

fn define_function(
    database: &impl Database,
    index: usize,
    change: &RecordedChange,
    transaction: &Arc<Mutex<RecordedRows>>,
    naming: &Arc<Mutex<SessionNaming>>,
) -> Result<()> {
    let (recorded, transaction, naming) = (change.clone(), transaction.clone(), naming.clone());
    let record = move |row: &dyn RowRef| {
        let archived = recorded.row(row);
        let mut rows = lock(&transaction);
        if recorded.naming.is_empty() {
            rows.children.push(archived);
        } else {
            let naming = lock(&naming);
            let at = recorded.argument_count() - recorded.naming.len();
            let (handle, user) = (naming.read)(row, at);
            let reason = naming.reason.and_then(|column| reason(&archived, column));
            rows.add_session(ArchivedSession {
                handle,
                user,
                reason,
                row: archived,
                children: Vec::new(),
            });
        }
        true
    };
    let (function, count) = (RecordedChange::function(index), change.argument_count());
    if database.define_predicate(&function, count, Box::new(record))? {
        return Ok(());
    }
    Err(Error::Refused(format!(
        "the rows of {} in \"{}\" cannot be archived: it has {} columns, and at most 90 are \
         supported, in an SQLite file",
        change.table.name,
        database.display_name(),
        change.table.columns.len()
    )))
}

impl RecordedChange {
    fn row(&self, row: &dyn RowRef) -> ArchivedRow {
        let named = |names: &[String], at: usize| -> Vec<NamedValue> {
            let value =
                |(index, name): (usize, &String)| (name.clone(), row.value(at + index).to_value());
            names.iter().enumerate().map(value).collect()
        };
        let columns = named(&self.table.columns, 1);
        let changed = named(&self.changed, 1 + self.table.columns.len());
        ArchivedRow {
            table: self.table.name.clone(),
            key: self.table.primary.clone(),
            row_id: row.integer(0),
            columns,
            changed,
        }
    }
}

/// Reason that the row has after the end, or had before.
fn reason(row: &ArchivedRow, column: &str) -> Option<String> {
    let mut values = row.changed.iter().chain(&row.columns);
    values.find_map(|(name, value)| match value {
        SqlValue::Text(bytes) if name == column => {
            Some(String::from_utf8_lossy(bytes).into_owned())
        }
        _ => None,
    })
}

/// Rows of the current transaction.
#[derive(Default)]
struct RecordedRows {
    sessions: Vec<ArchivedSession>,
    /// Rows that went since the last session: SQLite runs the triggers of those that refer to a
    /// row before its own.
    children: Vec<ArchivedRow>,
}

impl RecordedRows {
    fn add_session(&mut self, session: ArchivedSession) {
        let children = self.children.drain(..).rev().collect();
        self.sessions.push(ArchivedSession { children, ..session });
    }
}

struct Recorder {
    transaction: Arc<Mutex<RecordedRows>>,
    archive: Box<dyn Archive>,
}

impl CommitHook for Recorder {
    fn begin(&mut self) {
        *lock(&self.transaction) = RecordedRows::default();
    }

    fn before_commit(&mut self) -> Result<()> {
        let RecordedRows { sessions, .. } = std::mem::take(&mut *lock(&self.transaction));
        if sessions.is_empty() { Ok(()) } else { self.archive.save(&sessions) }
    }
}

fn lock<T>(shared: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
