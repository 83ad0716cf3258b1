//! The user whose privileges root takes for a database: its owner.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::Path;

use crate::Error;
use crate::domain::error::Absence;
use anyhow::Context as _;
use rustix::fs::{Mode, OFlags, openat};
use rustix::io::Errno;

use super::Identity;
use crate::cli::accounts;
use crate::cli::trust::ResolvedPath;

/// A database as it was found, before it is opened.
#[derive(Debug)]
pub struct FoundDatabase {
    pub owner: Identity,
    /// Device and inode; `None`: the file is missing.
    pub file: Option<(u64, u64)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfMissing {
    /// Fail where another user may create it in the next moment.
    Fail,
    Ignore,
    /// Create it as root's own file where another user could do so first.
    Create,
}

/// Finds the owner of a database, or of the directory in which it is to be made. Nothing is
/// opened on the way.
///
/// 1. The file's owner, whoever controls the directories on the way: what they exchange is
///    followed with the owner's privileges later, never with those of root.
/// 2. A link that a third user controls is refused: it would choose among the databases of
///    the owner.
/// 3. A file of root's counts as root's only where nobody else can exchange it, which the
///    sticky bit of a directory ensures; a missing one, only where nobody else can create it.
///
/// # Errors
/// [`Error::Refused`] by rules 2 and 3; [`Error::Missing`] by rule 3 for a command that needs
/// the file; whatever keeps root from looking.
pub fn of(path: &Path, if_missing: IfMissing) -> anyhow::Result<FoundDatabase> {
    let resolved = match ResolvedPath::to(path) {
        Err(e) if e.kind() == ErrorKind::NotFound => return of_directory(path, if_missing),
        resolved => resolved.with_context(|| unknown(path))?,
    };
    let file = resolved.last();
    reject_foreign_link(&resolved, file.uid, path)?;
    if file.uid == 0 {
        ensure_out_of_reach(&resolved, path)?;
    }
    Ok(FoundDatabase { owner: Identity::of_owner(file.uid, file.gid)?, file: Some(file.id) })
}

/// The owner of the directory that is to hold a file, or of the closest one that exists.
fn of_directory(path: &Path, if_missing: IfMissing) -> anyhow::Result<FoundDatabase> {
    let (resolved, missing) = ResolvedPath::to_closest(path).with_context(|| unknown(path))?;
    let directory = resolved.last();
    reject_foreign_link(&resolved, directory.uid, path)?;
    if directory.uid == 0 {
        let out_of_reach = ensure_out_of_reach(&resolved, path);
        let is_safe = out_of_reach.is_ok() && resolved.fault_beside().is_none();
        match if_missing {
            IfMissing::Fail if !is_safe => {
                let at = path.display().to_string();
                return Err(Error::Missing { at, why: Absence::File }.into());
            }
            IfMissing::Create => {
                out_of_reach?;
                if let ([name], false) = (missing.as_slice(), is_safe) {
                    create(&resolved, name, path)?;
                }
            }
            IfMissing::Fail | IfMissing::Ignore => {}
        }
    }
    Ok(FoundDatabase { owner: Identity::of_owner(directory.uid, directory.gid)?, file: None })
}

/// Creates an empty file of root's, which nobody else can exchange in a sticky directory.
fn create(resolved: &ResolvedPath, name: &OsStr, path: &Path) -> anyhow::Result<()> {
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::WRONLY | OFlags::CLOEXEC;
    match openat(&resolved.end, name, flags, Mode::RUSR | Mode::WUSR) {
        Ok(_) => Ok(()),
        Err(Errno::EXIST) => Err(Error::Refused(format!(
            "another process has just created \"{}\"; run the command again",
            path.display()
        ))
        .into()),
        Err(error) => {
            Err(error).with_context(|| format!("could not create \"{}\"", path.display()))
        }
    }
}

fn unknown(path: &Path) -> String {
    format!(
        "could not determine the owner of \"{}\"; pass --as USER to work with that user's privileges",
        path.display()
    )
}

fn reject_foreign_link(resolved: &ResolvedPath, owner: u32, path: &Path) -> crate::Result<()> {
    let foreign = resolved.links_in_reach().find(|link| link.uid != 0 && link.uid != owner);
    let Some(link) = foreign else { return Ok(()) };
    Err(Error::Refused(format!(
        "the path \"{}\" passes through the symbolic link \"{}\", which {} owns, to a file of {}; \
         pass the path of the file itself, or --as USER",
        path.display(),
        link.path.display(),
        accounts::user(link.uid),
        accounts::user(owner),
    )))
}

fn ensure_out_of_reach(resolved: &ResolvedPath, path: &Path) -> crate::Result<()> {
    let Some(fault) = resolved.fault_on_the_way() else { return Ok(()) };
    Err(Error::Refused(format!(
        "root would own \"{}\", but other users could replace it: {fault}; make the application's \
         user its owner, or pass --as USER",
        path.display(),
    )))
}
