//! Files next to a database: foreign ones are not opened, none is created that the owner of
//! the database could not use, and none is missed because it lies next to another name.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::process::Command;

use rusqlite::Connection;

use crate::cli::invalid_databases::{INIT, READING, WRITING, all};
use crate::support::processes::Running;
use crate::support::{Finished, HOUR, SESSCTL, Sandbox, feed, row, set_mode};

/// A user who has no entry in the list of users, and owns the database.
const OWNER: u32 = 4711;
/// Another user, who may write to the database and to its directory.
const OTHER: u32 = 65_534;

/// A database with a session that is due and one that is live.
fn with_sessions() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.insert(&row("token").idle(60));
    sandbox.insert(&row("due").idle(HOUR));
    sandbox
}

/// Returns the sandbox of [`with_sessions`] with a database that belongs to [`OWNER`] and is
/// writable for all users.
fn of_another_owner() -> Sandbox {
    let sandbox = with_sessions();
    sandbox.copy_program();
    chown(sandbox.path("app.db"), Some(OWNER), Some(OWNER)).unwrap();
    for (name, mode) in [("app.db", 0o666), (".", 0o777)] {
        set_mode(&sandbox.path(name), mode);
    }
    sandbox
}

/// The command as [`OTHER`].
fn as_other(sandbox: &Sandbox, command: &str) -> Command {
    sandbox.command_as(OTHER, command.split_whitespace())
}

fn use_rollback_journal(sandbox: &Sandbox) {
    sandbox.db().pragma_update(None, "journal_mode", "DELETE").unwrap();
}

/// A connection of this process, which for a command is another one, to a database that
/// has just been written.
fn application(sandbox: &Sandbox) -> Connection {
    let application = sandbox.db();
    application.execute_batch("UPDATE sessions SET client = 'here'").unwrap();
    application
}

#[track_caller]
fn is_refused_as_of_another_owner(ran: &Finished, command: &str) {
    let reason = ran.is_refused_with(4).stderr();
    let owner = format!(
        "\"app.db\" belongs to user {OWNER}, who might not be able to access the files that user "
    );
    assert!(reason.contains(&owner), "{command}: {reason}");
    assert!(reason.ends_with(&format!("; run sessctl as {OWNER}\n")), "{command}: {reason}");
}

#[test]
fn a_file_beside_the_database_that_is_not_regular_is_refused() {
    for (suffix, name) in
        [("-wal", "write-ahead log"), ("-shm", "shared memory"), ("-journal", "rollback journal")]
    {
        for kind in ["a symbolic link", "a directory", "a FIFO"] {
            let sandbox = with_sessions();
            sandbox.file("elsewhere", "precious");
            let file = sandbox.path(&format!("app.db{suffix}"));
            match kind {
                "a symbolic link" => symlink(sandbox.path("elsewhere"), &file).unwrap(),
                "a directory" => fs::create_dir(&file).unwrap(),
                _ => assert!(Command::new("mkfifo").arg(&file).status().unwrap().success()),
            }
            let database = fs::read(sandbox.path("app.db")).unwrap();
            for command in all() {
                let ran = sandbox.run_with_input(command.split_whitespace(), "token\n");
                let reason = ran.is_refused_with(4).stderr();
                let expected = format!("app.db{suffix}\" is {kind}, and SQLite's {name} must be");
                assert!(reason.contains(&expected), "{command}: {reason}");
            }
            assert_eq!(fs::read(sandbox.path("app.db")).unwrap(), database);
            assert_eq!(fs::read(sandbox.path("elsewhere")).unwrap(), b"precious");
        }
    }
}

#[test]
fn a_link_that_leads_nowhere_is_refused_as_well() {
    let sandbox = with_sessions();
    symlink(sandbox.path("nowhere"), sandbox.path("app.db-wal")).unwrap();
    for command in all() {
        sandbox.run_with_input(command.split_whitespace(), "token\n").is_refused_with(4);
    }
    assert!(!sandbox.path("nowhere").exists());
}

#[test]
#[ignore = "needs root"]
fn a_user_who_is_not_the_owner_creates_no_file_beside_the_database() {
    for has_log in [true, false] {
        let sandbox = of_another_owner();
        if !has_log {
            use_rollback_journal(&sandbox);
        }
        let before = sandbox.files();
        for command in READING {
            let ran = feed(as_other(&sandbox, command), "");
            assert!(ran.succeeds().stdout().contains("imap"), "{command}");
            assert!(sandbox.files() == before, "{command} left a file");
        }
        for command in WRITING.into_iter().chain(INIT) {
            let ran = feed(as_other(&sandbox, command), "token\n");
            is_refused_as_of_another_owner(&ran, command);
            assert!(sandbox.files() == before, "{command} changed a file");
        }
    }
}

