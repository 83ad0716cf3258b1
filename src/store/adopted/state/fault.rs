//! Classification of errors of a state file.

use std::path::Path;

use super::{Backing, FileFault, FileResult, files};
use crate::domain::error::{Error, Result};
use crate::domain::state_file::StateFault;
use crate::store::open_native::is_native;

impl Backing {
    /// The outcome of a step that has failed: a fault of the file, or an error that has
    /// nothing to do with it, such as a lock that another process holds.
    pub(super) fn classify<T>(&self, error: Error, to_write: bool) -> Result<FileResult<T>> {
        let is_unrelated =
            matches!(error, Error::LeaseHeld { .. } | Error::AlreadyRun | Error::State(_));
        let (Self::Read(file, identity) | Self::File(file, identity)) = self else {
            return Err(error);
        };
        if is_unrelated || error.is_refusal() || error.is_transient() {
            return Err(error);
        }
        let fault = self.fault_of(&error, to_write);
        Ok(Err(FileFault { file: file.clone(), kind: fault, identity: *identity }))
    }

    pub(super) fn fault_of(&self, error: &Error, to_write: bool) -> StateFault {
        let (Self::Read(file, _) | Self::File(file, _)) = self else {
            return StateFault::Other(error.with_causes());
        };
        let damaged =
            |detail: &str| StateFault::Damaged { detail: detail.to_owned(), set_aside: None };
        match error {
            Error::Corrupt { detail, .. } => damaged(detail),
            Error::ForeignDatabase { found, .. } => match is_native(file.as_path()) {
                Ok(true) => StateFault::Newer,
                Ok(false) => StateFault::Foreign(found.clone()),
                Err(Error::ForeignDatabase { .. } | Error::Corrupt { .. }) if file.is_file() => {
                    damaged("it is not an SQLite database")
                }
                Err(_) => StateFault::Other(error.with_causes()),
            },
            error => files::forbidden(file, to_write)
                .unwrap_or_else(|| StateFault::Other(error.with_causes())),
        }
    }
}

/// Checks for a database of sessctl, of any version.
pub(super) fn is_sessctl_file(path: &Path) -> bool {
    is_native(path).unwrap_or(false)
}
