//! Reading the rows of a framework's table.

use std::cell::Cell;

use super::column_sql::{display_expression, id_expression, input_expression, user_expression};
use super::row_key::RowKey;
use super::table::{TableKey, TableSchema};
use super::values::{display_text, display_value, id_digest, key_at, with_values};
use crate::domain::error::{Error, Result};
use crate::domain::profile::{
    ColumnSource, Profile, RowStatus, SessionUser, SqlValue, SqlValueRef,
};
use crate::domain::session::{EndReason, Session, SessionKey};
use crate::domain::token::Digest;
use crate::storage::{RowSnapshot, VisitResult};
use crate::store::database::{Database, RowRef};
use crate::store::statement::{Statement, quoted};

/// Digits of a handle, if they are enough to tell sessions apart.
pub(super) const HANDLE_DIGITS: usize = 12;

/// A profile and the table that it describes, as expressions. Conditions have them bare,
/// so that indexes serve, and columns as the database brings them without a loss.
#[derive(Debug)]
pub struct TableReader {
    pub(super) profile: Profile,
    pub(super) table: TableSchema,
    pub(super) key: RowKey,
    /// At the start of a purge whose triggers may insert rows; `None`: all rows are read.
    pub(super) last_row_id: Cell<Option<i64>>,
    /// One expression for each column of the id.
    id: Vec<String>,
    inputs: Vec<String>,
    columns: ColumnList,
    /// Position of the first input in a row of [`snapshot_columns`](Self::snapshot_columns).
    inputs_at: usize,
}

/// Columns of a row in a lossless result.
#[derive(Debug)]
struct ColumnList {
    key: String,
    id: String,
    inputs: String,
    user: String,
    client: String,
    agent: String,
}

impl TableReader {
    /// The columns that a table lacks are NULL, and their user, client, agent and token are
    /// unknown.
    ///
    /// # Errors
    /// [`Error::Refused`] if the profile means a row id that the table does not have.
    pub fn new(database: &impl Database, profile: Profile, table: TableSchema) -> Result<Self> {
        let profile = profile.for_table(&table.columns);
        for name in &profile.id {
            if !table.has(name) && !table.is_row_id(name) {
                return Err(Error::Refused(format!(
                    "profile {} has id = {name:?}, but {} has no row ids: it is WITHOUT ROWID",
                    profile.name, table.name
                )));
            }
        }
        let key = RowKey::of(table.key.columns());
        let id: Vec<String> =
            profile.id.iter().map(|name| id_expression(&key, &quoted(name))).collect();
        let input = |(index, source): (usize, &ColumnSource)| {
            if table.has(&source.column) {
                input_expression(&profile, index, source)
            } else {
                "NULL".to_owned()
            }
        };
        let inputs: Vec<_> = profile.inputs.iter().enumerate().map(input).collect();
        let lossless = |expression: &String| database.lossless(expression);
        let optional = |source: Option<&ColumnSource>| {
            source.map_or_else(|| "NULL".to_owned(), |source| lossless(&display_expression(source)))
        };
        let list = |all: &[String]| all.iter().map(lossless).collect::<Vec<String>>().join(", ");
        let columns = ColumnList {
            key: list(key.columns()),
            id: list(&id),
            inputs: if inputs.is_empty() { "NULL".to_owned() } else { list(&inputs) },
            user: profile
                .user
                .as_ref()
                .map_or_else(|| "NULL".to_owned(), |user| lossless(&user_expression(user))),
            client: optional(profile.client.as_ref()),
            agent: optional(profile.agent.as_ref()),
        };
        let (inputs_at, last_row_id) = (key.width() + id.len(), Cell::new(None));
        Ok(Self { profile, table, key, last_row_id, id, inputs, columns, inputs_at })
    }

    /// The key is the first column of the row.
    pub(super) fn is_inserted_since(&self, row: &dyn RowRef) -> bool {
        self.last_row_id.get().zip(row.integer(0)).is_some_and(|(last, index)| index > last)
    }

    pub(super) fn table(&self) -> String {
        quoted(&self.table.name)
    }

