//! The last state of each scope.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Barrier;
use std::thread;

use proptest::prelude::*;
use sessctl::cli::notify::state::{ScopeKey, StateChange, StateDirectory};
use sessctl::domain::time::UnixTime;
use tempfile::TempDir;

use super::key;

const NOW: UnixTime = UnixTime(1_781_524_800);

fn directory() -> (TempDir, StateDirectory) {
    let parent = TempDir::new().unwrap();
    let directory = StateDirectory(parent.path().join("notify"));
    (parent, directory)
}

/// Records a result that must cause no warning. What is to be announced is delivered.
#[track_caller]
fn record(directory: &StateDirectory, key: &ScopeKey, is_failed: bool) -> Option<StateChange> {
    let recorded = directory.record(key, is_failed, NOW);
    assert_eq!(recorded.warning, None);
    if let Some(change) = recorded.change {
        assert_eq!(directory.settle(key, change, true, NOW), None);
    }
    recorded.change
}

/// The only file.
fn file(directory: &StateDirectory) -> PathBuf {
    let mut files = fs::read_dir(&directory.0).unwrap();
    let file = files.next().unwrap().unwrap().path();
    assert!(files.next().is_none());
    file
}

fn read(path: &Path) -> serde_json::Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

proptest! {
    /// A change is announced, and the first result only if it is a failure.
    #[test]
    fn each_change_is_announced_once(results in proptest::collection::vec(any::<bool>(), 0..12)) {
        let (_parent, directory) = directory();
        let mut known = false;
        for is_failed in results {
            let expected = match (known, is_failed) {
                (false, true) => Some(StateChange::Failed),
                (true, false) => Some(StateChange::Recovered),
                _ => None,
            };
            prop_assert_eq!(record(&directory, &key(), is_failed), expected);
            known = is_failed;
        }
    }
}

#[test]
fn each_scope_has_a_state_of_its_own() {
    let (_parent, directory) = directory();
    let other = |change: fn(&mut ScopeKey)| {
        let mut other = key();
        change(&mut other);
        other
    };
    let scopes = [
        key(),
        other(|key| key.kind = "all"),
        other(|key| key.job = None),
        other(|key| key.job = Some("mark".to_owned())),
        other(|key| key.database = None),
        other(|key| (key.database, key.job) = (None, None)),
        other(|key| key.config = None),
        other(|key| key.config = Some("/root/sessctl.toml".to_owned())),
    ];
    for scope in &scopes {
        assert_eq!(record(&directory, scope, true), Some(StateChange::Failed), "{scope:?}");
    }
    assert_eq!(fs::read_dir(&directory.0).unwrap().count(), scopes.len());
}

#[test]
fn the_file_says_what_it_is_about() {
    let (_parent, directory) = directory();
    record(&directory, &key(), true);
    let state = read(&file(&directory));
    assert_eq!(state["database"], "shop");
    assert_eq!(
        (&state["state"], &state["since"]),
        (&"failed".into(), &"2026-06-15T12:00:00Z".into())
    );
    let mode = fs::metadata(&directory.0).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn a_damaged_file_is_warned_of_once_and_failures_are_announced() {
    for content in ["", "{", "{\"state\":5}", "[]", "\u{0}\u{0}", &"x".repeat(1 << 20)] {
        let (_parent, directory) = directory();
        record(&directory, &key(), true);
        let file = file(&directory);
        for (is_failed, change) in [(true, Some(StateChange::Failed)), (false, None)] {
            fs::write(&file, content).unwrap();
            let recorded = directory.record(&key(), is_failed, NOW);
            assert_eq!(recorded.change, change, "{content:.9}");
            if let Some(change) = change {
                assert_eq!(directory.settle(&key(), change, true, NOW), None);
            }
            assert!(recorded.warning.unwrap().contains("is not known"), "{content:.9}");
            assert_eq!(record(&directory, &key(), is_failed), None);
        }
    }
}

#[test]
fn neither_a_link_nor_a_pipe_is_used() {
    let (parent, directory) = directory();
    record(&directory, &key(), false);
    let file = file(&directory);
    let target = parent.path().join("target");
    fs::write(&target, "{\"state\":\"failed\"}").unwrap();
    fs::remove_file(&file).unwrap();
    symlink(&target, &file).unwrap();
    let recorded = directory.record(&key(), false, NOW);
    assert_eq!(recorded.change, None);
    assert!(recorded.warning.unwrap().contains("it is a link"));
    assert_eq!(fs::read_to_string(&target).unwrap(), "{\"state\":\"failed\"}");
    fs::remove_file(&file).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&file).status().unwrap().success());
    let recorded = directory.record(&key(), true, NOW);
    assert_eq!(recorded.change, Some(StateChange::Failed));
    assert!(recorded.warning.unwrap().contains("it is a pipe"));
}

