//! Files that are not a sessctl database or cannot be reached: one clear line, the right
//! exit code, and the files unchanged.

use std::os::unix::fs::PermissionsExt;

use rusqlite::Connection;

use crate::support::processes::Running;
use crate::support::{Finished, HOUR, Sandbox, feed, row};

pub const READING: [&str; 4] = ["purge --dry-run", "list", "show stat", "cycle --all --dry-run"];
pub const WRITING: [&str; 5] =
    ["purge", "open --user alice --task imap", "touch", "cycle --all", "compact --full"];
pub const INIT: [&str; 1] = ["init"];

pub fn all() -> impl Iterator<Item = &'static str> {
    READING.into_iter().chain(WRITING).chain(INIT)
}

fn all_but_init() -> impl Iterator<Item = &'static str> {
    READING.into_iter().chain(WRITING)
}

/// The command with the token of a live session, should it want one.
fn run(sandbox: &Sandbox, command: &str) -> Finished {
    sandbox.run_with_input(command.split_whitespace(), "token\n")
}

/// Each command is refused with this code and says this; nothing changes.
#[track_caller]
fn refuses(
    sandbox: &Sandbox,
    commands: impl IntoIterator<Item = &'static str>,
    code: i32,
    reason: &str,
) {
    let before = sandbox.files();
    for command in commands {
        let ran = run(sandbox, command);
        assert_eq!(ran.is_refused_with(code).stderr(), format!("sessctl: {reason}\n"), "{command}");
        assert!(sandbox.files() == before, "{command} changed a file");
    }
}

#[test]
fn a_file_of_something_else_is_refused() {
    let sandbox = Sandbox::without_database();
    let reason = "\"app.db\" cannot be used: it is not an SQLite database";
    let forged = [b"SQLite format 3\0".as_slice(), &[0xa5; 8192]].concat();
    for bytes in [b"x".as_slice(), &[0xa5; 8192], b"SQLite format 3\0", &forged] {
        sandbox.file("app.db", bytes);
        refuses(&sandbox, all(), 10, reason);
    }
}

#[test]
fn an_empty_file_is_refused_and_the_error_names_init() {
    let sandbox = Sandbox::without_database();
    sandbox.file("app.db", "");
    let reason = "\"app.db\" cannot be used: the file is empty; \
                  initialize it with `sessctl init`";
    refuses(&sandbox, all_but_init(), 10, reason);
    sandbox.run(["init"]).succeeds().is_silent();
    sandbox.run(["list", "--json"]).succeeds();
}

#[test]
fn a_folder_is_refused() {
    let sandbox = Sandbox::without_database();
    std::fs::create_dir(sandbox.path("app.db")).unwrap();
    refuses(&sandbox, all(), 10, "\"app.db\" cannot be used: it is a directory");
}

#[test]
fn a_pipe_or_a_device_is_refused_without_waiting_for_it() {
    let sandbox = Sandbox::without_database();
    sandbox.fifo("pipe");
    for path in ["pipe", "/dev/null"] {
        for command in all() {
            let args = ["--db", path].into_iter().chain(command.split_whitespace());
            let ran = sandbox.run_with_input(args.collect::<Vec<_>>(), "token\n");
            let reason = format!("sessctl: \"{path}\" cannot be used: it is not a regular file\n");
            assert_eq!(ran.is_refused_with(10).stderr(), reason, "{command}");
        }
    }
}

#[test]
fn a_link_leads_to_its_database() {
    let sandbox = Sandbox::new();
    std::os::unix::fs::symlink("app.db", sandbox.path("link.db")).unwrap();
    sandbox.insert(&row("due").idle(HOUR));
    sandbox.run(["purge", "--db", "link.db"]).succeeds().is_silent();
    assert_eq!(sandbox.listed(["--state", "ended"]), [row("due").handle()]);
    assert_eq!(sandbox.files().len(), 2);
}

#[test]
fn programs_that_start_at_once_make_one_database() {
    let sandbox = Sandbox::without_database();
    let children: Vec<_> = (0..8).map(|_| Running::spawn(&mut sandbox.command(["init"]))).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    sandbox.run(["list", "--json"]).succeeds();
}

