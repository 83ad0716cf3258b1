//! Tests of `cli::trust`.

mod fault;

use std::fs;
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};

use sessctl::cli::trust::path::{ComponentKind, ResolvedPath};
use tempfile::TempDir;

/// A directory by its real path.
fn directory() -> (TempDir, PathBuf) {
    let directory = TempDir::new().unwrap();
    let real = fs::canonicalize(directory.path()).unwrap();
    (directory, real)
}

/// Components below a directory on the way to a path in it.
fn below(directory: &Path, path: &str) -> Vec<(String, ComponentKind)> {
    let resolved = ResolvedPath::to(&directory.join(path)).unwrap();
    let name =
        |path: &Path| path.strip_prefix(directory).ok().map(|name| name.display().to_string());
    let named = resolved
        .components
        .iter()
        .filter_map(|component| Some((name(&component.path)?, component.kind.clone())));
    named.filter(|(name, _)| !name.is_empty()).collect()
}

#[test]
fn links_are_followed_and_listed() {
    let (_guard, here) = directory();
    fs::create_dir_all(here.join("a/b")).unwrap();
    fs::write(here.join("a/b/file"), "text").unwrap();
    symlink("b/file", here.join("a/relative")).unwrap();
    symlink(here.join("a/relative"), here.join("absolute")).unwrap();
    let is = |name: &str, kind| (name.to_owned(), kind);
    let directory = |name: &str| is(name, ComponentKind::Directory);
    let expected = [
        is("absolute", ComponentKind::Link(here.join("a/relative"))),
        directory("a"),
        is("a/relative", ComponentKind::Link("b/file".into())),
        directory("a/b"),
        is("a/b/file", ComponentKind::File),
    ];
    assert_eq!(below(&here, "absolute"), expected);
    assert_eq!(below(&here, "a/b/../b")[2..], [is("a", ComponentKind::Parent), directory("a/b")]);
    let resolved = ResolvedPath::to(&here.join("absolute")).unwrap();
    let found = fs::metadata(here.join("a/b/file")).unwrap();
    let last = resolved.last();
    assert_eq!((last.id, last.uid), ((found.dev(), found.ino()), found.uid()));
    assert_eq!(last.mode, found.mode() & 0o7777);
    assert_eq!(&resolved.components[last.within.unwrap()].path, &here.join("a/b"));
    let mut text = String::new();
    resolved.open().unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "text");
}

#[test]
fn a_path_that_leads_nowhere_is_an_error() {
    let (_guard, here) = directory();
    fs::write(here.join("file"), "").unwrap();
    symlink("circle", here.join("circle")).unwrap();
    symlink("missing", here.join("dangling")).unwrap();
    let fails = |path: &str| ResolvedPath::to(&here.join(path)).unwrap_err();
    assert_eq!(fails("missing").kind(), ErrorKind::NotFound);
    assert_eq!(fails("dangling").kind(), ErrorKind::NotFound);
    assert_eq!(fails("file/below").kind(), ErrorKind::NotADirectory);
    assert_eq!(fails("file/..").kind(), ErrorKind::NotADirectory);
    assert_eq!(fails("circle").raw_os_error(), Some(rustix::io::Errno::LOOP.raw_os_error()));
}

#[test]
fn a_file_that_was_exchanged_is_not_read() {
    let (_guard, here) = directory();
    fs::write(here.join("file"), "old").unwrap();
    fs::write(here.join("other"), "new").unwrap();
    let resolved = ResolvedPath::to(&here.join("file")).unwrap();
    fs::rename(here.join("other"), here.join("file")).unwrap();
    assert!(resolved.open().is_err());
    fs::remove_file(here.join("file")).unwrap();
    fs::write(here.join("secret"), "").unwrap();
    symlink("secret", here.join("file")).unwrap();
    assert!(resolved.open().is_err());
}

#[test]
fn an_open_descriptor_leads_to_its_file() {
    let (_guard, here) = directory();
    fs::write(here.join("file"), "text").unwrap();
    let open = fs::File::open(here.join("file")).unwrap();
    let number = std::os::fd::AsRawFd::as_raw_fd(&open);
    for path in [format!("/dev/fd/{number}"), format!("/proc/self/fd/{number}")] {
        // Also where the name has gone.
        let _ = fs::remove_file(here.join("file"));
        let resolved = ResolvedPath::to(Path::new(&path)).unwrap();
        assert_eq!(
            (resolved.last().kind.clone(), resolved.last().within),
            (ComponentKind::File, None),
            "{path}"
        );
        let mut text = String::new();
        resolved.open().unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "text");
    }
    let (reader, _writer) = std::io::pipe().unwrap();
    let pipe = format!("/dev/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&reader));
    assert_eq!(ResolvedPath::to(Path::new(&pipe)).unwrap().last().kind, ComponentKind::Handed);
}
