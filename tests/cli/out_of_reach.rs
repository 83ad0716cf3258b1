//! Databases that this user may not write or read, or that no disk has room for.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;

use crate::fixture::{HOUR, Sandbox, feed, row};
use crate::refused::{INIT, READING, WRITING, all};

/// The command as a user who may read the file and write nothing; `None` where
/// that cannot be had.
fn as_somebody_else(sandbox: &Sandbox, command: &str) -> Option<Command> {
    let is_root = std::fs::metadata(sandbox.path(".")).unwrap().uid() == 0;
    let mut ready = sandbox.command(command.split_whitespace());
    if is_root {
        let setpriv = Path::new("/usr/bin/setpriv");
        if !setpriv.exists() {
            return None;
        }
        let mut other = Command::new(setpriv);
        other.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]);
        other.arg(sandbox.path("program")).args(ready.get_args());
        other.current_dir(sandbox.path(".")).env_clear().env("SESSCTL_DB", "app.db");
        ready = other;
    }
    Some(ready)
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

#[test]
fn a_file_that_may_not_be_written_is_left_alone_by_every_command_that_would() {
    let sandbox = Sandbox::new();
    sandbox.insert(&row("token").idle(60));
    sandbox.insert(&row("due").idle(HOUR));
    // The program may lie in a folder that only its owner can enter.
    std::fs::copy(env!("CARGO_BIN_EXE_sessctl"), sandbox.path("program")).unwrap();
    set_mode(&sandbox.path("app.db"), 0o444);
    for folder_mode in [0o755, 0o777] {
        set_mode(&sandbox.path("."), folder_mode);
        let before = sandbox.files();
        for command in WRITING.into_iter().chain(INIT) {
            let Some(ready) = as_somebody_else(&sandbox, command) else {
                return;
            };
            let reason = feed(ready, "token\n").is_refused_with(1).stderr();
            let expected = "sessctl: could not write to app.db: it is read-only for this user\n";
            assert_eq!(reason, expected, "{command}");
            assert!(sandbox.files() == before, "{command} changed a file");
        }
    }
}

#[test]
fn a_file_that_may_not_be_written_is_read_and_nothing_is_left_beside_it() {
    let sandbox = Sandbox::new();
    sandbox.insert(&row("due").idle(HOUR));
    std::fs::copy(env!("CARGO_BIN_EXE_sessctl"), sandbox.path("program")).unwrap();
    std::fs::rename(sandbox.path("app.db"), sandbox.path("100% a?b#c.db")).unwrap();
    set_mode(&sandbox.path("100% a?b#c.db"), 0o444);
    for folder_mode in [0o555, 0o755, 0o777] {
        set_mode(&sandbox.path("."), folder_mode);
        let before = sandbox.files();
        for command in READING.into_iter().chain(["show tasks"]) {
            let Some(mut ready) = as_somebody_else(&sandbox, command) else {
                return;
            };
            ready.env("SESSCTL_DB", "100% a?b#c.db");
            let ran = feed(ready, "");
            assert!(ran.succeeds().stdout().contains("imap"), "{command}");
            assert!(sandbox.files() == before, "{command} left a file");
        }
    }
    set_mode(&sandbox.path("."), 0o755);
}

#[test]
fn beside_an_application_who_may_only_read_reads_all_the_same() {
    let sandbox = Sandbox::new();
    sandbox.insert(&row("due").idle(HOUR));
    std::fs::copy(env!("CARGO_BIN_EXE_sessctl"), sandbox.path("program")).unwrap();
    // Given an application at work, whose log others may not write
    let application = sandbox.db();
    application.execute_batch("UPDATE sessions SET client = 'here'").unwrap();
    for name in ["app.db", "app.db-wal", "app.db-shm"] {
        set_mode(&sandbox.path(name), 0o644);
    }
    set_mode(&sandbox.path("."), 0o755);
    for command in READING {
        let Some(ready) = as_somebody_else(&sandbox, command) else {
            return;
        };
        assert!(feed(ready, "").succeeds().stdout().contains("imap"), "{command}");
    }
    drop(application);
}

#[test]
fn a_file_that_may_not_be_read_is_refused() {
    let sandbox = Sandbox::new();
    std::fs::copy(env!("CARGO_BIN_EXE_sessctl"), sandbox.path("program")).unwrap();
    set_mode(&sandbox.path("."), 0o755);
    set_mode(&sandbox.path("app.db"), 0o000);
    for command in all() {
        let Some(ready) = as_somebody_else(&sandbox, command) else {
            return;
        };
        let reason = feed(ready, "token\n").is_refused_with(1).stderr();
        assert!(reason.contains("app.db: Permission denied"), "{command}: {reason}");
    }
}

/// Runs each command on a disk of its own, in a private mount namespace that goes
/// with the shell, and notes what it left.
const ON_A_FULL_DISK: &str = r#"
set -e
mkdir disk && mount -t tmpfs -o size=128k none disk
for command in "purge" "open --user alice --task imap" "cycle --all" "touch"; do
    rm -rf disk/* && cp app.db disk/app.db
    cat /dev/zero > disk/filler 2> /dev/null || true
    code=0
    echo token | "$0" --db disk/app.db $command > out 2> err || code=$?
    same=0; cmp -s app.db disk/app.db || same=$?
    echo "$code $(wc -c < out) $(wc -l < err) $same $(cat err)"
done
"#;

#[test]
#[ignore = "needs root"]
fn on_a_full_disk_every_command_fails_and_the_database_stays() {
    let sandbox = Sandbox::new();
    sandbox.insert(&row("token").idle(60));
    sandbox.insert(&row("due").idle(HOUR));
    let ran = Command::new("unshare")
        .args(["-m", "sh", "-c", ON_A_FULL_DISK, env!("CARGO_BIN_EXE_sessctl")])
        .current_dir(sandbox.path("."))
        .output()
        .unwrap();
    let (answer, complaint) = (String::from_utf8(ran.stdout).unwrap(), ran.stderr);
    assert!(ran.status.success(), "{answer} {}", String::from_utf8_lossy(&complaint));
    assert_eq!(answer.lines().count(), 4);
    for line in answer.lines() {
        assert!(line.starts_with("1 0 1 0 sessctl: could not "), "{line}");
    }
}
