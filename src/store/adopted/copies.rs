//! A framework's table is not copied: it moves with its application.

use super::Adopted;
use crate::domain::error::{Error, Result};
use crate::storage::raw_row::{Counter, StoredName, StoredRow};
use crate::storage::{Copies, Over, Portion, Put, Stretch};
use crate::store::database::Transport;

impl<T: Transport> Copies for Adopted<T> {
    fn stored(&self, _stretch: Stretch<'_>) -> Result<Portion> {
        Err(self.not_ours_to_copy())
    }

    fn put(&mut self, _rows: &[&StoredRow], _over: Over) -> Result<Put> {
        Err(self.not_ours_to_copy())
    }

    fn remove(&mut self, _rows: &[&StoredRow]) -> Result<Put> {
        Err(self.not_ours_to_copy())
    }

    fn counters(&self) -> Result<Vec<Counter>> {
        Err(self.not_ours_to_copy())
    }

    fn stored_names(&self) -> Result<Vec<StoredName>> {
        Err(self.not_ours_to_copy())
    }

    fn put_names(&mut self, _names: &[StoredName], _over: Over) -> Result<()> {
        Err(self.not_ours_to_copy())
    }

    fn put_counters(&mut self, _set: &[&Counter], _drop: &[&Counter], _over: Over) -> Result<()> {
        Err(self.not_ours_to_copy())
    }
}

impl<T: Transport> Adopted<T> {
    fn not_ours_to_copy(&self) -> Error {
        let (place, title) = (self.transport.place(), &self.reader.profile.title);
        Error::Refused(format!(
            "{} in {place} is a table of {title}: it moves with its application",
            self.reader.table.name
        ))
    }
}
