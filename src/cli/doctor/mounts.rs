//! The mount that holds a file.

use std::path::{Path, PathBuf};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    pub point: PathBuf,
    /// Type of the file system: `ext4`, `nfs4`, `fuse.sshfs`.
    pub kind: String,
    pub is_read_only: bool,
}

impl Mount {
    /// Finds the mount of a resolved path in the text of `/proc/self/mountinfo`. A later mount
    /// hides an earlier one at the same point.
    pub fn of(path: &Path, mounts: &str) -> Option<Self> {
        let holds = |mount: &Self| path.starts_with(&mount.point);
        let depth = |mount: &Self| mount.point.components().count();
        mounts.lines().filter_map(Self::parse).filter(holds).max_by_key(depth)
    }

    /// Reads `36 35 98:0 / /mnt rw,noatime master:1 - ext4 /dev/sda1 rw`.
    fn parse(line: &str) -> Option<Self> {
        let (mount, system) = line.split_once(" - ")?;
        let mut fields = mount.split(' ').skip(4);
        let (point, options) = (unescape(fields.next()?), fields.next()?);
        let mut system = system.split(' ');
        let (kind, of_system) = (system.next()?, system.nth(1).unwrap_or_default());
        let is_read_only = |options: &str| options.split(',').any(|option| option == "ro");
        Some(Self {
            point: point.into(),
            kind: kind.to_owned(),
            is_read_only: is_read_only(options) || is_read_only(of_system),
        })
    }
}

/// Replaces the escapes of blanks, line breaks and backslashes: `\040`.
fn unescape(field: &str) -> String {
    let mut text = field.to_owned();
    for (escape, char) in [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")] {
        text = text.replace(escape, char);
    }
    text
}
