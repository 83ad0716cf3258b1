//! The pages of a cluster's databases: each node looks after its own.

use super::Rqlite;
use crate::domain::error::{Error, Result};
use crate::storage::{CancelCheck, DiskUsage, SpaceRequirement, VacuumStep};
use crate::store::database::{Database, PageStore};

impl Rqlite {
    fn not_from_here(&self) -> Error {
        Error::Refused(format!(
            "each node of {} has a file of its own, and rqlite looks after it: its option \
             -auto-vacuum-int gives space back",
            self.display_name()
        ))
    }
}

impl PageStore for Rqlite {
    fn disk_usage(&self) -> Result<DiskUsage> {
        Err(self.not_from_here())
    }

    fn incremental_vacuum(&mut self, _pages: usize) -> Result<VacuumStep> {
        Err(self.not_from_here())
    }

    fn space_requirement(&self) -> Result<SpaceRequirement> {
        Err(self.not_from_here())
    }

    fn vacuum(&mut self, _leave: CancelCheck) -> Result<bool> {
        Err(self.not_from_here())
    }
}
