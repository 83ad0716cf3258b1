//! Files that decide what sessctl does, read as root: a configuration, a profile, a
//! credentials file, a hook's program. One that another user could change would give root's
//! rights to that user, so it is refused.
//!
//! [`walk`] follows a path and reports who owns each component; `fault` judges it.

mod fault;
mod walk;

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use crate::Error;
use rustix::process::geteuid;

use super::exit::Usage;

pub use fault::shell_quoted;
pub use walk::{Kind, Walk};

/// Files that are trusted with root's rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Configuration,
    Profile,
    Credentials,
    /// Certificates of the authorities that vouch for a cluster.
    Authorities,
    Hook,
}

impl Role {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Profile => "profile",
            Self::Credentials => "credentials file",
            Self::Authorities => "file of certificates",
            Self::Hook => "program of the hook",
        }
    }
}

/// Reads a file. As root, the path is checked, and what is read is the file that was checked.
///
/// # Errors
/// [`Error::Refused`] if root would read a file that another user could change;
/// [`Usage`] if it cannot be read.
pub fn read(path: &Path, role: Role) -> anyhow::Result<Vec<u8>> {
    let unread = |e: io::Error| Usage::error(format!("could not read {}: {e}", path.display()));
    if !is_root() {
        return fs::read(path).map_err(unread);
    }
    let walk = Walk::to(path).map_err(unread)?;
    ensure_only_root_writes(&walk, path, role)?;
    let mut bytes = Vec::new();
    walk.open().and_then(|mut file| file.read_to_end(&mut bytes)).map_err(unread)?;
    Ok(bytes)
}

/// Reads a file of text, in the same way.
pub fn read_to_string(path: &Path, role: Role) -> anyhow::Result<String> {
    let text = String::from_utf8(read(path, role)?);
    text.map_err(|_| {
        let path = path.display();
        Usage::error(format!("could not read {path}: stream did not contain valid UTF-8"))
    })
}

/// Checks a program that is to be started. As no component of its path can be exchanged by
/// another user, it stays what it is.
///
/// # Errors
/// [`Error::Refused`] if root would start a program that another user could change. One
/// that is missing is not looked at.
pub fn check(path: &Path, role: Role) -> crate::Result<()> {
    match Walk::to(path) {
        Ok(walk) if is_root() => ensure_only_root_writes(&walk, path, role),
        _ => Ok(()),
    }
}

/// Reports whether this process has root's rights over files.
pub fn is_root() -> bool {
    geteuid().is_root()
}

fn ensure_only_root_writes(walk: &Walk, path: &Path, role: Role) -> crate::Result<()> {
    let Some(fault) = walk.fault() else { return Ok(()) };
    let (role, path) = (role.as_str(), path.display());
    let advice = match fault.step.kind {
        Kind::File | Kind::Device | Kind::Handed => "check its contents and run",
        _ => "move it to a directory that only root can change, such as /etc, or run",
    };
    Err(Error::Refused(format!(
        "users other than root could change the {role} \"{path}\": {fault}; {advice} `{}`, or do \
         not run sessctl as root",
        fault.remedy(),
    )))
}

#[cfg(test)]
mod tests;
