//! The directory for the state of framework tables that all callers share, and its creation
//! by root.
//!
//! Root follows no link here that another user could have made: a directory is made relative to
//! its parent, on a path that root alone controls.

use std::ffi::{OsStr, OsString};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::store::Location;
use rustix::fd::OwnedFd;
use rustix::fs::{
    AtFlags, Gid, Mode, OFlags, Uid, fchmod, fchown, fstat, mkdirat, open, openat, renameat,
    unlinkat,
};
use rustix::io::Errno;
use rustix::process::geteuid;

use super::trust::ResolvedPath;

/// Parent of one directory for each owner of a database.
pub const BASE: &str = "/var/lib/sessctl";

/// Name of the directory in [`BASE`] for the states that notifications have announced. A user
/// of this name has a directory with a number.
pub const NOTIFY: &str = "notify";

const ACCOUNTS: &str = "/etc/passwd";

/// Mode of the parent, and of directories that root makes on the way to one.
const PARENT_MODE: Mode = Mode::from_raw_mode(0o755);
const STATE_MODE: Mode = Mode::from_raw_mode(0o700);
const WRITABLE_BY_OTHERS: u32 = 0o022;

const DIRECTORY: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DatabaseOwner {
    pub uid: u32,
    pub gid: u32,
}

impl DatabaseOwner {
    /// The owner of a file, or for a cluster, which has none, the caller. `None`: the file
    /// cannot be seen.
    pub fn of(database: &Location) -> Option<Self> {
        match database {
            Location::File(path) => {
                let file = fs::metadata(path).ok()?;
                Some(Self { uid: file.uid(), gid: file.gid() })
            }
            Location::Cluster(_) => Some(Self::caller()),
        }
    }

    pub fn caller() -> Self {
        Self { uid: geteuid().as_raw(), gid: rustix::process::getegid().as_raw() }
    }

    /// Name of the owner's directory: the user's name, or the number of a user without one.
    pub fn directory(self) -> OsString {
        user_name(self.uid).map_or_else(|| self.uid.to_string().into(), OsString::from)
    }

    /// Paths of the owner's directories in the parent: the one that is used, and the one
    /// that was used while the user had no name.
    pub fn directories(self, base: &Path) -> (PathBuf, Option<PathBuf>) {
        let number = base.join(self.uid.to_string());
        let named = base.join(self.directory());
        let before = (number != named).then_some(number);
        (named, before)
    }
}

/// Name of a user. It is read from the file itself, so that each sessctl on a machine comes
/// to the same name, also a statically linked one and one that starts before the network's
/// directory service. A name that cannot be told from a number or a path counts as none.
pub fn user_name(uid: u32) -> Option<String> {
    name_in(&fs::read_to_string(ACCOUNTS).ok()?, uid)
}

pub fn name_in(accounts: &str, uid: u32) -> Option<String> {
    let name_of = |line: &str| {
        let mut fields = line.split(':');
        let (name, number) = (fields.next()?, fields.nth(1)?);
        (number.parse() == Ok(uid)).then(|| name.to_owned())
    };
    let is_plain = |name: &String| {
        let is_number = name.bytes().all(|byte| byte.is_ascii_digit());
        !is_number && !name.starts_with('.') && !name.contains('/') && name != NOTIFY
    };
    accounts.lines().find_map(name_of).filter(is_plain)
}

/// Makes the directory for the state of an owner's databases, if it is missing. For root.
///
/// # Errors
/// If it cannot be made, or if another user could have made it or its parent.
pub fn create_for(owner: DatabaseOwner) -> io::Result<PathBuf> {
    create_in(Path::new(BASE), owner)
}

pub fn create_in(base: &Path, owner: DatabaseOwner) -> io::Result<PathBuf> {
    let shared = create_shared(base)?;
    let name = owner.directory();
    let own = create_or_open(&shared, &name, owner, STATE_MODE)?;
    if fstat(&own)?.st_uid != owner.uid {
        return Err(not_safe(&base.join(name), "it belongs to another user"));
    }
    Ok(base.join(name))
}

