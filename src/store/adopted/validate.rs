//! Checks before rows are deleted, and limits on how many rows a purge reads.

use std::ops::ControlFlow;

use super::adopted_table::{Adopted, Deletions};
use super::diagnose::check::{misfits, obstacles};
use super::diagnose::sample::Sampling;
use super::expiry_index::ExpiryIndex;
use super::table::KeyColumn;
use crate::domain::error::{Error, Result};
use crate::domain::profile::RowStatus;
use crate::domain::time::UnixTime;
use crate::store::database::{Database, memory};

/// The index is worth its detour through the table where fewer than one in so many rows
/// are due.
const FEW: usize = 10;

/// Bytes that a row takes, about, from when it is found due until it is deleted, and which
/// part of the memory that the process may use all of them take.
const ROW: u64 = 512;
const SHARE: u64 = 8;
/// Rows that the application may insert before a walk, besides as many as there are.
const SPARE_ROWS: u64 = 1_000;

impl<T: Database> Adopted<T> {
    /// Makes sure that rows may be deleted: the profile allows it, the tables that refer
    /// to this one do, and the values of a sample are what the profile says.
    pub(super) fn make_sure(&self) -> Result<Sampling> {
        self.make_free()?;
        let sample = Sampling::of(&self.database, &self.reader)?;
        let misfits = misfits(&self.database, &self.reader, &sample)?;
        if !misfits.is_empty() {
            return Err(Error::Refused(misfits.join("; ")));
        }
        self.is_safe.set(true);
        Ok(sample)
    }

    /// Makes sure that nothing but the values might stand against deleting rows.
    pub(super) fn make_free(&self) -> Result<()> {
        let Deletions { references, as_seen, .. } = self.deletions()?;
        let changes = as_seen.changes();
        let obstacles =
            obstacles(&self.database, &self.reader, references, &changes)?;
        if !obstacles.is_empty() {
            return Err(Error::Refused(obstacles.join("; ")));
        }
        self.is_free.set(true);
        Ok(())
    }

    /// How many rows that are due may be held in memory.
    pub(super) fn most_at_once(&self) -> usize {
        *self.most_at_once.get_or_init(|| {
            let rows = memory::limit().map_or(u64::MAX, |limit| limit / SHARE / ROW);
            usize::try_from(rows.max(1)).unwrap_or(usize::MAX)
        })
    }

    /// Makes sure that walks which begin now come to an end, also where triggers insert a row
    /// for each that is deleted: rows that get a place behind the last one are not looked at,
    /// and no walk goes over many more rows than there are.
    pub(super) fn end_walks(&self) -> Result<()> {
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
    pub(super) fn spend(&self, rows: u64) -> Result<()> {
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

    pub(super) fn make_sure_once(&self) -> Result<()> {
        if self.is_safe.get() { Ok(()) } else { self.make_sure().map(drop) }
    }

    /// The index that a purge had better walk along: there is one, and few of the rows
    /// of a sample are due.
    pub(super) fn index_for(&self, sample: &Sampling, now: UnixTime) -> Option<&ExpiryIndex> {
        let is_due = |judged| matches!(judged, RowStatus::Session(expiry) if expiry.is_over(now));
        let even = || sample.rows.iter().filter(|row| row.is_even);
        let judged = even().map(|row| row.judge(&self.reader.profile));
        let due = judged.filter(|judged| is_due(*judged)).count();
        self.index.as_ref().filter(|_| due * FEW < even().count().max(1))
    }
}
