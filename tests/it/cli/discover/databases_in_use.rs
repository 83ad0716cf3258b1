//! Databases with a log or a journal: they are read as far as that changes nothing.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::Connection;

use super::{DJANGO, Host, OVER, VALID};
use crate::support::processes::Running;

/// A program in Python that runs these statements, keeps the database open, and ends with its
/// input or is killed.
fn program(host: &Host, db: &str, statements: &str) -> Running {
    let script = "import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
for statement in sys.argv[2].split(';'):
    db.execute(statement).fetchall()
print('ready', flush=True)
sys.stdin.read()";
    let path = host.made(db);
    let mut command = Command::new("python3");
    command.args(["-c", script, path.to_str().unwrap(), statements]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut running = Running::spawn(&mut command);
    let mut line = String::new();
    BufReader::new(running.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    running
}

fn insert(key: &str, over: &str) -> String {
    format!("INSERT INTO django_session VALUES ('{key}', 'e30:1xXxXx:s', '{over}')")
}

fn in_wal_mode(host: &Host, name: &str) -> Connection {
    let db = host.django(name, 1, 2);
    db.pragma_update(None, "journal_mode", "WAL").unwrap();
    db
}

#[test]
fn a_write_ahead_log_in_use_is_read_without_its_shared_memory() {
    let host = Host::new();
    let db = in_wal_mode(&host, "db.sqlite3");
    db.execute_batch(&[insert("a", OVER), insert("b", VALID)].join(";")).unwrap();
    let ran = host.search_unchanged();
    let entry = &ran.succeeds().json()[0];
    assert_eq!((&entry["sessions"], &entry["expired_percent"]), (&4.into(), &50.0.into()));
    db.execute_batch(&insert("c", VALID)).unwrap();
    assert_eq!(host.found()["db.sqlite3"]["sessions"], 5);
}

#[test]
fn a_log_that_a_killed_program_has_left_is_neither_recovered_nor_removed() {
    let host = Host::new();
    let db = in_wal_mode(&host, "live/db.sqlite3");
    db.execute_batch(&insert("a", OVER)).unwrap();
    fs::create_dir(host.path("left")).unwrap();
    for end in ["", "-wal"] {
        let name = |directory| host.path(&format!("{directory}/db.sqlite3{end}"));
        fs::copy(name("live"), name("left")).unwrap();
    }
    let ran = host.search_unchanged();
    let found = super::by_path(&ran.succeeds().json(), &host.path(""));
    assert_eq!(found["left/db.sqlite3"]["sessions"], 3);
    assert!(!host.path("left/db.sqlite3-shm").exists());
}

#[test]
fn a_checkpointed_database_gets_no_log() {
    let host = Host::new();
    drop(in_wal_mode(&host, "db.sqlite3"));
    assert!(!host.path("db.sqlite3-wal").exists());
    let ran = host.search_unchanged();
    assert_eq!(ran.succeeds().json()[0]["sessions"], 2);
}

#[test]
#[ignore = "needs python3"]
fn an_interrupted_transaction_is_not_rolled_back() {
    let host = Host::new();
    host.django("db.sqlite3", 1, 2000);
    let statements = "PRAGMA cache_size = 1;BEGIN IMMEDIATE;UPDATE django_session SET session_data = \
                      session_data || 'xxxxxxxxxxxxxxxxxxxxxxxxxxx'";
    let mut writer = program(&host, "db.sqlite3", statements);
    let said = |host: &Host| {
        let ran = host.search_unchanged();
        ran.exits(3).json()[0]["note"].as_str().unwrap().to_owned()
    };
    assert_eq!(said(&host), "in use: a program is writing to it");
    writer.kill().unwrap();
    writer.wait().unwrap();
    assert!(host.path("db.sqlite3-journal").exists());
    assert_eq!(
        said(&host),
        "a transaction was interrupted, and has to be rolled back by the application first"
    );
}

#[test]
#[ignore = "needs python3"]
fn a_database_that_is_locked_exclusively_is_not_waited_for() {
    let host = Host::new();
    drop(in_wal_mode(&host, "db.sqlite3"));
    let statements = format!("PRAGMA locking_mode = EXCLUSIVE;{}", insert("a", OVER));
    let _holder = program(&host, "db.sqlite3", &statements);
    let ran = host.search_unchanged();
    assert_eq!(ran.exits(3).json()[0]["note"], "in use: a program has locked it");
}

#[test]
fn a_kept_journal_is_no_obstacle() {
    let host = Host::new();
    let db = host.database("db.sqlite3", &format!("PRAGMA journal_mode = PERSIST; {DJANGO}"));
    db.execute_batch(&insert("a", OVER)).unwrap();
    drop(db);
    assert!(host.path("db.sqlite3-journal").metadata().unwrap().len() > 0);
    assert_eq!(host.search_unchanged().succeeds().json()[0]["sessions"], 1);
}

#[test]
fn a_log_that_is_no_regular_file_is_not_opened() {
    let host = Host::new();
    drop(in_wal_mode(&host, "db.sqlite3"));
    assert!(Command::new("mkfifo").arg(host.path("db.sqlite3-wal")).status().unwrap().success());
    let ran = host.search_unchanged();
    let note = ran.exits(3).json()[0]["note"].to_string();
    assert!(note.contains("is a FIFO"), "{note}");
}

/// A program that goes on writing does not keep the search from its end, and the search does not
/// keep it from writing.
#[test]
fn a_busy_database_is_read_or_reported() {
    let host = Host::new();
    drop(host.django("db.sqlite3", 1, 1000));
    let path = host.path("db.sqlite3");
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let db = Connection::open(&path).unwrap();
            let mut written = 0_u32;
            while !is_over.load(Ordering::Relaxed) {
                db.execute("UPDATE django_session SET session_data = ?1", [written.to_string()])
                    .unwrap();
                written += 1;
            }
            written
        });
        for _ in 0..5 {
            let ran = host.run("srv --json");
            let code = ran.0.status.code();
            assert!(matches!(code, Some(0 | 3)), "{code:?}: {}", ran.stderr());
            assert_eq!(ran.json().as_array().unwrap().len(), 1);
        }
        is_over.store(true, Ordering::Relaxed);
        assert!(writer.join().unwrap() > 0);
    });
}
