//! Tests of `cli::state_dir`.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use sessctl::cli::state_dir::{BASE, DatabaseOwner, create_in, create_named, name_in};

#[test]
fn a_user_without_a_plain_name_is_a_number() {
    let accounts = "root:x:0:0::/root:/bin/sh\nbroken\n1002:x:7:7::/:\n../x:x:8:8::/:\n\
                    .x:x:9:9::/:\nwww-data:x:33:33::/var/www:\nagain:x:33:33::/:";
    let name = |uid| name_in(accounts, uid);
    assert_eq!((name(0).as_deref(), name(33).as_deref()), (Some("root"), Some("www-data")));
    assert_eq!([7, 8, 9, 1002].map(name), [const { None }; 4]);
    let owner = DatabaseOwner { uid: 4_000_000_001, gid: 1 };
    let (path, before) = owner.directories(Path::new(BASE));
    assert_eq!((path, before), (Path::new(BASE).join("4000000001"), None));
}

/// A parent that does not exist yet.
fn base() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::TempDir::new().unwrap();
    let base = directory.path().join("sessctl");
    (directory, base)
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

#[test]
fn the_directories_are_made_once() {
    let (_folder, base) = base();
    let owner = DatabaseOwner::caller();
    let made = create_in(&base, owner).unwrap();
    assert_eq!(made, base.join(owner.directory()));
    assert_eq!((mode(&base), mode(&made)), (0o755, 0o700));
    fs::write(made.join("file"), "stays").unwrap();
    assert_eq!(create_in(&base, owner).unwrap(), made);
    assert_eq!(fs::read(made.join("file")).unwrap(), b"stays");
    assert_eq!(fs::read_dir(&base).unwrap().count(), 1);
}

#[test]
fn what_another_process_has_left_half_done_is_no_obstacle() {
    let (_folder, base) = base();
    let owner = DatabaseOwner::caller();
    let own = owner.directory();
    fs::create_dir(&base).unwrap();
    let half = format!(".new-{}-{}", std::process::id(), own.display());
    fs::create_dir(base.join(half)).unwrap();
    assert_eq!(create_in(&base, owner).unwrap(), base.join(own));
    assert_eq!(fs::read_dir(&base).unwrap().count(), 1);
}

#[test]
fn no_link_is_followed_and_no_open_parent_used() {
    let (directory, base) = base();
    let owner = DatabaseOwner::caller();
    let elsewhere = directory.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    symlink(&elsewhere, &base).unwrap();
    assert!(create_in(&base, owner).is_err());
    fs::remove_file(&base).unwrap();
    fs::create_dir(&base).unwrap();
    symlink(&elsewhere, base.join(owner.directory())).unwrap();
    assert!(create_in(&base, owner).is_err());
    fs::remove_file(base.join(owner.directory())).unwrap();
    for open in [0o775, 0o757] {
        fs::set_permissions(&base, PermissionsExt::from_mode(open)).unwrap();
        let error = create_in(&base, owner).unwrap_err().to_string();
        assert!(error.contains("users other than root can change it"), "{error}");
    }
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
}

#[test]
fn a_named_directory_below_one_that_others_can_change_is_left_to_the_owner() {
    let (directory, _) = base();
    fs::set_permissions(directory.path(), PermissionsExt::from_mode(0o777)).unwrap();
    let named = directory.path().join("named/state");
    assert!(!create_named(&named, DatabaseOwner::caller()).unwrap());
    assert!(!directory.path().join("named").exists());
}