#[test]
fn a_missing_file_is_not_made_by_any_command_but_init() {
    let sandbox = Sandbox::without_database();
    refuses(
        &sandbox,
        all_but_init(),
        10,
        "no database at \"app.db\"; correct the path, or create a database for sessctl's own table with `sessctl init`",
    );
    sandbox.run(["init"]).succeeds().is_silent();
    let mode = std::fs::metadata(sandbox.path("app.db")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(sandbox.files().len(), 1);
}

#[test]
fn a_missing_folder_is_not_made_at_all() {
    let sandbox = Sandbox::without_database();
    let reason = "no database at \"no/app.db\": directory \"no\" does not exist";
    for command in all() {
        let args = ["--db", "no/app.db"].into_iter().chain(command.split_whitespace());
        let ran = sandbox.run_with_input(args.collect::<Vec<_>>(), "token\n");
        assert_eq!(ran.is_refused_with(10).stderr(), format!("sessctl: {reason}\n"));
    }
    assert!(sandbox.files().is_empty());
}

#[test]
fn no_database_at_all_is_a_mistake_of_usage() {
    let sandbox = Sandbox::without_database();
    for command in all() {
        let mut command = sandbox.command(command.split_whitespace());
        command.env_remove("SESSCTL_DB");
        feed(command, "token\n").is_refused_with(2);
    }
    assert!(sandbox.files().is_empty());
}

/// The output for a file with these tables, none of which is a framework's.
fn strange(tables: &str, likeliest: &str) -> String {
    let which = if tables.contains("tables") { "none of which is" } else { "which is not" };
    format!(
        "\"app.db\" cannot be used: it contains {tables}, {which} a session table that \
         sessctl recognizes; {}`sessctl profile draft --db app.db --table {likeliest} > own.toml` writes a \
         profile for it",
        if tables.contains("tables") {
            format!("{likeliest} looks most like one; ")
        } else {
            String::new()
        }
    )
}

#[test]
fn a_database_of_another_program_is_refused() {
    for mode in ["DELETE", "WAL"] {
        let sandbox = Sandbox::without_database();
        let db = sandbox.db();
        db.pragma_update(None, "journal_mode", mode).unwrap();
        db.execute_batch("CREATE TABLE orders (id); CREATE TABLE sessions (id, data)").unwrap();
        db.close().unwrap();
        let reason = "\"app.db\" cannot be used: it belongs to another program: \
                      it contains the tables orders, sessions";
        refuses(&sandbox, INIT, 10, reason);
        let reason = strange("the tables orders, sessions", "sessions");
        refuses(&sandbox, all_but_init(), 10, &reason);
    }
}

#[test]
fn a_database_of_another_program_with_the_version_number_of_ours_is_refused() {
    let sandbox = Sandbox::without_database();
    let db = sandbox.db();
    db.execute_batch("CREATE TABLE sessions (id, data); PRAGMA user_version = 1").unwrap();
    db.close().unwrap();
    let reason =
        "\"app.db\" cannot be used: it belongs to another program: it contains the tables sessions";
    refuses(&sandbox, INIT, 10, reason);
    refuses(&sandbox, all_but_init(), 10, &strange("the table sessions", "sessions"));
}

#[test]
fn a_database_without_tables_is_refused_and_becomes_one_by_init() {
    // SQLite's own table of the second remains.
    for column in ["id", "id INTEGER PRIMARY KEY AUTOINCREMENT"] {
        let sandbox = Sandbox::without_database();
        let dropped = format!("CREATE TABLE t ({column}); DROP TABLE t");
        sandbox.db().execute_batch(&dropped).unwrap();
        let reason = "\"app.db\" cannot be used: it is an SQLite database without tables; \
                      initialize it with `sessctl init`";
        refuses(&sandbox, all_but_init(), 10, reason);
        sandbox.run(["init"]).succeeds();
        sandbox.run(["list"]).succeeds();
    }
}

#[test]
fn a_database_of_a_newer_program_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.db().pragma_update(None, "user_version", 99).unwrap();
    let before = sandbox.files();
    for command in all() {
        let ran = run(&sandbox, command);
        let reason = ran.is_refused_with(10).stderr();
        assert!(reason.contains("has version 99, newer than this program's"), "{reason}");
        assert!(sandbox.files() == before, "{command} changed a file");
    }
}

#[test]
fn init_keeps_what_a_database_holds() {
    let sandbox = Sandbox::new();
    let id = sandbox.insert(&row("token"));
    sandbox.run(["init"]).succeeds().is_silent();
    assert_eq!(sandbox.listed([]), [&id[..12]]);
}

