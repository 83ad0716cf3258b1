//! Walking a tree of directories.
//!
//! Each directory is opened relative to the one above it, and no link is followed, so that a
//! directory which another user exchanges leads nowhere. Directories are listed, and nothing else
//! is opened.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat, fstat, openat, statat};
use rustix::io::Errno;

use super::reach::Reach;
use crate::cli::exit::Usage;
use crate::store::discovery::FileIdentity;

/// Size of the smallest page of an SQLite database. The size of a database is a multiple of it.
const PAGE_BYTES: i64 = 512;
/// Endings of the names of databases, for those that were truncated.
const ENDINGS: [&str; 5] = ["db", "db3", "s3db", "sqlite", "sqlite3"];
const LIST: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC).union(OFlags::NONBLOCK);

/// A regular file that may be a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub path: PathBuf,
    pub id: FileIdentity,
    pub owner: u32,
    /// User and group with whose privileges it is opened.
    pub opened_by: (u32, u32),
}

/// Receives what a walk finds.
pub trait Visitor {
    fn directory(&mut self, walk: &Walk);
    /// # Errors
    /// Whatever ends the walk.
    fn file(&mut self, file: Candidate) -> anyhow::Result<()>;
    /// A directory that could not be listed, and the reason.
    fn fault(&mut self, path: &Path, why: &str);
}

#[derive(Debug)]
pub struct Walk {
    depth: usize,
    /// Directories that were entered, and those that are still to be entered by their own names.
    directories: HashSet<FileIdentity>,
    /// Files with several links.
    links: HashSet<FileIdentity>,
    /// Number of directories that were listed.
    pub listed: u64,
    /// Number of regular files.
    pub files: u64,
    /// Number of directories that are too deep.
    pub cut: u64,
    /// Directories at which another file system begins.
    pub mounts: Vec<PathBuf>,
}

/// A directory that is being listed.
struct Level<'p> {
    path: &'p Path,
    device: u64,
    depth: usize,
    reach: Reach,
}

impl Walk {
    pub fn new(depth: usize) -> Self {
        Self {
            depth,
            directories: HashSet::new(),
            links: HashSet::new(),
            listed: 0,
            files: 0,
            cut: 0,
            mounts: Vec::new(),
        }
    }

    /// Searches directories, each on its own file system. A directory and a file that have several
    /// names are visited once.
    ///
    /// # Errors
    /// A directory that is named cannot be opened, or the error of the visitor.
    pub fn run(&mut self, roots: &[PathBuf], visitor: &mut dyn Visitor) -> anyhow::Result<()> {
        let mut opened = Vec::new();
        for path in roots {
            let directory = openat(CWD, path, LIST, Mode::empty());
            let looked = directory.and_then(|fd| Ok((fstat(&fd)?, fd)));
            let (found, directory) = looked.map_err(|error| unusable(path, error))?;
            // One that is named twice is searched once.
            if self.directories.insert(id(&found)) {
                opened.push((path, found, directory));
            }
        }
        for (path, found, directory) in opened {
            self.list(directory, path, &found, 1, visitor)?;
        }
        Ok(())
    }

