//! The files of a database that holds a framework's table. They may be looked at; how
//! its pages lie is the application's business.

use std::ops::ControlFlow;

use super::Adopted;
use crate::domain::error::{Error, Result};
use crate::domain::port::{Demand, Effort, Leave, Log, LogSize, Released, Space, Storage};
use crate::store::sql::Statement;
use crate::store::transport::{Pages, Transport};

/// Pages that are looked at to judge how full all of them are.
const SAMPLE: usize = 500;

impl<T: Transport> Log for Adopted<T> {
    fn keep_log(&mut self, keep: bool) -> Result<()> {
        self.transport.keep_log(keep)
    }

    fn log_size(&self) -> Result<Option<LogSize>> {
        self.transport.log_size()
    }

    fn move_log(&mut self, effort: Effort) -> Result<Option<LogSize>> {
        self.transport.move_log(effort)
    }
}

impl<T: Pages> Storage for Adopted<T> {
    fn space(&self) -> Result<Space> {
        self.transport.space()
    }

    fn slack(&self) -> Result<u64> {
        let sample = Statement::new(
            "SELECT sum(unused), sum(pgsize) FROM \
             (SELECT unused, pgsize FROM dbstat WHERE name = ?1 LIMIT ?2)",
        )
        .with(self.reader.table.name.as_str())
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

    fn release(&mut self, _pages: usize) -> Result<Released> {
        Err(self.not_ours_to_rebuild())
    }

    fn demand(&self) -> Result<Demand> {
        Err(self.not_ours_to_rebuild())
    }

    fn rebuild(&mut self, _leave: Leave) -> Result<bool> {
        Err(self.not_ours_to_rebuild())
    }
}

impl<T: Transport> Adopted<T> {
    fn not_ours_to_rebuild(&self) -> Error {
        let (place, title) = (self.transport.place(), &self.reader.profile.title);
        Error::Refused(format!(
            "{place} belongs to the application ({title}): sessctl deletes rows there, and leaves \
             how its pages lie to SQLite's own VACUUM"
        ))
    }
}
