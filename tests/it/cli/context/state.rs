//! Tests of `cli::context::state`.

use std::path::{Path, PathBuf};

use sessctl::cli::context::options::SettingSource;
use sessctl::cli::context::state::{StateEnv, StateLocation};
use sessctl::cli::state_dir::DatabaseOwner;

fn env_vars(state: &str, xdg: &str, home: &str) -> StateEnv {
    StateEnv { state: Some(state.into()), xdg: Some(xdg.into()), home: Some(home.into()) }
}

/// The effective user, in a parent directory that holds this user's directory or not.
fn base(has_own: bool) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::TempDir::new().unwrap();
    let base = directory.path().join("sessctl");
    if has_own {
        std::fs::create_dir_all(base.join(DatabaseOwner::caller().directory())).unwrap();
    }
    (directory, base)
}

#[test]
fn what_is_said_goes_before_what_is_around() {
    let all = || env_vars("/var/lib/a:/var/lib/b", "/xdg", "/home/me");
    let (_folder, base) = base(false);
    let of = |flag: Option<&str>, file: Option<&str>, env_vars| {
        let (flag, file) = (flag.map(Path::new), file.map(PathBuf::from));
        let directory = StateLocation::of(flag, file, &env_vars, DatabaseOwner::caller(), &base);
        directory.map(|directory| (directory.path.display().to_string(), directory.source))
    };
    let is = |path: &str, source| Some((path.to_owned(), source));
    assert_eq!(of(Some("typed"), Some("/file"), all()), is("typed", SettingSource::Flag));
    assert_eq!(of(None, Some("/file"), all()), is("/file", SettingSource::File));
    assert_eq!(
        of(Some(""), None, all()),
        is("/var/lib/a", SettingSource::Variable("STATE_DIRECTORY"))
    );
    let xdg = SettingSource::Variable("XDG_STATE_HOME");
    assert_eq!(of(None, None, env_vars("", "/xdg", "/home/me")), is("/xdg/sessctl", xdg));
    let home = is("/home/me/.local/state/sessctl", SettingSource::Default);
    for xdg in ["", "relative"] {
        assert_eq!(of(None, None, env_vars("", xdg, "/home/me")), home);
    }
    assert_eq!(of(None, None, env_vars("", "", "")), None);
    assert_eq!(of(None, None, StateEnv::default()), None);
}

#[test]
fn the_shared_directory_goes_before_the_users_own() {
    let (_folder, base) = base(true);
    let of = |env_vars| {
        StateLocation::of(None, None, &env_vars, DatabaseOwner::caller(), &base).unwrap()
    };
    let shared = base.join(DatabaseOwner::caller().directory());
    let found = of(env_vars("", "/xdg", "/home/me"));
    assert_eq!((&found.path, found.source), (&shared, SettingSource::Default));
    assert_eq!(found.legacy.last().unwrap(), Path::new("/xdg/sessctl"));
    assert_eq!(
        of(env_vars("/var/lib/a", "", "")).source,
        SettingSource::Variable("STATE_DIRECTORY")
    );
}

#[test]
fn a_shared_directory_that_others_can_change_is_not_used() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let (_folder, base) = base(true);
    let of = |base: &Path| {
        let env_vars = env_vars("", "/xdg", "/home/me");
        let found =
            StateLocation::of(None, None, &env_vars, DatabaseOwner::caller(), base).unwrap();
        assert_eq!(found.source, SettingSource::Variable("XDG_STATE_HOME"));
        found.warning.unwrap()
    };
    let link = base.with_file_name("link");
    symlink(&base, &link).unwrap();
    assert!(of(&link).contains("is a symbolic link"));
    std::fs::set_permissions(&base, PermissionsExt::from_mode(0o777)).unwrap();
    assert!(of(&base).contains("is writable by all users"));
}
