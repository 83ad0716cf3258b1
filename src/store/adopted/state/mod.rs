//! State that sessctl keeps of a framework's table: the record of runs, the lease and the
//! counters, in a database of its own.
//!
//! Trouble with it never stops the work: it is told once, and the run continues with a new
//! file, where the old one was damaged, or with a database in memory.

mod fault;
mod files;
mod legacy;
mod naming;
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

use files::Identity;
use naming::{name_of_cluster, name_of_file};

pub use files::check_state_directory;

/// Where the state of a framework's table is kept, and how news of it is told.
#[derive(Clone)]
pub struct StateDirectory {
    /// The directory; `None`: there is none, and the state is kept in memory.
    pub path: Option<PathBuf>,
    /// Directories that were used before: a file found in one of them is moved here.
    pub legacy: Vec<PathBuf>,
    /// Whether the state is all that is asked for, so that it is an error if it cannot be
    /// read.
    pub is_wanted: bool,
    /// The time that the name of a damaged file gets.
    pub now: UnixTime,
    /// Called with what users have to know.
    pub tell: Rc<dyn Fn(&StateNotice)>,
    /// Called when the state is used for the first time.
    pub opened: Rc<dyn Fn()>,
    /// The state of earlier stores of this process that could not use a file.
    pub memory: StateMemory,
}

impl StateDirectory {
    /// A directory from which nothing is told.
    pub fn silent(path: Option<PathBuf>) -> Self {
        Self {
            path,
            legacy: Vec::new(),
            is_wanted: false,
            now: UnixTime(0),
            tell: Rc::new(|_| ()),
            opened: Rc::new(|| ()),
            memory: StateMemory::default(),
        }
    }
}

/// State in memory, which lasts as long as the process where stores share it.
#[derive(Clone, Default)]
pub struct StateMemory(Rc<RefCell<Option<Native<SqliteFile>>>>);

/// The ledger, the leases and the counters of a framework's table.
pub(super) struct State {
    directory: StateDirectory,
    access: Access,
    /// Name of the file in its directory.
    name: OsString,
    open: RefCell<Option<Open>>,
    /// Whether a fault was found since the current lease was taken, which the database that
    /// is open now does not have.
    has_lost_lease: Cell<bool>,
    /// Whether a damaged file was set aside: another one would be set aside for ever.
    has_set_aside: Cell<bool>,
    /// Whether a file was opened again that another process had replaced.
    has_tried_again: Cell<bool>,
    /// What has been deleted and not been written yet.
    unwritten: BTreeMap<(String, EndReason), u64>,
}

/// The database, once it is open.
struct Open {
    native: Native<SqliteFile>,
    backing: Backing,
}

/// Place of an open database.
enum Backing {
    /// A file, which it may only read.
    Read(PathBuf, Option<Identity>),
    /// A file.
    File(PathBuf, Option<Identity>),
    /// Memory.
    Memory,
}

/// Outcome of an attempt to use the file.
enum Attempt<T> {
    Done(T),
    /// The file cannot be used.
    Faulty(FileFault),
}

/// Fault of a file, and the file itself as it was when it was opened.
struct FileFault {
    file: PathBuf,
    kind: StateFault,
    identity: Option<Identity>,
}

impl State {
    /// That of a database, in a directory that need not exist yet. That of a cluster is this
    /// machine's: no other sees the lease.
    ///
    /// # Errors
    /// If the path of the database leads nowhere.
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

    /// Asks the database, if there is one that can be read.
    pub(super) fn read<T>(
        &self,
        query: impl FnOnce(&Native<SqliteFile>) -> Result<T>,
    ) -> Result<Option<T>> {
        match self.try_to_read(query)? {
            Attempt::Done(answer) => Ok(answer),
            Attempt::Faulty(fault) if self.directory.is_wanted => {
                let FileFault { file, kind: fault, .. } = fault;
                let trouble = StateProblem { file, fault, loss: StateConsequence::NothingRead };
                Err(Error::State(Box::new(trouble)))
            }
            Attempt::Faulty(fault) => {
                self.replace(fault)?;
                Ok(None)
            }
        }
    }

