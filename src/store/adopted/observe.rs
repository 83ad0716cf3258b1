//! Sample of the values of an unknown table, for the draft of a profile.

use std::collections::{BTreeMap, HashSet};

use super::key_distribution::KeyDistribution;
use super::observe_schema::{TableOverview, all_tables, schema};
use super::open::open_file;
use super::table::TableSchema;
use crate::domain::error::Result;
use crate::domain::profile::draft::{ObservedTable, ObservedValues};
use crate::domain::profile::{ColumnSource, SqlValue};
use crate::store::database::rqlite::Rqlite;
use crate::store::database::sqlite::Access;
use crate::store::database::{Database, RowRef};
use crate::store::location::Location;
use crate::store::statement::{Parameters, Statement, quoted};

/// Rows of a table that is read as a whole.
const SMALL_TABLE_ROWS: usize = 1_000;
/// Rows at each end of a larger table, and rows in between.
const END_ROWS: usize = 200;
const SAMPLE_POINTS: u32 = 400;
/// Rows at each end of an index, and number of indexes.
const INDEX_ROWS: usize = 25;
const MAX_INDEXES: usize = 6;

/// Maximum size of a text; a longer one becomes bytes. Of bytes, the first are enough.
const MAX_TEXT_BYTES: u32 = 16 << 10;
const MAX_BLOB_BYTES: u32 = 32;

/// Number of values in one JSON text, and of paths in one column.
const MAX_JSON_VALUES: usize = 100;
const MAX_PATHS: usize = 60;
const MAX_STEP: usize = 40;

/// Lists the ordinary tables of a database with their columns.
pub fn table_overview(at: impl Into<Location>) -> Result<Vec<TableOverview>> {
    match at.into() {
        Location::File(path) => all_tables(&open_file(&path, Access::Read)?),
        Location::Cluster(cluster) => all_tables(&Rqlite::new(&cluster, Access::Read)),
    }
}

/// Reads the schema of a table and a sample of its values. Changes nothing.
///
/// # Errors
/// [`Error::ForeignDatabase`](crate::domain::error::Error::ForeignDatabase) if there is no such
/// table.
pub fn observe(at: impl Into<Location>, table: &str) -> Result<ObservedTable> {
    match at.into() {
        Location::File(path) => observe_in(&open_file(&path, Access::Read)?, table),
        Location::Cluster(cluster) => observe_in(&Rqlite::new(&cluster, Access::Read), table),
    }
}

fn observe_in(database: &impl Database, table: &str) -> Result<ObservedTable> {
    let tables = all_tables(database)?;
    let Some(found) = tables.iter().find(|known| known.name.eq_ignore_ascii_case(table)) else {
        // It names the tables that there are.
        return TableSchema::read(database, table).map(|_| ObservedTable::default());
    };
    let (mut observed, has_row_ids) = schema(database, &tables, &found.name)?;
    let sampler = Sampler::of(database, &observed, has_row_ids);
    let (rows, is_whole) = sampler.rows(&observed)?;
    observed.rows = rows.len();
    observed.is_whole = is_whole;
    observed.values = by_column(&observed, rows);
    let texts: Vec<ObservedValues> =
        observed.values.iter().filter(|values| has_json(values)).cloned().collect();
    for column in texts {
        observed.values.extend(paths(database, &column)?);
    }
    Ok(observed)
}

struct Sampler<'a, T> {
    database: &'a T,
    table: String,
    /// Expression by which the table is stored.
    key: String,
    columns: String,
    /// Number of the columns, including the key.
    width: usize,
}

type Row = Vec<SqlValue>;

impl<'a, T: Database> Sampler<'a, T> {
    fn of(database: &'a T, table: &ObservedTable, has_row_ids: bool) -> Self {
        let has = |name: &str| table.columns.iter().any(|it| it.name.eq_ignore_ascii_case(name));
        let row_id = ["rowid", "_rowid_", "oid"].into_iter().find(|name| has_row_ids && !has(name));
        let first = table.unique_keys.first().and_then(|key| key.first());
        let first = first.or_else(|| table.columns.first().map(|column| &column.name));
        let key = row_id.map_or_else(|| quoted(first.map_or("", String::as_str)), str::to_owned);
        let value = |name: &String| {
            let column = quoted(name);
            database.lossless(&format!(
                "CASE WHEN typeof({column}) = 'blob' THEN substr({column}, 1, {MAX_BLOB_BYTES}) \
                 WHEN octet_length({column}) > {MAX_TEXT_BYTES} THEN x'00' ELSE {column} END"
            ))
        };
        let columns = table.columns.iter().map(|column| value(&column.name));
        let columns: Vec<String> =
            std::iter::once(database.lossless(&key)).chain(columns).collect();
        let (width, columns) = (columns.len(), columns.join(", "));
        Self { database, table: quoted(&table.name), key, columns, width }
    }

    /// Rows of the whole table, or of its ends, of the ends of its indexes and in between; and
    /// whether these are all. The first value of each is its key.
    fn rows(&self, table: &ObservedTable) -> Result<(Vec<Row>, bool)> {
        let all = self.ordered(&self.key, "ASC", SMALL_TABLE_ROWS)?;
        if all.len() < SMALL_TABLE_ROWS {
            return Ok((all, true));
        }
        let mut rows: Vec<Row> = all.into_iter().take(END_ROWS).collect();
        rows.extend(self.between()?);
        rows.extend(self.ordered(&self.key, "DESC", END_ROWS)?);
        let indexed = table.columns.iter().filter(|column| column.is_indexed);
        for column in indexed.take(MAX_INDEXES) {
            for direction in ["ASC", "DESC"] {
                rows.extend(self.ordered(&quoted(&column.name), direction, INDEX_ROWS)?);
            }
        }
        let mut seen = HashSet::new();
        rows.retain(|row| seen.insert(format!("{row:?}")));
        Ok((rows, false))
    }

