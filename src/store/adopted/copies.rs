//! Row copy of a framework's table, which is not supported.

use super::adopted_table::Adopted;
use crate::domain::error::{Error, Result};
use crate::storage::raw_row::{Counter, RawRow, TaskName};
use crate::storage::{OnConflict, RowCopy, RowPage, RowRange, WriteResult};
use crate::store::database::Database;

impl<T: Database> RowCopy for Adopted<T> {
    fn read_rows(&self, _stretch: RowRange<'_>) -> Result<RowPage> {
        Err(self.not_ours_to_copy())
    }

    fn upsert_rows(&mut self, _rows: &[&RawRow], _over: OnConflict) -> Result<WriteResult> {
        Err(self.not_ours_to_copy())
    }

    fn remove(&mut self, _rows: &[&RawRow]) -> Result<WriteResult> {
        Err(self.not_ours_to_copy())
    }

    fn read_counters(&self) -> Result<Vec<Counter>> {
        Err(self.not_ours_to_copy())
    }

    fn read_task_names(&self) -> Result<Vec<TaskName>> {
        Err(self.not_ours_to_copy())
    }

    fn upsert_task_names(&mut self, _names: &[TaskName], _over: OnConflict) -> Result<()> {
        Err(self.not_ours_to_copy())
    }

    fn set_counters(
        &mut self,
        _set: &[&Counter],
        _drop: &[&Counter],
        _over: OnConflict,
    ) -> Result<()> {
        Err(self.not_ours_to_copy())
    }
}

impl<T: Database> Adopted<T> {
    fn not_ours_to_copy(&self) -> Error {
        let (database, title) = (self.database.display_name(), &self.reader.profile.title);
        Error::Refused(format!(
            "{} in {database} is a table of {title}: it moves with its application",
            self.reader.table.name
        ))
    }
}