/// Makes root's directory for the states that notifications have announced, if it is missing.
///
/// # Errors
/// Errors of [`create_for`].
pub fn create_for_notifications() -> io::Result<()> {
    let shared = create_shared(Path::new(BASE))?;
    create_or_open(&shared, NOTIFY.as_ref(), DatabaseOwner::caller(), STATE_MODE).map(drop)
}

/// Opens the directory that holds those of the owners, and makes it if it is missing.
fn create_shared(base: &Path) -> io::Result<OwnedFd> {
    let caller = DatabaseOwner::caller();
    let (Some(parent), Some(name)) = (base.parent(), base.file_name()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let parent = open(parent, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let shared = create_or_open(&parent, name, caller, PARENT_MODE)?;
    let found = fstat(&shared)?;
    if found.st_uid != caller.uid || found.st_mode & WRITABLE_BY_OTHERS != 0 {
        return Err(not_safe(base, "users other than root can change it"));
    }
    Ok(shared)
}

/// Makes a directory that a user has named, if it is missing, for the owner of the database.
/// For root, and only if its parent exists and no other user can change any of the directories
/// on the way; answers whether that is so.
///
/// # Errors
/// If it cannot be made or looked at.
pub fn create_named(path: &Path, owner: DatabaseOwner) -> io::Result<bool> {
    let (resolved, missing) = ResolvedPath::to_closest(path)?;
    let Some((last, parents)) = missing.split_last() else { return Ok(true) };
    if resolved.fault().is_some() || !parents.is_empty() {
        return Ok(false);
    }
    create_or_open(&resolved.end, last, owner, STATE_MODE)?;
    Ok(true)
}

/// Opens a directory, and makes it if it is missing. It has its owner and its mode before it
/// has its name: a process that dies in between leaves nothing that another one would find.
fn create_or_open(
    parent: &OwnedFd,
    name: &OsStr,
    owner: DatabaseOwner,
    mode: Mode,
) -> io::Result<OwnedFd> {
    match openat(parent, name, DIRECTORY, Mode::empty()) {
        Err(Errno::NOENT) => {}
        opened => return Ok(opened?),
    }
    let mut new = OsString::from(format!(".new-{}-", std::process::id()));
    new.push(name);
    match mkdirat(parent, &new, STATE_MODE) {
        // It is of an earlier process with this number.
        Err(Errno::EXIST) => {
            unlinkat(parent, &new, AtFlags::REMOVEDIR)?;
            mkdirat(parent, &new, STATE_MODE)?;
        }
        begun => begun?,
    }
    let directory = openat(parent, &new, DIRECTORY, Mode::empty())?;
    let finished = finish(&directory, owner, mode).and_then(|()| {
        // An empty directory that another process has made in the meantime is replaced.
        renameat(parent, &new, parent, name)
    });
    match finished {
        Ok(()) => Ok(directory),
        Err(error) => {
            let _ = unlinkat(parent, &new, AtFlags::REMOVEDIR);
            match error {
                Errno::EXIST | Errno::NOTEMPTY => {
                    Ok(openat(parent, name, DIRECTORY, Mode::empty())?)
                }
                error => Err(error.into()),
            }
        }
    }
}

fn finish(directory: &OwnedFd, owner: DatabaseOwner, mode: Mode) -> Result<(), Errno> {
    if owner != DatabaseOwner::caller() {
        fchown(directory, Some(Uid::from_raw(owner.uid)), Some(Gid::from_raw(owner.gid)))?;
    }
    // The umask has taken something away.
    fchmod(directory, mode)
}

fn not_safe(path: &Path, why: &str) -> io::Error {
    let text = format!("\"{}\" is not used: {why}", path.display());
    io::Error::new(io::ErrorKind::PermissionDenied, text)
}
