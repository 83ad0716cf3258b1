//! Free space of the file of a framework's table.

use super::adopted_table::Adopted;
use crate::domain::error::{Error, Result};
use crate::domain::profile::ROW_ID;
use crate::storage::{CancelCheck, DiskUsage, SpaceRequirement, Vacuum, VacuumStep};
use crate::store::database::sqlite::SqliteFile;

impl Vacuum for Adopted<SqliteFile> {
    fn disk_usage(&self) -> Result<DiskUsage> {
        self.database.disk_usage()
    }

    fn unused_bytes(&self) -> Result<Option<u64>> {
        Ok(None)
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

    /// The setting of `auto_vacuum` belongs to the application.
    fn vacuum(&mut self, is_canceled: CancelCheck) -> Result<bool> {
        let profile = &self.reader.profile;
        if profile.id.iter().any(|column| self.reader.table.is_row_id(column)) {
            return Err(Error::Refused(format!(
                "profile {} identifies the sessions of {} by their {ROW_ID}, which a rebuild of \
                 the file may change",
                profile.name, self.reader.table.name
            )));
        }
        self.database.vacuum(is_canceled)
    }
}
