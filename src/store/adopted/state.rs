//! What sessctl itself has to remember of a framework's table: a database of its own,
//! beside none of the application's files.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::domain::error::{Error, Result};
use crate::domain::port::{Scope, Sessions, TaskStat};
use crate::domain::session::EndReason;
use crate::domain::token::Digest;
use crate::store::native::Native;
use crate::store::transport::sqlite::{Access, SqliteFile};
use crate::store::{Cluster, Location};

/// How many digits of the path's hash the file's name has.
const DIGITS: usize = 12;

/// Who may do what in a folder that is made.
#[cfg(unix)]
const OWN: u32 = 0o700;

/// The ledger, the leases and the counters of a framework's table.
pub(super) struct State {
    /// `None`: there is no folder for it.
    path: Option<PathBuf>,
    open: RefCell<Option<Open>>,
    /// What has been deleted and not been written yet.
    deleted: BTreeMap<(String, EndReason), u64>,
}

/// The database, once it is open.
struct Open {
    native: Native<SqliteFile>,
    may_write: bool,
}

impl State {
    /// That of a database, in a folder that need not be there yet. Without a folder
    /// nothing is remembered, and nothing can be. That of a cluster is this machine's: no
    /// other sees the lease.
    ///
    /// # Errors
    /// If the path leads nowhere.
    pub(super) fn of(database: &Location, folder: Option<&Path>) -> Result<Self> {
        let name = match database {
            Location::File(path) => name_of_file(path)?,
            Location::Cluster(cluster) => name_of_cluster(cluster).into(),
        };
        let (open, deleted) = (RefCell::new(None), BTreeMap::new());
        Ok(Self { path: folder.map(|folder| folder.join(name)), open, deleted })
    }

    /// Asks the database, if there is one.
    pub(super) fn read<T>(
        &self,
        ask: impl FnOnce(&Native<SqliteFile>) -> Result<T>,
    ) -> Result<Option<T>> {
        if self.open.borrow().is_none()
            && let Some(path) = &self.path
            && is_there(path)?
        {
            let open = match crate::store::open_native(path, Access::Read) {
                // It may be an older sessctl's: nobody but sessctl brings that up to date.
                Err(Error::NotOurs { .. }) => Open { native: make(path)?, may_write: true },
                opened => Open { native: opened?, may_write: false },
            };
            *self.open.borrow_mut() = Some(open);
        }
        // Whoever asks may ask again before it is done.
        self.open.borrow().as_ref().map(|open| ask(&open.native)).transpose()
    }

    /// The database to write to, which is made if it is not there.
    pub(super) fn write(&mut self) -> Result<&mut Native<SqliteFile>> {
        let open = self.open.get_mut();
        let ready = match open.take() {
            Some(ready) if ready.may_write => ready,
            // First the old connection goes.
            other => {
                drop(other);
                let path = self.path.as_ref().ok_or_else(no_folder)?;
                Open { native: make(path)?, may_write: true }
            }
        };
        Ok(&mut open.insert(ready).native)
    }

    /// Remembers how many rows have gone for which reason. They have gone whatever
    /// becomes of this: what cannot be written now is written with the next.
    pub(super) fn count(&mut self, task: &str, gone: impl IntoIterator<Item = (EndReason, u64)>) {
        for (reason, rows) in gone.into_iter().filter(|(_, rows)| *rows > 0) {
            *self.deleted.entry((task.to_owned(), reason)).or_default() += rows;
        }
        let _ = self.flush();
    }

    /// Writes what has not been written yet.
    pub(super) fn flush(&mut self) -> Result<()> {
        if self.deleted.is_empty() {
            return Ok(());
        }
        let deleted = std::mem::take(&mut self.deleted);
        let counted = self.write().and_then(|native| native.count_deleted(&deleted));
        if counted.is_err() {
            self.deleted = deleted;
        }
        counted
    }

    /// What is remembered of the tasks in scope.
    pub(super) fn tasks(&self, scope: &Scope<'_>) -> Result<Vec<TaskStat>> {
        Ok(self.read(|native| native.tasks(scope))?.unwrap_or_default())
    }
}

/// The name of the file for what is remembered of another, wherever that is reached from.
fn name_of_file(path: &Path) -> Result<OsString> {
    let at = |e| Error::failed(format!("read {}", path.display()), e);
    let path = fs::canonicalize(path).map_err(at)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(ending(path.as_os_str().as_encoded_bytes()));
    Ok(name)
}

/// The name of the file for what is remembered of a cluster: the same in whatever order
/// and spelling its nodes are named. It begins with the first of them.
fn name_of_cluster(cluster: &Cluster) -> String {
    let host = |node: &String| {
        let host = node.split_once("://").map_or(node.as_str(), |(_, host)| host);
        host.to_ascii_lowercase()
    };
    let hosts: BTreeSet<String> = cluster.nodes.iter().map(host).collect();
    let first = hosts.first().map_or("", String::as_str);
    let parts = first.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '-'));
    let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    let all: Vec<&str> = hosts.iter().map(String::as_str).collect();
    format!("{}{}", parts.join("-"), ending(all.join(",").as_bytes()))
}

/// What tells the databases of one name apart.
fn ending(whole: &[u8]) -> String {
    let hash = Digest::of_bytes(whole).id();
    format!("-{}.db", hash.get(..DIGITS).unwrap_or(&hash))
}

/// Whether the database is there: not if another process is about to make it.
fn is_there(path: &Path) -> Result<bool> {
    match fs::metadata(path) {
        Ok(file) => Ok(file.len() > 0),
        // What is no folder has nothing in it.
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(false),
        Err(e) => Err(Error::failed(format!("read {}", path.display()), e)),
    }
}

fn no_folder() -> Error {
    Error::Refused("no folder for the record of this table's runs was named".to_owned())
}

/// Makes the database, and the folder if it is missing, for this user alone.
fn make(path: &Path) -> Result<Native<SqliteFile>> {
    let folder = path.parent().unwrap_or(path);
    let doing = || {
        let folder = folder.display();
        format!(
            "keep the record of this table's runs in {folder} (--state-dir names another folder)"
        )
    };
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, OWN);
    builder.create(folder).map_err(|e| Error::failed(doing(), e))?;
    crate::store::create_native(path).map_err(|error| match error {
        Error::Failed { source, .. } => Error::Failed { doing: doing(), source },
        error => error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(url: &str) -> String {
        match Location::parse(url.as_ref()).unwrap() {
            Location::Cluster(cluster) => name_of_cluster(&cluster),
            Location::File(_) => panic!("{url}"),
        }
    }

    #[test]
    fn a_cluster_has_one_name_whatever_the_order_of_its_nodes() {
        let usual = name("http://db1:4001,db2:4001");
        let hash = usual.strip_prefix("db1-4001-").and_then(|rest| rest.strip_suffix(".db"));
        assert_eq!(hash.map(str::len), Some(DIGITS), "{usual}");
        for same in ["https://DB2:4001,Db1", "http://db2,db1,db2"] {
            assert_eq!(name(same), usual);
        }
        assert_ne!(name("http://db1:4001"), usual);
        assert!(name("http://[::1]:4001").starts_with("1-4001-"));
    }
}
