//! Session tables and their databases: the only module with SQL.
//!
//! A table (native or adopted) implements [`SessionStore`](crate::storage::SessionStore) in
//! SQL; a database connection runs the statements.

pub mod adopted;
mod clocks;
mod cluster;
mod database;
mod effects;
mod lease;
mod ledger;
mod location;
mod migrations;
mod native;
mod statement;

use std::fs;
use std::path::Path;

use crate::domain::error::{Error, Result};
use crate::storage::Backend;

use database::rqlite::Rqlite;
use database::sqlite::SqliteFile;
use migrations::DatabaseKind;
use native::Native;

pub use cluster::{CaCertificates, Cluster, Credentials};
pub use database::sqlite::file::hazard::NameHazard;
pub use database::sqlite::{Access, Protection, Running, protect};
pub use location::Location;
#[cfg(feature = "internals")]
pub use location::LocationError;

pub use crate::storage::consistency::{Consistency, ReadFreshness};

/// Reports why other programs may open a file under another name; `None` for a missing
/// file and for a cluster.
pub fn name_hazard(at: &Location) -> Option<NameHazard> {
    at.file().and_then(NameHazard::of)
}

/// Opens sessctl's own table in a database.
///
/// # Errors
/// [`Error::Missing`] and
/// [`Error::ForeignDatabase`] if there is none, and whatever keeps
/// the database from being opened.
pub fn open(at: impl Into<Location>, access: Access) -> Result<Box<dyn Backend>> {
    match at.into() {
        Location::File(path) => Ok(Box::new(open_native(&path, access)?)),
        Location::Cluster(cluster) => {
            let database = Rqlite::new(&cluster, access);
            // Quick first, because every command does this: a negative result may come from a
            // new leader that is not up to date.
            let quick = Rqlite::new(&cluster, access).with_quick_reads();
            match migrations::check(&quick, DatabaseKind::Cluster) {
                Err(Error::ForeignDatabase { .. }) => {
                    migrations::check(&database, DatabaseKind::Cluster)?;
                }
                checked => checked?,
            }
            Ok(Box::new(Native::on(database.with_receipts())))
        }
    }
}

fn open_native(path: &Path, access: Access) -> Result<Native<SqliteFile>> {
    first_look(path, migrations::check_owner)?;
    let file = SqliteFile::open(path, access)?;
    migrations::check(&file, DatabaseKind::File)?;
    Ok(Native::on(file))
}

/// True for a database of sessctl, of any version.
///
/// # Errors
/// [`Error::Missing`] if it is not there, [`Error::ForeignDatabase`] if it cannot be a SQLite
/// database, and whatever keeps it from being read.
pub fn is_native(at: impl Into<Location>) -> Result<bool> {
    match at.into() {
        Location::File(path) => is_native_file(&path),
        Location::Cluster(cluster) => migrations::is_marked(&Rqlite::new(&cluster, Access::Read)),
    }
}

/// Freshness of reads with [`Consistency::None`], as reported by the node that answered last.
pub fn freshness(cluster: &Cluster) -> ReadFreshness {
    Rqlite::new(cluster, Access::Read).freshness()
}

fn is_native_file(path: &Path) -> Result<bool> {
    // The application ID is written before the file has a log, and never changes, so reading it
    // needs no lock. An invalid file may be in the middle of a write.
    match SqliteFile::open_immutable(path).and_then(|file| migrations::is_marked(&file)) {
        Ok(is_marked) => Ok(is_marked),
        Err(refusal @ (Error::Missing { .. } | Error::ForeignDatabase { .. })) => Err(refusal),
        _ => migrations::is_marked(&SqliteFile::open(path, Access::Read)?),
    }
}

/// Creates a SQLite file with mode 0600 and an empty table, or the table on an empty cluster;
/// migrates an existing table.
///
/// # Errors
/// [`Error::ForeignDatabase`] if the database is another program's, and
/// whatever keeps it from being written. A file that was not there is not there
/// afterwards either, unless another program has begun to use it.
pub fn create(at: impl Into<Location>) -> Result<Box<dyn Backend>> {
    match at.into() {
        Location::File(path) => Ok(Box::new(create_native(&path)?)),
        Location::Cluster(cluster) => {
            let mut database = Rqlite::new(&cluster, Access::Write);
            migrations::apply_to_cluster(&mut database)?;
            Ok(Box::new(Native::on(database.with_receipts())))
        }
    }
}

fn create_native(path: &Path) -> Result<Native<SqliteFile>> {
    if holds_something(path) {
        first_look(path, migrations::check_owner_if_any)?;
    }
    let (mut file, made) = SqliteFile::create(path)?;
    match migrations::apply(&mut file).and_then(|()| file.use_write_ahead_log()) {
        Ok(()) => Ok(Native::on(file)),
        Err(error) => {
            drop(file);
            // Another program has begun to use it.
            let taken = matches!(error, Error::Busy { .. } | Error::ForeignDatabase { .. });
            if made && !taken {
                // The original error is the one to report.
                let _ = fs::remove_file(path);
            }
            Err(error)
        }
    }
}

/// Creates the table in memory; messages name it by `path`.
fn native_in_memory(path: &Path) -> Result<Native<SqliteFile>> {
    let mut file = SqliteFile::in_memory(path)?;
    migrations::apply(&mut file)?;
    Ok(Native::on(file))
}

/// Refuses a file of another program before anything changes it.
///
/// The check takes no lock, so it may read a file in the middle of a write and find it invalid;
/// it then accepts the file. The application ID never changes, so a refusal is certain.
fn first_look(path: &Path, check: fn(&SqliteFile) -> Result<()>) -> Result<()> {
    match SqliteFile::open_immutable(path).and_then(|file| check(&file)) {
        Err(refusal @ (Error::Missing { .. } | Error::ForeignDatabase { .. })) => Err(refusal),
        _ => Ok(()),
    }
}

fn holds_something(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| file.len() > 0 || !file.is_file())
}
