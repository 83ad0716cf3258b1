//! The file of a database, before SQLite has a say in it.

pub(super) mod denied;
pub mod hazard;
pub(super) mod locks;
pub(super) mod sidecars;
mod users;

use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use nix::errno::Errno;

use crate::domain::error::{Error, Result};

/// The read version of a database that has a write-ahead log.
const WAL_READ_VERSION: u8 = 2;
/// Files that SQLite keeps beside a database, and their names for people.
const SIDECARS: [(&str, &str); 3] =
    [("-wal", "write-ahead log"), ("-shm", "shared memory"), ("-journal", "rollback journal")];
/// The reason of a failure of a device.
pub(super) const INPUT_OUTPUT: &str = "input/output error; check the disk and the system log";
/// User names and addresses are nobody else's business.
#[cfg(unix)]
const OWNER_ONLY: u32 = 0o600;
/// No database is smaller: SQLite takes less for nothing and overwrites it.
const MIN_DATABASE_BYTES: u64 = 512;

/// Makes a file that is not there yet, for its owner alone.
pub(super) fn new_file(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, OWNER_ONLY);
    options.open(path)
}

/// Makes a file that holds nothing yet one for its owner alone.
pub(super) fn restrict_mode_if_empty(path: &Path) -> Result<()> {
    let doing = |e| Error::failed(format!("set the mode of {}", path.display()), e);
    let found = fs::metadata(path).map_err(doing)?;
    #[cfg(unix)]
    if found.len() == 0 {
        let own = std::os::unix::fs::PermissionsExt::from_mode(OWNER_ONLY);
        fs::set_permissions(path, own).map_err(doing)?;
    }
    Ok(())
}

/// Says what is wrong with a path that SQLite need not even look at.
pub(super) fn validate_file(path: &Path) -> Result<()> {
    let at = path.display().to_string();
    // To open a pipe would be to wait for whoever writes to it.
    let found = match fs::metadata(path) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Err(missing_error(path)),
        found => found.map_err(|e| read_error(path, e))?,
    };
    let found = if found.is_dir() {
        "it is a directory"
    } else if !found.is_file() {
        "it is not a regular file"
    } else if found.len() == 0 {
        "the file is empty; `sessctl init` makes a database of it"
    } else if found.len() < MIN_DATABASE_BYTES {
        "it is not a SQLite database"
    } else {
        return Ok(());
    };
    Err(Error::ForeignDatabase { at, found: found.to_owned() })
}

/// The path as SQLite has to have it: for it, `:memory:` and `file:…` alone are no
/// names of files.
pub(super) fn sqlite_path(path: &Path) -> PathBuf {
    Path::new(".").join(path)
}

/// What a name stands for: the log of a file that has another name lies beside that.
pub(super) fn resolve(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// Whether a file has a log that holds something.
pub(super) fn has_wal(path: &Path) -> bool {
    fs::metadata(sibling(&resolve(path), "-wal")).is_ok_and(|log| log.len() > 0)
}

/// The file of this one's name and a suffix.
pub(super) fn sibling(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// The error of a file that cannot be read.
pub(super) fn read_error(path: &Path, error: std::io::Error) -> Error {
    failed("read", path, error)
}

/// The error of something that could not be done to a file, with the permission that is
/// missing, if one is.
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

/// The error of a file that cannot be made.
pub(super) fn create_error(path: &Path, error: std::io::Error) -> Error {
    let doing = format!("create \"{}\"", path.display());
    match denied::reason_to_create(path) {
        Some(reason) => Error::failed(doing, reason),
        None => Error::failed(doing, error),
    }
}

pub(super) fn missing_error(path: &Path) -> Error {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let hint = match folder {
        Some(folder) if !folder.exists() => format!("there is no folder {}", folder.display()),
        _ => "`sessctl init` makes one".to_owned(),
    };
    Error::Missing { at: path.display().to_string(), hint }
}
