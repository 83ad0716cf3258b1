//! Sample of the rows of a table.

use std::collections::BTreeSet;
use std::ops::Range;

use super::key_spread::KeySpread;
use super::reader::TableReader;
use super::values::id_digest;
use crate::domain::error::Result;
use crate::domain::profile::{Profile, RowStatus, SqlValue, SqlValueRef};
use crate::domain::session::SessionKey;
use crate::domain::time::UnixTime;
use crate::domain::token::Digest;
use crate::store::database::{Database, RowRef};
use crate::store::statement::Statement;

/// Rows at each end of the table, and number of sample points in between. A smaller table
/// is read as a whole.
const END_ROWS: usize = 100;
const SAMPLE_POINTS: u32 = 800;
const SMALL_TABLE_ROWS: usize = 1_000;

#[derive(Debug)]
pub(super) struct Sampling {
    pub(super) rows: Vec<SampleRow>,
}

#[derive(Debug)]
pub(super) struct SampleRow {
    /// Key by which the row is found again.
    pub(super) key: SessionKey,
    /// Values of the columns that identify the session.
    pub(super) id: Vec<SqlValue>,
    pub(super) inputs: Vec<SqlValue>,
    /// Represents the whole table rather than one of its ends, which hold the oldest and
    /// the newest rows.
    pub(super) is_evenly_spaced: bool,
}

impl SampleRow {
    fn of(reader: &TableReader, row: &dyn RowRef) -> Option<Self> {
        let values = |range: Range<usize>| range.map(|at| row.value(at).to_value()).collect();
        Some(Self {
            key: reader.row_key(row)?,
            id: values(reader.after_key()..reader.inputs_at()),
            inputs: values(reader.inputs_at()..reader.snapshot_width()),
            is_evenly_spaced: true,
        })
    }

    pub(super) fn id_digest(&self) -> Digest {
        id_digest(&self.id.iter().map(SqlValue::raw).collect::<Vec<_>>())
    }

    pub(super) fn raw(&self) -> Vec<SqlValueRef<'_>> {
        self.inputs.iter().map(SqlValue::raw).collect()
    }

    pub(super) fn judge(&self, profile: &Profile) -> RowStatus {
        profile.judge(&self.raw())
    }
}

impl Sampling {
    /// Reads the rows at both ends of the key, and rows evenly between them. It takes
    /// about as long in a large table as in a small one.
    pub(super) fn of(database: &impl Database, reader: &TableReader) -> Result<Self> {
        let seen = reader.snapshot_columns();
        let row = |row: &dyn RowRef| SampleRow::of(reader, row);
        let read = |direction, most| -> Result<Vec<SampleRow>> {
            let rows = database.query_all(&rows_by_key(reader, &seen, direction, most), row)?;
            Ok(rows.into_iter().flatten().collect())
        };
        let mut rows = read("ASC", SMALL_TABLE_ROWS)?;
        if rows.len() == SMALL_TABLE_ROWS {
            let first = rows.into_iter().take(END_ROWS);
            let last = read("DESC", END_ROWS)?;
            let ends = first.chain(last).map(|row| SampleRow { is_evenly_spaced: false, ..row });
            // A row that is found both ways counts as one of those in between.
            let between = rows_between(database, reader, &seen, row)?;
            rows = between.into_iter().flatten().chain(ends).collect();
        }
        let mut seen = BTreeSet::new();
        rows.retain(|row| seen.insert(row.key.clone()));
        Ok(Self { rows })
    }
}

pub(super) fn rows_by_key(
    reader: &TableReader,
    what: &str,
    direction: &str,
    most: usize,
) -> Statement {
    let mut sql = reader.select(what);
    sql.push(&format!(" ORDER BY {} LIMIT ", reader.key.order(direction))).bind(most);
    sql
}

/// Reads the row at or after each sample point.
pub(super) fn rows_between<T>(
    database: &impl Database,
    reader: &TableReader,
    what: &str,
    read: impl Fn(&dyn RowRef) -> T,
) -> Result<Vec<T>> {
    KeySpread::of(database, reader)?.rows(database, reader, what, SAMPLE_POINTS, read)
}

pub(super) fn is_expired(status: RowStatus, now: UnixTime) -> bool {
    matches!(status, RowStatus::Session(expiry) if expiry.is_expired(now))
}

/// Share of expired sessions in an evenly spaced sample; `None`: it has none.
pub fn expired_share_of_sample(
    database: &impl Database,
    reader: &TableReader,
    now: UnixTime,
) -> Result<Option<f64>> {
    let sampling = Sampling::of(database, reader)?;
    let even = sampling.rows.iter().filter(|row| row.is_evenly_spaced);
    let judged = even.map(|row| row.judge(&reader.profile));
    let sessions: Vec<_> = judged.filter(|it| matches!(it, RowStatus::Session(_))).collect();
    let expired = sessions.iter().filter(|status| is_expired(**status, now)).count();
    #[expect(clippy::cast_precision_loss, reason = "a sample has a thousand rows")]
    let share = expired as f64 / sessions.len().max(1) as f64;
    Ok((!sessions.is_empty()).then_some(share))
}
