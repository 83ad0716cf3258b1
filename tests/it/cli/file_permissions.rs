//! Databases that this user may not write or read, or that no disk has room for.

use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;
use std::process::Command;

use crate::cli::invalid_databases::{INIT, READING, WRITING, all};
use crate::support::{HOUR, SESSCTL, Sandbox, feed, row, set_mode};

/// The command as a user who may read the file and write nothing; `None` where
/// that cannot be had.
fn as_somebody_else(sandbox: &Sandbox, command: &str) -> Option<Command> {
    let args = command.split_whitespace();
    if std::fs::metadata(sandbox.path(".")).unwrap().uid() != 0 {
        return Some(sandbox.command(args));
    }
    Path::new("/usr/bin/setpriv").exists().then(|| sandbox.command_as(65_534, args))
}

#[test]
fn a_file_that_may_not_be_written_is_left_alone_by_every_command_that_would() {
    let sandbox = Sandbox::new();
    sandbox.insert(&row("token").idle(60));
    sandbox.insert(&row("due").idle(HOUR));
    sandbox.copy_program();
    set_mode(&sandbox.path("app.db"), 0o444);
    for folder_mode in [0o755, 0o777] {
        set_mode(&sandbox.path("."), folder_mode);
        let before = sandbox.files();
        for command in WRITING.into_iter().chain(INIT) {
            let Some(ready) = as_somebody_else(&sandbox, command) else {
                return;
            };
            let reason = feed(ready, "token\n").is_refused_with(1).stderr();
            let expected = "sessctl: could not write to \"app.db\": user ";
            assert!(reason.starts_with(expected), "{command}: {reason}");
            let permission = " has no write permission for \"app.db\" (";
            assert!(reason.contains(permission), "{command}: {reason}");
            assert!(sandbox.files() == before, "{command} changed a file");
        }
    }
}

#[test]
fn a_read_only_file_is_read_and_no_sidecar_file_is_left() {
    let sandbox = Sandbox::new();
    sandbox.insert(&row("due").idle(HOUR));
    sandbox.insert(&row("live"));
    sandbox.copy_program();
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
fn a_user_with_read_permission_reads_while_an_application_writes() {
    let sandbox = Sandbox::new();
    sandbox.insert(&row("due").idle(HOUR));
    sandbox.insert(&row("live"));
    sandbox.copy_program();
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
    sandbox.copy_program();
    set_mode(&sandbox.path("."), 0o755);
    set_mode(&sandbox.path("app.db"), 0o000);
    for command in all() {
        let Some(ready) = as_somebody_else(&sandbox, command) else {
            return;
        };
        let reason = feed(ready, "token\n").is_refused_with(1).stderr();
        assert!(reason.starts_with("sessctl: could not read \"app.db\": user "), "{reason}");
        let permission = " has no read permission for \"app.db\" (";
        assert!(reason.contains(permission), "{command}: {reason}");
    }
}

/// A database that belongs to a user without a name, in a directory that is searchable.
fn of_a_user(sandbox: &Sandbox) {
    sandbox.insert(&row("token").idle(60));
    sandbox.insert(&row("due").idle(HOUR));
    sandbox.copy_program();
    set_mode(&sandbox.path("."), 0o755);
    chown(sandbox.path("app.db"), Some(4711), Some(4711)).unwrap();
}

/// The command as that user.
fn as_the_user(sandbox: &Sandbox, command: &str) -> Command {
    sandbox.command_as(4711, command.split_whitespace())
}

/// Commands that need to make a journal or a log, and no other file.
fn writing() -> impl Iterator<Item = &'static str> {
    WRITING.into_iter().filter(|command| *command != "compact --full").chain(INIT)
}

#[test]
#[ignore = "needs root"]
fn a_directory_that_may_not_be_written_is_named_and_reading_needs_none() {
    for has_log in [true, false] {
        let sandbox = Sandbox::new();
        of_a_user(&sandbox);
        if !has_log {
            sandbox.db().pragma_update(None, "journal_mode", "DELETE").unwrap();
        }
        let before = sandbox.files();
        for command in READING {
            let ran = feed(as_the_user(&sandbox, command), "");
            assert!(ran.succeeds().stdout().contains("imap"), "{command}");
            assert!(sandbox.files() == before, "{command} left a file");
        }
        let directory = sandbox.path(".").canonicalize().unwrap();
        let expected = format!(
            "user 4711 has no write permission for directory \"{}\" (owner root, mode 0755), which \
             SQLite needs for its journal or write-ahead log\n",
            directory.display()
        );
        for command in writing().filter(|command| has_log || *command != "init") {
            let reason =
                feed(as_the_user(&sandbox, command), "token\n").is_refused_with(1).stderr();
            assert!(reason.ends_with(&expected), "{command}: {reason}");
            assert!(sandbox.files() == before, "{command} changed a file");
        }
    }
}

