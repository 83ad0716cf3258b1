use std::fmt;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, FileType, StatxAttributes, StatxFlags, statx};

/// Reason why programs may open the same database under different names. SQLite names the
/// write-ahead log and the rollback journal after the name by which the file was opened, so
/// that such programs do not see each other's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameHazard {
    HardLinks(u32),
    /// The file itself is a mount point, as a bind mount of a single file is.
    MountPoint,
}

impl NameHazard {
    pub(in crate::store) fn of(path: &Path) -> Option<Self> {
        let wanted = StatxFlags::TYPE | StatxFlags::NLINK;
        let file = statx(CWD, path, AtFlags::empty(), wanted).ok()?;
        if !FileType::from_raw_mode(u32::from(file.stx_mode)).is_file() {
            return None;
        }
        if file.stx_attributes.contains(StatxAttributes::MOUNT_ROOT) {
            return Some(Self::MountPoint);
        }
        (file.stx_nlink > 1).then_some(Self::HardLinks(file.stx_nlink))
    }

    pub const fn remedy(self) -> &'static str {
        match self {
            Self::HardLinks(_) => "open the file under one name only, or remove the other links",
            Self::MountPoint => {
                "mount the directory that holds the database instead of the file alone"
            }
        }
    }
}

impl fmt::Display for NameHazard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HardLinks(links) => write!(f, "the file has {links} hard links"),
            Self::MountPoint => f.write_str("the file is a mount point"),
        }
    }
}
