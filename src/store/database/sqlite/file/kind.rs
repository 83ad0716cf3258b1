//! Kinds of files that are not SQLite databases.

use std::collections::BTreeSet;

use crate::domain::error::FileKind;

/// The first bytes of files, what they are, and their kind.
const MAGIC: &[(&[u8], &str, FileKind)] = &[
    (b"\x1f\x8b", "it is compressed by gzip", FileKind::Compressed("gunzip")),
    (b"\x28\xb5\x2f\xfd", "it is compressed by zstd", FileKind::Compressed("unzstd")),
    (b"\xfd7zXZ\0", "it is compressed by xz", FileKind::Compressed("unxz")),
    (b"BZh", "it is compressed by bzip2", FileKind::Compressed("bunzip2")),
    (b"\x04\x22\x4d\x18", "it is compressed by lz4", FileKind::Compressed("unlz4")),
    (b"PK\x03\x04", "it is a zip archive", FileKind::Archive),
    (b"7z\xbc\xaf\x27\x1c", "it is a 7z archive", FileKind::Archive),
    (b"\x37\x7f\x06\x82", LOG, FileKind::Sidecar),
    (b"\x37\x7f\x06\x83", LOG, FileKind::Sidecar),
    (b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7", "it is a rollback journal of SQLite", FileKind::Sidecar),
];
const LOG: &str = "it is a write-ahead log of SQLite";
/// Words with which the statements in a dump begin.
const STATEMENTS: &[&str] =
    &["PRAGMA ", "BEGIN", "CREATE ", "INSERT ", "DROP ", "SET ", "--", "/*"];
/// Sizes of the pages of an encrypted database are multiples of this.
const PAGE_FRACTION: u64 = 512;
const MIN_ENCRYPTED_BYTES: u64 = 1024;

/// Describes a file that is not a database by its first bytes and its size.
pub fn describe(start: &[u8], size: u64) -> (&'static str, Option<FileKind>) {
    let magic = MAGIC.iter().find(|(magic, ..)| start.starts_with(magic));
    if let Some((_, what, kind)) = magic {
        return (what, Some(*kind));
    }
    if is_dump(start) {
        return ("it contains the text of SQL statements", Some(FileKind::Dump));
    }
    if size >= MIN_ENCRYPTED_BYTES && size.is_multiple_of(PAGE_FRACTION) && is_random(start) {
        let what = "it is not an SQLite database, or an encrypted one, such as SQLCipher's";
        return (what, Some(FileKind::Encrypted));
    }
    ("it is not an SQLite database", None)
}

fn is_dump(start: &[u8]) -> bool {
    let text = start.trim_ascii_start().to_ascii_uppercase();
    let begins = STATEMENTS.iter().any(|words| text.starts_with(words.as_bytes()));
    begins && !start.contains(&0) && start.contains(&b';')
}

/// Of random bytes, two thirds of the values occur among the first 300; of text and of most other
/// content, far fewer.
fn is_random(start: &[u8]) -> bool {
    let values: BTreeSet<&u8> = start.iter().collect();
    start.len() >= 1000 && values.len() > 200
}
