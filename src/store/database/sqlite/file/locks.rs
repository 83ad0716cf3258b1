//! Locks of SQLite and of other processes on a file.
//!
//! Closing any descriptor of a file releases all POSIX locks of this process on it, including
//! those of SQLite connections. Therefore the descriptors used here stay open, one for each
//! file.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, fcntl};
use nix::libc::{self, c_int};

/// Bytes of a database on which SQLite holds a shared lock while it reads, and with a
/// write-ahead log as long as a connection uses it.
const SHARED: (i64, i64) = (0x4000_0002, 510);
/// Byte of a shared-memory file on which every connection that uses it holds a lock.
const IN_USE: (i64, i64) = (128, 1);
/// Read version of a database in WAL mode.
const WAL_READ_VERSION: u8 = 2;
/// Offset of the read version in the database header.
const READ_VERSION: u64 = 19;
/// Time within which a program that opens a database attaches to its shared memory, and
/// one that closes it releases its locks.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(2);
const POLL_INTERVAL: Duration = Duration::from_millis(10);

type Identity = (u64, u64);

static DATABASES: Mutex<BTreeMap<Identity, Arc<File>>> = Mutex::new(BTreeMap::new());
/// Descriptors of shared-memory files, which come and go with the databases' users.
static SHARED_MEMORY: Mutex<BTreeMap<Identity, Arc<File>>> = Mutex::new(BTreeMap::new());
static HOLDING: Mutex<()> = Mutex::new(());

/// Database file with its permanently open descriptor.
pub(in crate::store::database) struct KeptFile(Arc<File>);

impl KeptFile {
    /// Opens a file, or reuses its descriptor.
    pub(in crate::store::database) fn open(path: &Path) -> io::Result<Self> {
        kept_descriptor(&DATABASES, path, || open_nonblocking(path, 0)).map(Self)
    }

    /// True if the header specifies WAL mode.
    pub(in crate::store::database) fn is_wal_mode(&self) -> io::Result<bool> {
        let mut version = [0];
        let read = self.0.read_at(&mut version, READ_VERSION)?;
        Ok(read == 1 && version == [WAL_READ_VERSION])
    }

    pub(in crate::store::database) fn read_all(&self) -> io::Result<()> {
        let (mut bytes, mut place) = (vec![0; 1 << 20], 0);
        loop {
            match self.0.read_at(&mut bytes, place)? {
                0 => return Ok(()),
                read => place += read as u64,
            }
        }
    }

    pub(in crate::store::database) fn owner(&self) -> io::Result<u32> {
        Ok(self.0.metadata()?.uid())
    }

    /// Process that uses the file in WAL mode, but not with the shared memory at this path; 0
    /// if the process is not visible.
    ///
    /// A program that is opening or closing the database looks like that briefly, so the result
    /// is `Some` only if the state persists.
    pub(in crate::store::database) fn process_without_shm(&self, shm: &Path) -> Option<i32> {
        let begun = Instant::now();
        loop {
            let process = self.reader()?;
            if is_in_use(shm) {
                return None;
            }
            if begun.elapsed() > SETTLE_TIMEOUT {
                return Some(process);
            }
            sleep(POLL_INTERVAL);
        }
    }

    /// Process with a shared lock, if any. SQLite itself waits for an exclusive lock.
    fn reader(&self) -> Option<i32> {
        let lock = foreign_lock(&self.0, SHARED)?;
        (lock.l_type == kind(libc::F_RDLCK)).then_some(lock.l_pid)
    }

    /// Prevents other processes from removing the write-ahead log at their last close, until
    /// the result is dropped.
    ///
    /// # Errors
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if a process is removing it persistently.
    pub(in crate::store::database) fn hold(&self) -> io::Result<Hold> {
        let alone = HOLDING.lock().unwrap_or_else(PoisonError::into_inner);
        let begun = Instant::now();
        while let Err(error) = self.set_lock(libc::F_RDLCK) {
            if error.kind() != io::ErrorKind::WouldBlock || begun.elapsed() > SETTLE_TIMEOUT {
                return Err(error);
            }
            sleep(POLL_INTERVAL);
        }
        Ok(Hold { on: Self(Arc::clone(&self.0)), _alone: alone })
    }

