//! Schema of a table.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::domain::error::{Error, ForeignContent, NextStep, Result};
use crate::domain::profile::table_name::{name_distance, session_likeness};
use crate::store::database::Database;
use crate::store::migrations;
use crate::store::statement::Statement;

/// SQLite's names of the row id, unless a column has the same name.
const ROW_ID_NAMES: [&str; 3] = ["rowid", "_rowid_", "oid"];

#[derive(Debug, Clone)]
pub struct TableSchema {
    /// Name as spelled in the schema.
    pub(super) name: String,
    /// Columns, including computed and hidden ones.
    pub(super) columns: Vec<String>,
    pub(super) key: KeyColumn,
    /// The first column of its primary key.
    primary: Option<String>,
    has_single_key_column: bool,
    pub(super) indexes: Vec<Index>,
}

/// Unique key and storage order of the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum KeyColumn {
    /// Row id, by a name that no column has.
    RowId(String),
    PrimaryKey(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Index {
    pub(super) name: String,
    /// Columns; `None` for an expression.
    pub(super) columns: Vec<Option<String>>,
    /// Contains every row, in ascending binary order.
    pub(super) is_plain: bool,
    /// Contains every row, and no two rows are equal in it.
    is_unique: bool,
    collation: String,
}

/// The collations that SQLite itself has. Under each of them a text is equal to itself.
const COLLATIONS: [&str; 3] = ["BINARY", "NOCASE", "RTRIM"];

impl TableSchema {
    /// [`Error::ForeignDatabase`] if there is no such table, and [`Error::Refused`] if its rows
    /// cannot be told apart.
    pub fn read(database: &impl Database, name: &str) -> Result<Self> {
        let Some(kind) = table_entry(database, name)? else {
            return Err(missing_table(database, name)?);
        };
        let name = kind.name;
        if kind.is != "table" {
            let is = if kind.is == "view" { "a view" } else { "a virtual table" };
            return Err(Error::Refused(format!("{name} is {is}, not an ordinary table")));
        }
        let indexes = indexes(database, &name)?;
        let columns = columns_of(database, &name)?;
        let key = key_column(&name, kind.has_row_ids, &columns)?;
        let key_position = columns.iter().filter(|column| column.key_position == 1);
        let primary = key_position.map(|column| column.name.clone()).next();
        let has_single_key_column = columns.iter().all(|column| column.key_position < 2);
        let columns = columns.into_iter().map(|column| column.name).collect();
        Ok(Self { name, columns, key, primary, has_single_key_column, indexes })
    }

    pub(super) fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|known| known.eq_ignore_ascii_case(column))
    }

    /// Finds an index over this column alone that contains every row.
    pub(super) fn index_over(&self, column: &str) -> Option<&Index> {
        let is_over = |index: &&Index| {
            index.is_plain && index.columns.len() == 1 && index.begins_with(column)
        };
        self.indexes.iter().find(is_over)
    }

    pub(super) fn is_unique_column(&self, column: &str) -> bool {
        let is_primary = self.primary.iter().any(|name| name.eq_ignore_ascii_case(column));
        let is_over = |index: &Index| index.columns.len() == 1 && index.begins_with(column);
        (is_primary && self.has_single_key_column)
            || self.indexes.iter().any(|index| index.is_unique && is_over(index))
    }

    /// Reports whether rows can be found by a column without a full scan.
    pub(super) fn is_indexed(&self, column: &str) -> bool {
        let (KeyColumn::RowId(key) | KeyColumn::PrimaryKey(key)) = &self.key;
        let is_primary = self.primary.iter().any(|name| name.eq_ignore_ascii_case(column));
        let is_first = |index: &Index| index.begins_with(column);
        is_primary || key.eq_ignore_ascii_case(column) || self.indexes.iter().any(is_first)
    }

    /// One of SQLite's own, in which rows can be found by this column without a full scan.
    pub(super) fn index_collation(&self, column: &str) -> Option<&'static str> {
        let indexes = || self.indexes.iter().filter(|index| index.begins_with(column));
        let is_one_of = |collation: &&str| {
            indexes().any(|index| index.collation.eq_ignore_ascii_case(collation))
        };
        // A column that is the row id has no index of its own.
        let as_place =
            self.is_indexed(column).then_some("BINARY").filter(|_| indexes().count() == 0);
        COLLATIONS.into_iter().find(is_one_of).or(as_place)
    }
}

