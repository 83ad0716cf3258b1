//! State that sessctl keeps for a framework's table: the ledger and the counters, in a separate
//! database.
//!
//! A fault of that database never stops the work: it is reported once, and the run continues
//! with a new file, if the old one was damaged, or with a database in memory.

mod fault;
mod files;
pub mod naming;
mod old_location;
mod open;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::domain::error::{Error, Result};
use crate::domain::session::EndReason;
use crate::domain::state_file::{StateConsequence, StateFault, StateNotice, StateProblem};
use crate::domain::time::UnixTime;
use crate::storage::{PolicyContext, SessionStore, TaskStats};
use crate::store::database::sqlite::{Access, SqliteFile};
use crate::store::location::Location;
use crate::store::native::Native;
use crate::store::open_native;

use files::FileId;
use naming::{name_of_cluster, name_of_file};

pub use files::check_state_directory;
pub use naming::is_name_of_state;

#[derive(Clone)]
pub struct StateDirectory {
    /// Directory; `None`: the state is kept in memory.
    pub path: Option<PathBuf>,
    /// Directories that were used before: a file found in one of them is moved here.
    pub legacy: Vec<PathBuf>,
    /// The state is all that is requested, so it is an error if it cannot be read.
    pub is_wanted: bool,
    /// The time that the name of a damaged file gets.
    pub now: UnixTime,
    pub notify: Rc<dyn Fn(&StateNotice)>,
    /// Called when the state is used for the first time.
    pub opened: Rc<dyn Fn()>,
    /// The state of earlier stores of this process that could not use a file.
    pub memory: StateMemory,
}

impl StateDirectory {
    pub fn silent(path: Option<PathBuf>) -> Self {
        Self {
            path,
            legacy: Vec::new(),
            is_wanted: false,
            now: UnixTime(0),
            notify: Rc::new(|_| ()),
            opened: Rc::new(|| ()),
            memory: StateMemory::default(),
        }
    }
}

/// State in memory, which lasts as long as the process where stores share it.
#[derive(Clone, Default)]
pub struct StateMemory(Rc<RefCell<Option<Native<SqliteFile>>>>);

pub(super) struct FrameworkState {
    directory: StateDirectory,
    access: Access,
    name: OsString,
    open: RefCell<Option<OpenFile>>,
    /// A fault was found since the lease was taken, so the open database does not have the lease.
    has_lost_lease: Cell<bool>,
    /// A damaged file was set aside; a second one is not, to avoid a loop.
    has_set_aside: Cell<bool>,
    /// A file that another process had replaced was opened again.
    has_tried_again: Cell<bool>,
    /// Deleted rows that were not written to the counters yet.
    unwritten: BTreeMap<(String, EndReason), u64>,
}

struct OpenFile {
    native: Native<SqliteFile>,
    backing: Backing,
}

enum Backing {
    /// A file, which it may only read.
    Read(PathBuf, Option<FileId>),
    File(PathBuf, Option<FileId>),
    Memory,
}

type FileResult<T> = std::result::Result<T, FileFault>;

struct FileFault {
    file: PathBuf,
    kind: StateFault,
    identity: Option<FileId>,
}

impl FileFault {
    /// Fault of a file that has not been opened.
    fn of(file: &Path) -> impl Fn(StateFault) -> Self {
        |kind| Self { file: file.to_owned(), kind, identity: None }
    }
}

impl FrameworkState {
    /// The directory need not exist. A cluster's state is local: other hosts do not see its lease.
    pub(super) fn of(
        database: &Location,
        access: Access,
        directory: StateDirectory,
    ) -> Result<Self> {
        let name = match database {
            Location::File(path) => name_of_file(path)?,
            Location::Cluster(cluster) => name_of_cluster(cluster).into(),
        };
        Ok(Self {
            directory,
            access,
            name,
            open: RefCell::new(None),
            has_lost_lease: Cell::new(false),
            has_set_aside: Cell::new(false),
            has_tried_again: Cell::new(false),
            unwritten: BTreeMap::new(),
        })
    }

    pub(super) fn read<T>(
        &self,
        query: impl FnOnce(&Native<SqliteFile>) -> Result<T>,
    ) -> Result<Option<T>> {
        match self.try_to_read(query)? {
            Ok(answer) => Ok(answer),
            Err(fault) if self.directory.is_wanted => {
                let FileFault { file, kind: fault, .. } = fault;
                let problem = StateProblem { file, fault, loss: StateConsequence::NothingRead };
                Err(Error::State(Box::new(problem)))
            }
            Err(fault) => {
                self.replace(fault)?;
                Ok(None)
            }
        }
    }

    /// Creates the database if missing. If it cannot be used, its replacement gets the change.
    pub(super) fn change<T>(
        &self,
        mut step: impl FnMut(&mut Native<SqliteFile>) -> Result<T>,
    ) -> Result<T> {
        loop {
            match self.try_to_change(&mut step)? {
                Ok(answer) => return Ok(answer),
                Err(fault) => self.replace(fault)?,
            }
        }
    }

