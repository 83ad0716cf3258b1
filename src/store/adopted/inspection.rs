//! Properties of a table that matter for its purge.

use super::adopted_table::Adopted;
use super::expiry_index;
use super::referencing_tables::create_index;
use super::triggers;
use crate::domain::error::Result;
use crate::storage::{ExpiryIndexStatus, TableInspection};
use crate::store::database::Database;

impl<T: Database> Adopted<T> {
    pub(super) fn inspect(&self) -> Result<TableInspection> {
        let table = &self.reader.table;
        let column = expiry_index::indexable_column(&self.reader);
        let known = column.and_then(|column| table.index_over(column));
        let expiry_index = match (known.filter(|_| self.index.is_some()), column) {
            (Some(index), _) => ExpiryIndexStatus::Present(index.name.clone()),
            // Another one over the column exists, which its comparisons cannot use.
            (None, Some(_)) if known.is_some() => ExpiryIndexStatus::Unusable,
            (None, Some(column)) => ExpiryIndexStatus::Missing {
                column: column.to_owned(),
                remedy: create_index(&table.name, &[column.to_owned()]),
            },
            (None, None) => ExpiryIndexStatus::Unusable,
        };
        let triggers = triggers::trigger_names(&self.database, &table.name)?;
        Ok(TableInspection { expiry_index, triggers })
    }
}
