//! Tests of `store::database::sqlite::file::locks`.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;
use rusqlite::Connection;
use sessctl::store::database::sqlite::file::locks::{IN_USE, KeptFile, SHARED, is_in_use, region};

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

/// The locks of this process on a file, as the kernel lists them. If others come and go while it is
/// read, a listing lacks some, and has some twice, under two numbers.
fn own_locks(path: &Path) -> usize {
    let inode = format!(":{} ", fs::metadata(path).unwrap().ino());
    let own = format!(" {} ", std::process::id());
    let listed = || {
        let listing = fs::read_to_string("/proc/locks").unwrap();
        let locks = listing.lines().filter(|lock| lock.contains(&inode) && lock.contains(&own));
        locks.filter_map(|lock| lock.split_once(": ")).map(|(_, lock)| lock.to_owned()).collect()
    };
    (0..10).map(|_| listed()).map(|locks: BTreeSet<String>| locks.len()).max().unwrap()
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
