//! The space that a native table's database takes up.

use std::ops::ControlFlow;

use super::Native;
use crate::domain::error::Result;
use crate::storage::{CancelCheck, DiskUsage, SpaceRequirement, Vacuum, VacuumStep};
use crate::store::database::PageStore;
use crate::store::statement::Statement;

/// Pages that are looked at to judge how full all of them are. Rows lie in the order of
/// random keys, so that the first pages are as full as any.
const SAMPLE: usize = 500;

impl<T: PageStore> Vacuum for Native<T> {
    fn space(&self) -> Result<DiskUsage> {
        self.transport.space()
    }

    fn slack(&self) -> Result<u64> {
        let sample = Statement::new(
            "SELECT sum(unused), sum(pgsize) FROM \
             (SELECT unused, pgsize FROM dbstat WHERE name = 'sessions' LIMIT ?1)",
        )
        .with(SAMPLE);
        let (mut unused, mut looked_at) = (0, 0);
        self.transport.query(&sample, &mut |row| {
            (unused, looked_at) = (row.count(0), row.count(1));
            Ok(ControlFlow::Break(()))
        })?;
        let space = self.transport.space()?;
        let used = space.pages.saturating_sub(space.free_pages) * space.page_size;
        let share = u128::from(unused) * u128::from(used) / u128::from(looked_at.max(1));
        Ok(u64::try_from(share).unwrap_or(used))
    }

    fn release(&mut self, pages: usize) -> Result<VacuumStep> {
        self.transport.release(pages)
    }

    fn demand(&self) -> Result<SpaceRequirement> {
        self.transport.demand()
    }

    fn rebuild(&mut self, leave: CancelCheck) -> Result<bool> {
        self.transport.rebuild(leave)
    }
}