    pub(super) fn input_name(&self, index: usize) -> String {
        self.profile.inputs.get(index).map_or_else(String::new, |source| match &source.path {
            Some(path) => format!("{} {path}", source.column),
            None => source.column.clone(),
        })
    }

    /// Ids and tokens are credentials and are not displayed.
    pub(super) fn display_value(&self, index: usize, value: &SqlValue) -> String {
        let Profile { id, tokens, inputs, .. } = &self.profile;
        let is_secret = |source: &ColumnSource| {
            let mut secrets = id.iter().chain(tokens.iter().map(|token| &token.column));
            secrets.any(|column| column.eq_ignore_ascii_case(&source.column))
        };
        if inputs.get(index).is_some_and(is_secret) {
            return "(an id, not shown)".to_owned();
        }
        display_value(value)
    }

    /// Expressions of the inputs outside of a lossless result.
    pub(super) fn input_expressions(&self) -> &[String] {
        &self.inputs
    }

    /// Columns that [`judge_at`](Self::judge_at) reads.
    pub(in crate::store) fn inputs(&self) -> &str {
        &self.columns.inputs
    }

    pub(super) fn id(&self) -> &str {
        &self.columns.id
    }

    /// Expressions of the id outside of a lossless result.
    pub(super) fn id_expressions(&self) -> &[String] {
        &self.id
    }

    /// Columns of the key in a lossless result.
    pub(super) fn key_columns(&self) -> &str {
        &self.columns.key
    }

    /// Position of the columns that follow the key in a row.
    pub(in crate::store) fn after_key(&self) -> usize {
        self.key.width()
    }

    /// Position of the inputs in a row of [`snapshot_columns`](Self::snapshot_columns).
    pub(super) fn inputs_at(&self) -> usize {
        self.inputs_at
    }

    /// Number of columns of the id.
    pub(super) fn id_width(&self) -> usize {
        self.id.len()
    }

    /// Number of parameters of a statement that compares a row with its snapshot.
    pub(super) fn snapshot_width(&self) -> usize {
        self.inputs_at + self.inputs.len()
    }

    pub(super) fn snapshot_columns(&self) -> String {
        format!("{}, {}, {}", self.key_columns(), self.id(), self.inputs())
    }

    pub fn session_columns(&self) -> String {
        let ColumnList { client, agent, .. } = &self.columns;
        format!("{}, {client}, {agent}", self.owned_columns())
    }

    /// Evaluates a row whose inputs start at a column.
    pub(in crate::store) fn judge_at(&self, row: &dyn RowRef, at: usize) -> RowStatus {
        self.with_inputs(row, at, |inputs| self.profile.judge(inputs))
    }

    /// Evaluates a row of [`snapshot_columns`](Self::snapshot_columns).
    pub(super) fn judge(&self, row: &dyn RowRef) -> RowStatus {
        self.judge_at(row, self.inputs_at)
    }

