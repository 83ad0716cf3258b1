//! Checks before rows are deleted, and limits on how many rows a purge reads.

use super::adopted_table::{Adopted, Deletions};
use super::check::{delete_blockers, encoding_errors};
use super::expiry_index::ExpiryIndex;
use super::sample::Sampling;
use super::table::TableKey;
use crate::domain::error::{Error, Result};
use crate::domain::time::UnixTime;
use crate::store::database::{Database, memory};

/// Factor by which due rows must be rarer than rows: the index makes a detour through the table.
const INDEX_WORTH_FACTOR: usize = 10;

/// Bytes that a row takes, about, from when it is found due until it is deleted, and which
/// part of the memory that the process may use all of them take.
const BYTES_PER_DUE_ROW: u64 = 512;
const MEMORY_FRACTION: u64 = 8;
/// Maximum number of them, however much memory there is.
const MAX_DUE_ROWS: u64 = 200_000;
/// Rows that the application may insert during a purge, in addition to twice the present number.
const SPARE_ROWS: u64 = 1_000;

impl<T: Database> Adopted<T> {
    /// Checks the profile, the referencing tables, and the encodings of a sample.
    pub(super) fn ensure_valid(&self) -> Result<Sampling> {
        self.ensure_deletable()?;
        let sample = self.sample_valid_rows()?;
        self.validated.set(true);
        Ok(sample)
    }

    pub(super) fn sample_valid_rows(&self) -> Result<Sampling> {
        let sample = Sampling::of(&self.database, &self.reader)?;
        let errors = encoding_errors(&self.database, &self.reader, &sample)?;
        if errors.is_empty() {
            return Ok(sample);
        }
        let (profile, table) = (self.reader.profile.name.clone(), self.reader.table.name.clone());
        Err(Error::ValueMismatch { profile, table, found: errors.join("; ") })
    }

    /// Ensures that nothing blocks deletion, except possibly the encodings of the values.
    pub(super) fn ensure_deletable(&self) -> Result<()> {
        let Deletions { references, if_unchanged, .. } = self.deletions()?;
        let changes = if_unchanged.changes();
        let delete_blockers = delete_blockers(&self.database, &self.reader, references, &changes)?;
        if !delete_blockers.is_empty() {
            return Err(Error::Refused(delete_blockers.join("; ")));
        }
        self.deletable_checked.set(true);
        Ok(())
    }

    pub(super) fn max_due_rows(&self) -> usize {
        *self.max_due_rows.get_or_init(|| {
            let rows = memory::limit()
                .map_or(MAX_DUE_ROWS, |limit| limit / MEMORY_FRACTION / BYTES_PER_DUE_ROW);
            usize::try_from(rows.clamp(1, MAX_DUE_ROWS)).unwrap_or(usize::MAX)
        })
    }

    /// Bounds the scans that start now, even if triggers insert a row for each deleted one:
    /// new row ids are skipped, and no purge reads many more rows than exist.
    pub(super) fn start_scan_budget(&self) -> Result<()> {
        let reader = &self.reader;
        let has_triggers = self.deletions()?.references.has_triggers;
        let is_row_id = matches!(reader.table.key, TableKey::RowId(_));
        reader.last_row_id.set(None);
        if has_triggers && is_row_id {
            let ends = reader.min_and_max(&self.database, &reader.key.to_string());
            let last = self.database.query_first(&ends, |row| row.integer(1))?;
            reader.last_row_id.set(last.flatten());
        }
        let rows = if has_triggers { Some(reader.count(&self.database)?) } else { None };
        self.scan_budget.set(rows.map(|rows| rows.saturating_mul(2).saturating_add(SPARE_ROWS)));
        Ok(())
    }

    pub(super) fn use_scan_budget(&self, rows: u64) -> Result<()> {
        let Some(left) = self.scan_budget.get() else { return Ok(()) };
        self.scan_budget.set(Some(left.saturating_sub(rows)));
        if rows <= left {
            return Ok(());
        }
        let (table, database) = (&self.reader.table.name, self.database.display_name());
        Err(Error::failed(
            format!("finish scanning {table} in \"{database}\""),
            "its triggers insert a row for each deleted row; drop or change them",
        ))
    }

    pub(super) fn ensure_valid_once(&self) -> Result<()> {
        if self.validated.get() { Ok(()) } else { self.ensure_valid().map(drop) }
    }

    /// Returns the index if the purge should use it: few rows of a sample are due.
    pub(super) fn index_for(&self, sample: &Sampling, now: UnixTime) -> Option<&ExpiryIndex> {
        let index = self.index.as_ref().filter(|index| index.serves(&self.reader.profile))?;
        let even = || sample.rows.iter().filter(|row| row.is_evenly_spaced);
        let due = even().filter(|row| self.reader.is_due(&row.raw(), now)).count();
        (due * INDEX_WORTH_FACTOR < even().count().max(1)).then_some(index)
    }
}
