use std::path::Path;

use nix::errno::Errno;
use rusqlite::ErrorCode;
use rusqlite::ffi::{
    SQLITE_IOERR_CHECKRESERVEDLOCK, SQLITE_IOERR_LOCK, SQLITE_IOERR_NOMEM, SQLITE_IOERR_RDLOCK,
    SQLITE_IOERR_SHMLOCK, SQLITE_IOERR_SHMSIZE, SQLITE_IOERR_UNLOCK,
};
use rustix::fs::statvfs;

use crate::domain::error::Error;
use crate::store::database::sqlite::file;
use crate::store::database::sqlite::file::locks::KeptFile;
use crate::store::database::sqlite::file::{INPUT_OUTPUT, denied};

pub fn sqlite_error(place: &str, doing: &str, error: rusqlite::Error) -> Error {
    // Read `errno` once, before anything else changes it.
    let errno = Errno::last();
    Errno::clear();
    let at = place.to_owned();
    if is_for_want_of_space(place, errno, &error) {
        return Error::DiskFull { at };
    }
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::Busy { at },
        Some(ErrorCode::DatabaseCorrupt) if is_of_virtual_table(&error) => {
            failed(place, doing, VIRTUAL_TABLE_CORRUPT)
        }
        // A missing function is not corruption.
        Some(ErrorCode::DatabaseCorrupt) if is_lacking(&error.to_string()) => {
            Error::Refused(lacking(place, doing, &error.to_string()))
        }
        // SQLite reports a failing device as corruption.
        Some(ErrorCode::DatabaseCorrupt) if errno == Errno::EIO || fails_to_be_read(place) => {
            failed(place, doing, INPUT_OUTPUT)
        }
        Some(ErrorCode::DatabaseCorrupt) => Error::Corrupt { at, detail: error.to_string() },
        Some(ErrorCode::NotADatabase) => file::not_a_database(Path::new(place)),
        Some(ErrorCode::SystemIoFailure) => failed(place, doing, &io_failure(errno, &error)),
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            match denied::reason(Path::new(place)) {
                Some(reason) => failed(place, doing, &reason),
                None => other(place, doing, error),
            }
        }
        _ => other(place, doing, error),
    }
}

/// Message for a virtual table with inconsistent content; the database itself is intact.
pub(super) const VIRTUAL_TABLE_CORRUPT: &str = "a virtual table that a trigger writes to, such as a full-text index, \
                           is inconsistent with its content table; the application has to \
                           rebuild it";

pub(super) fn is_of_virtual_table(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error().map(|error| error.extended_code);
    code == Some(rusqlite::ffi::SQLITE_CORRUPT_VTAB)
}

/// Error messages of SQLite about functions, collations or modules that this program lacks or
/// forbids.
const LACKING: [&str; 6] = [
    "unknown function: ",
    "no such function: ",
    "no such collation sequence: ",
    "no such module: ",
    "unknown tokenizer: ",
    "unsafe use of ",
];

fn is_lacking(sentence: &str) -> bool {
    LACKING.iter().any(|words| sentence.contains(words))
}

fn lacking(place: &str, doing: &str, sentence: &str) -> String {
    let why = if sentence.contains("unsafe use of ") {
        "for security, sessctl does not let the schema of an application use functions or virtual \
         tables with side effects"
    } else {
        "only the application defines it, when it opens the database, so sessctl cannot use it"
    };
    format!("could not {doing} \"{place}\": {sentence}: {why}")
}

fn fails_to_be_read(place: &str) -> bool {
    let path = Path::new(place);
    let log = file::sibling(&file::resolve(path), "-wal");
    [path, &log].into_iter().any(|path| match KeptFile::open(path) {
        Ok(file) => file.read_all().is_err(),
        Err(e) => e.raw_os_error() == Some(Errno::EIO as i32),
    })
}

fn io_failure(errno: Errno, error: &rusqlite::Error) -> String {
    let code = error.sqlite_error().map_or(0, |error| error.extended_code);
    match (code, errno) {
        (SQLITE_IOERR_NOMEM, _) => "out of memory".to_owned(),
        (_, Errno::EIO | Errno::ENXIO | Errno::ENODEV) => INPUT_OUTPUT.to_owned(),
        (_, Errno::EFBIG | Errno::ESTALE) => errno.desc().to_lowercase(),
        (
            SQLITE_IOERR_LOCK
            | SQLITE_IOERR_RDLOCK
            | SQLITE_IOERR_UNLOCK
            | SQLITE_IOERR_CHECKRESERVEDLOCK
            | SQLITE_IOERR_SHMLOCK,
            _,
        ) => format!("could not lock the file: {}", errno.desc().to_lowercase()),
        _ => match error {
            rusqlite::Error::SqliteFailure(_, Some(sentence)) => {
                format!("{sentence} (SQLite error code {code})")
            }
            error => error.to_string(),
        },
    }
}

/// True if a failure is caused by a full file system or a quota. SQLite has a separate code for
/// extending the shared memory of the log.
fn is_for_want_of_space(place: &str, errno: Errno, error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error().map_or(0, |error| error.extended_code);
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => true,
        Some(ErrorCode::SystemIoFailure) => match errno {
            Errno::ENOSPC | Errno::EDQUOT => true,
            Errno::UnknownErrno => code == SQLITE_IOERR_SHMSIZE || is_full(place),
            _ => code == SQLITE_IOERR_SHMSIZE,
        },
        _ => false,
    }
}

fn is_full(place: &str) -> bool {
    statvfs(place).is_ok_and(|system| system.f_bavail == 0)
}

fn failed(place: &str, doing: &str, reason: &str) -> Error {
    Error::failed(format!("{doing} \"{place}\""), reason)
}

fn other(place: &str, doing: &str, error: rusqlite::Error) -> Error {
    match error {
        rusqlite::Error::SqliteFailure(_, Some(sentence))
        | rusqlite::Error::SqlInputError { msg: sentence, .. }
            if is_lacking(&sentence) =>
        {
            Error::Refused(lacking(place, doing, &sentence))
        }
        // Its source would repeat the message.
        rusqlite::Error::SqliteFailure(_, Some(sentence)) => {
            Error::failed(format!("{doing} \"{place}\""), sentence)
        }
        error => Error::failed(format!("{doing} \"{place}\""), error),
    }
}