#[test]
fn a_directory_that_cannot_be_used_keeps_no_failure_quiet() {
    let parent = TempDir::new().unwrap();
    fs::write(parent.path().join("file"), "").unwrap();
    let open = parent.path().join("open");
    fs::create_dir(&open).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
    symlink(parent.path(), parent.path().join("link")).unwrap();
    let unusable =
        [parent.path().join("file/notify"), open.clone(), parent.path().join("link/link")];
    for path in unusable {
        let directory = StateDirectory(path.clone());
        let failed = directory.record(&key(), true, NOW);
        assert_eq!(failed.change, Some(StateChange::Failed), "{}", path.display());
        let warning = failed.warning.unwrap();
        assert!(warning.contains("cannot be used"), "{warning}");
        assert_eq!(directory.record(&key(), false, NOW).change, None);
    }
    assert_eq!(fs::read_dir(open).unwrap().count(), 0);
}

#[test]
fn of_many_processes_one_announces_a_change() {
    let (_parent, directory) = directory();
    for (is_failed, change) in [(true, StateChange::Failed), (false, StateChange::Recovered)] {
        let barrier = Barrier::new(8);
        let announced: Vec<_> = thread::scope(|scope| {
            let record = || {
                barrier.wait();
                record(&directory, &key(), is_failed)
            };
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(record)).collect();
            threads.into_iter().filter_map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(announced, [change]);
    }
}

proptest! {
    /// What was heard is what was delivered: only what differs from it is announced.
    #[test]
    fn what_was_not_delivered_is_announced_again(
        results in proptest::collection::vec((any::<bool>(), any::<bool>()), 0..12),
    ) {
        let (_parent, directory) = directory();
        let mut heard = false;
        for (is_failed, is_delivered) in results {
            let change = directory.record(&key(), is_failed, NOW).change;
            prop_assert_eq!(change, (is_failed != heard).then_some(StateChange::to(is_failed)));
            if let Some(change) = change {
                prop_assert_eq!(directory.settle(&key(), change, is_delivered, NOW), None);
                heard = if is_delivered { is_failed } else { heard };
            }
        }
    }
}

#[test]
fn an_announcement_whose_process_is_gone_is_made_again() {
    let (_parent, directory) = directory();
    let failed_at = |seconds| directory.record(&key(), true, UnixTime(NOW.0 + seconds)).change;
    assert_eq!(failed_at(0), Some(StateChange::Failed));
    assert_eq!(failed_at(30), None);
    assert_eq!(failed_at(60), Some(StateChange::Failed));
    // Also after the clock was set back
    assert_eq!(failed_at(-3_600), Some(StateChange::Failed));
}

#[test]
fn locked_subjects_are_counted_until_another_result() {
    let (_parent, directory) = directory();
    let count = |locked: &[&str], others: &[&str]| {
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let counts = directory.count_locked(&key(), &names(locked), &names(others)).unwrap();
        counts.into_iter().map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>()
    };
    assert_eq!(count(&[], &["shop"]), [""; 0]);
    // Nothing is written where nothing is to be remembered.
    assert!(!directory.0.exists());
    assert_eq!(count(&["shop"], &[]), ["shop 1"]);
    assert_eq!(count(&["shop", "blog"], &[]), ["blog 1", "shop 2"]);
    assert_eq!(record(&directory, &key(), true), Some(StateChange::Failed));
    // One without a result keeps its number.
    assert_eq!(count(&["blog"], &[]), ["blog 2"]);
    assert_eq!(count(&["blog"], &["shop"]), ["blog 3"]);
    assert_eq!(count(&["shop"], &["blog"]), ["shop 1"]);
    assert_eq!(record(&directory, &key(), false), Some(StateChange::Recovered));
}
