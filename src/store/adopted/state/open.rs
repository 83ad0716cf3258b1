//! Finding, creating and opening the state file.

use std::fs;
use std::path::{Path, PathBuf};

use super::files::FileId;
use super::old_location::MoveOutcome;
use super::{Backing, FileFault, FileResult, FrameworkState, OpenFile, files, old_location};
use crate::domain::error::{Error, Result};
use crate::domain::state_file::{StateConsequence, StateFault, StateNotice};
use crate::store::database::sqlite::Access;
use crate::store::open_native;

impl FrameworkState {
    pub(super) fn open_to_read(&self) -> Result<FileResult<Option<OpenFile>>> {
        let found = self.file_to_read().and_then(|path| {
            let Some(path) = path else { return Ok(None) };
            let identity = files::checked_file(&path).map_err(FileFault::of(&path))?;
            Ok(identity.map(|identity| (path, identity)))
        });
        let (path, identity) = match found {
            Ok(Some(found)) => found,
            Ok(None) => return Ok(Ok(None)),
            Err(fault) => return Ok(Err(fault)),
        };
        if identity.is_empty {
            return self.read_empty(path, identity);
        }
        let identity = Some(identity);
        match open_native::open_file(&path, Access::Read) {
            Ok(native) => Ok(Ok(Some(OpenFile { native, backing: Backing::Read(path, identity) }))),
            // The file may belong to an older sessctl: only sessctl migrates it.
            Err(Error::ForeignDatabase { .. })
                if open_native::is_native(path.as_path()).unwrap_or(false) =>
            {
                match open_native::create_file(&path) {
                    Ok(native) => {
                        Ok(Ok(Some(OpenFile { native, backing: Backing::File(path, identity) })))
                    }
                    Err(error) => Backing::File(path, identity).classify(error, false),
                }
            }
            Err(error) => Backing::Read(path, identity).classify(error, false),
        }
    }

    /// Handles an empty file, which another process may be about to fill.
    fn read_empty(&self, path: PathBuf, identity: FileId) -> Result<FileResult<Option<OpenFile>>> {
        if self.access == Access::Write {
            // The following write reports it.
            return Ok(Ok(None));
        }
        let lock = files::lock(path.parent().unwrap_or(&path));
        let is_empty = fs::symlink_metadata(&path).is_ok_and(|file| file.len() == 0);
        if lock.is_ok() && !is_empty {
            drop(lock);
            return self.open_to_read();
        }
        let identity = Some(identity);
        Ok(Err(FileFault { file: path, kind: StateFault::Empty, identity }))
    }

    fn file_to_read(&self) -> FileResult<Option<PathBuf>> {
        let Some(directory) = &self.directory.path else { return Ok(None) };
        let named = directory.join(&self.name);
        let checked = files::checked_directory(directory).map_err(FileFault::of(&named))?;
        let file = checked.map(|directory| directory.join(&self.name));
        if let Some(file) = file.filter(|file| fs::symlink_metadata(file).is_ok()) {
            return Ok(Some(file));
        }
        if let Some(fault) = files::forbidden(&named, false) {
            return Err(FileFault::of(&named)(fault));
        }
        Ok(self.legacy().find(|path| old_location::is_usable(path)))
    }

    fn legacy(&self) -> impl Iterator<Item = PathBuf> {
        self.directory.legacy.iter().map(|directory| directory.join(&self.name))
    }

    /// Opens the file; creates it and its directory if they are missing.
    pub(super) fn open_to_write(&self) -> Result<FileResult<OpenFile>> {
        let prepared = match &self.directory.path {
            Some(directory) => self.prepare(directory),
            None => Err(FileFault::of(Path::new(&self.name))(StateFault::NoDirectory)),
        };
        let (path, identity, lock) = match prepared {
            Ok(prepared) => prepared,
            Err(fault) => return Ok(Err(fault)),
        };
        let created = open_native::create_file(&path);
        drop(lock);
        match created {
            Ok(native) => {
                let identity = identity.or_else(|| files::checked_file(&path).ok().flatten());
                Ok(Ok(OpenFile { native, backing: Backing::File(path, identity) }))
            }
            Err(error) => Backing::File(path, identity).classify(error, true),
        }
    }

    /// Creates the directory, moves a legacy file there, and checks the existing file.
    /// Returns a lock if there is none.
    fn prepare(&self, directory: &Path) -> FileResult<(PathBuf, Option<FileId>, Option<fs::File>)> {
        let named = directory.join(&self.name);
        let at = FileFault::of(&named);
        let found = match files::checked_directory(directory).map_err(&at)? {
            Some(found) => found,
            None => {
                files::make_directory(directory).map_err(&at)?;
                let made = files::checked_directory(directory).map_err(&at)?;
                made.ok_or_else(|| at(StateFault::Other("its directory is missing".to_owned())))?
            }
        };
        let path = found.join(&self.name);
        let check = || files::checked_file(&path).map_err(FileFault::of(&path));
        if let Some(identity) = check()?.filter(|identity| !identity.is_empty) {
            return Ok((path, Some(identity), None));
        }
        let lock = files::lock(&found).map_err(FileFault::of(&path))?;
        match check()? {
            Some(identity) if !identity.is_empty => return Ok((path, Some(identity), None)),
            Some(_) => self.notify(path.clone(), StateFault::Empty, StateConsequence::Content),
            None => {}
        }
        for legacy in self.legacy() {
            match old_location::move_file(&legacy, &path) {
                Ok(MoveOutcome::Nothing) => continue,
                Ok(MoveOutcome::InUse) => return Ok((legacy, None, None)),
                Ok(MoveOutcome::Done) => {
                    let to = path.clone();
                    (self.directory.notify)(&StateNotice::Moved { from: legacy, to });
                }
                Err(error) => {
                    let backing = Backing::File(legacy.clone(), None);
                    self.notify(legacy, backing.fault_of(&error, true), StateConsequence::Content);
                }
            }
            break;
        }
        Ok((path, None, Some(lock)))
    }
}