    /// Path of the file, which need not exist.
    pub(super) fn name(&self) -> String {
        let directory = self.directory.path.as_deref().unwrap_or(Path::new(""));
        directory.join(&self.name).display().to_string()
    }

    pub(super) fn note_lease(&self) {
        self.has_lost_lease.set(false);
    }

    pub(super) fn has_lost_lease(&self) -> bool {
        self.has_lost_lease.get()
    }

    pub(super) fn is_volatile(&self) -> bool {
        matches!(self.open.borrow().as_ref(), Some(OpenFile { backing: Backing::Memory, .. }))
    }

    /// The rows are gone in any case: counts that cannot be written now are written with the next.
    pub(super) fn record_deleted(
        &mut self,
        task: &str,
        deletions: impl IntoIterator<Item = (EndReason, u64)>,
    ) {
        for (reason, rows) in deletions.into_iter().filter(|(_, rows)| *rows > 0) {
            *self.unwritten.entry((task.to_owned(), reason)).or_default() += rows;
        }
        let _ = self.flush();
    }

    pub(super) fn flush(&mut self) -> Result<()> {
        if self.unwritten.is_empty() {
            return Ok(());
        }
        self.change(|native| native.count_deleted(&self.unwritten))?;
        self.unwritten.clear();
        Ok(())
    }

    pub(super) fn tasks(&self, scope: &PolicyContext<'_>) -> Result<Vec<TaskStats>> {
        Ok(self.read(|native| native.tasks(scope))?.unwrap_or_default())
    }

    fn try_to_read<T>(
        &self,
        query: impl FnOnce(&Native<SqliteFile>) -> Result<T>,
    ) -> Result<FileResult<Option<T>>> {
        if self.open.borrow().is_none() {
            (self.directory.opened)();
            match self.open_to_read()? {
                Ok(open) => *self.open.borrow_mut() = open,
                Err(fault) => return Ok(Err(fault)),
            }
        }
        // The query may be nested in another one.
        let open = self.open.borrow();
        let Some(open) = open.as_ref() else { return Ok(Ok(None)) };
        match query(&open.native) {
            Err(error) => open.backing.classify(error, false),
            answer => Ok(Ok(Some(answer?))),
        }
    }

    fn try_to_change<T>(
        &self,
        step: &mut impl FnMut(&mut Native<SqliteFile>) -> Result<T>,
    ) -> Result<FileResult<T>> {
        let mut slot = self.open.borrow_mut();
        let mut open = match slot.take() {
            Some(open) if !matches!(open.backing, Backing::Read(..)) => open,
            // Close the old connection first.
            other => {
                drop(other);
                (self.directory.opened)();
                match self.open_to_write()? {
                    Ok(open) => open,
                    Err(fault) => return Ok(Err(fault)),
                }
            }
        };
        let done = step(&mut open.native);
        let open = slot.insert(open);
        match done {
            Err(error) => open.backing.classify(error, true),
            done => Ok(Ok(done?)),
        }
    }

    /// By a new file, if the old one is damaged and can be set aside, or one in memory; reports it.
    fn replace(&self, fault: FileFault) -> Result<()> {
        let FileFault { file, kind: fault, identity } = fault;
        // Close the connection before the file is renamed.
        *self.open.borrow_mut() = None;
        self.has_lost_lease.set(true);
        if self.access == Access::Read {
            self.notify(file, fault, StateConsequence::NothingRead);
            return self.continue_in_memory();
        }
        let is_replaced = identity.is_some_and(|identity| !identity.identifies(&file));
        if is_replaced && !self.has_tried_again.replace(true) {
            // Another process has set it aside in the meantime.
            return Ok(());
        }
        let damaged = identity.filter(|_| !self.has_set_aside.replace(true));
        if let (StateFault::Damaged { detail, .. }, Some(identity)) = (&fault, damaged) {
            match files::set_aside(&file, identity, self.directory.now.0) {
                Ok(None) => return Ok(()),
                Ok(set_aside) => {
                    let fault = StateFault::Damaged { detail: detail.clone(), set_aside };
                    self.notify(file, fault, StateConsequence::Content);
                    return Ok(());
                }
                Err(_) => {}
            }
        }
        self.notify(file, fault, StateConsequence::NothingKept);
        self.continue_in_memory()
    }

    fn continue_in_memory(&self) -> Result<()> {
        let earlier = self.directory.memory.0.borrow_mut().take();
        let native = match earlier {
            Some(native) => native,
            None => open_native::create_in_memory(Path::new(&self.name))?,
        };
        *self.open.borrow_mut() = Some(OpenFile { native, backing: Backing::Memory });
        Ok(())
    }

    fn notify(&self, file: PathBuf, fault: StateFault, loss: StateConsequence) {
        (self.directory.notify)(&StateNotice::Trouble(StateProblem { file, fault, loss }));
    }
}

impl Drop for FrameworkState {
    fn drop(&mut self) {
        if let Some(OpenFile { native, backing: Backing::Memory }) = self.open.get_mut().take() {
            *self.directory.memory.0.borrow_mut() = Some(native);
        }
    }
}
