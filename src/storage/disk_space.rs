use super::vacuum::SpaceRequirement;
use crate::domain::error::InsufficientSpace;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    pub directory: String,
    pub file_system: u64,
    /// Bytes available to this user.
    pub free: u64,
}

impl SpaceRequirement {
    /// The directories of the database and of temporary files may share a file system.
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
