//! The state directory and its files, before SQLite opens them.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, Metadata, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{Access, AtFlags, CWD, accessat};
use rustix::process::geteuid;

use crate::domain::state_file::{StateFault, UntrustedReason, quoted};
use crate::store::database::sqlite::file::{SIDECARS, sibling};

const DIRECTORY_MODE: u32 = 0o700;

const WORLD_WRITABLE: u32 = 0o002;
const GROUP_OR_WORLD_WRITABLE: u32 = 0o022;
/// Bit by which only the owner of an entry may rename or remove it.
const STICKY: u32 = 0o1000;

/// Maximum number of links on the way to a directory, as on Linux itself.
const MAX_LINKS: usize = 40;

/// Maximum wait for another process that makes, moves or sets aside a state file.
const MAX_WAIT: Duration = Duration::from_secs(5);
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// With its parents, for this user alone. Root makes none where another user could put a link.
pub(super) fn make_directory(path: &Path) -> Result<(), StateFault> {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    if geteuid().is_root() && !only_root_controls(path) {
        // Below a file, there is nothing to make at all.
        let nearest = nearest_existing(&whole);
        let (path, why) = if nearest.is_dir() {
            (path, UntrustedReason::Parent)
        } else {
            (nearest, UntrustedReason::Kind)
        };
        return Err(StateFault::Unsafe { path: path.to_owned(), why });
    }
    let made = DirBuilder::new().recursive(true).mode(DIRECTORY_MODE).create(path);
    match made {
        // A dangling link or a file: the check distinguishes them.
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(e) if e.kind() == ErrorKind::PermissionDenied => Err(denied(nearest_existing(path))),
        made => {
            made.map_err(|e| StateFault::Other(format!("could not create {}: {e}", quoted(path))))
        }
    }
}

/// Checks a directory and returns its path without links; `None` if it does not exist.
///
/// 1. It is a directory, and not a symbolic link.
/// 2. It belongs to the effective user or to root.
/// 3. It is not world-writable.
/// 4. For root: only root can rename it, or replace one of its parents by a link.
pub(super) fn checked_directory(path: &Path) -> Result<Option<PathBuf>, StateFault> {
    // With a slash at its end, a link would be followed.
    let path: PathBuf = path.components().collect();
    let path = if path.as_os_str().is_empty() { PathBuf::from(".") } else { path };
    let Some(found) = metadata(&path)? else { return Ok(None) };
    let not_safe = |why| Err(StateFault::Unsafe { path: path.clone(), why });
    if found.is_symlink() {
        return not_safe(UntrustedReason::Link);
    }
    if !found.is_dir() {
        return not_safe(UntrustedReason::Kind);
    }
    if let Some(why) = untrusted(&found) {
        return not_safe(why);
    }
    let real = fs::canonicalize(&path).map_err(|e| unreadable(&path, &e))?;
    if geteuid().is_root() && !only_root_controls(&path) {
        return not_safe(UntrustedReason::Parent);
    }
    Ok(Some(real))
}

/// Checks a database in such a directory and its sidecar files: each is a regular file of
/// the effective user or root, has a single name, and is not world-writable. Returns the
/// identity of the database itself.
pub(super) fn checked_file(path: &Path) -> Result<Option<FileId>, StateFault> {
    for (suffix, _) in SIDECARS {
        check_file(&sibling(path, suffix))?;
    }
    Ok(check_file(path)?.map(|found| FileId::of(&found)))
}

fn check_file(path: &Path) -> Result<Option<Metadata>, StateFault> {
    let Some(found) = metadata(path)? else { return Ok(None) };
    let why = if found.is_symlink() {
        Some(UntrustedReason::Link)
    } else if !found.is_file() {
        Some(UntrustedReason::Kind)
    } else if found.nlink() > 1 {
        Some(UntrustedReason::HardLink)
    } else {
        untrusted(&found)
    };
    match why {
        Some(why) => Err(StateFault::Unsafe { path: path.to_owned(), why }),
        None => Ok(Some(found)),
    }
}

fn untrusted(found: &Metadata) -> Option<UntrustedReason> {
    let user = geteuid().as_raw();
    if found.uid() != user && found.uid() != 0 {
        return Some(UntrustedReason::Owner(found.uid(), user));
    }
    (found.mode() & WORLD_WRITABLE != 0).then_some(UntrustedReason::Writable)
}

/// Checks that only root controls which directory a path leads to, now or once it exists.
fn only_root_controls(path: &Path) -> bool {
    let Ok(path) = std::path::absolute(path) else { return false };
    let parts = |path: &Path| -> Vec<OsString> {
        path.iter().filter(|part| *part != "/").map(OsString::from).collect()
    };
    let mut rest = VecDeque::from(parts(&path));
    let (mut here, mut links) = (PathBuf::from("/"), 0);
    while let Some(part) = rest.pop_front() {
        if !is_root_owned(&here) {
            return false;
        }
        let next = here.join(part);
        match fs::symlink_metadata(&next) {
            Ok(found) if !found.is_symlink() => here = next,
            Ok(found) => {
                links += 1;
                let Ok(target) = fs::read_link(&next) else { return false };
                if found.uid() != 0 || links > MAX_LINKS {
                    return false;
                }
                if target.is_absolute() {
                    here = PathBuf::from("/");
                }
                parts(&target).into_iter().rev().for_each(|part| rest.push_front(part));
            }
            // What is missing will be root's.
            Err(e) => return e.kind() == ErrorKind::NotFound,
        }
    }
    true
}