#[test]
#[ignore = "needs root"]
fn a_read_by_another_user_leaves_no_file_in_the_owners_way() {
    let sandbox = of_another_owner();
    sandbox.insert_all(0..3_000, |n| row(&n.to_string()).idle(60));
    let mut looking = Running::start(as_other(&sandbox, "list -o jsonl"));
    // It has begun, and cannot end before somebody takes the rest.
    let mut output = BufReader::new(looking.stdout.take().unwrap());
    output.read_line(&mut String::new()).unwrap();
    for name in ["app.db-wal", "app.db-shm", "app.db-journal"] {
        assert!(!sandbox.path(name).exists(), "{name}");
    }
    assert_eq!(output.lines().count(), 3_001);
    assert!(looking.wait().unwrap().success());
}

#[test]
#[ignore = "needs root"]
fn a_log_that_only_its_owner_can_use_is_not_opened_by_another_user() {
    // Given changes that are in the log alone, as after a crash
    let elsewhere = with_sessions();
    let application = application(&elsewhere);
    let sandbox = of_another_owner();
    for name in ["app.db", "app.db-wal"] {
        fs::copy(elsewhere.path(name), sandbox.path(name)).unwrap();
        chown(sandbox.path(name), Some(OWNER), Some(OWNER)).unwrap();
        fs::set_permissions(sandbox.path(name), PermissionsExt::from_mode(0o666)).unwrap();
    }
    drop(application);
    let before = sandbox.files();
    for command in all() {
        let ran = feed(as_other(&sandbox, command), "token\n");
        is_refused_as_of_another_owner(&ran, command);
        assert!(sandbox.files() == before, "{command} changed a file");
    }
}

#[test]
#[ignore = "needs root"]
fn beside_the_owners_application_another_user_works_in_the_owners_files() {
    let sandbox = of_another_owner();
    // Run by root, SQLite gives the files beside a database to its owner.
    let application = application(&sandbox);
    for command in READING.into_iter().chain(["purge", "touch"]) {
        feed(as_other(&sandbox, command), "token\n").succeeds();
        for name in ["app.db-wal", "app.db-shm"] {
            let found = fs::metadata(sandbox.path(name)).unwrap();
            assert_eq!((found.uid(), found.gid()), (OWNER, OWNER), "{command}: {name}");
        }
    }
    drop(application);
    assert_eq!(sandbox.listed(["--state", "ended"]), [row("due").handle()]);
}

/// The content of the database. If this process closed a descriptor of it, its connection
/// would lose its locks.
fn seen_by_another_process(sandbox: &Sandbox) -> Vec<u8> {
    Command::new("cat").arg(sandbox.path("app.db")).output().unwrap().stdout
}

/// Each of the commands, on a database by another name than that of the application, which
/// has it open, is refused and names this and that.
fn are_refused_under(sandbox: &Sandbox, name: &str, why: &str) {
    std::thread::scope(|scope| {
        for command in all() {
            scope.spawn(move || {
                let args: Vec<&str> =
                    ["--db", name].into_iter().chain(command.split_whitespace()).collect();
                let ran = sandbox.run_with_input(args, "token\n");
                let reason = ran.is_refused_with(4).stderr();
                let process = format!("process {} has the database \"{name}\"", std::process::id());
                assert!(reason.contains(&process), "{command}: {reason}");
                assert!(reason.contains(why), "{command}: {reason}");
            });
        }
    });
}

#[test]
fn a_database_that_is_open_under_another_name_is_refused() {
    let sandbox = with_sessions();
    fs::create_dir(sandbox.path("other")).unwrap();
    fs::hard_link(sandbox.path("app.db"), sandbox.path("other/app.db")).unwrap();
    let application = application(&sandbox);
    let before = seen_by_another_process(&sandbox);
    are_refused_under(&sandbox, "other/app.db", "; the file has 2 hard links: pass the name");
    assert_eq!(fs::read_dir(sandbox.path("other")).unwrap().count(), 1);
    assert!(seen_by_another_process(&sandbox) == before);
    // Files of an earlier use under this name change nothing.
    for suffix in ["-wal", "-shm"] {
        File::create(sandbox.path(&format!("other/app.db{suffix}"))).unwrap();
    }
    are_refused_under(&sandbox, "other/app.db", "; the file has 2 hard links: pass the name");
    // Under the application's own name it can be used, and under the other one once nobody
    // else uses it.
    sandbox.run(["purge"]).succeeds();
    drop(application);
    sandbox.run(["purge", "--db", "other/app.db"]).succeeds();
    let sound: String =
        sandbox.db().query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok");
}