#[test]
#[ignore = "needs root"]
fn a_log_that_another_user_has_left_is_named() {
    let sandbox = Sandbox::new();
    of_a_user(&sandbox);
    chown(sandbox.path("."), Some(4711), None).unwrap();
    for name in ["app.db-wal", "app.db-shm"] {
        sandbox.file(name, "");
    }
    for (mode, permission, commands) in [
        (0o644, "write", writing().collect::<Vec<_>>()),
        (0o600, "read", all().collect::<Vec<_>>()),
    ] {
        set_mode(&sandbox.path("app.db-wal"), mode);
        for command in commands {
            let reason =
                feed(as_the_user(&sandbox, command), "token\n").is_refused_with(1).stderr();
            let expected = format!("user 4711 has no {permission} permission for \"");
            assert!(reason.contains(&expected), "{command}: {reason}");
            let owner = format!(
                "app.db-wal\" (owner root, mode {mode:04o}); it should belong to user 4711, as the \
                 database does\n"
            );
            assert!(reason.ends_with(&owner), "{command}: {reason}");
        }
    }
}

#[test]
#[ignore = "needs root"]
fn a_directory_that_may_not_be_searched_is_named() {
    let sandbox = Sandbox::new();
    of_a_user(&sandbox);
    std::fs::create_dir(sandbox.path("closed")).unwrap();
    std::fs::rename(sandbox.path("app.db"), sandbox.path("closed/app.db")).unwrap();
    set_mode(&sandbox.path("closed"), 0o700);
    for command in all() {
        let mut ready = as_the_user(&sandbox, command);
        ready.env("SESSCTL_DB", "closed/app.db");
        let reason = feed(ready, "token\n").is_refused_with(1).stderr();
        let expected =
            "user 4711 has no search permission for directory \"closed\" (owner root, mode 0700)\n";
        assert!(reason.ends_with(expected), "{command}: {reason}");
    }
}

/// Changes that forbid even root to write, each followed by commands and undone.
const FORBIDDEN: &str = r#"
try() {
    for command in "purge" "show stat" "touch" "init"; do
        code=0
        echo token | "$program" --db d/app.db $command > out 2> err || code=$?
        echo "$1|$command|$code|$(cat err)"
    done
}
program=$0
mkdir d && cp app.db d
trap 'chattr -ia d/app.db d' EXIT
chattr +i d/app.db; try immutable; chattr -i d/app.db
chattr +a d/app.db; try append-only; chattr -a d/app.db
chattr +i d; try directory; chattr -i d
mount --bind d d && mount -o remount,bind,ro d; try mount; umount d
cmp app.db d/app.db && ls d
"#;

#[test]
#[ignore = "needs root"]
fn what_keeps_even_root_from_writing_is_named() {
    let sandbox = Sandbox::new();
    sandbox.insert(&row("token").idle(60));
    sandbox.insert(&row("due").idle(HOUR));
    let ran = Command::new("unshare")
        .args(["-m", "sh", "-c", FORBIDDEN, SESSCTL])
        .current_dir(sandbox.path("."))
        .output()
        .unwrap();
    let (said, complaint) = (String::from_utf8(ran.stdout).unwrap(), ran.stderr);
    assert_eq!(String::from_utf8(complaint).unwrap(), "");
    let lines: Vec<Vec<&str>> = said.lines().map(|line| line.split('|').collect()).collect();
    assert_eq!(lines.len(), 17, "{said}");
    assert_eq!(lines[16], ["app.db"], "{said}");
    for line in &lines[..16] {
        let [what, command, code, reason] = line.as_slice() else { panic!("{line:?}") };
        let expected = match *what {
            "immutable" => "d/app.db\" has the immutable attribute, which `chattr -i` removes",
            "append-only" => "d/app.db\" has the append-only attribute, which `chattr -a` removes",
            "directory" => "/d\" has the immutable attribute, which `chattr -i` removes",
            _ => "could not write to \"d/app.db\": the file system is mounted read-only",
        };
        let is_read = *command == "show stat";
        assert_eq!(*code, if is_read { "0" } else { "1" }, "{line:?}");
        assert!(reason.ends_with(if is_read { "" } else { expected }), "{line:?}");
    }
}

/// Script that runs each command on a full disk, in a mount namespace of the shell, and prints the
/// exit code, the outputs and the state of the file.
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
        .args(["-m", "sh", "-c", ON_A_FULL_DISK, SESSCTL])
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