    /// Changes the database, which is made if it does not exist. Where it cannot be used, the
    /// step is repeated on what takes its place.
    pub(super) fn change<T>(
        &self,
        mut step: impl FnMut(&mut Native<SqliteFile>) -> Result<T>,
    ) -> Result<T> {
        loop {
            match self.try_to_change(&mut step)? {
                Attempt::Done(answer) => return Ok(answer),
                Attempt::Faulty(fault) => self.replace(fault)?,
            }
        }
    }

    /// Notes that a lease was asked for in the database that is open now.
    pub(super) fn note_lease(&self) {
        self.has_lost_lease.set(false);
    }

    /// Whether the database that held the current lease was replaced.
    pub(super) fn has_lost_lease(&self) -> bool {
        self.has_lost_lease.get()
    }

    /// Whether the database is in memory.
    pub(super) fn is_volatile(&self) -> bool {
        matches!(self.open.borrow().as_ref(), Some(Open { backing: Backing::Memory, .. }))
    }

    /// Counts rows that have gone, by reason. They have gone whatever becomes of this: what
    /// cannot be written now is written with the next.
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

    /// Writes what has not been written yet.
    pub(super) fn flush(&mut self) -> Result<()> {
        if self.unwritten.is_empty() {
            return Ok(());
        }
        self.change(|native| native.count_deleted(&self.unwritten))?;
        self.unwritten.clear();
        Ok(())
    }

    /// What is remembered of the tasks in scope.
    pub(super) fn tasks(&self, scope: &PolicyContext<'_>) -> Result<Vec<TaskStats>> {
        Ok(self.read(|native| native.tasks(scope))?.unwrap_or_default())
    }

    fn try_to_read<T>(
        &self,
        query: impl FnOnce(&Native<SqliteFile>) -> Result<T>,
    ) -> Result<Attempt<Option<T>>> {
        if self.open.borrow().is_none() {
            (self.directory.opened)();
            match self.open_to_read()? {
                Attempt::Done(None) => return Ok(Attempt::Done(None)),
                Attempt::Done(open) => *self.open.borrow_mut() = open,
                Attempt::Faulty(fault) => return Ok(Attempt::Faulty(fault)),
            }
        }
        // Whoever asks may ask again before it is done.
        let open = self.open.borrow();
        let Some(open) = open.as_ref() else { return Ok(Attempt::Done(None)) };
        match query(&open.native) {
            Err(error) => open.backing.classify(error, false),
            answer => Ok(Attempt::Done(Some(answer?))),
        }
    }

    fn try_to_change<T>(
        &self,
        step: &mut impl FnMut(&mut Native<SqliteFile>) -> Result<T>,
    ) -> Result<Attempt<T>> {
        let mut place = self.open.borrow_mut();
        let mut open = match place.take() {
            Some(open) if !matches!(open.backing, Backing::Read(..)) => open,
            // First the old connection goes.
            other => {
                drop(other);
                (self.directory.opened)();
                match self.open_to_write()? {
                    Attempt::Done(open) => open,
                    Attempt::Faulty(fault) => return Ok(Attempt::Faulty(fault)),
                }
            }
        };
        let done = step(&mut open.native);
        let open = place.insert(open);
        match done {
            Err(error) => open.backing.classify(error, true),
            done => Ok(Attempt::Done(done?)),
        }
    }

    /// Puts another database in the place of one that cannot be used, and says so: a new
    /// file, if the old one is damaged and may be set aside, or one in memory.
    fn replace(&self, fault: FileFault) -> Result<()> {
        let FileFault { file, kind: fault, identity } = fault;
        // The connection goes before the file is renamed.
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
        *self.open.borrow_mut() = Some(Open { native, backing: Backing::Memory });
        Ok(())
    }

    fn notify(&self, file: PathBuf, fault: StateFault, loss: StateConsequence) {
        (self.directory.tell)(&StateNotice::Trouble(StateProblem { file, fault, loss }));
    }
}

impl Drop for State {
    fn drop(&mut self) {
        if let Some(Open { native, backing: Backing::Memory }) = self.open.get_mut().take() {
            *self.directory.memory.0.borrow_mut() = Some(native);
        }
    }
}
