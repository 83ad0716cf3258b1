//! Database files before SQLite opens them.

pub mod denied;
pub mod hazard;
pub mod kind;
pub mod locks;
mod paths;
pub(super) mod sidecars;
pub(super) mod users;

use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::path::Path;

use nix::errno::Errno;

use crate::domain::error::{Absence, Error, ForeignContent, Result};

use locks::KeptFile;
pub(in crate::store) use paths::{SIDECARS, sibling};
pub(super) use paths::{has_wal, resolve, sqlite_path};

pub const INPUT_OUTPUT: &str = "input/output error; check the disk and the system log";
/// Mode of new files: user names and addresses are private.
#[cfg(unix)]
const OWNER_ONLY: u32 = 0o600;
/// Minimum size of a database: SQLite treats a smaller file as empty and overwrites it.
pub(super) const MIN_DATABASE_BYTES: u64 = 512;

pub(super) fn new_file(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, OWNER_ONLY);
    options.open(path)
}

pub(super) fn restrict_mode_if_empty(path: &Path) -> Result<()> {
    let doing = |e| Error::failed(format!("set the mode of \"{}\"", path.display()), e);
    let found = fs::metadata(path).map_err(doing)?;
    #[cfg(unix)]
    if found.len() == 0 {
        let own = std::os::unix::fs::PermissionsExt::from_mode(OWNER_ONLY);
        fs::set_permissions(path, own).map_err(doing)?;
    }
    Ok(())
}

pub(super) fn validate_file(path: &Path) -> Result<()> {
    let at = path.display().to_string();
    // Opening a FIFO would block.
    let found = match fs::metadata(path) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Err(missing_error(path)),
        found => found.map_err(|e| read_error(path, e))?,
    };
    let (found, content) = if found.is_dir() {
        ("it is a directory", ForeignContent::Other)
    } else if !found.is_file() {
        ("it is not a regular file", ForeignContent::Other)
    } else if found.len() == 0 {
        ("the file is empty", ForeignContent::Nothing)
    } else if found.len() < MIN_DATABASE_BYTES {
        return Err(not_a_database(path));
    } else {
        return Ok(());
    };
    Err(Error::ForeignDatabase { at, found: found.to_owned(), content })
}

/// Bytes of a file that show its kind.
const KIND_BYTES: usize = 4096;

/// Says what a file is that is not a database.
pub(super) fn not_a_database(path: &Path) -> Error {
    let start = KeptFile::open(path).and_then(|file| file.start(KIND_BYTES)).unwrap_or_default();
    let size = fs::metadata(path).map_or(0, |file| file.len());
    let (found, kind) = kind::describe(&start, size);
    let content = kind.map_or(ForeignContent::Other, ForeignContent::File);
    Error::ForeignDatabase { at: path.display().to_string(), found: found.to_owned(), content }
}

pub(super) fn read_error(path: &Path, error: std::io::Error) -> Error {
    failed("read", path, error)
}

fn failed(doing: &str, path: &Path, error: std::io::Error) -> Error {
    let doing = format!("{doing} \"{}\"", path.display());
    let is_denial =
        matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem);
    match denied::reason(path).filter(|_| is_denial) {
        Some(reason) => Error::failed(doing, reason),
        None if error.raw_os_error() == Some(Errno::EIO as i32) => {
            Error::failed(doing, INPUT_OUTPUT)
        }
        None => Error::failed(doing, error),
    }
}

pub(super) fn create_error(path: &Path, error: std::io::Error) -> Error {
    let doing = format!("create \"{}\"", path.display());
    match denied::reason_to_create(path) {
        Some(reason) => Error::failed(doing, reason),
        None => Error::failed(doing, error),
    }
}

pub(super) fn missing_error(path: &Path) -> Error {
    let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty());
    let why = match directory {
        Some(directory) if !directory.exists() => {
            Absence::Other(format!("directory \"{}\" does not exist", directory.display()))
        }
        _ => Absence::File,
    };
    Error::Missing { at: path.display().to_string(), why }
}
