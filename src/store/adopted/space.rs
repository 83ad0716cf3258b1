//! Disk space of a database with a framework's table, which can be measured but not vacuumed.

use super::adopted_table::Adopted;
use crate::domain::error::{Error, Result};
use crate::storage::{
    CancelCheck, CheckpointMode, DiskUsage, Interruptible, SpaceRequirement, StatementLimit,
    Vacuum, VacuumStep, Wal, WalStatus,
};
use crate::store::database::{Database, PageStore};

impl<T: Database> Interruptible for Adopted<T> {
    fn limit_statements(&mut self, limit: Option<StatementLimit>) {
        self.database.limit_statements(limit);
    }
}

impl<T: Database> Wal for Adopted<T> {
    fn keep_log(&mut self, keep: bool) -> Result<()> {
        self.database.keep_log(keep)
    }

    fn wal_status(&self) -> Result<Option<WalStatus>> {
        self.database.wal_status()
    }

    fn checkpoint(&mut self, effort: CheckpointMode) -> Result<Option<WalStatus>> {
        self.database.checkpoint(effort)
    }
}

impl<T: PageStore> Vacuum for Adopted<T> {
    fn disk_usage(&self) -> Result<DiskUsage> {
        self.database.disk_usage()
    }

    fn unused_bytes(&self) -> Result<u64> {
        Err(self.not_ours_to_rebuild())
    }

    fn incremental_vacuum(&mut self, _pages: usize) -> Result<VacuumStep> {
        Err(self.not_ours_to_rebuild())
    }

    fn space_requirement(&self) -> Result<SpaceRequirement> {
        Err(self.not_ours_to_rebuild())
    }

    fn vacuum(&mut self, _leave: CancelCheck) -> Result<bool> {
        Err(self.not_ours_to_rebuild())
    }
}

impl<T: Database> Adopted<T> {
    fn not_ours_to_rebuild(&self) -> Error {
        let (database, title) = (self.database.display_name(), &self.reader.profile.title);
        Error::Refused(format!(
            "{database} belongs to the application ({title}): sessctl deletes rows there, and leaves \
             how its pages lie to SQLite's own VACUUM"
        ))
    }
}
