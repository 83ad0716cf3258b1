//! Tests of `cli::replace`.

use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;
use std::{fs, io};

use rustix::fs::{FileType, Mode};
use sessctl::cli::replace::replace;
use tempfile::TempDir;

fn names(directory: &Path) -> Vec<String> {
    let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string();
    let mut names: Vec<_> =
        fs::read_dir(directory).unwrap().map(|entry| name(entry).unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_regular_file_is_replaced_and_one_that_is_missing_is_made() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("file");
    for text in ["a longer text", "short"] {
        replace(&path, text.as_bytes()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o644);
    }
    // Another name of the old file keeps what it had.
    fs::hard_link(&path, directory.path().join("old")).unwrap();
    replace(&path, b"new").unwrap();
    assert_eq!(fs::read_to_string(directory.path().join("old")).unwrap(), "short");
    assert_eq!(names(directory.path()), ["file", "old"]);
}

#[test]
fn nothing_but_a_regular_file_is_replaced() {
    let directory = TempDir::new().unwrap();
    let at = |name: &str| directory.path().join(name);
    fs::write(at("file"), "old").unwrap();
    symlink("file", at("link")).unwrap();
    symlink("missing", at("dangling")).unwrap();
    fs::create_dir(at("directory")).unwrap();
    let fifo = FileType::Fifo.as_raw_mode() | 0o600;
    let (fifo, none) = (FileType::from_raw_mode(fifo), Mode::RUSR);
    rustix::fs::mknodat(rustix::fs::CWD, at("pipe"), fifo, none, 0).unwrap();
    let before = names(directory.path());
    for (name, found) in
        [("link", "link"), ("dangling", "link"), ("directory", "directory"), ("pipe", "pipe")]
    {
        let error = format!("{:#}", replace(&at(name), b"new").unwrap_err());
        assert!(error.contains(&format!("it is a {found}, and only a regular")), "{error}");
        assert_eq!(names(directory.path()), before);
    }
    assert_eq!(fs::read_to_string(at("file")).unwrap(), "old");
    let error = format!("{:#}", replace(&at("file/below"), b"new").unwrap_err());
    assert!(error.contains("there is no directory"), "{error}");
    assert!(replace(Path::new("/"), b"new").is_err());
}
