//! The pages of a cluster's databases: each node looks after its own.

use super::Rqlite;
use crate::domain::error::{Error, Result};
use crate::storage::{Demand, Leave, Released, Space};
use crate::store::database::{Pages, Transport};

impl Rqlite {
    fn not_from_here(&self) -> Error {
        Error::Refused(format!(
            "each node of {} has a file of its own, and rqlite looks after it: its option \
             -auto-vacuum-int gives space back",
            self.place()
        ))
    }
}

impl Pages for Rqlite {
    fn space(&self) -> Result<Space> {
        Err(self.not_from_here())
    }

    fn release(&mut self, _pages: usize) -> Result<Released> {
        Err(self.not_from_here())
    }

    fn demand(&self) -> Result<Demand> {
        Err(self.not_from_here())
    }

    fn rebuild(&mut self, _leave: Leave) -> Result<bool> {
        Err(self.not_from_here())
    }
}