    /// Sets an open file description lock, independent of the locks of the process.
    fn set_lock(&self, lock: c_int) -> io::Result<()> {
        fcntl(&*self.0, FcntlArg::F_OFD_SETLK(&region(lock, SHARED)))?;
        Ok(())
    }
}

pub(in crate::store::database) struct Hold {
    on: KeptFile,
    /// Guard that allows one lock at a time.
    _alone: MutexGuard<'static, ()>,
}

impl Drop for Hold {
    fn drop(&mut self) {
        // It goes with the process at the latest.
        let _ = self.on.set_lock(libc::F_UNLCK);
    }
}

/// True if another process uses a shared-memory file, or if that is unknown; SQLite then
/// reports the error.
fn is_in_use(shm: &Path) -> bool {
    forget_removed();
    match kept_descriptor(&SHARED_MEMORY, shm, || open_nonblocking(shm, libc::O_NOFOLLOW)) {
        Ok(file) => foreign_lock(&file, IN_USE).is_some(),
        Err(e) => e.kind() != io::ErrorKind::NotFound,
    }
}

/// Opens a file without blocking, even if it is a FIFO.
fn open_nonblocking(path: &Path, flags: c_int) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(flags | libc::O_NONBLOCK).open(path)
}

/// Closes the descriptors of removed shared-memory files, on which nothing can be locked any
/// more.
fn forget_removed() {
    let mut all = SHARED_MEMORY.lock().unwrap_or_else(PoisonError::into_inner);
    all.retain(|_, file| file.metadata().map_or(true, |file| file.nlink() > 0));
}

fn kept_descriptor(
    all: &Mutex<BTreeMap<Identity, Arc<File>>>,
    path: &Path,
    open: impl FnOnce() -> io::Result<File>,
) -> io::Result<Arc<File>> {
    let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = all.get(&identity(&fs::metadata(path)?)) {
        return Ok(Arc::clone(known));
    }
    let file = Arc::new(open()?);
    let entry = all.entry(identity(&file.metadata()?));
    // The name may have come to stand for a file whose descriptor is kept.
    let known = entry.or_insert_with(|| Arc::clone(&file));
    if !Arc::ptr_eq(known, &file) {
        std::mem::forget(file);
    }
    Ok(Arc::clone(known))
}

fn identity(file: &fs::Metadata) -> Identity {
    (file.dev(), file.ino())
}

/// Lock of another process or descriptor on part of a file; `None` on file systems without
/// locks.
fn foreign_lock(file: &File, bytes: (i64, i64)) -> Option<libc::flock> {
    let mut lock = region(libc::F_WRLCK, bytes);
    fcntl(file, FcntlArg::F_GETLK(&mut lock)).ok()?;
    (lock.l_type != kind(libc::F_UNLCK)).then_some(lock)
}

fn region(lock: c_int, (start, length): (i64, i64)) -> libc::flock {
    libc::flock {
        l_type: kind(lock),
        l_whence: kind(libc::SEEK_SET),
        l_start: start,
        l_len: length,
        l_pid: 0,
    }
}