impl Index {
    fn begins_with(&self, column: &str) -> bool {
        let first = self.columns.first().and_then(Option::as_ref);
        first.is_some_and(|name| name.eq_ignore_ascii_case(column))
    }
}

struct TableEntry {
    name: String,
    /// `table`, `view`, `virtual`, `shadow`.
    is: String,
    has_row_ids: bool,
}

/// Reads the entry of one table; reading all of them takes long in a large schema.
fn table_entry(database: &impl Database, name: &str) -> Result<Option<TableEntry>> {
    let sql = "SELECT name, type, wr FROM pragma_table_list(?1) WHERE schema = 'main'";
    database.query_first(&Statement::new(sql).with(name), |row| TableEntry {
        name: row.text(0).unwrap_or_default(),
        is: row.text(1).unwrap_or_default(),
        has_row_ids: row.count(2) == 0,
    })
}

/// The tables and views of the application.
const OWN_TABLES: &str = "schema = 'main' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'";

fn missing_table(database: &impl Database, name: &str) -> Result<Error> {
    let at = database.display_name().to_owned();
    if migrations::is_sessctl_database(database)? {
        let found = format!("it has no table {name}, but those of sessctl itself");
        return Ok(Error::ForeignDatabase { at, found, content: ForeignContent::Other });
    }
    let mut names: Vec<String> = {
        let sql = format!("SELECT name FROM pragma_table_list WHERE {OWN_TABLES} ORDER BY name");
        database.query_all(&Statement::new(&sql), |row| row.text(0).unwrap_or_default())?
    };
    let rank = |known: &String| {
        if is_similar(name, known) { name_distance(name, known) } else { usize::MAX }
    };
    names.sort_by_key(rank);
    let nearest = names.first().filter(|known| is_similar(name, known));
    let next = nearest
        .map_or_else(|| likeliest_table(database), |near| Ok(NextStep::Table(near.clone())))?;
    let found = if names.is_empty() {
        format!("it has no table {name}, and no other table either")
    } else {
        format!("it has no table {name}; it has {}", join_names(&names))
    };
    let content = ForeignContent::NoSuchTable(next);
    Ok(Error::ForeignDatabase { at, found, content })
}

/// Reports whether one name may be meant by the other: a third of the letters may differ.
fn is_similar(name: &str, known: &str) -> bool {
    name_distance(name, known) * 3 <= name.len()
}

fn likeliest_table(database: &impl Database) -> Result<NextStep> {
    let tables = columns_of_tables(database)?;
    let likeness = |(name, columns): &(&String, &Vec<String>)| session_likeness(name, columns);
    let likeliest = tables.iter().max_by_key(likeness).filter(|found| likeness(found) > 0);
    Ok(NextStep::Draft(likeliest.map(|(name, _)| name.clone())))
}

