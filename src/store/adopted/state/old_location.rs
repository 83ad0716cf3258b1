//! Moving a state file out of a directory of an earlier version.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::files::{checked_directory, checked_file};
use crate::domain::error::{Error, Result};
use crate::store::database::sqlite::SqliteFile;
use crate::store::database::sqlite::file::sibling;

pub(super) enum MoveOutcome {
    Nothing,
    Done,
    /// Another process uses the file: it is moved another time.
    InUse,
}

/// Checks for a trustworthy file at a legacy path.
pub(super) fn is_usable(path: &Path) -> bool {
    let directory = path.parent().unwrap_or(path);
    let is_directory = checked_directory(directory).is_ok_and(|real| real.is_some());
    is_directory && checked_file(path).is_ok_and(|file| file.is_some_and(|file| !file.is_empty))
}

/// Includes the content of the write-ahead log. The target directory is locked, so that no other
/// process does the same. After an error, the file stays in place.
pub(super) fn move_file(from: &Path, to: &Path) -> Result<MoveOutcome> {
    if !is_usable(from) {
        return Ok(MoveOutcome::Nothing);
    }
    // Alone with the file, SQLite absorbs the log and removes it.
    let mut file = match SqliteFile::open_alone(from) {
        Err(Error::Busy { .. }) => return Ok(MoveOutcome::InUse),
        file => file?,
    };
    let failed =
        |e| Error::failed(format!("move \"{}\" to \"{}\"", from.display(), to.display()), e);
    file.while_locked(|| transfer(from, to)).map_err(|error| match error {
        Error::Busy { .. } => error,
        error => failed(error.with_causes()),
    })?;
    Ok(MoveOutcome::Done)
}

fn transfer(from: &Path, to: &Path) -> Result<()> {
    let failed = |e| Error::failed("rename it", e);
    match fs::rename(from, to) {
        Err(e) if e.kind() == io::ErrorKind::CrossesDevices => {
            copy(from, to).and_then(|()| fs::remove_file(from)).map_err(failed)?;
        }
        renamed => renamed.map_err(failed)?,
    }
    for path in [from, to] {
        sync(path.parent().unwrap_or(path)).map_err(failed)?;
    }
    Ok(())
}

/// Copies the file and makes the copy durable before it has its name.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let new = sibling(to, ".new");
    // What a process has left that died here.
    let _ = fs::remove_file(&new);
    let mut copy = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    io::copy(&mut File::open(from)?, &mut copy)?;
    copy.sync_all()?;
    fs::rename(&new, to)
}

fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}