#[test]
fn another_programs_table_in_the_log_beside_another_name_is_not_taken_for_missing() {
    let sandbox = Sandbox::without_database();
    let application = sandbox.db();
    application.execute_batch("CREATE TABLE users (id); PRAGMA journal_mode = WAL").unwrap();
    let table = "CREATE TABLE django_session (session_key, session_data, expire_date)";
    application.execute_batch(table).unwrap();
    fs::create_dir(sandbox.path("other")).unwrap();
    fs::hard_link(sandbox.path("app.db"), sandbox.path("other/app.db")).unwrap();
    let ran = sandbox.run(["list", "--db", "other/app.db"]);
    assert!(ran.is_refused_with(4).stderr().contains("open under another name"));
}

#[test]
fn a_symbolic_link_is_not_another_name() {
    let sandbox = with_sessions();
    symlink("app.db", sandbox.path("link.db")).unwrap();
    let application = application(&sandbox);
    sandbox.run(["purge", "-v", "--db", "link.db"]).succeeds();
    let listed = sandbox.run(["list", "--json", "--db", "link.db"]);
    assert_eq!(listed.succeeds().stderr(), "");
    drop(application);
}

/// A warning of another name, by those who look and by those who want to know all.
fn is_warned_of(sandbox: &Sandbox, name: &str, why: &str) {
    let warning = format!("sessctl: warning: \"{name}\": {why}: SQLite names its write-ahead log");
    for command in READING.into_iter().chain(["purge -v"]) {
        let args = ["--db", name].into_iter().chain(command.split_whitespace());
        let said = sandbox.run(args.collect::<Vec<_>>()).succeeds().stderr();
        assert_eq!(said.matches(&warning).count(), 1, "{command}: {said}");
    }
    sandbox.run(["purge", "--db", name]).succeeds().is_silent();
    sandbox.run(["list", "-q", "--json", "--db", name]).succeeds();
}

#[test]
fn a_database_with_several_hard_links_is_warned_of() {
    for has_log in [true, false] {
        let sandbox = with_sessions();
        if !has_log {
            use_rollback_journal(&sandbox);
        }
        fs::hard_link(sandbox.path("app.db"), sandbox.path("other.db")).unwrap();
        is_warned_of(&sandbox, "other.db", "the file has 2 hard links");
        let check = sandbox.run(["profile", "check", "django", "--db", "other.db"]);
        assert!(check.stderr().contains("the file has 2 hard links"), "{}", check.stderr());
    }
}

#[test]
fn without_a_log_an_application_under_another_name_is_only_warned_of() {
    let sandbox = with_sessions();
    use_rollback_journal(&sandbox);
    fs::hard_link(sandbox.path("app.db"), sandbox.path("other.db")).unwrap();
    let application = application(&sandbox);
    let mut reading = application.prepare("SELECT id FROM sessions").unwrap();
    let mut rows = reading.query([]).unwrap();
    // It holds a shared lock now.
    rows.next().unwrap();
    let listed = sandbox.run(["list", "--json", "--db", "other.db"]);
    assert!(listed.succeeds().stderr().contains("the file has 2 hard links"));
}

/// Script that runs commands on a file that is mounted alone, in a mount namespace of the shell.
const ON_A_MOUNTED_FILE: &str = r#"
set -e
mkdir mounted && touch mounted/app.db && mount --bind app.db mounted/app.db
for command in "show stat" "purge"; do
    code=0
    "$0" --db mounted/app.db $command > out 2> err || code=$?
    echo "$code $(cat err)"
done
ls mounted
"#;

fn on_a_mounted_file(sandbox: &Sandbox) -> String {
    let ran = Command::new("unshare")
        .args(["-m", "sh", "-c", ON_A_MOUNTED_FILE, SESSCTL])
        .current_dir(sandbox.path("."))
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    fs::remove_dir_all(sandbox.path("mounted")).unwrap();
    String::from_utf8(ran.stdout).unwrap()
}

#[test]
#[ignore = "needs root"]
fn a_file_that_is_mounted_alone_is_warned_of_and_refused_while_it_is_in_use_elsewhere() {
    let sandbox = with_sessions();
    let application = application(&sandbox);
    let said = on_a_mounted_file(&sandbox);
    let lines: Vec<&str> = said.lines().collect();
    let [stat, purge, "app.db"] = lines.as_slice() else { panic!("{said}") };
    for line in [stat, purge] {
        assert!(line.starts_with("4 sessctl: refused: process "), "{line}");
        assert!(line.contains("; the file is a mount point: pass the name"), "{line}");
        assert!(
            line.ends_with(
                "mount the directory that holds the database instead of the file \
                                alone"
            ),
            "{line}"
        );
    }
    drop(application);
    let said = on_a_mounted_file(&sandbox);
    let lines: Vec<&str> = said.lines().collect();
    let [stat, "0 ", "app.db"] = lines.as_slice() else { panic!("{said}") };
    let warning = "0 sessctl: warning: \"mounted/app.db\": the file is a mount point: ";
    assert!(stat.starts_with(warning), "{stat}");
}