    fn select(&self) -> Statement {
        let sql = format!("SELECT {} FROM {}", self.columns, self.table);
        Statement { is_lossless: true, ..Statement::new(&sql) }
    }

    fn ordered(&self, by: &str, direction: &str, most: usize) -> Result<Vec<Row>> {
        let mut sql = self.select();
        sql.push(&format!(" ORDER BY {by} {direction} LIMIT ")).bind(most);
        self.database.query_all(&sql, |row| self.row(row))
    }

    fn between(&self) -> Result<Vec<Row>> {
        let end = |which: &str| {
            self.database.lossless(&format!("(SELECT {which}({}) FROM {})", self.key, self.table))
        };
        let sql = format!("SELECT {}, {}", end("min"), end("max"));
        let ends = Statement { is_lossless: true, ..Statement::new(&sql) };
        let read = |row: &dyn RowRef| KeyDistribution::between(row.value(0), row.value(1));
        let distribution = self.database.query_first(&ends, read)?;
        let points = distribution.map_or_else(Vec::new, |keys| keys.sample_points(SAMPLE_POINTS));
        let mut sql = self.select();
        sql.push(&format!(" WHERE {0} >= ?1 ORDER BY {0} LIMIT 1", self.key));
        let mut rows = Vec::new();
        let mut keys = points.iter().map(|point| Parameters::One(point.value()));
        self.database
            .query_each(&sql, &mut keys, &mut |row| rows.extend(row.map(|row| self.row(row))))?;
        Ok(rows)
    }

    fn row(&self, row: &dyn RowRef) -> Row {
        (0..self.width).map(|place| row.value(place).to_value()).collect()
    }
}

fn by_column(table: &ObservedTable, rows: Vec<Row>) -> Vec<ObservedValues> {
    let mut values: Vec<Vec<SqlValue>> = vec![Vec::with_capacity(rows.len()); table.columns.len()];
    for row in rows {
        // The first value is the key.
        values
            .iter_mut()
            .zip(row.into_iter().skip(1))
            .for_each(|(column, value)| column.push(value));
    }
    let columns = table.columns.iter().map(|column| column.name.clone());
    let source = |column| ColumnSource { column, path: None };
    columns
        .zip(values)
        .map(|(column, values)| ObservedValues { source: source(column), values })
        .collect()
}

fn has_json(column: &ObservedValues) -> bool {
    column
        .values
        .iter()
        .any(|value| matches!(value, SqlValue::Text(text) if text.first() == Some(&b'{')))
}

/// Values at the paths in a column with JSON. SQLite reads the JSON, as it will do later.
///
/// Paths are only those that many texts have, and whose steps are words: others may contain what
/// belongs to one session.
fn paths(database: &impl Database, column: &ObservedValues) -> Result<Vec<ObservedValues>> {
    let rows = column.values.len();
    let [path, value] = ["fullkey", "atom"].map(|column| database.lossless(column));
    let sql = format!(
        "SELECT {path}, {value} FROM json_tree(CASE WHEN json_valid(?1) THEN ?1 ELSE 'null' END) \
         WHERE atom IS NOT NULL LIMIT {MAX_JSON_VALUES}"
    );
    let sql = Statement { is_lossless: true, ..Statement::new(&sql) };
    let mut found: BTreeMap<String, Vec<(usize, SqlValue)>> = BTreeMap::new();
    let mut texts = column.values.iter().map(|value| match value {
        SqlValue::Text(text) if text.first() == Some(&b'{') => Parameters::One(value.raw()),
        _ => Parameters::One(SqlValue::Null.raw()),
    });
    database.query_all_for_each(&sql, &mut texts, &mut |index, row| {
        let path = row.text(0).unwrap_or_default();
        if are_words(&path) {
            found.entry(path).or_default().push((index, row.value(1).to_value()));
        }
    })?;
    let texts = column.values.iter().filter(|value| matches!(value, SqlValue::Text(_))).count();
    found.retain(|_, values| values.len() * 10 >= texts);
    let values = |(path, present): (String, Vec<(usize, SqlValue)>)| {
        let mut values = vec![SqlValue::Null; rows];
        for (index, value) in present {
            values[index] = value;
        }
        let source = ColumnSource { column: column.source.column.clone(), path: Some(path) };
        ObservedValues { source, values }
    };
    Ok(found.into_iter().take(MAX_PATHS).map(values).collect())
}

/// Reports whether each step of a path is a name, and not a number or an identifier.
fn are_words(path: &str) -> bool {
    let is_word = |step: &str| {
        let step = step.trim_matches('"');
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || "_-".contains(letter);
        let digits = step.bytes().filter(u8::is_ascii_digit).count();
        let begins = step.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_');
        begins && step.len() <= MAX_STEP && digits <= 3 && step.chars().all(is_part)
    };
    path.strip_prefix("$.").is_some_and(|steps| steps.split('.').all(is_word))
}
