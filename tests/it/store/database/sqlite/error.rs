//! Tests of `store::database::sqlite::error`.

use nix::errno::Errno;
use rusqlite::ffi;
use sessctl::domain::error::Error;
use sessctl::store::database::sqlite::error::sqlite_error;
use sessctl::store::database::sqlite::file::INPUT_OUTPUT;

fn said(code: i32, errno: Errno) -> String {
    errno.set();
    let error =
        rusqlite::Error::SqliteFailure(ffi::Error::new(code), Some("disk I/O error".to_owned()));
    sqlite_error("missing.db", "write to", error).with_causes()
}

#[test]
fn a_failure_of_the_system_is_told_apart() {
    for (code, errno, reason) in [
        (ffi::SQLITE_IOERR_READ, Errno::EIO, INPUT_OUTPUT),
        (ffi::SQLITE_IOERR_FSYNC, Errno::EIO, INPUT_OUTPUT),
        (ffi::SQLITE_CORRUPT, Errno::EIO, INPUT_OUTPUT),
        (ffi::SQLITE_IOERR_NOMEM, Errno::EIO, "out of memory"),
        (
            ffi::SQLITE_IOERR_LOCK,
            Errno::ENOLCK,
            "could not lock the file: no record locks available",
        ),
        (ffi::SQLITE_IOERR_DELETE, Errno::ENOENT, "disk I/O error (SQLite error code 2570)"),
    ] {
        let expected = format!("could not write to \"missing.db\": {reason}");
        assert_eq!(said(code, errno), expected);
    }
}

#[test]
fn a_full_file_system_and_a_quota_are_told_from_other_failures() {
    for (code, errno) in [
        (ffi::SQLITE_FULL, Errno::UnknownErrno),
        (ffi::SQLITE_IOERR_SHMSIZE, Errno::UnknownErrno),
        (ffi::SQLITE_IOERR_WRITE, Errno::ENOSPC),
        (ffi::SQLITE_IOERR_WRITE, Errno::EDQUOT),
    ] {
        assert!(said(code, errno).contains("no space left"), "{code} {errno}");
    }
}

#[test]
fn a_damaged_file_stays_one_after_an_earlier_failure_of_the_device() {
    said(ffi::SQLITE_IOERR_READ, Errno::EIO);
    let error = rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_CORRUPT), None);
    assert!(matches!(sqlite_error("missing.db", "read", error), Error::Corrupt { .. }));
}
