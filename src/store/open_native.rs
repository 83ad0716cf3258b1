//! Opening and creating databases with the native table.

use std::fs;
use std::path::Path;

use super::database::rqlite::Rqlite;
use super::database::sqlite::file::hazard::NameHazard;
use super::database::sqlite::{Access, SqliteFile};
use super::location::{Cluster, Location};
use super::migrations;
use super::migrations::DatabaseKind;
use super::native::Native;
use crate::domain::error::{Error, Result};
use crate::storage::Backend;
use crate::storage::consistency::ReadFreshness;

/// Reports why other programs may open a file under another name; `None` for a missing
/// file and for a cluster.
pub fn name_hazard(at: &Location) -> Option<NameHazard> {
    at.file().and_then(NameHazard::of)
}

/// Opens the table of sessions in a database.
///
/// # Errors
/// [`Error::Missing`] and
/// [`Error::ForeignDatabase`] if there is none, and whatever keeps
/// the database from being opened.
pub fn open(at: impl Into<Location>, access: Access) -> Result<Box<dyn Backend>> {
    match at.into() {
        Location::File(path) => Ok(Box::new(open_file(&path, access)?)),
        Location::Cluster(cluster) => {
            let database = Rqlite::new(&cluster, access);
            // Quickly, as it is the first thing that every command does: what is wrong may be
            // that a new leader does not have it all yet.
            let quick = Rqlite::new(&cluster, access).quickly();
            match migrations::check(&quick, DatabaseKind::Cluster) {
                Err(Error::ForeignDatabase { .. }) => {
                    migrations::check(&database, DatabaseKind::Cluster)?
                }
                checked => checked?,
            }
            Ok(Box::new(Native::on(database.with_receipts())))
        }
    }
}

pub(super) fn open_file(path: &Path, access: Access) -> Result<Native<SqliteFile>> {
    first_look(path, migrations::check_owner)?;
    let file = SqliteFile::open(path, access)?;
    migrations::check(&file, DatabaseKind::File)?;
    Ok(Native::on(file))
}

/// Whether a database is sessctl's own, of whatever version: not if it is another
/// program's, or nobody's yet.
///
/// # Errors
/// [`Error::Missing`] if it is not there, [`Error::ForeignDatabase`] if it cannot be a SQLite
/// database, and whatever keeps it from being read.
pub fn is_native(at: impl Into<Location>) -> Result<bool> {
    match at.into() {
        Location::File(path) => is_native_file(&path),
        Location::Cluster(cluster) => {
            migrations::is_sessctl_database(&Rqlite::new(&cluster, Access::Read))
        }
    }
}

/// How fresh that is what a cluster has answered that was read with
/// [`Consistency::None`]: it is the node that answered last that is asked.
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

/// Makes a SQLite file with an empty table of sessions, readable for its owner
/// alone, or such a table on a cluster that holds nothing yet; in a database that has
/// the table already, brings it up to date and keeps what it holds.
///
/// # Errors
/// [`Error::ForeignDatabase`] if the database is another program's, and
/// whatever keeps it from being written. A file that was not there is not there
/// afterwards either, unless another program has begun to use it.
pub fn create(at: impl Into<Location>) -> Result<Box<dyn Backend>> {
    match at.into() {
        Location::File(path) => Ok(Box::new(create_file(&path)?)),
        Location::Cluster(cluster) => {
            let mut database = Rqlite::new(&cluster, Access::Write);
            migrations::apply_to_cluster(&mut database)?;
            Ok(Box::new(Native::on(database.with_receipts())))
        }
    }
}

pub(super) fn create_file(path: &Path) -> Result<Native<SqliteFile>> {
    if holds_something(path) {
        first_look(path, migrations::check_owner_or_blank)?;
    }
    let (mut file, made) = SqliteFile::create(path)?;
    match migrations::apply(&mut file).and_then(|()| file.use_write_ahead_log()) {
        Ok(()) => Ok(Native::on(file)),
        Err(error) => {
            drop(file);
            // Busy, or no longer empty: another program works on it by now.
            let taken = matches!(error, Error::Busy { .. } | Error::ForeignDatabase { .. });
            if made && !taken {
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
    Ok(Native::on(file))
}

/// Refuses a file that is another program's before anything touches it.
///
/// The look takes no lock, so it may fall into a moment at which another program
/// writes: then it finds a file that makes no sense, and says nothing. What marks a
/// file as sessctl's never changes, so that a refusal is sure.
fn first_look(path: &Path, check: fn(&SqliteFile) -> Result<()>) -> Result<()> {
    match SqliteFile::open_immutable(path).and_then(|file| check(&file)) {
        Err(refusal @ (Error::Missing { .. } | Error::ForeignDatabase { .. })) => Err(refusal),
        _ => Ok(()),
    }
}

fn holds_something(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| file.len() > 0 || !file.is_file())
}
