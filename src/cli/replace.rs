//! Files that are replaced as a whole: metrics, units, manual pages.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use anyhow::{Context as _, bail};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, fchmod, openat, renameat, statat, unlinkat};
use rustix::io::Errno;

use super::trust::{ComponentKind, ResolvedPath, is_root};

const MAX_ATTEMPTS: u32 = 16;

/// Every user may read the file.
const READABLE: Mode = Mode::from_raw_mode(0o644);

const PERMISSIONS: Mode = Mode::from_raw_mode(0o777);

/// Writes a file that every user may read. Readers find the old file or the new one, never
/// half of it.
///
/// The file is made under another name in the same directory and then renamed. Only a regular
/// file is replaced: not a link, and nothing that a link leads to. Both components are relative to
/// the directory that was opened first, so that root may write into another user's directory,
/// such as that of `node_exporter`: the file ends there, whatever that user does meanwhile.
/// Only a link on the way that is in that user's reach is refused.
///
/// # Errors
/// There is no such directory, or something other than a regular file has this name. As root:
/// the way to the directory passes a link that another user could change.
pub fn replace(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    replace_in(path, bytes, |_, _| READABLE)
}

/// Writes a file like [`replace`], but with the permissions of the one that it replaces, if any.
///
/// # Errors
/// Errors of [`replace`].
pub fn replace_keeping_mode(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    replace_in(path, bytes, |directory, name| {
        statat(directory, name, AtFlags::SYMLINK_NOFOLLOW)
            .map_or(READABLE, |found| Mode::from_raw_mode(found.st_mode) & PERMISSIONS)
    })
}

fn replace_in(
    path: &Path,
    bytes: &[u8],
    mode: impl FnOnce(BorrowedFd<'_>, &OsStr) -> Mode,
) -> anyhow::Result<()> {
    let doing = || format!("could not write \"{}\"", path.display());
    let Some(name) = path.file_name() else {
        bail!("{}: it does not end in a file name", doing());
    };
    let directory = directory_of(path)?;
    ensure_replaceable(&directory.end, name).with_context(doing)?;
    let mode = mode(directory.end.as_fd(), name);
    Draft::with_mode(&directory.end, name, bytes, mode).and_then(Draft::put).with_context(doing)
}

/// A whole file under a temporary name, which is removed unless it takes its place.
pub struct Draft<'a> {
    directory: BorrowedFd<'a>,
    name: &'a OsStr,
    making: Option<String>,
}

impl<'a> Draft<'a> {
    /// Writes a file that every user may read.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn new(directory: &'a OwnedFd, name: &'a OsStr, bytes: &[u8]) -> io::Result<Self> {
        Self::with_mode(directory, name, bytes, READABLE)
    }

    fn with_mode(
        directory: &'a OwnedFd,
        name: &'a OsStr,
        bytes: &[u8],
        mode: Mode,
    ) -> io::Result<Self> {
        let directory = directory.as_fd();
        let (making, mut file) = new_file(directory)?;
        let draft = Self { directory, name, making: Some(making) };
        file.write_all(bytes)?;
        fchmod(&file, mode)?;
        Ok(draft)
    }

    /// Gives the file its name, in place of the one that has it.
    ///
    /// # Errors
    /// The file cannot be renamed.
    pub fn put(mut self) -> io::Result<()> {
        if let Some(making) = &self.making {
            renameat(self.directory, making, self.directory, self.name)?;
        }
        self.making = None;
        Ok(())
    }
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        if let Some(making) = &self.making {
            // It is of no use to anybody.
            let _ = unlinkat(self.directory, making, AtFlags::empty());
        }
    }
}

pub fn directory_of(path: &Path) -> anyhow::Result<ResolvedPath> {
    let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty());
    let directory = directory.unwrap_or(Path::new("."));
    let name = path.display();
    let resolved = match ResolvedPath::to(directory) {
        Ok(resolved)
            if matches!(resolved.last().kind, ComponentKind::Directory | ComponentKind::Parent) =>
        {
            resolved
        }
        Err(e) if !matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Err(e).with_context(|| format!("could not write \"{name}\""));
        }
        _ => bail!("could not write \"{name}\": there is no directory \"{}\"", directory.display()),
    };
    ensure_own_links(&resolved, directory)
        .with_context(|| format!("could not write \"{name}\""))?;
    Ok(resolved)
}

/// Refuses, as root, a path with a link that leads where another user wants it to.
///
/// # Errors
/// There is such a link.
pub fn ensure_own_links(resolved: &ResolvedPath, path: &Path) -> anyhow::Result<()> {
    match resolved.link_in_reach().filter(|_| is_root()) {
        Some(fault) => bail!(
            "the path \"{}\" contains a symbolic link that another user could change ({fault}); \
             pass a path without symbolic links",
            path.display(),
        ),
        None => Ok(()),
    }
}

/// Refuses to replace anything other than a regular file.
///
/// # Errors
/// Something else has the name.
pub fn ensure_replaceable(directory: impl AsFd, name: &OsStr) -> anyhow::Result<()> {
    let found = match statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
        Err(Errno::NOENT) => return Ok(()),
        found => FileType::from_raw_mode(found?.st_mode),
    };
    let found = match found {
        FileType::RegularFile => return Ok(()),
        FileType::Symlink => "a link",
        FileType::Directory => "a directory",
        FileType::Fifo => "a pipe",
        FileType::Socket => "a socket",
        _ => "a device",
    };
    bail!("it is {found}, and only a regular file is replaced; remove it, or use another name")
}

fn new_file(directory: impl AsFd) -> io::Result<(String, File)> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    for _ in 0..MAX_ATTEMPTS {
        let name = format!(".tmp{:016x}", getrandom::u64().map_err(io::Error::other)?);
        match openat(&directory, &name, flags, Mode::RUSR | Mode::WUSR) {
            Err(Errno::EXIST) => {}
            made => return Ok((name, made?.into())),
        }
    }
    Err(Errno::EXIST.into())
}
