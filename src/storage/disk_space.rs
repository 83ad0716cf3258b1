//! Disk space for rebuilding a database.

use super::vacuum::SpaceRequirement;
use crate::domain::error::InsufficientSpace;

/// A directory and the free space of its file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// Path of the directory, for messages.
    pub directory: String,
    /// Identifier of the file system.
    pub file_system: u64,
    /// Bytes available to this user.
    pub free: u64,
}

impl SpaceRequirement {
    /// Checks that the directories of the database and of temporary files, which may share
    /// a file system, have enough space.
    ///
    /// # Errors
    /// [`InsufficientSpace`] for the first directory that lacks space.
    pub fn check(&self, data: &Volume, temporary: &Volume) -> Result<(), InsufficientSpace> {
        const LOG: &str = "the log";
        const COPY: &str = "a temporary copy";
        let requirements = if data.file_system == temporary.file_system {
            let both = "the log and a temporary copy";
            [(data, self.data + self.temporary, both), (temporary, 0, COPY)]
        } else {
            [(data, self.data, LOG), (temporary, self.temporary, COPY)]
        };
        requirements.into_iter().try_for_each(|(volume, wanted, purpose)| {
            if wanted <= volume.free {
                return Ok(());
            }
            Err(InsufficientSpace {
                directory: volume.directory.clone(),
                purpose,
                wanted,
                free: volume.free,
            })
        })
    }
}