/// Lock type in the width of `flock`.
fn kind(constant: c_int) -> i16 {
    i16::try_from(constant).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    /// A database with a write-ahead log, in a directory that goes with it, and a
    /// connection that uses it.
    fn in_use() -> (tempfile::TempDir, std::path::PathBuf, Connection) {
        let directory = tempfile::TempDir::new().unwrap();
        let path = directory.path().join("a.db");
        let connection = Connection::open(&path).unwrap();
        connection
            .execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (a); SELECT * FROM t")
            .unwrap();
        (directory, path, connection)
    }

    /// The locks of this process on a file, as the kernel lists them.
    fn own_locks(path: &Path) -> usize {
        let inode = format!(":{} ", fs::metadata(path).unwrap().ino());
        let own = format!(" {} ", std::process::id());
        let all = fs::read_to_string("/proc/locks").unwrap();
        all.lines().filter(|lock| lock.contains(&inode) && lock.contains(&own)).count()
    }

    fn descriptors(path: &Path) -> usize {
        let open = fs::read_dir("/proc/self/fd").unwrap();
        open.filter(|one| fs::read_link(one.as_ref().unwrap().path()).is_ok_and(|to| to == path))
            .count()
    }

    #[test]
    fn a_look_takes_no_lock_from_a_connection_and_keeps_one_descriptor() {
        let (_directory, path, _connection) = in_use();
        let shm = path.with_file_name("a.db-shm");
        let before = (own_locks(&path), own_locks(&shm));
        assert!(before.0 > 0 && before.1 > 0, "{before:?}");
        let opened = (descriptors(&path), descriptors(&shm));
        for _ in 0..5 {
            let kept = KeptFile::open(&path).unwrap();
            assert!(kept.is_wal_mode().unwrap());
            assert!(kept.process_without_shm(&shm).is_none());
            is_in_use(&shm);
            drop(kept.hold().unwrap());
        }
        assert_eq!((own_locks(&path), own_locks(&shm)), before);
        assert_eq!((descriptors(&path), descriptors(&shm)), (opened.0 + 1, opened.1 + 1));
    }

    #[test]
    fn a_shared_memory_file_that_was_removed_is_let_go() {
        let directory = tempfile::TempDir::new().unwrap();
        let shm = directory.path().join("a.db-shm");
        for _ in 0..5 {
            File::create(&shm).unwrap();
            assert!(!is_in_use(&shm));
            fs::remove_file(&shm).unwrap();
        }
        assert!(!is_in_use(&shm));
        let removed = directory.path().join("a.db-shm (deleted)");
        assert_eq!(descriptors(&removed), 0);
    }

    #[test]
    fn while_a_log_is_held_its_last_user_does_not_remove_it() {
        let (_directory, path, connection) = in_use();
        let log = path.with_file_name("a.db-wal");
        let hold = KeptFile::open(&path).unwrap().hold().unwrap();
        connection.close().unwrap();
        assert!(log.exists());
        drop(hold);
        let next = Connection::open(&path).unwrap();
        next.execute_batch("SELECT * FROM t").unwrap();
        next.close().unwrap();
        assert!(!log.exists());
    }

    #[test]
    fn a_log_that_is_being_removed_is_not_held() {
        let (_directory, path, connection) = in_use();
        connection.close().unwrap();
        let kept = KeptFile::open(&path).unwrap();
        // The last user removes the log under an exclusive lock.
        let last = OpenOptions::new().write(true).open(&path).unwrap();
        fcntl(&last, FcntlArg::F_OFD_SETLK(&region(libc::F_WRLCK, SHARED))).unwrap();
        assert_eq!(kept.hold().err().unwrap().kind(), io::ErrorKind::WouldBlock);
        fcntl(&last, FcntlArg::F_OFD_SETLK(&region(libc::F_UNLCK, SHARED))).unwrap();
        kept.hold().unwrap();
    }

    #[test]
    fn what_another_program_locks_is_seen_only_if_it_lasts_and_is_a_database_in_use() {
        let (directory, path, connection) = in_use();
        connection.close().unwrap();
        // A lock of a descriptor counts as another program's.
        let kept = KeptFile::open(&path).unwrap();
        let other = File::open(&path).unwrap();
        let set = |file: &File, kind, bytes| {
            fcntl(file, FcntlArg::F_OFD_SETLK(&region(kind, bytes))).unwrap();
        };
        let shm = directory.path().join("a.db-shm");
        assert_eq!(kept.process_without_shm(&shm), None);
        set(&other, libc::F_RDLCK, SHARED);
        assert_eq!(kept.process_without_shm(&shm), Some(-1));
        // The other program attaches to the shared memory beside this name.
        let attached = File::create(&shm).unwrap();
        assert_eq!(kept.process_without_shm(&shm), Some(-1));
        set(&attached, libc::F_WRLCK, IN_USE);
        assert_eq!(kept.process_without_shm(&shm), None);
    }
}
