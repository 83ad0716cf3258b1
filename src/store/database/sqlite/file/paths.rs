use std::fs;
use std::path::{Path, PathBuf};

pub(in crate::store) const SIDECARS: [(&str, &str); 3] =
    [("-wal", "write-ahead log"), ("-shm", "shared memory"), ("-journal", "rollback journal")];

/// Path for SQLite, which does not treat bare `:memory:` and `file:…` as file names.
pub(in crate::store::database::sqlite) fn sqlite_path(path: &Path) -> PathBuf {
    Path::new(".").join(path)
}

/// Canonical path: SQLite derives the name of the log from it.
pub(in crate::store::database::sqlite) fn resolve(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// True if a file has a non-empty write-ahead log.
pub(in crate::store::database::sqlite) fn has_wal(path: &Path) -> bool {
    fs::metadata(sibling(&resolve(path), "-wal")).is_ok_and(|log| log.len() > 0)
}

/// Path with a suffix appended to its file name.
pub(in crate::store) fn sibling(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
