//! Files and addresses that are not SQLite databases: the message says what they are, and what to
//! pass instead.

use sha2::{Digest as _, Sha256};

use crate::support::Sandbox;

const WORKS_ON: &str = "sessctl works on SQLite files and rqlite clusters";

/// The message about a file with this content.
fn said(content: &[u8]) -> String {
    let sandbox = Sandbox::without_database();
    sandbox.file("app.db", content);
    let said = sandbox.run(["list"]).is_refused_with(10).stderr();
    let start = "sessctl: \"app.db\" cannot be used: ";
    said.strip_prefix(start).unwrap().trim_end().to_owned()
}

fn filled(start: &[u8]) -> Vec<u8> {
    [start, &[7; 4096]].concat()
}

#[test]
fn compressed_files_and_archives_are_named() {
    for (start, what, program) in [
        (&b"\x1f\x8b\x08"[..], "gzip", "gunzip"),
        (b"\x28\xb5\x2f\xfd", "zstd", "unzstd"),
        (b"\xfd7zXZ\0", "xz", "unxz"),
        (b"BZh9", "bzip2", "bunzip2"),
    ] {
        for content in [start.to_vec(), filled(start)] {
            let said = said(&content);
            assert!(said.starts_with(&format!("it is compressed by {what}; {WORKS_ON}")), "{said}");
            assert!(said.contains(&format!("decompress this copy with {program}")), "{said}");
        }
    }
    let said = said(&filled(b"PK\x03\x04"));
    assert!(said.starts_with(&format!("it is a zip archive; {WORKS_ON}: pass the file")), "{said}");
}

#[test]
fn dumps_and_logs_are_named() {
    let dump = "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nCREATE TABLE t (id);\n".repeat(99);
    for content in [dump.as_str(), "-- MySQL dump 10.13\nCREATE TABLE t (id);\n"] {
        let said = said(content.as_bytes());
        assert!(said.starts_with("it contains the text of SQL statements; "), "{said}");
    }
    let said = said(&filled(b"\x37\x7f\x06\x82\0\x2d\xe2\x18"));
    assert!(said.starts_with("it is a write-ahead log of SQLite; pass the database"), "{said}");
}

#[test]
fn an_encrypted_file_is_suspected() {
    let block = |n: u32| Sha256::digest(n.to_le_bytes()).to_vec();
    let random: Vec<u8> = (0..256).flat_map(block).collect();
    let encrypted = said(&random);
    assert!(encrypted.contains("an encrypted one, such as SQLCipher's; "), "{encrypted}");
    assert!(encrypted.contains("only its application can read"), "{encrypted}");
    // Of another size, it is not one
    assert_eq!(said(&random[..8000]), "it is not an SQLite database");
}

#[test]
fn addresses_of_other_databases_are_named() {
    let sandbox = Sandbox::without_database();
    let run = |db: &str| sandbox.run(["--db", db, "list"]).is_refused_with(2).stderr();
    insta::assert_snapshot!(run("postgres://bob:secret@db/app"), @"sessctl: the address of a PostgreSQL server: sessctl works on SQLite files and rqlite clusters, whose addresses begin with http:// or https://");
    insta::assert_snapshot!(run("sqlite:////srv/app.db"), @"sessctl: a URL instead of the path of the file, /srv/app.db; pass that path");
}
