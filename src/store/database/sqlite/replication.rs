//! Programs that replicate a database: Litestream and LiteFS.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, Result};

use super::file;
use crate::domain::error;
use crate::domain::error::Error;
use crate::storage::{Replicator, ReplicatorActivity};

/// Subdirectory in which Litestream stores each part of the log that it has read.
const COPIED_PARTS: &str = "ltx/0";
const HAS_SEQUENCE: &str = "SELECT 1 FROM sqlite_schema WHERE name = '_litestream_seq'";
/// Litestream counts its checkpoints.
const SEQUENCE: &str = "SELECT sum(seq) FROM _litestream_seq";
/// File of LiteFS that exists only on replicas, next to the databases.
const PRIMARY: &str = ".primary";
/// Maximum length of the name of a host.
const MAX_NAME: u64 = 255;

/// Finds Litestream by its directory or by its table, which may remain when it is not used any
/// more, and which is also in a restored database.
pub fn litestream(connection: &Connection, path: &Path) -> Result<Option<Replicator>> {
    let directory = litestream_directory(path);
    let is_found = directory.is_some() || has_sequence(connection)?;
    Ok(is_found.then_some(Replicator { name: "Litestream", directory }))
}

/// Directory of Litestream next to the database, `.NAME-litestream`, if it exists.
pub fn litestream_directory(path: &Path) -> Option<PathBuf> {
    let path = file::resolve(path);
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name()?);
    name.push("-litestream");
    Some(path.with_file_name(name)).filter(|directory| directory.is_dir())
}

pub fn litestream_activity(connection: &Connection, path: &Path) -> Result<ReplicatorActivity> {
    let mut commits = None;
    if has_sequence(connection)? {
        commits = connection.prepare_cached(SEQUENCE)?.query_row([], |row| row.get(0))?;
    }
    let parts = litestream_directory(path).map(|directory| directory.join(COPIED_PARTS));
    let copied_at = parts.and_then(|parts| fs::metadata(parts).ok()?.modified().ok());
    Ok(ReplicatorActivity { commits: commits.unwrap_or(0), copied_at })
}

fn has_sequence(connection: &Connection) -> Result<bool> {
    let found = connection.prepare_cached(HAS_SEQUENCE)?.query_row([], |_| Ok(())).optional();
    found.map(|found| found.is_some())
}

/// Refuses to write to a replica of LiteFS.
pub fn ensure_primary(path: &Path) -> error::Result<()> {
    let file = file::resolve(path).with_file_name(PRIMARY);
    // In a directory that may not be searched, opening the database says so.
    if !file.metadata().is_ok_and(|found| found.is_file()) {
        return Ok(());
    }
    let mut primary = String::new();
    // A file that cannot be read, or that holds no text, names no primary.
    let _ = File::open(file).and_then(|file| file.take(MAX_NAME).read_to_string(&mut primary));
    let primary = primary.trim().to_owned();
    Err(Error::Replica { at: path.display().to_string(), primary })
}
