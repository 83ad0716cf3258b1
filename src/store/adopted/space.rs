//! The files of a database that holds a framework's table. They may be looked at; how
//! its pages lie is the application's business.

use super::Adopted;
use crate::domain::error::{Error, Result};
use crate::storage::{
    Demand, Effort, Interruptible, Leave, Limit, Log, LogSize, Released, Space, Storage,
};
use crate::store::database::{Pages, Transport};

impl<T: Transport> Interruptible for Adopted<T> {
    fn limit_statements(&mut self, limit: Option<Limit>) {
        self.transport.limit_statements(limit);
    }
}

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
        Err(self.not_ours_to_rebuild())
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
