//! Files that decide what sessctl does, read as root: a configuration, a profile, a
//! credentials file, a hook's program. One that another user could change would give root's
//! rights to that user, so it is refused.
//!
//! [`resolved`] follows a path and reports who owns each component; `fault` judges it.

pub mod fault;
pub mod path;

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use crate::Error;
use rustix::process::geteuid;

use super::exit::Usage;

pub use fault::shell_quoted;
pub use path::{ComponentKind, ResolvedPath};

/// Files that are trusted with root's rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilePurpose {
    Configuration,
    Profile,
    Credentials,
    /// Certificates of the authorities that vouch for a cluster.
    Authorities,
    Hook,
    NotificationCommand,
}

impl FilePurpose {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Profile => "profile",
            Self::Credentials => "credentials file",
            Self::Authorities => "file of certificates",
            Self::Hook => "program of the hook",
            Self::NotificationCommand => "program of the notification",
        }
    }
}

/// Reads a file. As root, the path is checked, and what is read is the file that was checked.
///
/// # Errors
/// [`Error::Refused`] if root would read a file that another user could change;
/// [`Usage`] if it cannot be read.
pub fn read(path: &Path, role: FilePurpose) -> anyhow::Result<Vec<u8>> {
    let unread = |e: io::Error| Usage::error(format!("could not read \"{}\": {e}", path.display()));
    if !is_root() {
        return fs::read(path).map_err(unread);
    }
    let resolved = ResolvedPath::to(path).map_err(unread)?;
    ensure_only_root_writes(&resolved, path, role)?;
    let mut bytes = Vec::new();
    resolved.open().and_then(|mut file| file.read_to_end(&mut bytes)).map_err(unread)?;
    Ok(bytes)
}

/// Reads a file of text, in the same way.
pub fn read_to_string(path: &Path, role: FilePurpose) -> anyhow::Result<String> {
    let text = String::from_utf8(read(path, role)?);
    text.map_err(|_| {
        let path = path.display();
        Usage::error(format!("could not read \"{path}\": stream did not contain valid UTF-8"))
    })
}

/// Checks a program that is to be started. As no component of its path can be exchanged by
/// another user, it stays what it is.
///
/// # Errors
/// [`Error::Refused`] if root would start a program that another user could change. One
/// that is missing is not looked at.
pub fn check(path: &Path, role: FilePurpose) -> crate::Result<()> {
    match ResolvedPath::to(path) {
        Ok(resolved) if is_root() => ensure_only_root_writes(&resolved, path, role),
        _ => Ok(()),
    }
}

/// Reports whether this process has root's rights over files.
pub fn is_root() -> bool {
    geteuid().is_root()
}

fn ensure_only_root_writes(
    resolved: &ResolvedPath,
    path: &Path,
    role: FilePurpose,
) -> crate::Result<()> {
    let Some(fault) = resolved.fault() else { return Ok(()) };
    let (role, path) = (role.as_str(), path.display());
    let advice = match fault.component.kind {
        ComponentKind::File | ComponentKind::Device | ComponentKind::Handed => {
            "check its contents and run"
        }
        _ => "move it to a directory that only root can change, such as /etc, or run",
    };
    Err(Error::Refused(format!(
        "users other than root could change the {role} \"{path}\": {fault}; {advice} `{}`, or do \
         not run sessctl as root",
        fault.remedy(),
    )))
}