/// A table of many pages, all but the first two of which are then overwritten.
fn corrupt() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.insert_all(0..3_000, |n| row(&n.to_string()).idle(HOUR));
    let mut bytes = std::fs::read(sandbox.path("app.db")).unwrap();
    assert!(bytes.len() > 50 * 4096);
    bytes[3 * 4096..].fill(0xa5);
    sandbox.file("app.db", bytes);
    sandbox
}

#[test]
fn a_corrupt_database_is_called_so() {
    let sandbox = corrupt();
    let before = sandbox.files();
    for command in all_but_init().chain(["show tasks", "show users", "purge --max-percent 5"]) {
        let reason = run(&sandbox, command).is_refused_with(12).stderr();
        assert!(reason.starts_with("sessctl: \"app.db\" is corrupt: "), "{command}: {reason}");
        assert!(sandbox.files() == before, "{command} changed a file");
    }
    // init looks at the first page alone, and leaves the others.
    run(&sandbox, "init");
    assert!(sandbox.files() == before);
}

#[test]
fn a_database_that_another_program_locks_is_waited_for_and_then_given_up() {
    // Given a database without a write-ahead log, in which a writer locks out readers
    let sandbox = Sandbox::new();
    sandbox.insert(&row("token").idle(60));
    sandbox.insert(&row("due").idle(HOUR));
    let other = sandbox.db();
    other.pragma_update(None, "journal_mode", "DELETE").unwrap();
    let before = sandbox.files();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    // When all commands wait for it at the same time
    let outcomes: Vec<(&str, Finished)> = std::thread::scope(|scope| {
        let sandbox = &sandbox;
        let runs: Vec<_> =
            all().map(|command| (command, scope.spawn(move || run(sandbox, command)))).collect();
        runs.into_iter().map(|(command, run)| (command, run.join().unwrap())).collect()
    });
    // Then each gives up, and nothing has changed
    for (command, ran) in outcomes {
        let reason = ran.is_refused_with(11).stderr();
        assert!(reason.starts_with("sessctl: \"app.db\" is locked"), "{command}: {reason}");
    }
    drop(other);
    assert!(sandbox.files() == before);
}

#[test]
fn another_programs_rows_in_a_table_of_ours_do_not_matter() {
    // A table beside ours, as an application may have it in the same file
    let sandbox = Sandbox::new();
    Connection::open(sandbox.path("app.db"))
        .unwrap()
        .execute_batch("CREATE TABLE orders (id); INSERT INTO orders VALUES (1)")
        .unwrap();
    sandbox.run(["purge"]).succeeds().is_silent();
    sandbox.run(["init"]).succeeds().is_silent();
    let orders: i64 =
        sandbox.db().query_row("SELECT count(*) FROM orders", [], |row| row.get(0)).unwrap();
    assert_eq!(orders, 1);
}

#[test]
fn the_log_of_another_programs_database_stays_as_it_was_left() {
    // Given a database whose last changes are in its log alone, as after a crash
    let elsewhere = Sandbox::without_database();
    let theirs = elsewhere.db();
    theirs.execute_batch("CREATE TABLE invoices (id); PRAGMA journal_mode = WAL").unwrap();
    theirs.execute_batch("INSERT INTO invoices VALUES (1)").unwrap();
    let sandbox = Sandbox::without_database();
    for name in ["app.db", "app.db-wal"] {
        std::fs::copy(elsewhere.path(name), sandbox.path(name)).unwrap();
    }
    // Then neither the log nor the file changes, and no index of it is left
    let reason =
        "\"app.db\" cannot be used: it belongs to another program: it contains the tables invoices";
    refuses(&sandbox, INIT, 10, reason);
    refuses(&sandbox, all_but_init(), 10, &strange("the table invoices", "invoices"));
}

#[test]
fn a_database_during_a_checkpoint_is_not_reported_as_corrupt() {
    // Given an application that writes, and copies its log into the file at once
    let sandbox = Sandbox::new();
    let db = sandbox.db();
    db.execute_batch("PRAGMA synchronous = OFF; PRAGMA wal_autocheckpoint = 1").unwrap();
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let application = std::thread::spawn(move || {
        let mut serial = 0_u32;
        // Until the other end has gone, also by a panic
        while stopped.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
            serial += 1;
            row(&serial.to_string()).insert(&db);
        }
    });
    // Then commands read it all the same
    for _ in 0..40 {
        sandbox.run(["list", "--limit", "1"]).succeeds();
    }
    drop(stop);
    application.join().unwrap();
}
