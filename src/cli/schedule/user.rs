//! User of a scheduled call: the owner of the database file.

use std::fs;
use std::os::unix::fs::MetadataExt;

use crate::store::Location;
use rustix::process::{getegid, geteuid};

use crate::cli::accounts::name_of_user;
use crate::cli::context::Context;
use crate::cli::exit::Usage;
use crate::cli::privileges::IfMissing;
use crate::cli::{privileges, state_dir, trust};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleUser {
    pub uid: u32,
    /// Group of the file, for a user without an account, who has no group of his own.
    pub gid: u32,
    pub name: Option<String>,
}

impl ScheduleUser {
    /// Finds the owner of a database file; `None`: there is no such file, or no file at all.
    ///
    /// # Errors
    /// As root: a reason why it cannot work with the owner's privileges.
    pub fn of(db: &Location, context: &Context) -> anyhow::Result<Option<Self>> {
        let Location::File(path) = db else { return Ok(None) };
        let Ok(file) = fs::metadata(path) else { return Ok(None) };
        if trust::is_root() {
            let owner = privileges::find_owner(db, IfMissing::Ignore, context)?.owner;
            let (uid, gid) = (owner.uid(), owner.gid());
            return Ok(Some(Self { uid, gid, name: name_of_user(uid) }));
        }
        Ok(Some(Self { uid: file.uid(), gid: file.gid(), name: name_of_user(file.uid()) }))
    }

    pub fn caller() -> Self {
        let uid = geteuid().as_raw();
        Self { uid, gid: getegid().as_raw(), name: name_of_user(uid) }
    }

    /// Name that a file with fields and a directory can take.
    fn plain_name(&self) -> Option<&str> {
        self.name.as_deref().filter(|name| is_plain(name))
    }

    pub fn in_unit(&self) -> String {
        match (self.uid, self.plain_name()) {
            (0, _) => String::new(),
            (_, Some(name)) => format!("User={name}\n"),
            (uid, None) => format!("User={uid}\nGroup={}\n", self.gid),
        }
    }

    pub fn directory(&self) -> String {
        let owner = state_dir::DatabaseOwner { uid: self.uid, gid: self.gid };
        owner.directory().to_string_lossy().into_owned()
    }

    /// Name for cron, which knows no numbers.
    ///
    /// # Errors
    /// [`Usage`] if there is no such name, or it does not fit into a field.
    pub fn for_cron(&self) -> anyhow::Result<&str> {
        if let Some(name) = self.plain_name() {
            return Ok(name);
        }
        let found = match &self.name {
            Some(name) => format!("cron cannot read the name of user {name:?}"),
            None => format!("cron knows users by name, and user {} has none", self.uid),
        };
        Err(Usage::error(format!(
            "{found}; it owns the database: create an account with a plain name for it, \
             or use `sessctl schedule print systemd`, which accepts a UID"
        )))
    }
}

/// Names that cron, systemd and a file system take alike.
fn is_plain(name: &str) -> bool {
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    begins && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
}
