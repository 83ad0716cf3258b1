//! The files of a database that holds a framework's table. They may be looked at; how
//! its pages lie is the application's business.

use super::Adopted;
use crate::domain::error::{Error, Result};
use crate::storage::{
    CancelCheck, CheckpointMode, DiskUsage, Interruptible, SpaceRequirement, StatementLimit,
    Vacuum, VacuumStep, Wal, WalStatus,
};
use crate::store::database::{Database, PageStore};

impl<T: Database> Interruptible for Adopted<T> {
    fn limit_statements(&mut self, limit: Option<StatementLimit>) {
        self.transport.limit_statements(limit);
    }
}

impl<T: Database> Wal for Adopted<T> {
    fn keep_log(&mut self, keep: bool) -> Result<()> {
        self.transport.keep_log(keep)
    }

    fn log_size(&self) -> Result<Option<WalStatus>> {
        self.transport.log_size()
    }

    fn move_log(&mut self, effort: CheckpointMode) -> Result<Option<WalStatus>> {
        self.transport.move_log(effort)
    }
}

impl<T: PageStore> Vacuum for Adopted<T> {
    fn space(&self) -> Result<DiskUsage> {
        self.transport.space()
    }

    fn slack(&self) -> Result<u64> {
        Err(self.not_ours_to_rebuild())
    }

    fn release(&mut self, _pages: usize) -> Result<VacuumStep> {
        Err(self.not_ours_to_rebuild())
    }

    fn demand(&self) -> Result<SpaceRequirement> {
        Err(self.not_ours_to_rebuild())
    }

    fn rebuild(&mut self, _leave: CancelCheck) -> Result<bool> {
        Err(self.not_ours_to_rebuild())
    }
}

impl<T: Database> Adopted<T> {
    fn not_ours_to_rebuild(&self) -> Error {
        let (place, title) = (self.transport.place(), &self.reader.profile.title);
        Error::Refused(format!(
            "{place} belongs to the application ({title}): sessctl deletes rows there, and leaves \
             how its pages lie to SQLite's own VACUUM"
        ))
    }
}
