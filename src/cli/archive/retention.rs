//! Deleting whole archives whose last rows are older than their retention.

use std::fs::{self, File};
use std::path::Path;

use anyhow::Context as _;
use rustix::fs::{AtFlags, Dir, Mode, OFlags, openat, unlinkat};

use super::tail::complete_length;
use crate::cli::replace::directory_of;
use crate::domain::archive_name::ArchiveName;
use crate::domain::time::{Span, UnixTime};

/// Deletes the archives with this name whose time has passed: regular files that begin like an
/// archive.
///
/// # Errors
/// The directory cannot be read, or a file cannot be deleted.
pub fn remove_expired(name: &ArchiveName, keep: Span, now: UnixTime) -> anyhow::Result<()> {
    let path = name.at(now);
    let doing = || format!("could not delete archives like \"{name}\"");
    if fs::symlink_metadata(name.split().0).is_err() {
        // The first append says so.
        return Ok(());
    }
    let directory = directory_of(Path::new(&path))?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let listing = openat(&directory.end, ".", flags, Mode::empty()).with_context(doing)?;
    for entry in Dir::read_from(&listing).with_context(doing)? {
        let entry = entry.with_context(doing)?;
        let Ok(file_name) = entry.file_name().to_str() else { continue };
        if !name.is_expired(file_name, keep, now) {
            continue;
        }
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let Ok(file) = openat(&listing, file_name, flags, Mode::empty()) else { continue };
        let file = File::from(file);
        let found = file.metadata().with_context(doing)?;
        let is_archive = || complete_length(&file, name.format(), found.len(), 0).is_ok();
        if found.is_file() && is_archive() {
            unlinkat(&listing, file_name, AtFlags::empty()).with_context(doing)?;
        }
    }
    Ok(())
}
