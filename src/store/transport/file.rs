//! The file of a database, before SQLite has a say in it.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read};
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};

use crate::domain::error::{Error, Result};

/// Where the header says whether changes go to a write-ahead log.
const HEADER_READ_VERSION: usize = 19;
const WAL: u8 = 2;
/// User names and addresses are nobody else's business.
#[cfg(unix)]
const OWN: u32 = 0o600;
/// No database is smaller: SQLite takes less for nothing and overwrites it.
const SMALLEST: u64 = 512;

/// Makes a file that is not there yet, for its owner alone.
pub(super) fn new_file(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, OWN);
    options.open(path)
}

/// Makes a file that holds nothing yet one for its owner alone.
pub(super) fn take_as_own_if_empty(path: &Path) -> Result<()> {
    let doing = |e| Error::failed(format!("set the mode of {}", path.display()), e);
    let found = fs::metadata(path).map_err(doing)?;
    #[cfg(unix)]
    if found.len() == 0 {
        let own = std::os::unix::fs::PermissionsExt::from_mode(OWN);
        fs::set_permissions(path, own).map_err(doing)?;
    }
    Ok(())
}

/// Says what is wrong with a path that SQLite need not even look at.
pub(super) fn must_be_a_file(path: &Path) -> Result<()> {
    let at = path.display().to_string();
    // To open a pipe would be to wait for whoever writes to it.
    let found = match fs::metadata(path) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Err(missing(path)),
        found => found.map_err(|e| Error::failed(format!("read {at}"), e))?,
    };
    let found = if found.is_dir() {
        "it is a folder"
    } else if !found.is_file() {
        "it is no ordinary file"
    } else if found.len() == 0 {
        "the file is empty; `sessctl init` makes a database of it"
    } else if found.len() < SMALLEST {
        "it is no SQLite database"
    } else {
        return Ok(());
    };
    Err(Error::NotOurs { at, found: found.to_owned() })
}

/// Whether the header says that changes go to a write-ahead log. It is read only
/// where the file may not be written, which is seldom.
pub(super) fn wants_a_log(path: &Path) -> Result<bool> {
    let unreadable = |e| Error::failed(format!("read {}", path.display()), e);
    let mut header = [0; HEADER_READ_VERSION + 1];
    kept_open(path).and_then(|mut file| file.read_exact(&mut header)).map_err(unreadable)?;
    Ok(header[HEADER_READ_VERSION] == WAL)
}

/// Opens a file that is never closed: to close it would take away all locks that
/// this process has on it, those of its other connections too.
pub(super) fn kept_open(path: &Path) -> std::io::Result<ManuallyDrop<File>> {
    File::open(path).map(ManuallyDrop::new)
}

/// The path as SQLite has to have it: for it, `:memory:` and `file:…` alone are no
/// names of files.
pub(super) fn by_name(path: &Path) -> PathBuf {
    Path::new(".").join(path)
}

/// What a name stands for: the log of a file that has another name lies beside that.
pub(super) fn real(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// Whether a file has a log that holds something.
pub(super) fn has_a_log(path: &Path) -> bool {
    fs::metadata(beside(&real(path), "-wal")).is_ok_and(|log| log.len() > 0)
}

/// The file of this one's name and a suffix.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

pub(super) fn missing(path: &Path) -> Error {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let hint = match folder {
        Some(folder) if !folder.exists() => format!("there is no folder {}", folder.display()),
        _ => "`sessctl init` makes one".to_owned(),
    };
    Error::Missing { at: path.display().to_string(), hint }
}
