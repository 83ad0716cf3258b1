//! Statements that copy rows of a framework's table into memory, and back.

use super::reader::TableReader;
use super::table::TableKey;
use crate::domain::error::Result;
use crate::store::database::Database;
use crate::store::statement::{Statement, quoted};

/// Statements of a copy.
#[derive(Debug)]
pub(super) struct CopyPlan {
    pub(super) create: String,
    /// Copies the row with the key `?1`, or `?1`, `?2`, ….
    pub(super) copy: String,
    pub(super) fill: String,
    pub(super) count_equal: String,
    pub(super) sequence: Option<String>,
}

impl CopyPlan {
    pub(super) fn of(database: &impl Database, reader: &TableReader) -> Result<Self> {
        let stored = stored_columns(database, reader)?;
        let table = format!("main.{}", reader.table());
        let keys = reader.key.columns();
        let is_row_id = matches!(reader.table.key, TableKey::RowId(_));
        let columns: Vec<(String, String)> =
            stored.iter().enumerate().map(|(n, name)| (quoted(name), format!("c{n}"))).collect();
        let of = |write: &dyn Fn(&(String, String)) -> String| -> String {
            columns.iter().map(write).collect()
        };
        let (mut names, mut copies): (Vec<String>, Vec<String>) = columns.iter().cloned().unzip();
        // A column may be the row id by another name.
        let row_id = keys.first().filter(|_| is_row_id);
        if let Some(key) =
            row_id.filter(|key| !names.iter().any(|name| name.eq_ignore_ascii_case(key)))
        {
            names.push(key.clone());
            copies.push("place".to_owned());
        }
        let (names, copies) = (names.join(", "), copies.join(", "));
        let place = row_id.map_or("NULL", String::as_str);
        let all = of(&|(name, _)| format!(", {name}"));
        let is_same_row = same_row(row_id, keys, &columns);
        let equal = of(&|(name, copy)| {
            format!(
                " AND typeof(t.{name}) = typeof(c.{copy}) AND t.{name} COLLATE BINARY IS c.{copy}"
            )
        });
        Ok(Self {
            create: format!(
                "CREATE TEMP TABLE {COPY} (place INTEGER PRIMARY KEY{})",
                of(&|(_, copy)| format!(", {copy}"))
            ),
            copy: format!(
                "INSERT INTO temp.{COPY} SELECT {place}{all} FROM {table} WHERE {}",
                reader.key.is_bound()
            ),
            fill: format!(
                "INSERT OR ROLLBACK INTO {table} ({names}) \
                 SELECT {copies} FROM temp.{COPY} ORDER BY place"
            ),
            count_equal: format!(
                "SELECT count(*) FROM temp.{COPY} AS c CROSS JOIN {table} AS t \
                 WHERE {is_same_row}{equal}"
            ),
            sequence: has_sequence(database)?.then(|| SEQUENCE.to_owned()),
        })
    }
}

const COPY: &str = "\"sessctl copy\"";
const SEQUENCE: &str =
    "SELECT group_concat(rowid || quote(name) || quote(seq)) FROM main.sqlite_sequence";

/// Condition that a row `t` of the table and a row `c` of the copy have the same key.
fn same_row(row_id: Option<&String>, keys: &[String], columns: &[(String, String)]) -> String {
    if let Some(key) = row_id {
        return format!("t.{key} = c.place");
    }
    let own = columns.iter().filter(|(name, _)| keys.contains(name));
    let pairs = own.map(|(name, copy)| format!("t.{name} = c.{copy}"));
    pairs.collect::<Vec<_>>().join(" AND ")
}

fn has_sequence(database: &impl Database) -> Result<bool> {
    let sql = "SELECT 1 FROM main.sqlite_schema WHERE name = 'sqlite_sequence'";
    Ok(database.query_first(&Statement::new(sql), |_| ())?.is_some())
}

/// Columns that are not computed.
fn stored_columns(database: &impl Database, reader: &TableReader) -> Result<Vec<String>> {
    let sql = "SELECT name FROM pragma_table_xinfo(?1) WHERE hidden = 0 ORDER BY cid";
    let sql = Statement::new(sql).with(reader.table.name.as_str());
    database.query_all(&sql, |row| row.text(0).unwrap_or_default())
}