/// Checks that only root can change the entries of a directory, or at least rename root's.
fn is_root_owned(directory: &Path) -> bool {
    let found = fs::symlink_metadata(directory);
    found.is_ok_and(|found| {
        let is_closed = found.mode() & GROUP_OR_WORLD_WRITABLE == 0 || found.mode() & STICKY != 0;
        found.is_dir() && found.uid() == 0 && is_closed
    })
}

fn metadata(path: &Path) -> Result<Option<Metadata>, StateFault> {
    match fs::symlink_metadata(path) {
        Ok(found) => Ok(Some(found)),
        // A file in place of a parent directory has no entries.
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(e) => Err(unreadable(path, &e)),
    }
}

fn unreadable(path: &Path, error: &io::Error) -> StateFault {
    match error.kind() {
        ErrorKind::PermissionDenied => denied(nearest_existing(path)),
        _ => StateFault::Other(format!("could not read {}: {error}", quoted(path))),
    }
}

fn nearest_existing(path: &Path) -> &Path {
    let is_there = |path: &&Path| fs::symlink_metadata(path).is_ok();
    path.ancestors().find(is_there).filter(|path| !path.as_os_str().is_empty()).unwrap_or(path)
}

pub(super) fn denied(path: &Path) -> StateFault {
    StateFault::Denied { path: path.to_owned(), user: geteuid().as_raw() }
}

pub(super) fn forbidden(path: &Path, to_write: bool) -> Option<StateFault> {
    let may = |path: &Path, access| accessat(CWD, path, access, AtFlags::EACCESS).is_ok();
    let wanted = if to_write { Access::READ_OK | Access::WRITE_OK } else { Access::READ_OK };
    let directory = path.parent().unwrap_or(path);
    if directory.exists() && !may(directory, wanted | Access::EXEC_OK) {
        return Some(denied(directory));
    }
    let files =
        std::iter::once(path.to_owned()).chain(SIDECARS.map(|(suffix, _)| sibling(path, suffix)));
    files.into_iter().find(|file| file.exists() && !may(file, wanted)).map(|file| denied(&file))
}

/// Number by which a file is recognized after it was renamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileId {
    device: u64,
    inode: u64,
    pub(super) is_empty: bool,
}

impl FileId {
    fn of(found: &Metadata) -> Self {
        Self { device: found.dev(), inode: found.ino(), is_empty: found.len() == 0 }
    }

    pub(super) fn identifies(self, path: &Path) -> bool {
        let found = fs::symlink_metadata(path);
        found.is_ok_and(|found| (found.dev(), found.ino()) == (self.device, self.inode))
    }
}

/// Until the result is dropped, no other process creates, moves or renames state files in it.
pub(super) fn lock(directory: &Path) -> Result<File, StateFault> {
    let failed = |e: &dyn std::fmt::Display| {
        StateFault::Other(format!("could not lock {}: {e}", quoted(directory)))
    };
    let file = File::open(directory).map_err(|e| unreadable(directory, &e))?;
    let started = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if started.elapsed() < MAX_WAIT => {
                std::thread::sleep(POLL_INTERVAL);
            }
            Err(TryLockError::WouldBlock) => return Err(failed(&"another process holds the lock")),
            Err(TryLockError::Error(e)) => return Err(failed(&e)),
        }
    }
}

/// To an unused name, with its sidecar files. `None`: another process has already done so.
pub(super) fn set_aside(
    path: &Path,
    damaged: FileId,
    time: i64,
) -> Result<Option<PathBuf>, StateFault> {
    let directory = path.parent().unwrap_or(path);
    let _lock = lock(directory)?;
    if !damaged.identifies(path) {
        return Ok(None);
    }
    let failed = |e: io::Error| StateFault::Other(format!("could not rename it: {e}"));
    let names = (1..).map(|number| match number {
        1 => format!(".damaged-{time}"),
        more => format!(".damaged-{time}.{more}"),
    });
    for name in names {
        let aside = sibling(path, &name);
        if fs::symlink_metadata(&aside).is_ok() {
            continue;
        }
        // Sidecar files first: once the database is gone, another process creates a new one.
        for (suffix, _) in SIDECARS {
            match fs::rename(sibling(path, suffix), sibling(&aside, suffix)) {
                Err(e) if e.kind() == ErrorKind::NotFound => {}
                renamed => renamed.map_err(failed)?,
            }
        }
        fs::rename(path, &aside).map_err(failed)?;
        return Ok(Some(aside));
    }
    Ok(None)
}

/// Checks a directory for state files. `false`: it does not exist.
pub fn check_state_directory(path: &Path) -> Result<bool, StateFault> {
    checked_directory(path).map(|real| real.is_some())
}
