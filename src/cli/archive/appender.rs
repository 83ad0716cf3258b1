//! Appending to an archive.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{FlockOperation, flock};

use super::open::{OpenedArchive, open_to_append};
use super::tail::complete_length;
use crate::domain::archive_name::{ArchiveFormat, ArchiveName};
use crate::domain::time::UnixTime;

/// Remembers how far an archive is complete.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Appender {
    /// Inode and length after the last append.
    last: Option<(u64, u64)>,
}

impl Appender {
    /// Appends lines or a frame to the archive for this time, durably. What a crash has left
    /// incomplete at its end is cut off. Other processes wait meanwhile.
    ///
    /// # Errors
    /// The file cannot be written, is not an archive, or another user could change it. It then
    /// ends where it ended before, unless that fails as well.
    pub fn append(
        &mut self,
        name: &ArchiveName,
        now: UnixTime,
        bytes: &[u8],
    ) -> anyhow::Result<()> {
        self.append_to(Path::new(&name.at(now)), name.format(), bytes)
    }

    fn append_to(
        &mut self,
        path: &Path,
        format: ArchiveFormat,
        bytes: &[u8],
    ) -> anyhow::Result<()> {
        let file = open_locked(path)?;
        let found = file.metadata()?;
        let known = self.last.take().filter(|(inode, _)| *inode == found.ino());
        let known = known.map_or(0, |(_, length)| length);
        let end = complete_length(&file, format, found.len(), known)?;
        if end < found.len() {
            file.set_len(end)?;
        }
        if let Err(error) = (&file).write_all(bytes).and_then(|()| file.sync_data()) {
            // The error of writing is the one to report; the next append cuts the rest off, too.
            let _ = file.set_len(end);
            return Err(error.into());
        }
        self.last = Some((found.ino(), end + bytes.len() as u64));
        Ok(())
    }
}

/// Opens and locks a file that is still there once it is locked: another process may have deleted
/// it.
fn open_locked(path: &Path) -> anyhow::Result<File> {
    loop {
        let OpenedArchive { file, is_new } = open_to_append(path)?;
        flock(&file, FlockOperation::LockExclusive)?;
        if is_new || file.metadata()?.nlink() > 0 {
            return Ok(file);
        }
    }
}
