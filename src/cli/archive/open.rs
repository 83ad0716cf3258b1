//! Opening archives. As root, the way to them may not pass a link that another user could change.

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::bail;
use rustix::fs::{Mode, OFlags, openat};
use rustix::io::Errno;
use rustix::process::geteuid;

use crate::cli::accounts;
use crate::cli::exit::Usage;
use crate::cli::replace::directory_of;
use crate::cli::trust::{ResolvedPath, is_root};

/// Permissions of the group and of others to write.
const OTHERS_WRITE: u32 = 0o022;

/// A file to append to.
pub struct OpenedArchive {
    pub file: File,
    pub is_new: bool,
}

/// Opens or creates a file to append to, which only its owner may read.
///
/// # Errors
/// The file cannot be opened, is not a regular file, or another user could change it.
pub fn open_to_append(path: &Path) -> anyhow::Result<OpenedArchive> {
    let Some(name) = path.file_name() else { bail!("it does not end in a file name") };
    let directory = directory_of(path)?;
    let flags = OFlags::RDWR
        | OFlags::APPEND
        | OFlags::NOFOLLOW
        | OFlags::CLOEXEC
        | OFlags::NOCTTY
        | OFlags::NONBLOCK;
    let mode = Mode::RUSR | Mode::WUSR;
    let created = openat(&directory.end, name, flags | OFlags::CREATE | OFlags::EXCL, mode);
    let is_new = created.is_ok();
    let file: File = match created {
        Err(Errno::EXIST) => openat(&directory.end, name, flags, Mode::empty()),
        opened => opened,
    }
    .map_err(|error| match error {
        Errno::LOOP => anyhow::anyhow!("it is a symbolic link; pass the path of the file itself"),
        error => error.into(),
    })?
    .into();
    let found = file.metadata()?;
    if !found.is_file() {
        bail!("it is not a regular file");
    }
    if found.uid() != geteuid().as_raw() {
        bail!(
            "it belongs to {}; use another file, or change its owner",
            accounts::user(found.uid())
        );
    }
    if found.mode() & OTHERS_WRITE != 0 {
        bail!("other users may write to it; run `chmod 600` on it");
    }
    if is_new {
        // Otherwise a crash could lose the file with its synced content.
        openat(&directory.end, ".", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
            .and_then(rustix::fs::fsync)?;
    }
    Ok(OpenedArchive { file, is_new })
}

/// Opens a file to read.
///
/// # Errors
/// The file cannot be read.
pub fn open_to_read(path: &Path) -> anyhow::Result<File> {
    let name = path.display();
    let unread =
        |error: std::io::Error| Usage::error(format!("could not read \"{name}\": {error}"));
    let file = if is_root() {
        let resolved = ResolvedPath::to(path).map_err(unread)?;
        if let Some(fault) = resolved.link_in_reach() {
            bail!(
                "could not read \"{name}\": the path contains a symbolic link that another user \
                 could change ({fault}); pass a path without symbolic links"
            );
        }
        resolved.open().map_err(unread)?
    } else {
        File::open(path).map_err(unread)?
    };
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    Err(Usage::error(format!("could not read \"{name}\": it is not a regular file")))
}
