//! The walk: depth, links, loops, duplicates and other file systems.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use super::{Host, names};
use crate::support::{Finished, run_by};

#[test]
fn directories_that_are_too_deep_are_reported() {
    let host = Host::new();
    host.django("a/b/c/deep.db", 1, 2);
    host.django("a/near.db", 1, 2);
    let ran = host.run("srv --depth 2 --json");
    let found = super::by_path(&ran.succeeds().json(), &host.path(""));
    assert_eq!(names(&found), ["a/near.db"]);
    assert_eq!(
        ran.stderr(),
        "sessctl: directories below 2 levels were not searched: 1; pass --depth\n"
    );
    assert_eq!(host.found().len(), 2);
    assert!(host.run("srv --depth 1 --json").succeeds().json().as_array().unwrap().is_empty());
    host.run("srv --depth 0").exits(2);
}

#[test]
fn hidden_directories_are_searched() {
    let host = Host::new();
    host.django(".hidden/.db.sqlite3", 1, 2);
    assert_eq!(names(&host.found()), [".hidden/.db.sqlite3"]);
}

#[test]
fn symbolic_links_and_loops_lead_nowhere() {
    let host = Host::new();
    host.django("a/db.sqlite3", 1, 2);
    symlink("..", host.path("a/loop")).unwrap();
    symlink("a", host.path("b")).unwrap();
    symlink("a/db.sqlite3", host.path("link.sqlite3")).unwrap();
    symlink("nowhere", host.path("broken")).unwrap();
    symlink("self", host.path("self")).unwrap();
    assert_eq!(names(&host.found()), ["a/db.sqlite3"]);
}

#[test]
fn a_link_that_is_named_is_followed() {
    let host = Host::new();
    host.django("a/db.sqlite3", 1, 2);
    symlink("srv", host.sandbox.path("link")).unwrap();
    let found = host.run("link --json").succeeds().json();
    let path = found[0]["path"].as_str().unwrap();
    assert!(path.ends_with("/link/a/db.sqlite3"), "{path}");
}

#[test]
fn a_file_with_several_links_is_shown_once() {
    let host = Host::new();
    host.django("a/db.sqlite3", 1, 2);
    fs::create_dir(host.path("b")).unwrap();
    fs::hard_link(host.path("a/db.sqlite3"), host.path("b/db.sqlite3")).unwrap();
    assert_eq!(names(&host.found()), ["a/db.sqlite3"]);
}

#[test]
fn directories_that_are_named_twice_are_searched_once() {
    let host = Host::new();
    host.django("a/b/db.sqlite3", 1, 2);
    let found = host.run("srv srv/a srv/a/b srv --json").succeeds().json();
    assert_eq!(found.as_array().unwrap().len(), 1);
}

/// Runs a search in a namespace of its own, after these commands.
fn after(host: &Host, script: &str, args: &str) -> Finished {
    let script = format!("set -e; {script}; exec \"$0\" \"$@\"");
    let words = ["discover"].into_iter().chain(args.split_whitespace());
    let command = host.sandbox.command(words);
    let outer: Command =
        run_by(&["unshare", "--mount", "--map-root-user", "sh", "-c", &script], &command);
    let mut outer = outer;
    Finished(outer.output().unwrap())
}

#[test]
#[ignore = "needs unshare"]
fn a_directory_that_is_mounted_twice_is_searched_once() {
    let host = Host::new();
    host.django("a/db.sqlite3", 1, 2);
    fs::create_dir_all(host.path("a/loop")).unwrap();
    fs::create_dir_all(host.path("z")).unwrap();
    let mounts = "mount --bind srv srv/a/loop; mount --bind srv/a srv/z";
    let found = after(&host, mounts, "srv --json").succeeds().json();
    assert_eq!(found.as_array().unwrap().len(), 1, "{found}");
}

#[test]
#[ignore = "needs unshare"]
fn a_file_that_is_mounted_twice_is_shown_once() {
    let host = Host::new();
    host.django("a/db.sqlite3", 1, 2);
    host.file("b.sqlite3", "");
    let mounts = "mount --bind srv/a/db.sqlite3 srv/b.sqlite3";
    let found = after(&host, mounts, "srv --json").succeeds().json();
    assert_eq!(found.as_array().unwrap().len(), 1, "{found}");
}

#[test]
#[ignore = "needs unshare"]
fn another_file_system_is_left_out_unless_it_is_named() {
    let host = Host::new();
    host.django("a/db.sqlite3", 1, 2);
    fs::create_dir_all(host.path("other")).unwrap();
    let mounts = "mount -t tmpfs none srv/other; cp srv/a/db.sqlite3 srv/other/";
    let ran = after(&host, mounts, "srv --json");
    assert_eq!(ran.succeeds().json().as_array().unwrap().len(), 1);
    let said = ran.stderr();
    assert!(said.contains("other file systems were not searched: 1, such as"), "{said}");
    let found = after(&host, mounts, "srv srv/other --json").succeeds().json();
    assert_eq!(found.as_array().unwrap().len(), 2);
}
