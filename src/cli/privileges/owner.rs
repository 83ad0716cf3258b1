//! The user whose privileges root takes for a database: its owner.

use std::io::ErrorKind;
use std::path::Path;

use anyhow::Context as _;
use sessctl::Error;

use super::Identity;
use crate::cli::accounts;
use crate::cli::trust::Walk;

/// Finds the owner of a database, or of the directory in which it is to be made. Nothing is
/// opened or created on the way.
///
/// 1. The file's owner, whoever controls the directories on the way: what they exchange is
///    followed with the owner's privileges later, never with those of root.
/// 2. A link that a third user controls is refused: it would choose among the databases of
///    the owner.
/// 3. A file of root's counts as root's only where nobody else can exchange it.
///
/// # Errors
/// [`Error::Refused`] by rules 2 and 3; [`Error::Missing`] where anyone may create the file;
/// whatever keeps root from looking.
pub fn of(path: &Path, may_create: bool) -> anyhow::Result<Identity> {
    let walk = match Walk::to(path) {
        Err(e) if e.kind() == ErrorKind::NotFound => return of_directory(path, may_create),
        walk => walk.with_context(|| unknown(path))?,
    };
    let file = walk.last();
    must_have_no_foreign_link(&walk, file.uid, path)?;
    if file.uid == 0 {
        must_be_out_of_reach(&walk, path)?;
    }
    Identity::of_owner(file.uid, file.gid)
}

/// The owner of the directory that is to hold a file, or of the closest one that exists.
fn of_directory(path: &Path, may_create: bool) -> anyhow::Result<Identity> {
    let (walk, _) = Walk::to_closest(path).with_context(|| unknown(path))?;
    let directory = walk.last();
    must_have_no_foreign_link(&walk, directory.uid, path)?;
    if directory.uid == 0 {
        must_be_out_of_reach(&walk, path)?;
        let is_everyones = directory.mode & 0o002 != 0;
        if is_everyones && !may_create {
            // Whatever is there in a moment may be anyone's.
            let (at, hint) = (path.display().to_string(), "`sessctl init` makes one".to_owned());
            return Err(Error::Missing { at, hint }.into());
        }
    }
    Identity::of_owner(directory.uid, directory.gid)
}

fn unknown(path: &Path) -> String {
    format!(
        "could not find the owner of \"{}\"; pass --as USER to work with that user's privileges",
        path.display()
    )
}

fn must_have_no_foreign_link(walk: &Walk, owner: u32, path: &Path) -> sessctl::Result<()> {
    let foreign = walk.links_in_reach().find(|link| link.uid != 0 && link.uid != owner);
    let Some(link) = foreign else { return Ok(()) };
    Err(Error::Refused(format!(
        "\"{}\" leads through the link \"{}\", which {} owns, to a file of {}; pass the path of \
         the file itself",
        path.display(),
        link.path.display(),
        accounts::user(link.uid),
        accounts::user(owner),
    )))
}

/// Refuses to work as root where another user chooses the file.
fn must_be_out_of_reach(walk: &Walk, path: &Path) -> sessctl::Result<()> {
    let Some(fault) = walk.fault_on_the_way() else { return Ok(()) };
    Err(Error::Refused(format!(
        "root owns \"{}\", but other users could replace it: {fault}; make the application's user its owner, or pass --as USER",
        path.display(),
    )))
}
