//! Opening a framework's table.

use std::path::Path;

use super::adopted_table::Adopted;
use super::check::column_mismatch;
use super::reader::TableReader;
use super::state::{FrameworkState, StateDirectory};
use super::table::TableSchema;
use crate::domain::error::{Absence, Error, Result};
use crate::domain::profile::Profile;
use crate::storage::Backend;
use crate::store::database::Database;
use crate::store::database::rqlite::Rqlite;
use crate::store::database::sqlite::{Access, SqliteFile};
use crate::store::location::Location;

/// Message for users of the library; the command resolves the zone itself.
const UNRESOLVED: &str = "the profile reads local times, and the machine's time zone has not been \
                          resolved: call Profile::resolve_local first";

/// Opens a framework's table, as a profile describes it. The ledger and the leases are in a
/// separate file in the directory `state`, created at the first change. Without a directory, or if
/// the file cannot be used, they are kept in memory; [`open_with_state`] reports that.
///
/// # Errors
/// [`Error::Missing`] and [`Error::ForeignDatabase`] if there is no such table, [`Error::Refused`]
/// if the table does not match the profile or a parameter is missing, and errors from opening the
/// files.
pub fn open(
    at: impl Into<Location>,
    access: Access,
    profile: Profile,
    state: Option<&Path>,
) -> Result<Box<dyn Backend>> {
    open_with_state(at, access, profile, StateDirectory::silent(state.map(Path::to_owned)))
}

pub fn open_with_state(
    at: impl Into<Location>,
    access: Access,
    mut profile: Profile,
    state: StateDirectory,
) -> Result<Box<dyn Backend>> {
    if let Some(lack) = profile.missing_parameters() {
        return Err(Error::Refused(lack));
    }
    profile.resolve_local(&|| Err(Error::Refused(UNRESOLVED.to_owned())))?;
    let at = at.into();
    let state_of = || FrameworkState::of(&at, access, state);
    match &at {
        Location::File(path) => open_in(open_file(path, access)?, profile, state_of),
        Location::Cluster(cluster) => open_in(Rqlite::new(cluster, access), profile, state_of),
    }
}

fn open_in<T: Database + 'static>(
    database: T,
    profile: Profile,
    state: impl FnOnce() -> Result<FrameworkState>,
) -> Result<Box<dyn Backend>>
where
    Adopted<T>: Backend,
{
    let table = TableSchema::read(&database, &profile.table)?;
    if let Some(difference) = profile.difference(&table.columns) {
        let found = column_mismatch(&profile, &table, &difference);
        let at = database.display_name().to_owned();
        return Err(Error::ColumnMismatch { at, table: table.name, found });
    }
    let reader = TableReader::new(&database, profile, table)?;
    Ok(Box::new(Adopted::new(database, reader, state()?)))
}

pub(super) fn open_file(path: &Path, access: Access) -> Result<SqliteFile> {
    SqliteFile::open_foreign(path, access).map_err(|error| match error {
        Error::Missing { at, why: Absence::File } => {
            Error::Missing { at, why: Absence::ApplicationFile }
        }
        error => error,
    })
}
