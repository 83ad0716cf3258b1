//! Locks of SQLite and of other processes on a file.
//!
//! Closing any descriptor of a file releases all POSIX locks of this process on it, including those
//! of SQLite connections. Therefore the descriptors used here stay open, one for each file.

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
pub const SHARED: (i64, i64) = (0x4000_0002, 510);
/// Byte of a shared-memory file on which every connection that uses it holds a lock.
pub const IN_USE: (i64, i64) = (128, 1);
const WAL_READ_VERSION: u8 = 2;
/// Offset of the read version in the database header.
const READ_VERSION: u64 = 19;
/// Length of the database header.
const HEADER: usize = 100;
/// Time within which a program that opens a database attaches to its shared memory, and
/// one that closes it releases its locks.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(2);
const POLL_INTERVAL: Duration = Duration::from_millis(10);

type DeviceAndInode = (u64, u64);

static DATABASES: Mutex<BTreeMap<DeviceAndInode, Arc<File>>> = Mutex::new(BTreeMap::new());
/// Descriptors of shared-memory files, which come and go with the databases' users.
static SHARED_MEMORY: Mutex<BTreeMap<DeviceAndInode, Arc<File>>> = Mutex::new(BTreeMap::new());
static HOLDING: Mutex<()> = Mutex::new(());

/// Database file with its permanently open descriptor.
pub struct KeptFile(Arc<File>);

impl KeptFile {
    /// Opens a file, or reuses its descriptor.
    pub fn open(path: &Path) -> io::Result<Self> {
        kept_descriptor(&DATABASES, path, || open_nonblocking(path, 0)).map(Self)
    }

    pub fn is_wal_mode(&self) -> io::Result<bool> {
        let mut version = [0];
        let read = self.0.read_at(&mut version, READ_VERSION)?;
        Ok(read == 1 && version == [WAL_READ_VERSION])
    }

    /// First bytes of the file, which hold the header of a database.
    pub(in crate::store::database) fn header(&self) -> io::Result<[u8; HEADER]> {
        let mut header = [0; HEADER];
        self.0.read_exact_at(&mut header, 0)?;
        Ok(header)
    }

    /// First bytes of the file, up to `most` of them.
    pub(super) fn start(&self, most: usize) -> io::Result<Vec<u8>> {
        let mut start = vec![0; most];
        let read = self.0.read_at(&mut start, 0)?;
        start.truncate(read);
        Ok(start)
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
    pub fn process_without_shm(&self, shm: &Path) -> Option<i32> {
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

    /// True if another process holds a lock by which SQLite reads or writes.
    pub fn is_in_use(&self) -> bool {
        foreign_lock(&self.0, SHARED).is_some()
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
    pub fn hold(&self) -> io::Result<Hold> {
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

pub struct Hold {
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
pub fn is_in_use(shm: &Path) -> bool {
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

/// Closes the descriptors of removed shared-memory files, on which nothing can be locked any more.
fn forget_removed() {
    let mut all = SHARED_MEMORY.lock().unwrap_or_else(PoisonError::into_inner);
    all.retain(|_, file| file.metadata().map_or(true, |file| file.nlink() > 0));
}

fn kept_descriptor(
    all: &Mutex<BTreeMap<DeviceAndInode, Arc<File>>>,
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

fn identity(file: &fs::Metadata) -> DeviceAndInode {
    (file.dev(), file.ino())
}

/// Lock of another process or descriptor on part of a file; `None` on file systems without locks.
fn foreign_lock(file: &File, bytes: (i64, i64)) -> Option<libc::flock> {
    let mut lock = region(libc::F_WRLCK, bytes);
    fcntl(file, FcntlArg::F_GETLK(&mut lock)).ok()?;
    (lock.l_type != kind(libc::F_UNLCK)).then_some(lock)
}

pub fn region(lock: c_int, (start, length): (i64, i64)) -> libc::flock {
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
