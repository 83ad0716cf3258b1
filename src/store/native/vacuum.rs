use super::table::Native;
use crate::domain::error::Result;
use crate::storage::{CancelCheck, DiskUsage, SpaceRequirement, Vacuum, VacuumStep};
use crate::store::database::Database;
use crate::store::database::sqlite::SqliteFile;
use crate::store::statement::Statement;

/// Pages that are sampled to estimate how full all pages are. Rows are stored in the order
/// of random keys, so the first pages are representative.
const SAMPLE_PAGES: usize = 500;

impl Vacuum for Native<SqliteFile> {
    fn disk_usage(&self) -> Result<DiskUsage> {
        self.database.disk_usage()
    }

    fn unused_bytes(&self) -> Result<Option<u64>> {
        let sample = Statement::new(
            "SELECT sum(unused), sum(pgsize) FROM \
             (SELECT unused, pgsize FROM dbstat WHERE name = 'sessions' LIMIT ?1)",
        )
        .with(SAMPLE_PAGES);
        let sums = self.database.query_first(&sample, |row| (row.count(0), row.count(1)))?;
        let (unused, sampled) = sums.unwrap_or_default();
        let space = self.database.disk_usage()?;
        let used = space.pages.saturating_sub(space.free_pages) * space.page_size;
        let share = u128::from(unused) * u128::from(used) / u128::from(sampled.max(1));
        Ok(Some(u64::try_from(share).unwrap_or(used)))
    }

    fn is_in_use(&self) -> Result<bool> {
        self.database.is_in_use()
    }

    fn incremental_vacuum(&mut self, pages: usize) -> Result<VacuumStep> {
        self.database.incremental_vacuum(pages)
    }

    fn space_requirement(&self) -> Result<SpaceRequirement> {
        self.database.space_requirement()
    }

    fn vacuum(&mut self, cancel: CancelCheck) -> Result<bool> {
        self.database.vacuum_for_steps(cancel)
    }
}
