//! The last state of each scope that was announced.
//!
//! 1. A failure is announced once, until a success has been announced.
//! 2. A success is announced once after a failure that was announced, and never as the first
//!    result of all.
//! 3. An announcement that failed is none: the next call with the same result tries again.
//! 4. Without a known state, as with a file that is missing or damaged, failures alone are
//!    announced.
//! 5. Reading and replacing the file are one step under a lock, and an announcement that is under
//!    way is recorded, so that of several processes with the same result one announces it.

use std::collections::BTreeMap;
use std::env;
use std::fs::{DirBuilder, File, TryLockError};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{CWD, Mode, OFlags, openat};

use super::state_file::KnownState;
pub use super::state_file::{ScopeKey, StateChange};
use crate::cli::replace;
use crate::cli::state_dir::{self, NOTIFY};
use crate::cli::trust::is_root;
use crate::domain::state_file::StateFault;
use crate::domain::time::UnixTime;
use crate::store::adopted::check_state_directory;

const MAX_BYTES: u64 = 64 << 10;
const MAX_WAIT: Duration = Duration::from_secs(5);
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// Result of a change of a state file.
struct Updated<T> {
    answer: T,
    /// Reason why the file could not be read.
    damage: Option<String>,
    /// Reason why it could not be written.
    unwritten: Option<String>,
}

/// Answer of [`StateDirectory::record`].
#[derive(Debug, PartialEq, Eq)]
pub struct Recorded {
    pub change: Option<StateChange>,
    /// Failures to read or write the state.
    pub warning: Option<String>,
}

/// The directory with one file for each scope.
#[derive(Debug, Clone)]
pub struct StateDirectory(pub PathBuf);

impl StateDirectory {
    /// The directory in that of the service manager, root's own, or the user's. `None`: there is
    /// none.
    pub fn of_process() -> Option<Self> {
        let named = env::var_os("STATE_DIRECTORY");
        let named = named.as_ref().and_then(|paths| env::split_paths(paths).next());
        if let Some(path) = named.filter(|path| !path.as_os_str().is_empty()) {
            return Some(Self(path.join(NOTIFY)));
        }
        if is_root() {
            return Some(Self(Path::new(state_dir::BASE).join(NOTIFY)));
        }
        let absolute = |path: PathBuf| path.is_absolute().then_some(path);
        let xdg = env::var_os("XDG_STATE_HOME").map(PathBuf::from).and_then(absolute);
        let own = || Some(env::home_dir().and_then(absolute)?.join(".local/state"));
        Some(Self(xdg.or_else(own)?.join("sessctl").join(NOTIFY)))
    }

    /// Records a result, and decides whether this process announces it: then it reports the end
    /// of the announcement to [`settle`](Self::settle).
    pub fn record(&self, key: &ScopeKey, is_failed: bool, now: UnixTime) -> Recorded {
        match self.update(key, |known| known.take(is_failed, now)) {
            Err(warning) => {
                let change = is_failed.then_some(StateChange::Failed);
                Recorded { change, warning: Some(warning) }
            }
            Ok(Updated { answer, damage, unwritten }) => {
                // What cannot be recorded would be announced again each time.
                let change = answer.filter(|it| *it == StateChange::Failed || unwritten.is_none());
                Recorded { change, warning: unwritten.or(damage) }
            }
        }
    }

    /// Notes whether an announcement was delivered. Returns what kept that from being written.
    pub fn settle(
        &self,
        key: &ScopeKey,
        change: StateChange,
        is_delivered: bool,
        now: UnixTime,
    ) -> Option<String> {
        match self.update(key, |known| known.settle(change, is_delivered, now)) {
            Err(warning) => Some(warning),
            Ok(Updated { unwritten, .. }) => unwritten,
        }
    }

    /// Counts the results in a row for which another program had locked a subject: one more for
    /// each of `locked`, and none for `others`. Returns the numbers.
    ///
    /// # Errors
    /// Failures to read or write the numbers.
    pub fn count_locked(
        &self,
        key: &ScopeKey,
        locked: &[String],
        others: &[String],
    ) -> Result<BTreeMap<String, u64>, String> {
        if locked.is_empty() && !self.0.join(key.file_name()).exists() {
            return Ok(BTreeMap::new());
        }
        let updated = self.update(key, |known| known.count(locked, others))?;
        updated.unwritten.map_or(Ok(updated.answer), Err)
    }

