//! Sidecar files of a database, examined before SQLite opens it.

use std::fs::{self, FileType, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::hazard::NameHazard;
use super::locks::{Hold, KeptFile};
use super::paths::{SIDECARS, resolve, sibling};
use super::{denied, read_error, users};
use crate::domain::error::{Error, Result};

pub(in crate::store::database) struct DatabaseFiles {
    path: PathBuf,
    /// Resolved path, from which SQLite derives the names of sidecar files.
    real: PathBuf,
    kept: KeptFile,
    has_log: bool,
    /// Owner of the file, if it is another user and this user is not root.
    foreign_owner: Option<u32>,
    /// Lengths of the write-ahead log and of the shared memory.
    log: Option<u64>,
    shared: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store::database) enum ReadMode {
    /// With the existing log and shared memory.
    Attached,
    /// SQLite creates missing sidecar files.
    Normal,
    /// Opens an immutable file: the log is empty or missing, and no sidecar file may be created.
    Immutable,
}

/// Refuses sidecar files of other users next to a database of root, as in a world-writable
/// directory: SQLite would replay a journal into the database.
pub(in crate::store::database) fn ensure_owned_by_root(real: &Path) -> Result<()> {
    let foreign = SIDECARS.map(|(suffix, _)| sibling(real, suffix)).into_iter().find_map(|path| {
        let owner = fs::symlink_metadata(&path).ok()?.uid();
        (owner != 0).then_some((path, owner))
    });
    let Some((path, owner)) = foreign else { return Ok(()) };
    Err(Error::Refused(format!(
        "\"{}\" belongs to user {}, but the database next to it belongs to root; find out which \
         program created the file, then remove it",
        path.display(),
        users::name(owner),
    )))
}

impl DatabaseFiles {
    /// # Errors
    /// [`Error::Refused`] if a file beside it is not a regular file, or if another process
    /// has the database open under another name, so that its write-ahead log is elsewhere;
    /// [`Error::Failed`] if it cannot be read.
    pub(in crate::store::database) fn at(path: &Path) -> Result<Self> {
        let real = resolve(path);
        let kept = KeptFile::open(&real).map_err(|e| read_error(path, e))?;
        let [log, shared, _] = lengths(&real)?;
        let looked = kept.is_wal_mode().and_then(|has_log| Ok((has_log, kept.owner()?)));
        let (has_log, owner) = looked.map_err(|e| read_error(path, e))?;
        let own = users::own();
        if (own, owner) == (0, 0) {
            ensure_owned_by_root(&real)?;
        }
        let foreign_owner = Some(owner).filter(|owner| own != 0 && own != *owner);
        let found = Self { path: path.to_owned(), real, kept, has_log, foreign_owner, log, shared };
        if has_log {
            found.ensure_single_name()?;
        }
        Ok(found)
    }

    fn ensure_single_name(&self) -> Result<()> {
        let Some(process) = self.kept.process_without_shm(&sibling(&self.real, "-shm")) else {
            return Ok(());
        };
        let process = match process {
            ..=0 => "another process".to_owned(),
            number => format!("process {number}"),
        };
        let (why, remedy) = match NameHazard::of(&self.real) {
            Some(hazard) => (format!("; {hazard}"), format!(", or {}", hazard.remedy())),
            None => (String::new(), String::new()),
        };
        Err(Error::Refused(format!(
            "{process} has the database \"{}\" open under another name, and therefore uses \
             another write-ahead log; using both would corrupt the database{why}: pass the name \
             that the application uses{remedy}",
            self.path.display()
        )))
    }

    pub(in crate::store::database) fn has_changes(&self) -> bool {
        self.log.is_some_and(|length| length > 0)
    }

    pub(in crate::store::database) fn is_checkpointed(&self) -> bool {
        self.has_log && !self.has_changes() && !self.is_attached()
    }

    /// True if the sidecar files must not be removed while the file is opened.
    pub(in crate::store::database) fn needs_hold(&self) -> bool {
        self.has_log && self.foreign_owner.is_some()
    }

    fn is_attached(&self) -> bool {
        self.log.is_some() && self.shared.is_some()
    }

    /// Prevents the removal of the sidecar files of another user's database while it is opened:
    /// SQLite would create them again, and the owner could not open them.
    pub(in crate::store::database) fn hold(&mut self) -> Result<Option<Hold>> {
        if !self.needs_hold() {
            return Ok(None);
        }
        let hold = match self.kept.hold() {
            Err(e) if e.kind() == ErrorKind::WouldBlock => {
                return Err(Error::Busy { at: self.path.display().to_string() });
            }
            // Where there are no locks, nobody else can be using a write-ahead log.
            hold => hold.ok(),
        };
        [self.log, self.shared, _] = lengths(&self.real)?;
        Ok(hold)
    }

    /// Mode of reading that creates no files which the owner of the database could not open.
    pub(in crate::store::database) fn read_mode(&self) -> Result<ReadMode> {
        if self.is_attached() {
            return Ok(ReadMode::Attached);
        }
        match self.foreign_owner {
            Some(_) if self.is_checkpointed() => Ok(ReadMode::Immutable),
            Some(owner) if self.has_log => Err(self.foreign_owner_error(owner)),
            _ => Ok(ReadMode::Normal),
        }
    }

    /// Checks that writing creates no sidecar file for another user's database.
    pub(in crate::store::database) fn ensure_writable_by_owner(&self) -> Result<()> {
        let Some(owner) = self.foreign_owner.filter(|_| !(self.has_log && self.is_attached()))
        else {
            return Ok(());
        };
        match denied::reason(&self.path) {
            Some(reason) => {
                Err(Error::failed(format!("write to \"{}\"", self.path.display()), reason))
            }
            None => Err(self.foreign_owner_error(owner)),
        }
    }

    fn foreign_owner_error(&self, owner: u32) -> Error {
        let (owner, user) = (users::name(owner), users::name(users::own()));
        Error::Refused(format!(
            "\"{}\" belongs to user {owner}, who might not be able to access the files that user \
             {user} would create next to it; run sessctl as {owner}",
            self.path.display()
        ))
    }
}

pub(in crate::store::database) fn lengths(real: &Path) -> Result<[Option<u64>; 3]> {
    let mut lengths = [None; 3];
    for (length, (suffix, name)) in lengths.iter_mut().zip(SIDECARS) {
        let path = sibling(real, suffix);
        *length = match fs::symlink_metadata(&path) {
            Ok(found) => Some(regular_length(&path, name, &found)?),
            Err(e) if e.kind() == ErrorKind::NotFound => None,
            Err(e) => return Err(read_error(&path, e)),
        };
    }
    Ok(lengths)
}

fn regular_length(path: &Path, name: &str, found: &Metadata) -> Result<u64> {
    if found.is_file() {
        return Ok(found.len());
    }
    Err(Error::Refused(format!(
        "\"{}\" is {}, and SQLite's {name} must be a regular file: find out which program created it, then \
         remove it",
        path.display(),
        describe_type(found.file_type())
    )))
}

fn describe_type(file: FileType) -> &'static str {
    if file.is_symlink() {
        "a symbolic link"
    } else if file.is_dir() {
        "a directory"
    } else if file.is_fifo() {
        "a FIFO"
    } else if file.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}