    fn list(
        &mut self,
        directory: OwnedFd,
        path: &Path,
        found: &Stat,
        depth: usize,
        visitor: &mut dyn Visitor,
    ) -> anyhow::Result<()> {
        let mut directory = match Dir::new(directory) {
            Ok(directory) => directory,
            Err(error) => {
                visitor.fault(path, &reason(error));
                return Ok(());
            }
        };
        self.listed += 1;
        visitor.directory(self);
        let level = Level { path, device: found.st_dev, depth, reach: Reach::of(path, id(found)) };
        let mut below = Vec::new();
        while let Some(entry) = directory.read() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    visitor.fault(path, &reason(error));
                    break;
                }
            };
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            let is_other = !matches!(
                entry.file_type(),
                FileType::RegularFile | FileType::Directory | FileType::Unknown
            );
            if name == "." || name == ".." || is_other {
                continue;
            }
            let flags = AtFlags::SYMLINK_NOFOLLOW | no_automount();
            let entry = match statat(directory.fd()?, name, flags) {
                Ok(entry) => entry,
                // It was deleted.
                Err(Errno::NOENT) => continue,
                Err(error) => {
                    visitor.fault(path, &reason(error));
                    break;
                }
            };
            match FileType::from_raw_mode(entry.st_mode) {
                FileType::RegularFile => self.file(&level, name, &entry, visitor)?,
                FileType::Directory => below.push(name.to_owned()),
                _ => {}
            }
        }
        below.sort();
        for name in below {
            self.descend(&directory, &level, &name, visitor)?;
        }
        Ok(())
    }

    fn file(
        &mut self,
        level: &Level<'_>,
        name: &OsStr,
        found: &Stat,
        visitor: &mut dyn Visitor,
    ) -> anyhow::Result<()> {
        self.files += 1;
        // Its device is of no interest: an overlay of file systems gives files those of its layers.
        if !may_be_database(name, found.st_size)
            || (found.st_nlink > 1 && !self.links.insert(id(found)))
        {
            return Ok(());
        }
        let path = level.path.join(name);
        let owner = (found.st_uid, found.st_gid);
        let opened_by = level.reach.user_for(owner);
        visitor.file(Candidate { path, id: id(found), owner: found.st_uid, opened_by })
    }

    fn descend(
        &mut self,
        directory: &Dir,
        level: &Level<'_>,
        name: &OsStr,
        visitor: &mut dyn Visitor,
    ) -> anyhow::Result<()> {
        let path = level.path.join(name);
        let flags = AtFlags::SYMLINK_NOFOLLOW | no_automount();
        let Ok(before) = statat(directory.fd()?, name, flags) else { return Ok(()) };
        if before.st_dev != level.device {
            self.mounts.push(path);
            return Ok(());
        }
        if self.directories.contains(&id(&before)) {
            return Ok(());
        }
        if level.depth >= self.depth {
            self.cut += 1;
            return Ok(());
        }
        let opened = openat(directory.fd()?, name, LIST | OFlags::NOFOLLOW, Mode::empty());
        let looked = opened.and_then(|fd| Ok((fstat(&fd)?, fd)));
        let (found, below) = match looked {
            Ok(looked) => looked,
            // It was deleted, or replaced by something else.
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => return Ok(()),
            Err(error) => {
                visitor.fault(&path, &reason(error));
                return Ok(());
            }
        };
        if found.st_dev != level.device || !self.directories.insert(id(&found)) {
            return Ok(());
        }
        self.list(below, &path, &found, level.depth + 1, visitor)
    }
}

fn may_be_database(name: &OsStr, size: i64) -> bool {
    let ending = || Path::new(name).extension().and_then(OsStr::to_str).unwrap_or_default();
    let is_named = || ENDINGS.iter().any(|known| ending().eq_ignore_ascii_case(known));
    size >= PAGE_BYTES && (size % PAGE_BYTES == 0 || is_named())
}

#[cfg(target_os = "linux")]
const fn no_automount() -> AtFlags {
    AtFlags::NO_AUTOMOUNT
}

#[cfg(not(target_os = "linux"))]
const fn no_automount() -> AtFlags {
    AtFlags::empty()
}

const fn id(found: &Stat) -> FileIdentity {
    (found.st_dev, found.st_ino)
}

fn reason(error: Errno) -> String {
    match error {
        Errno::ACCESS | Errno::PERM => "permission denied".to_owned(),
        error => io::Error::from(error).to_string(),
    }
}

fn unusable(path: &Path, error: Errno) -> anyhow::Error {
    let why = reason(error);
    Usage::error(format!("could not search \"{}\": {why}", path.display()))
}