    /// Changes a file under the lock, unless it stays the same.
    fn update<T>(
        &self,
        key: &ScopeKey,
        change: impl FnOnce(&mut KnownState) -> T,
    ) -> Result<Updated<T>, String> {
        let locked = self.open().and_then(|directory| lock(&directory));
        let _lock = locked.map_err(|error| self.unused(&error))?;
        let path = self.0.join(key.file_name());
        let (mut known, damage) = match read(&path) {
            Ok(known) => (known, None),
            Err(why) => {
                let damage = format!("the state in \"{}\" is not known: {why}", path.display());
                (KnownState::default(), Some(damage))
            }
        };
        let before = known.clone();
        let answer = change(&mut known);
        if known == before && damage.is_none() {
            return Ok(Updated { answer, damage, unwritten: None });
        }
        let written = replace::replace(&path, known.content(key).as_bytes());
        let unwritten = written.err().map(|error| format!("{error:#}"));
        Ok(Updated { answer, damage, unwritten })
    }

    fn unused(&self, error: &io::Error) -> String {
        format!("\"{}\" cannot be used: {error}", self.0.display())
    }

    /// Opens the directory, and makes it if it is missing.
    fn open(&self) -> io::Result<File> {
        if !self.0.is_dir() {
            match self.create() {
                // Another process was faster.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                created => created?,
            }
        }
        ensure_safe(&self.0)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(openat(CWD, &self.0, flags, Mode::empty())?.into())
    }

    fn create(&self) -> io::Result<()> {
        if self.0.parent() == Some(Path::new(state_dir::BASE)) && is_root() {
            return state_dir::create_for_notifications();
        }
        if is_root() {
            return create_below(&self.0);
        }
        DirBuilder::new().recursive(true).mode(0o700).create(&self.0)
    }
}

/// Makes a directory of root's and those on the way to it, where no other user can change any.
fn create_below(path: &Path) -> io::Result<()> {
    let parent = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    if !parent.exists() {
        create_below(parent)?;
    }
    ensure_safe(parent)?;
    DirBuilder::new().mode(0o700).create(path)
}

/// Makes sure that others than the user and root can change neither a directory nor the way to it.
fn ensure_safe(path: &Path) -> io::Result<()> {
    match check_state_directory(path) {
        Ok(true) => Ok(()),
        Ok(false) => Err(io::ErrorKind::NotFound.into()),
        Err(StateFault::Unsafe { path, why }) => {
            Err(io::Error::other(format!("\"{}\" {why}", path.display())))
        }
        Err(StateFault::Other(why)) => Err(io::Error::other(why)),
        Err(_) => Err(io::ErrorKind::PermissionDenied.into()),
    }
}

fn lock(directory: &File) -> io::Result<File> {
    let started = Instant::now();
    let directory = directory.try_clone()?;
    loop {
        match directory.try_lock() {
            Ok(()) => return Ok(directory),
            Err(TryLockError::WouldBlock) if started.elapsed() < MAX_WAIT => {
                thread::sleep(POLL_INTERVAL);
            }
            Err(TryLockError::WouldBlock) => {
                return Err(io::Error::other("another process holds the lock"));
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

/// Reads a file. One that is missing says nothing.
fn read(path: &Path) -> Result<KnownState, String> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match openat(CWD, path, flags, Mode::empty()) {
        Err(rustix::io::Errno::NOENT) => return Ok(KnownState::default()),
        opened => File::from(opened.map_err(|error| error.to_string())?),
    };
    let found = file.metadata().map_err(|error| error.to_string())?;
    let user = rustix::process::geteuid().as_raw();
    if !found.is_file() || (found.uid() != user && found.uid() != 0) {
        return Err("it is not a regular file of this user".to_owned());
    }
    let mut text = String::new();
    file.take(MAX_BYTES).read_to_string(&mut text).map_err(|error| error.to_string())?;
    KnownState::parse(&text).ok_or_else(|| "it is damaged".to_owned())
}