    /// Passes the inputs of a row, which start at a column, without copying them.
    pub(super) fn with_inputs<T>(
        &self,
        row: &dyn RowRef,
        at: usize,
        look: impl FnOnce(&[SqlValueRef<'_>]) -> T,
    ) -> T {
        with_values(row, at, self.inputs.len(), look)
    }

    /// Key of a row; `None` for a row id that is not an integer, which does not occur.
    pub(super) fn key_of(&self, row: &dyn RowRef) -> Option<SessionKey> {
        Some(match self.table.key {
            TableKey::PrimaryKey(_) => key_at(row, 0, self.after_key()),
            TableKey::RowId(_) => {
                SessionKey::Row(row.integer(0)?, Box::new(key_at(row, 1, self.id.len())))
            }
        })
    }

    /// Hash of the id of a row, which starts at a column.
    pub(super) fn id_digest_at(&self, row: &dyn RowRef, at: usize) -> Digest {
        with_values(row, at, self.id.len(), id_digest)
    }

    /// Row as it was seen, with the reason why it is due: its id and its inputs. `None` as for
    /// [`key_of`](Self::key_of).
    pub(super) fn snapshot(&self, row: &dyn RowRef, reason: EndReason) -> Option<RowSnapshot> {
        let value = |index| row.value(index).to_value();
        let values = (self.after_key()..self.snapshot_width()).map(value).collect();
        Some(RowSnapshot { key: self.row_key(row)?, values, reason })
    }

    /// Key of a row by which it is deleted, without its id. `None` as for
    /// [`key_of`](Self::key_of).
    pub(super) fn row_key(&self, row: &dyn RowRef) -> Option<SessionKey> {
        match self.table.key {
            TableKey::PrimaryKey(_) => self.key_of(row),
            TableKey::RowId(_) => row.integer(0).map(SessionKey::Integer),
        }
    }

    /// Reads a row of [`session_columns`](Self::session_columns); `None` if it is not a session.
    pub(super) fn session(&self, row: &dyn RowRef) -> Option<Session> {
        let RowStatus::Session(expiry) = self.judge(row) else {
            return None;
        };
        let profile = &self.profile;
        let time =
            |time| self.with_inputs(row, self.inputs_at, |inputs| profile.time(time, inputs));
        let last = self.user_at();
        let owner = profile.owner(row.value(last));
        Some(Session {
            key: self.key_of(row)?,
            handle: self.id_digest_at(row, self.after_key()).handle(),
            user_name: None,
            is_user_unreadable: owner == SessionUser::Unreadable,
            user: owner.user(),
            task: profile.task.clone(),
            client: display_text(row.value(last + 1)),
            agent: display_text(row.value(last + 2)),
            created_at: time(profile.created),
            last_used_at: time(profile.used),
            idle_timeout: None,
            marked_at: None,
            end: None,
            expiry: Some(expiry),
            stricter: profile.stricter,
            exceeds_user_limit: false,
        })
    }

    /// A statement that reads this of all rows. What matters to the last bit is written
    /// as the methods above have it.
    pub fn select(&self, what: &str) -> Statement {
        self.lossless_statement(&format!("SELECT {what} FROM {}", self.table()))
    }

    #[expect(clippy::unused_self, reason = "its columns are those of a reader")]
    pub(super) fn lossless_statement(&self, sql: &str) -> Statement {
        Statement { is_lossless: true, ..Statement::new(sql) }
    }

    /// Visits all rows of the table, with the key and these columns: in storage order,
    /// possibly from a covering index, or in pages in key order.
    pub(in crate::store) fn for_each_row(
        &self,
        database: &impl Database,
        what: &str,
        visit: &mut dyn FnMut(&dyn RowRef) -> VisitResult,
    ) -> Result<()> {
        let mut page = |last: Option<&dyn RowRef>| {
            let mut sql = self.select(&format!("{}, {what}", self.key_columns()));
            if database.is_remote() {
                self.order_by_key(sql.push(" WHERE TRUE"), last, false);
            }
            sql
        };
        database.query_pages(&mut page, visit)
    }

    /// Appends key order, starting after the last row, which begins with its key.
    pub(super) fn order_by_key(
        &self,
        sql: &mut Statement,
        last: Option<&dyn RowRef>,
        reverse: bool,
    ) {
        let (beyond, direction) = if reverse { ("<", "DESC") } else { (">", "ASC") };
        if let Some(last) = last {
            self.key.push_compared_with_row(sql.push(" AND "), beyond, last);
        }
        sql.push(&format!(" ORDER BY {}", self.key.order(direction)));
    }

    pub(super) fn owner_at(&self, row: &dyn RowRef, index: usize) -> SessionUser {
        self.profile.owner(row.value(index))
    }

    pub(super) fn user(&self) -> &str {
        &self.columns.user
    }

    pub(super) fn client(&self) -> &str {
        &self.columns.client
    }

    pub(super) fn agent(&self) -> &str {
        &self.columns.agent
    }

    pub(super) fn min_and_max(&self, database: &impl Database, column: &str) -> Statement {
        // A single query for both would scan the whole table.
        let end =
            |which| database.lossless(&format!("(SELECT {which}({column}) FROM {})", self.table()));
        self.lossless_statement(&format!("SELECT {}, {}", end("min"), end("max")))
    }

    pub(super) fn count(&self, database: &impl Database) -> Result<u64> {
        Ok(database.query_first(&self.select("count(*)"), |row| row.count(0))?.unwrap_or(0))
    }
}
