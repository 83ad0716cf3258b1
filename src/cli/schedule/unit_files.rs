//! Units that are written to a directory: both or none, and never over the file of another
//! database.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use anyhow::Context as _;
use rustix::fs::{AtFlags, Mode, OFlags, mkdirat, openat, unlinkat};
use rustix::io::Errno;

use super::subject::WRITTEN_FOR;
use crate::Error;
use crate::cli::replace::{Draft, ensure_own_links, ensure_replaceable};
use crate::cli::trust::ResolvedPath;

/// A file that is longer is no unit of sessctl.
const MAX_BYTES: u64 = 1 << 20;

/// Writes units, in this order, and creates their directory.
///
/// # Errors
/// [`Error::Refused`] if a file of one of these names does not begin with the owner line. Anything
/// that keeps the files from being written: then those that were there are there again.
pub fn write_units(
    directory: &Path,
    owner_line: &str,
    units: &[(String, String)],
) -> anyhow::Result<()> {
    let at = create_directory(directory)
        .with_context(|| format!("could not create the directory \"{}\"", directory.display()))?;
    let mut found = Vec::new();
    for (name, _) in units {
        let path = directory.join(name);
        let doing = || format!("could not write \"{}\"", path.display());
        ensure_replaceable(&at, name.as_ref()).with_context(doing)?;
        let old = read_old(&at, name.as_ref()).with_context(doing)?;
        if let Some(old) = &old {
            ensure_own(old, owner_line, &path)?;
        }
        found.push((name, old));
    }
    let doing = || format!("could not write the units to \"{}\"", directory.display());
    let drafts: io::Result<Vec<Draft<'_>>> =
        units.iter().map(|(name, text)| Draft::new(&at, name.as_ref(), text.as_bytes())).collect();
    for (index, draft) in drafts.with_context(doing)?.into_iter().enumerate() {
        if let Err(error) = draft.put() {
            found[..index]
                .iter()
                .for_each(|(name, old)| put_back(&at, name.as_ref(), old.as_deref()));
            return Err(error).with_context(doing);
        }
    }
    Ok(())
}

fn ensure_own(old: &[u8], owner_line: &str, path: &Path) -> anyhow::Result<()> {
    let first = old.split(|byte| *byte == b'\n').next().unwrap_or_default();
    if first == owner_line.as_bytes() {
        return Ok(());
    }
    let path = path.display();
    let first = String::from_utf8_lossy(first);
    let why = match first.strip_prefix(WRITTEN_FOR) {
        Some(other) => format!("is for{other}"),
        None => "was not written by sessctl".to_owned(),
    };
    Err(Error::Refused(format!(
        "\"{path}\" {why}; nothing was written: remove the file, or write to another directory"
    ))
    .into())
}

/// Content of a regular file, if it is there.
fn read_old(directory: &OwnedFd, name: &OsStr) -> io::Result<Option<Vec<u8>>> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file: File = match openat(directory, name, flags, Mode::empty()) {
        Err(Errno::NOENT) => return Ok(None),
        opened => opened?.into(),
    };
    let mut bytes = Vec::new();
    file.take(MAX_BYTES).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// Undoes a replacement as far as possible: another failure is already reported.
fn put_back(directory: &OwnedFd, name: &OsStr, old: Option<&[u8]>) {
    let _ = match old {
        Some(bytes) => Draft::new(directory, name, bytes).and_then(Draft::put),
        None => unlinkat(directory, name, AtFlags::empty()).map_err(io::Error::from),
    };
}

/// Opens a directory, and creates it and those above it where they are missing.
fn create_directory(path: &Path) -> anyhow::Result<OwnedFd> {
    let (resolved, missing) = ResolvedPath::to_closest(path)?;
    ensure_own_links(&resolved, path)?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut at = openat(resolved.end.as_fd(), ".", flags, Mode::empty())?;
    for name in missing {
        match mkdirat(&at, &name, Mode::from_raw_mode(0o755)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
        at = openat(&at, &name, flags, Mode::empty())?;
    }
    Ok(at)
}
