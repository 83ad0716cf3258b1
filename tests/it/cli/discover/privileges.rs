//! Root searches with the privileges of the files' owners.

use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::{Host, names};
use crate::support::set_mode;

/// Users that no system has an entry for.
const ALICE: u32 = 1_234_567;
const BOB: u32 = 1_234_568;

/// A host whose files all may reach.
fn host() -> Host {
    let host = Host::new();
    for directory in [host.sandbox.path("."), host.path("")] {
        set_mode(&directory, 0o755);
    }
    host
}

/// Gives a file or a directory, with all that is in it, to a user.
fn give(path: &Path, user: u32) {
    std::os::unix::fs::lchown(path, Some(user), Some(user)).unwrap();
    if path.is_dir() && !path.is_symlink() {
        for entry in fs::read_dir(path).unwrap() {
            give(&entry.unwrap().path(), user);
        }
    }
}

#[test]
#[ignore = "needs root"]
fn the_files_of_several_owners_are_read_with_their_privileges() {
    let host = host();
    for (user, name) in [(ALICE, "alice"), (BOB, "bob")] {
        host.django(&format!("{name}/db.sqlite3"), 1, 2);
        give(&host.path(name), user);
        set_mode(&host.path(name), 0o700);
        set_mode(&host.path(&format!("{name}/db.sqlite3")), 0o600);
    }
    host.django("root.sqlite3", 1, 2);
    let ran = host.search_unchanged();
    let found = super::by_path(&ran.succeeds().json(), &host.path(""));
    assert_eq!(names(&found), ["alice/db.sqlite3", "bob/db.sqlite3", "root.sqlite3"]);
    assert_eq!(found["alice/db.sqlite3"]["owner"], ALICE.to_string());
    assert_eq!(found["root.sqlite3"]["owner"], "root");
    assert!(found.values().all(|entry| entry["sessions"] == 2));
}

#[test]
#[ignore = "needs root"]
fn what_the_owner_may_not_read_root_does_not_read() {
    let host = host();
    host.django("alice/db.sqlite3", 1, 2);
    host.django("alice/open.sqlite3", 1, 2);
    give(&host.path("alice"), ALICE);
    set_mode(&host.path("alice/db.sqlite3"), 0o000);
    let ran = host.run("srv --json");
    let found = super::by_path(&ran.exits(3).json(), &host.path(""));
    assert_eq!(names(&found), ["alice/open.sqlite3"]);
    let path = host.path("alice/db.sqlite3");
    assert_eq!(
        ran.stderr(),
        format!(
            "sessctl: could not read \"{}\": permission denied for user {ALICE}\n",
            path.display()
        )
    );
}

#[test]
#[ignore = "needs root"]
fn a_file_of_roots_in_the_directory_of_another_user_is_not_opened_by_root() {
    let host = host();
    host.django("alice/secret.sqlite3", 1, 2);
    host.django("alice/readable.sqlite3", 1, 2);
    chown(host.path("alice"), Some(ALICE), Some(ALICE)).unwrap();
    set_mode(&host.path("alice/secret.sqlite3"), 0o600);
    let ran = host.run("srv --json");
    let found = super::by_path(&ran.exits(3).json(), &host.path(""));
    assert_eq!(names(&found), ["alice/readable.sqlite3"]);
    let said = ran.stderr();
    assert!(said.contains("secret.sqlite3") && said.contains("permission denied"), "{said}");
}

#[test]
#[ignore = "needs root"]
fn a_directory_that_is_exchanged_leads_nowhere() {
    let host = host();
    host.django("../secret/db.sqlite3", 1, 2);
    set_mode(&host.sandbox.path("secret"), 0o700);
    host.django("alice/d/db.sqlite3", 1, 2);
    symlink(host.sandbox.path("secret"), host.path("alice/link")).unwrap();
    give(&host.path("alice"), ALICE);
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let (directory, link) = (host.path("alice/d"), host.path("alice/link"));
            while !is_over.load(Ordering::Relaxed) {
                renameat_with(CWD, &directory, CWD, &link, RenameFlags::EXCHANGE).unwrap();
            }
        });
        for _ in 0..20 {
            let ran = host.run("srv --json");
            let code = ran.0.status.code();
            assert!(matches!(code, Some(0 | 3)), "{code:?}: {}", ran.stderr());
            for entry in ran.json().as_array().unwrap() {
                assert_eq!(entry["owner"], ALICE.to_string(), "{entry}");
            }
        }
        is_over.store(true, Ordering::Relaxed);
    });
    assert_eq!(fs::read_dir(host.sandbox.path("secret")).unwrap().count(), 1);
}

#[test]
#[ignore = "needs root"]
fn a_user_can_be_named_for_the_whole_search() {
    let host = host();
    for (user, name) in [(ALICE, "alice"), (BOB, "bob")] {
        host.django(&format!("{name}/db.sqlite3"), 1, 2);
        give(&host.path(name), user);
        set_mode(&host.path(name), 0o700);
    }
    let ran = host.run(&format!("srv --json --as {ALICE}"));
    let found = super::by_path(&ran.exits(3).json(), &host.path(""));
    assert_eq!(names(&found), ["alice/db.sqlite3"]);
    assert!(ran.stderr().contains("/bob\": permission denied"), "{}", ran.stderr());
}

#[test]
#[ignore = "needs root"]
fn a_database_with_a_log_of_another_user_is_read_without_a_change() {
    let host = host();
    let db = host.django("alice/db.sqlite3", 1, 2);
    db.pragma_update(None, "journal_mode", "WAL").unwrap();
    db.execute_batch("DELETE FROM django_session WHERE session_key LIKE '%2'").unwrap();
    give(&host.path("alice"), ALICE);
    let ran = host.search_unchanged();
    assert_eq!(ran.succeeds().json()[0]["sessions"], 1);
}
