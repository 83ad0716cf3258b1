//! Sample of the rows of a table.

use std::collections::BTreeSet;

use super::key_distribution::KeyDistribution;
use crate::domain::error::Result;
use crate::domain::profile::{Profile, RowStatus, SqlValue, SqlValueRef};
use crate::domain::time::UnixTime;
use crate::store::adopted::reader::TableReader;
use crate::store::database::{Database, RowRef};
use crate::store::statement::Statement;

/// Rows at each end of the table, and number of sample points in between. A smaller table
/// is read as a whole.
const END_ROWS: usize = 100;
const SAMPLE_POINTS: u32 = 800;
const SMALL_TABLE_ROWS: usize = 1_000;

/// Sample of the rows of a table.
#[derive(Debug)]
pub(in crate::store::adopted) struct Sampling {
    pub(in crate::store::adopted) rows: Vec<Row>,
}

#[derive(Debug)]
pub(in crate::store::adopted) struct Row {
    /// The key, and the id.
    pub(in crate::store::adopted) key: SqlValue,
    pub(in crate::store::adopted) id: SqlValue,
    /// Inputs of the rules.
    pub(in crate::store::adopted) inputs: Vec<SqlValue>,
    /// Represents the whole table rather than one of its ends, which hold the oldest and
    /// the newest rows.
    pub(in crate::store::adopted) is_evenly_spaced: bool,
}

impl Row {
    fn of(row: &dyn RowRef, inputs: usize) -> Self {
        let value = |column| row.value(column).to_value();
        let inputs = (0..inputs).map(|column| value(column + 2)).collect();
        Self { key: value(0), id: value(1), inputs, is_evenly_spaced: true }
    }

    /// Returns the inputs in borrowed form.
    pub(in crate::store::adopted) fn raw(&self) -> Vec<SqlValueRef<'_>> {
        self.inputs.iter().map(SqlValue::raw).collect()
    }

    /// Evaluates the row.
    pub(in crate::store::adopted) fn judge(&self, profile: &Profile) -> RowStatus {
        profile.judge(&self.raw())
    }
}

impl Sampling {
    /// Reads the rows at both ends of the key, and rows evenly between them. It takes
    /// about as long in a large table as in a small one.
    pub(in crate::store::adopted) fn of(
        database: &impl Database,
        reader: &TableReader,
    ) -> Result<Self> {
        let seen = reader.snapshot_columns();
        let row = |row: &dyn RowRef| Row::of(row, reader.profile.inputs.len());
        let read =
            |direction, most| database.query_all(&rows_by_key(reader, &seen, direction, most), row);
        let mut rows = read("ASC", SMALL_TABLE_ROWS)?;
        if rows.len() == SMALL_TABLE_ROWS {
            let first = rows.into_iter().take(END_ROWS);
            let last = read("DESC", END_ROWS)?;
            let ends = first.chain(last).map(|row| Row { is_evenly_spaced: false, ..row });
            // A row that is found both ways counts as one of those in between.
            rows =
                rows_between(database, reader, &seen, &key_distribution(database, reader)?, row)?;
            rows.extend(ends);
        }
        let mut seen = BTreeSet::new();
        rows.retain(|row| seen.insert(format!("{:?}", row.key)));
        Ok(Self { rows })
    }
}

/// The range of the keys of a table.
pub(in crate::store::adopted) fn key_distribution(
    database: &impl Database,
    reader: &TableReader,
) -> Result<KeyDistribution> {
    let ends = reader.min_and_max(database, &reader.key);
    let between = |row: &dyn RowRef| KeyDistribution::between(row.value(0), row.value(1));
    Ok(database.query_first(&ends, between)?.unwrap_or(KeyDistribution::Unknown))
}

/// Reads this of the first rows by the key, or of the last.
pub(in crate::store::adopted) fn rows_by_key(
    reader: &TableReader,
    what: &str,
    direction: &str,
    most: usize,
) -> Statement {
    let mut sql = reader.select(what);
    sql.push(&format!(" ORDER BY {} {direction} LIMIT ", reader.key)).bind(most);
    sql
}

/// Reads the row at or after each sample point.
pub(in crate::store::adopted) fn rows_between<T>(
    database: &impl Database,
    reader: &TableReader,
    what: &str,
    distribution: &KeyDistribution,
    read: impl Fn(&dyn RowRef) -> T,
) -> Result<Vec<T>> {
    let mut sql = reader.select(what);
    sql.push(&format!(" WHERE {0} >= ?1 ORDER BY {0} LIMIT 1", reader.key));
    let points = distribution.sample_points(SAMPLE_POINTS);
    let mut rows = Vec::with_capacity(points.len());
    let mut values =
        points.iter().map(crate::store::adopted::diagnose::key_distribution::SamplePoint::value);
    database.query_each(&sql, &mut values, &mut |row| {
        rows.extend(row.map(&read));
    })?;
    Ok(rows)
}

/// Reports whether a row is a session that has expired.
pub(in crate::store::adopted) fn is_expired(status: RowStatus, now: UnixTime) -> bool {
    matches!(status, RowStatus::Session(expiry) if expiry.is_expired(now))
}
