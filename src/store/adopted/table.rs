//! Schema of a table.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::row_key::RowKey;
use crate::domain::error::{Error, ForeignContent, NextStep, Result};
use crate::domain::profile::table_name::{name_distance, session_likeness};
use crate::domain::session::SessionKey;
use crate::store::database::Database;
use crate::store::statement::{Statement, quoted};

/// SQLite's names of the row id, unless a column has the same name.
const ROW_ID_NAMES: [&str; 3] = ["rowid", "_rowid_", "oid"];

#[derive(Debug, Clone)]
pub struct TableSchema {
    /// Name as spelled in the schema.
    pub(super) name: String,
    /// Columns, including computed and hidden ones.
    pub(super) columns: Vec<String>,
    pub(super) key: TableKey,
    /// Columns of its primary key, in its order.
    primary: Vec<String>,
    pub(super) indexes: Vec<Index>,
}

/// Unique key and storage order of the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TableKey {
    /// Row id, by a name that no column has.
    RowId(String),
    PrimaryKey(Vec<String>),
}

impl TableKey {
    pub(super) fn columns(&self) -> &[String] {
        match self {
            Self::RowId(name) => std::slice::from_ref(name),
            Self::PrimaryKey(names) => names,
        }
    }
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
        let primary = primary_key(&columns);
        let key = if kind.has_row_ids {
            row_id(&name, &columns)?
        } else {
            must_be_in_order(database, &name, &primary)?;
            TableKey::PrimaryKey(primary.clone())
        };
        let columns = columns.into_iter().map(|column| column.name).collect();
        Ok(Self { name, columns, key, primary, indexes })
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

    /// Reports whether a name means the row id of this table.
    pub(super) fn is_row_id(&self, name: &str) -> bool {
        let is_name = |known: &&str| known.eq_ignore_ascii_case(name);
        let has_row_ids = matches!(self.key, TableKey::RowId(_));
        has_row_ids && ROW_ID_NAMES.iter().any(is_name) && !self.has(name)
    }

    /// Reports whether no two rows have the same values in all of these columns, unless one is
    /// NULL.
    pub(super) fn are_unique(&self, columns: &[String]) -> bool {
        let is_among = |name: &String| columns.iter().any(|known| known.eq_ignore_ascii_case(name));
        let is_unique = |index: &Index| {
            index.is_unique && index.columns.iter().all(|name| name.as_ref().is_some_and(is_among))
        };
        (!self.primary.is_empty() && self.primary.iter().all(is_among))
            || self.indexes.iter().any(is_unique)
            || columns.iter().any(|name| self.is_row_id(name))
    }

    /// Reports whether rows can be found by a column without a full scan.
    pub(super) fn is_indexed(&self, column: &str) -> bool {
        let is_it = |name: &String| name.eq_ignore_ascii_case(column);
        let is_key = matches!(&self.key, TableKey::RowId(key) if is_it(key));
        let is_first = |index: &Index| index.begins_with(column);
        is_key || self.primary.first().is_some_and(is_it) || self.indexes.iter().any(is_first)
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
    Ok(Error::ForeignDatabase { at: database.display_name().to_owned(), found, content })
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

fn primary_key(columns: &[TableColumn]) -> Vec<String> {
    let mut primary: Vec<&TableColumn> =
        columns.iter().filter(|column| column.key_position > 0).collect();
    primary.sort_by_key(|column| column.key_position);
    primary.into_iter().map(|column| column.name.clone()).collect()
}

fn row_id(table: &str, columns: &[TableColumn]) -> Result<TableKey> {
    let has = |name: &str| columns.iter().any(|column| column.is(name));
    let primary: Vec<&TableColumn> =
        columns.iter().filter(|column| column.key_position > 0).collect();
    let free = ROW_ID_NAMES.into_iter().find(|name| !has(name)).map(str::to_owned);
    let database = free.or_else(|| match primary[..] {
        [only] if only.is_declared_integer => Some(only.name.clone()),
        _ => None,
    });
    database.map(TableKey::RowId).ok_or_else(|| {
        let hidden = format!("{table} has columns rowid, _rowid_ and oid, so its row ids");
        Error::Refused(format!("{hidden} have no usable name"))
    })
}

/// Refuses a primary key of several columns whose rows are not stored in the order of the columns:
/// one of them sorts in another direction, or by a collation that is not the column's.
fn must_be_in_order(database: &impl Database, table: &str, primary: &[String]) -> Result<()> {
    if primary.len() < 2 {
        return Ok(());
    }
    let key = RowKey::of(primary);
    let mut scan = Statement::new(&format!("SELECT * FROM {} WHERE ", quoted(table)));
    key.push_compared(&mut scan, ">", &SessionKey::Columns(vec![SessionKey::Null; primary.len()]));
    scan.push(&format!(" ORDER BY {}", key.order("ASC")));
    let steps = match query_plan(database, &scan) {
        Err(Error::Failed { source, .. }) => {
            return Err(Error::Refused(format!("SQLite cannot scan {table}: {source}")));
        }
        steps => steps?,
    };
    let is_sorted = steps.iter().any(|step| step.contains("TEMP B-TREE"));
    if !is_sorted && steps.iter().any(|step| step.contains("PRIMARY KEY")) {
        return Ok(());
    }
    Err(Error::Refused(format!(
        "{table} is WITHOUT ROWID, and its primary key {} sorts some columns in another direction \
         or by another collation than the rest: its rows cannot be scanned in order",
        join_names(primary)
    )))
}

pub fn query_plan(database: &impl Database, statement: &Statement) -> Result<Vec<String>> {
    let mut explained = Statement::new("EXPLAIN QUERY PLAN ");
    explained.push(&statement.sql).values.clone_from(&statement.values);
    database.query_all(&explained, |row| row.text(3).unwrap_or_default())
}
