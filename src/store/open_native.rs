//! Opening and creating databases with the native table.

use std::fs;
use std::path::Path;

use super::cluster::Cluster;
use super::database::rqlite::Rqlite;
use super::database::sqlite::file::hazard::NameHazard;
use super::database::sqlite::{Access, SqliteFile, replication};
use super::location::Location;
use super::migrations;
use super::migrations::DatabaseKind;
use super::native::Native;
use crate::domain::error::{Error, Result};
use crate::storage::Backend;
use crate::storage::consistency::ReadFreshness;

/// `None` for a missing file and for a cluster.
pub fn name_hazard(at: &Location) -> Option<NameHazard> {
    at.file().and_then(NameHazard::of)
}

/// Name of the primary if the database is a replica of LiteFS; empty if it is unknown. `None`: it
/// is none.
pub fn litefs_primary(at: &Location) -> Option<String> {
    match replication::ensure_primary(at.file()?) {
        Err(Error::Replica { primary, .. }) => Some(primary),
        _ => None,
    }
}

/// Opens the native table of a database.
///
/// # Errors
/// [`Error::Missing`] and [`Error::ForeignDatabase`] if there is no such table, and errors
/// from opening the database.
pub fn open(at: impl Into<Location>, access: Access) -> Result<Box<dyn Backend>> {
    match at.into() {
        Location::File(path) => Ok(Box::new(open_file(&path, access)?)),
        Location::Cluster(cluster) => {
            let database = Rqlite::new(&cluster, access);
            // Every command starts with this check, so the first attempt is quick; it may
            // fail because a new leader has not caught up yet.
            let quick = Rqlite::new(&cluster, access).with_quick_reads();
            match migrations::check(&quick, DatabaseKind::Cluster) {
                Err(Error::ForeignDatabase { .. }) => {
                    migrations::check(&database, DatabaseKind::Cluster)?;
                }
                checked => checked?,
            }
            Ok(Box::new(Native::new(database.with_receipts())))
        }
    }
}

pub(super) fn open_file(path: &Path, access: Access) -> Result<Native<SqliteFile>> {
    if !SqliteFile::has_usual_header(path, migrations::APPLICATION_ID) {
        check_unlocked(path, migrations::check_application_id)?;
    }
    let file = SqliteFile::open(path, access)?;
    migrations::check(&file, DatabaseKind::File)?;
    Ok(Native::new(file))
}

/// `true` for any version of sessctl's schema, `false` for a blank database.
///
/// # Errors
/// [`Error::Missing`] if it does not exist, [`Error::ForeignDatabase`] if it is not an SQLite
/// database, and errors from reading it.
pub fn is_native(at: impl Into<Location>) -> Result<bool> {
    match at.into() {
        Location::File(path) => is_native_file(&path),
        Location::Cluster(cluster) => {
            migrations::is_sessctl_database(&Rqlite::new(&cluster, Access::Read))
        }
    }
}

/// Staleness of cluster reads with
/// [`Consistency::None`](crate::storage::consistency::Consistency::None), as reported by
/// the node that responded last.
pub fn freshness(cluster: &Cluster) -> ReadFreshness {
    Rqlite::new(cluster, Access::Read).freshness()
}

fn is_native_file(path: &Path) -> Result<bool> {
    // The mark is written before the file has a log, and it never changes: to see it, or
    // that it is missing, takes no lock. Where the file makes no sense, the moment may
    // have been the wrong one.
    match SqliteFile::open_immutable(path).and_then(|file| migrations::is_sessctl_database(&file)) {
        Ok(is_marked) => Ok(is_marked),
        Err(refusal @ (Error::Missing { .. } | Error::ForeignDatabase { .. })) => Err(refusal),
        _ => migrations::is_sessctl_database(&SqliteFile::open(path, Access::Read)?),
    }
}

/// Creates the native table: an SQLite file with mode 0600, or a table on an empty cluster. An
/// existing table is migrated to this program's version and keeps its rows.
///
/// # Errors
/// [`Error::ForeignDatabase`] if the database belongs to another program, and errors from writing
/// it. A file created by a failed call is removed, unless another program has begun to use it.
pub fn create(at: impl Into<Location>) -> Result<Box<dyn Backend>> {
    match at.into() {
        Location::File(path) => Ok(Box::new(create_file(&path)?)),
        Location::Cluster(cluster) => {
            let mut database = Rqlite::new(&cluster, Access::Write);
            migrations::apply_to_cluster(&mut database)?;
            Ok(Box::new(Native::new(database.with_receipts())))
        }
    }
}

pub fn create_file(path: &Path) -> Result<Native<SqliteFile>> {
    if holds_something(path) {
        check_unlocked(path, migrations::check_application_id_or_blank)?;
    }
    let (mut file, made) = SqliteFile::create(path)?;
    match migrations::apply(&mut file).and_then(|()| file.use_write_ahead_log()) {
        Ok(()) => Ok(Native::new(file)),
        Err(error) => {
            drop(file);
            // Busy, or no longer empty: another program works on it by now.
            let is_taken = matches!(error, Error::Busy { .. } | Error::ForeignDatabase { .. });
            if made && !is_taken {
                // The failure that brought us here is the one to report.
                let _ = fs::remove_file(path);
            }
            Err(error)
        }
    }
}

/// Makes the table in memory, for this process alone; messages call it by the path of a file.
pub(super) fn create_in_memory(path: &Path) -> Result<Native<SqliteFile>> {
    let mut file = SqliteFile::in_memory(path)?;
    migrations::apply(&mut file)?;
    Ok(Native::new(file))
}

/// Refuses a file of another program before it is modified. The check takes no lock, so it may read
/// the file while another program writes; a file that cannot be parsed then passes. The application
/// id never changes, so a refusal is reliable.
fn check_unlocked(path: &Path, check: fn(&SqliteFile) -> Result<()>) -> Result<()> {
    match SqliteFile::open_immutable(path).and_then(|file| check(&file)) {
        Err(refusal @ (Error::Missing { .. } | Error::ForeignDatabase { .. })) => Err(refusal),
        _ => Ok(()),
    }
}

fn holds_something(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| file.len() > 0 || !file.is_file())
}
