//! Root serves databases of several owners, each with the rights of its owner.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;

use super::{Host, JOBS, column, entry};
use crate::support::set_mode;

const SHOP: u32 = 1_234_567;
const BLOG: u32 = 1_234_568;

/// With the databases of two users, each in a directory of its owner.
fn host() -> Host {
    let host = Host::new();
    set_mode(&host.path("."), 0o755);
    let mut entries = String::from(JOBS);
    for (name, owner) in [("shop", SHOP), ("blog", BLOG)] {
        let directory = host.path(&format!("{name}.d"));
        fs::create_dir(&directory).unwrap();
        fs::rename(host.path(&format!("{name}.db")), directory.join("app.db")).unwrap();
        give_away(&directory, owner);
        entries += &entry(name, &format!("{name}.d/app.db"));
        entries.extend(["state_dir = \"", name, ".d/state\"\n"]);
    }
    host.sandbox.file("c.toml", entries);
    host
}

fn give_away(directory: &Path, owner: u32) {
    chown(directory, Some(owner), Some(owner)).unwrap();
    for entry in fs::read_dir(directory).unwrap() {
        chown(entry.unwrap().path(), Some(owner), Some(owner)).unwrap();
    }
}

/// The owners of everything in a directory.
fn owners(directory: &Path) -> Vec<u32> {
    let mut owners = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let found = fs::symlink_metadata(&path).unwrap();
        owners.push(found.uid());
        if found.is_dir() {
            owners.extend(self::owners(&path));
        }
    }
    owners
}

#[test]
#[ignore = "needs root"]
fn nothing_in_the_directories_of_owners_belongs_to_root() {
    let host = host();
    let archive = "archive = \"shop.d/ended.jsonl\"\n";
    for command in [
        "purge --all-databases --json",
        "run --metrics-file m.prom --log runs.log",
        "show stat --all-databases --parallel 2",
        "show runs --all-databases",
        "doctor --all-databases",
        "purge --all-databases --each --parallel 2 --metrics-file m.prom",
    ] {
        let ran = host.run(command);
        assert!(matches!(ran.0.status.code(), Some(0 | 3)), "{command}: {}", ran.stderr());
        for (name, owner) in [("shop", SHOP), ("blog", BLOG)] {
            let owners = owners(&host.path(&format!("{name}.d")));
            assert!(owners.iter().all(|found| *found == owner), "{command}: {owners:?}");
        }
    }
    let _ = archive;
    let runs = host.run("show runs --all-databases --json").succeeds().json();
    let users = column(&runs, "user");
    for (database, user) in column(&runs, "database").iter().zip(users) {
        let owner = if database == "shop" { SHOP } else { BLOG };
        assert_eq!(user, owner.to_string());
    }
    // What only root may write, root has written.
    for name in ["m.prom", "runs.log"] {
        if host.path(name).exists() {
            assert_eq!(fs::metadata(host.path(name)).unwrap().uid(), 0, "{name}");
        }
    }
    assert!(host.path("m.prom").exists());
}

#[test]
#[ignore = "needs root"]
fn a_directory_that_its_owner_may_not_enter_concerns_its_database_alone() {
    let host = host();
    let away = host.path("away");
    fs::create_dir(&away).unwrap();
    fs::rename(host.path("blog.d"), away.join("blog.d")).unwrap();
    let config = fs::read_to_string(host.path("c.toml")).unwrap();
    fs::write(host.path("c.toml"), config.replace("blog.d", "away/blog.d")).unwrap();
    set_mode(&away, 0o700);
    let purged = host.run("purge --all-databases --json");
    let rows = purged.exits(1).json();
    assert_eq!(column(&rows, "outcome"), ["done", "failed"]);
    assert!(purged.stderr().starts_with("sessctl: blog: "), "{}", purged.stderr());
}

#[test]
#[ignore = "needs root"]
fn a_worker_is_not_fooled_by_a_link_that_its_owner_exchanges() {
    let host = host();
    // The owner of one points at the database of the other.
    fs::rename(host.path("shop.d/app.db"), host.path("shop.d/own.db")).unwrap();
    std::os::unix::fs::symlink("../blog.d/app.db", host.path("shop.d/app.db")).unwrap();
    std::os::unix::fs::lchown(host.path("shop.d/app.db"), Some(SHOP), Some(SHOP)).unwrap();
    let purged = host.run("purge --all-databases --json");
    let rows = purged.exits(4).json();
    assert_eq!(column(&rows, "outcome"), ["refused", "done"]);
    assert!(purged.stderr().contains("passes through the symbolic link"), "{}", purged.stderr());
}
