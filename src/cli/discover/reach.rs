//! With whose privileges root has a file opened.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use crate::cli::trust::fault::{OVERFLOW_UID, Writer};
use crate::cli::trust::{self, ResolvedPath};
use crate::store::discovery::FileIdentity;

/// A directory, and who besides root could exchange the files in it.
#[derive(Debug)]
pub struct Reach {
    path: PathBuf,
    id: FileIdentity,
    is_root: bool,
    /// User who could do so; `None`: nobody.
    writer: OnceCell<Option<u32>>,
}

impl Reach {
    pub fn of(path: &Path, id: FileIdentity) -> Self {
        Self { path: path.to_owned(), id, is_root: trust::is_root(), writer: OnceCell::new() }
    }

    /// The user and the group of a file, or of this process unless it is root's.
    ///
    /// A file of root's that others could exchange is opened with the privileges of those others:
    /// it tells them nothing that they could not read.
    pub fn user_for(&self, (user, group): (u32, u32)) -> (u32, u32) {
        match *self.writer.get_or_init(|| self.is_root.then(|| self.find_writer()).flatten()) {
            Some(writer) if user == 0 && self.is_root => (writer, writer),
            _ => (user, group),
        }
    }

    fn find_writer(&self) -> Option<u32> {
        let Ok(resolved) = ResolvedPath::to(&self.path) else { return Some(OVERFLOW_UID) };
        if resolved.last().id != self.id {
            return Some(OVERFLOW_UID);
        }
        resolved.fault_on_the_way().map(|fault| match fault.writer {
            Writer::Owner(user) => user,
            // Whoever it is: a user without any privileges.
            Writer::Group(_) | Writer::Listed | Writer::Everyone => OVERFLOW_UID,
        })
    }
}
