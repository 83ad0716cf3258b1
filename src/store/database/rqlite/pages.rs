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
            self.place()
        ))
    }
}

impl PageStore for Rqlite {
    fn space(&self) -> Result<DiskUsage> {
        Err(self.not_from_here())
    }

    fn release(&mut self, _pages: usize) -> Result<VacuumStep> {
        Err(self.not_from_here())
    }

    fn demand(&self) -> Result<SpaceRequirement> {
        Err(self.not_from_here())
    }

    fn rebuild(&mut self, _leave: CancelCheck) -> Result<bool> {
        Err(self.not_from_here())
    }
}
