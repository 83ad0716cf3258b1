//! Free space of file systems.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::{env, fs};

use crate::storage::disk_space::Volume;
use crate::{Error, Result};
use rustix::fs::{Access, access, statvfs};

/// Returns SQLite's directory for temporary files: the first writable one of those that it
/// tries.
pub fn temporary_directory() -> PathBuf {
    let named = ["SQLITE_TMPDIR", "TMPDIR"].into_iter().filter_map(env::var_os).map(PathBuf::from);
    let usual = ["/var/tmp", "/usr/tmp", "/tmp"].into_iter().map(PathBuf::from);
    named
        .chain(usual)
        .find(|directory| {
            directory.is_dir() && access(directory, Access::WRITE_OK | Access::EXEC_OK).is_ok()
        })
        .unwrap_or_else(|| PathBuf::from("."))
}

/// Returns the directory of a file, with links resolved.
pub fn directory_of(file: &Path) -> Result<PathBuf> {
    let real = fs::canonicalize(file).map_err(|e| unknown(file, e))?;
    Ok(real.parent().unwrap_or(Path::new("/")).to_owned())
}

pub fn volume(directory: &Path) -> Result<Volume> {
    let file_system = fs::metadata(directory).map_err(|e| unknown(directory, e))?.dev();
    let left = statvfs(directory).map_err(|e| unknown(directory, e.into()))?;
    let free = left.f_bavail.saturating_mul(left.f_frsize);
    Ok(Volume { directory: directory.display().to_string(), file_system, free })
}

fn unknown(path: &Path, error: std::io::Error) -> Error {
    Error::failed(format!("determine the free space of \"{}\"", path.display()), error)
}

pub fn advice(database: &str) -> String {
    let room = directory_of(Path::new(database)).and_then(|directory| volume(&directory));
    match room {
        Ok(place) => format!(
            "the file system of \"{}\" has {} KiB left: free some space, and run the command again",
            place.directory,
            place.free >> 10
        ),
        Err(_) => "free space on its file system, and run the command again".to_owned(),
    }
}
