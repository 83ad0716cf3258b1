//! A SQLite file that several connections of one process, and other processes, have open at
//! the same time.

use std::process::Command;

use sessctl::storage::NewSession;

use crate::support::NOW;
use crate::support::store::{TestDb, session};

fn new(token: &str) -> NewSession {
    NewSession {
        key: session(token).key,
        user: None,
        task: "imap".to_owned(),
        client: None,
        agent: None,
        created_at: NOW,
        idle_timeout: None,
    }
}

#[test]
#[ignore = "needs python3"]
fn opening_the_file_again_keeps_the_locks_of_the_process() {
    // Given a store in use, and another one on the same file that comes and goes
    let mut db = TestDb::native_in_sqlite();
    db.sessions.session_opener().unwrap().insert(&[new("before")]).unwrap();
    drop(db.beside());
    // When another process, whose SQLite may be older, leaves as the last it knows of
    let script = "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); \
                  db.execute('DELETE FROM counters'); db.commit(); db.close()";
    let other = Command::new("python3").args(["-c", script]).arg(db.path()).status();
    assert!(other.unwrap().success());
    // Then what the first store writes is still there for everybody
    db.sessions.session_opener().unwrap().insert(&[new("after")]).unwrap();
    assert!(db.path().with_extension("db-wal").exists());
    assert_eq!(db.beside().find(&[session("after").key]).unwrap().iter().flatten().count(), 1);
}
