//! The last state of each scope: whether its last run failed.
//!
//! 1. A failure is announced once, until a run has succeeded.
//! 2. A success is announced once after a failure, and never as the first result of all.
//! 3. Without a known state, as with a file that is missing or damaged, failures alone are
//!    announced.
//! 4. Reading and replacing the file are one step under a lock, so that of several processes
//!    with the same result one announces it.

use std::env;
use std::fs::{DirBuilder, File, TryLockError};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustix::fs::{CWD, Mode, OFlags, openat};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::cli::replace;
use crate::cli::state_dir::{self, NOTIFY};
use crate::cli::trust::is_root;
use crate::domain::state_file::StateFault;
use crate::domain::time::UnixTime;
use crate::store::adopted::check_state_directory;

const MAX_BYTES: u64 = 64 << 10;
const MAX_WAIT: Duration = Duration::from_secs(5);
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// Names a scope in all processes: `None` where it does not apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeKey {
    /// `job`, `database` or `all`.
    pub kind: &'static str,
    /// Full path of the configuration.
    pub config: Option<String>,
    /// Configured name or location.
    pub database: Option<String>,
    pub job: Option<String>,
}

impl ScopeKey {
    fn file_name(&self) -> String {
        let Self { kind, config, database, job } = self;
        let digest = Sha256::digest(json!([kind, config, database, job]).to_string());
        format!("{}.json", URL_SAFE_NO_PAD.encode(&digest[..15]))
    }

    fn content(&self, is_failed: bool, now: UnixTime) -> String {
        let Self { kind, config, database, job } = self;
        let state = if is_failed { FAILED } else { WELL };
        let since = now.to_string();
        let content = json!({
            "scope": kind,
            "config": config,
            "database": database,
            "job": job,
            "state": state,
            "since": since,
        });
        format!("{content}\n")
    }
}

const FAILED: &str = "failed";
const WELL: &str = "well";

/// A change that is to be announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateChange {
    Failed,
    Recovered,
}

/// Answer of [`StateDirectory::record`].
#[derive(Debug, PartialEq, Eq)]
pub struct Recorded {
    pub change: Option<StateChange>,
    /// What kept the state from being read or written.
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

    /// Records a result, and decides whether it is announced.
    pub fn record(&self, key: &ScopeKey, is_failed: bool, now: UnixTime) -> Recorded {
        let unknown = |warning: String| Recorded {
            change: is_failed.then_some(StateChange::Failed),
            warning: Some(warning),
        };
        let _lock = match self.open().and_then(|directory| lock(&directory)) {
            Ok(lock) => lock,
            Err(error) => return unknown(self.unused(&error)),
        };
        let path = self.0.join(key.file_name());
        let (was_failed, damage) = match read(&path) {
            Ok(known) => (known, None),
            Err(why) => {
                let damage = format!("the state in \"{}\" is not known: {why}", path.display());
                (None, Some(damage))
            }
        };
        if was_failed == Some(is_failed) {
            return Recorded { change: None, warning: None };
        }
        let written = replace::replace(&path, key.content(is_failed, now).as_bytes());
        let change = match (was_failed, is_failed) {
            (_, true) => Some(StateChange::Failed),
            // What cannot be recorded would be announced again each time.
            (Some(true), false) if written.is_ok() => Some(StateChange::Recovered),
            _ => None,
        };
        let unwritten = written.err().map(|error| format!("{error:#}"));
        Recorded { change, warning: unwritten.or(damage) }
    }

    fn unused(&self, error: &io::Error) -> String {
        format!("\"{}\" cannot be used: {error}", self.0.display())
    }

    /// Opens the directory, and makes it if it is missing.
    fn open(&self) -> io::Result<File> {
        if !self.0.is_dir() {
            self.create()?;
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

/// Whether the last run failed; `None`: there was none.
fn read(path: &Path) -> Result<Option<bool>, String> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match openat(CWD, path, flags, Mode::empty()) {
        Err(rustix::io::Errno::NOENT) => return Ok(None),
        opened => File::from(opened.map_err(|error| error.to_string())?),
    };
    let found = file.metadata().map_err(|error| error.to_string())?;
    let user = rustix::process::geteuid().as_raw();
    if !found.is_file() || (found.uid() != user && found.uid() != 0) {
        return Err("it is not a regular file of this user".to_owned());
    }
    let mut text = String::new();
    file.take(MAX_BYTES).read_to_string(&mut text).map_err(|error| error.to_string())?;
    let content: Option<Value> = serde_json::from_str(&text).ok();
    match content.as_ref().and_then(|content| content["state"].as_str()) {
        Some(FAILED) => Ok(Some(true)),
        Some(WELL) => Ok(Some(false)),
        _ => Err("it is damaged".to_owned()),
    }
}