/// The columns of all ordinary tables, by the names of the tables.
pub(super) fn columns_of_tables(database: &impl Database) -> Result<BTreeMap<String, Vec<String>>> {
    let sql = "SELECT s.name, c.name FROM sqlite_schema AS s, pragma_table_xinfo(s.name) AS c \
               WHERE s.type = 'table' AND s.name NOT LIKE 'sqlite!_%' ESCAPE '!' \
               AND s.sql NOT LIKE 'CREATE VIRTUAL %' ORDER BY s.name, c.cid";
    let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
    database.query(&Statement::new(sql), &mut |row| {
        let columns = tables.entry(row.text(0).unwrap_or_default()).or_default();
        columns.extend(row.text(1));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(tables)
}

/// Columns with their declared types.
pub(super) fn declared_types(
    database: &impl Database,
    table: &str,
) -> Result<Vec<(String, String)>> {
    let sql = "SELECT name, type FROM pragma_table_xinfo(?1)";
    database.query_all(&Statement::new(sql).with(table), |row| {
        (row.text(0).unwrap_or_default(), row.text(1).unwrap_or_default())
    })
}

const MAX_NAMES: usize = 12;

pub(super) fn join_names<T: AsRef<str>>(names: &[T]) -> String {
    let some: Vec<&str> = names.iter().take(MAX_NAMES).map(AsRef::as_ref).collect();
    let more = names.len().saturating_sub(MAX_NAMES);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{rest}", some.join(", "))
}

#[derive(Debug, Clone)]
pub(super) struct TableColumn {
    pub(super) name: String,
    is_declared_integer: bool,
    is_not_null: bool,
    pub(super) default: Option<String>,
    /// Position in the primary key, from 1; 0: not part of it.
    pub(super) key_position: u64,
}

impl TableColumn {
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    pub(super) fn may_be_null(&self) -> bool {
        let is_row_id = self.key_position > 0 && self.is_declared_integer;
        !self.is_not_null && !is_row_id
    }
}

/// Returns the columns of a table; empty if there is no such table.
pub(super) fn columns_of(database: &impl Database, table: &str) -> Result<Vec<TableColumn>> {
    let sql = "SELECT name, type, pk, \"notnull\", dflt_value FROM pragma_table_xinfo(?1) \
               ORDER BY cid";
    database.query_all(&Statement::new(sql).with(table), |row| TableColumn {
        name: row.text(0).unwrap_or_default(),
        is_declared_integer: row.text(1).is_some_and(|kind| kind.eq_ignore_ascii_case("integer")),
        is_not_null: row.count(3) != 0,
        default: row.text(4),
        key_position: row.count(2),
    })
}

fn indexes(database: &impl Database, table: &str) -> Result<Vec<Index>> {
    let sql = "SELECT name, partial, \"unique\" FROM pragma_index_list(?1) ORDER BY seq";
    let names = database.query_all(&Statement::new(sql).with(table), |row| {
        let (is_partial, is_unique) = (row.count(1) != 0, row.count(2) != 0);
        (row.text(0).unwrap_or_default(), is_partial, is_unique && !is_partial)
    })?;
    let index = |(name, is_partial, is_unique)| index(database, name, is_partial, is_unique);
    names.into_iter().map(index).collect()
}

fn index(
    database: &impl Database,
    name: String,
    is_partial: bool,
    is_unique: bool,
) -> Result<Index> {
    let sql = "SELECT name, desc, coll FROM pragma_index_xinfo(?1) WHERE key ORDER BY seqno";
    let (mut is_plain, mut collation) = (!is_partial, None);
    let columns = database.query_all(&Statement::new(sql).with(name.as_str()), |row| {
        collation = collation.take().or_else(|| row.text(2));
        is_plain &= row.count(1) == 0 && row.bytes(2).eq_ignore_ascii_case(b"binary");
        row.text(0)
    })?;
    Ok(Index { name, columns, is_plain, is_unique, collation: collation.unwrap_or_default() })
}

fn key_column(table: &str, has_row_ids: bool, columns: &[TableColumn]) -> Result<KeyColumn> {
    let primary: Vec<&TableColumn> =
        columns.iter().filter(|column| column.key_position > 0).collect();
    let has = |name: &str| columns.iter().any(|column| column.is(name));
    if has_row_ids {
        let free = ROW_ID_NAMES.into_iter().find(|name| !has(name)).map(str::to_owned);
        let database = free.or_else(|| match primary[..] {
            [only] if only.is_declared_integer => Some(only.name.clone()),
            _ => None,
        });
        return database.map(KeyColumn::RowId).ok_or_else(|| {
            let hidden = format!("{table} has columns rowid, _rowid_ and oid, so its row ids");
            Error::Refused(format!("{hidden} have no usable name"))
        });
    }
    match primary[..] {
        [only] => Ok(KeyColumn::PrimaryKey(only.name.clone())),
        _ => {
            let names: Vec<&str> = primary.iter().map(|column| column.name.as_str()).collect();
            Err(Error::Refused(format!(
                "{table} has a primary key of several columns, {}, and no row ids (it is WITHOUT \
                 ROWID): sessctl scans tables by a key of one column",
                join_names(&names)
            )))
        }
    }
}

pub fn query_plan(database: &impl Database, statement: &Statement) -> Result<Vec<String>> {
    let mut explained = Statement::new("EXPLAIN QUERY PLAN ");
    explained.push(&statement.sql).values.clone_from(&statement.values);
    database.query_all(&explained, |row| row.text(3).unwrap_or_default())
}
