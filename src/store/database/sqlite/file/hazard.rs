//! Names under which a database is not seen whole.

use std::fmt;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, FileType, StatxAttributes, StatxFlags, statx};

/// A reason why programs may reach the same database under different names. SQLite keeps
/// the write-ahead log and the rollback journal beside the name under which a program
/// opens the file, so that programs that use different names do not see each other's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameHazard {
    /// The file has several hard links.
    HardLinks(u32),
    /// The file itself is a mount point, as a bind mount of a single file is.
    MountPoint,
}

impl NameHazard {
    /// The hazard of a file, if it has one.
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

    /// The remedy.
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
