//! Returning the free pages of an application's file.

use rusqlite::Connection;
use serde_json::Value;

use super::{DJANGO, database, run};
use crate::support::{Finished, Sandbox};

const ROWS: u32 = 4_000;

/// A database in which most pages have become free.
fn purged(pragmas: &str) -> Sandbox {
    let sandbox = database(&format!(
        "{pragmas} {DJANGO}
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS})
         INSERT INTO django_session SELECT printf('%06d', i), hex(zeroblob(150)),
         '2999-12-31 23:59:59' FROM n;
         DELETE FROM django_session WHERE session_key > '000300';
         PRAGMA wal_checkpoint(TRUNCATE);"
    ));
    assert!(number(&sandbox.db(), "PRAGMA freelist_count") > 100);
    sandbox
}

fn number(db: &Connection, sql: &str) -> i64 {
    db.query_row(sql, [], |row| row.get(0)).unwrap()
}

fn compact(sandbox: &Sandbox, args: &[&str]) -> Finished {
    run(sandbox, [&["compact", "--allow-foreign", "--json"], args].concat())
}

fn summary(ran: &Finished) -> Value {
    ran.succeeds().json()
}

#[test]
fn steps_need_consent_and_an_application_that_has_prepared_the_file() {
    for journal in ["WAL", "DELETE"] {
        let sandbox =
            purged(&format!("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = {journal};"));
        let before = sandbox.files();
        run(&sandbox, ["compact"]).exits(4);
        assert!(sandbox.files() == before);
        // The application may go on meanwhile.
        let application = sandbox.db();
        let rows = number(&application, "SELECT count(*) FROM django_session");
        let done = summary(&compact(&sandbox, &[]));
        assert!(done["freed_bytes"].as_u64().unwrap() > 100_000, "{done}");
        assert!(done["steps"].as_u64().unwrap() > 1 && done["slack_bytes"].is_null(), "{done}");
        assert_eq!(number(&application, "PRAGMA freelist_count"), 0);
        assert_eq!(number(&application, "SELECT count(*) FROM django_session"), rows);
        assert!(sandbox.is_sound());
    }
}

#[test]
fn a_file_without_steps_is_left_alone_with_advice() {
    let sandbox = purged("");
    let before = sandbox.files();
    let ran = run(&sandbox, ["compact", "--allow-foreign"]);
    let said = ran.exits(3).stderr();
    assert!(said.contains("`sessctl compact --full --allow-foreign` frees them"), "{said}");
    assert!(sandbox.files() == before);
}

#[test]
fn a_rebuild_keeps_the_settings_of_the_application() {
    for (mode, pragma) in [(0, ""), (1, "FULL"), (2, "INCREMENTAL")] {
        for journal in ["wal", "delete"] {
            let set = if mode == 0 { "" } else { "PRAGMA auto_vacuum = " };
            let end = if mode == 0 { "" } else { ";" };
            let sandbox = database(&format!(
                "{set}{pragma}{end} PRAGMA user_version = 7; PRAGMA application_id = 99;
                 PRAGMA journal_mode = {journal}; {DJANGO}
                 INSERT INTO django_session VALUES ('a', 'x', '2999-12-31 23:59:59');
                 CREATE TABLE other (x); INSERT INTO other VALUES (zeroblob(1000000));
                 DELETE FROM other;"
            ));
            let done = summary(&compact(&sandbox, &["--full"]));
            assert_eq!((&done["full"], &done["free_bytes_left"]), (&true.into(), &0.into()));
            let db = sandbox.db();
            assert_eq!(number(&db, "PRAGMA auto_vacuum"), mode);
            assert_eq!(number(&db, "PRAGMA user_version"), 7);
            assert_eq!(number(&db, "PRAGMA application_id"), 99);
            let kept: String = db.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
            assert_eq!(kept, journal);
            assert_eq!(number(&db, "SELECT count(*) FROM django_session"), 1);
            assert!(sandbox.is_sound());
        }
    }
}

#[test]
#[ignore = "needs sqlite3"]
fn a_rebuild_is_refused_while_another_program_has_the_file_open() {
    use crate::support::processes::Running;
    use std::io::{BufRead, BufReader, Write};
    use std::process::{Command, Stdio};

    let sandbox = purged("PRAGMA journal_mode = WAL;");
    let before = std::fs::read(sandbox.path("app.db")).unwrap();
    let mut shell = Command::new("sqlite3");
    shell.arg(sandbox.path("app.db")).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut application = Running::start(shell);
    let mut input = application.stdin.take().unwrap();
    input.write_all(b"SELECT count(*) FROM django_session;\n").unwrap();
    let mut line = String::new();
    BufReader::new(application.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let ran = compact(&sandbox, &["--full"]);
    let said = ran.exits(11).stderr();
    assert!(
        said.contains("is in use by another program") && said.contains("stop it first"),
        "{said}"
    );
    assert!(std::fs::read(sandbox.path("app.db")).unwrap() == before);
    drop(input);
    application.finish();
    assert_eq!(summary(&compact(&sandbox, &["--full"]))["free_bytes_left"], 0);
}

#[test]
fn a_rebuild_that_could_change_the_ids_of_sessions_is_refused() {
    let sandbox = database(
        "CREATE TABLE logins (expires integer not null);
                            INSERT INTO logins VALUES (4102444800);",
    );
    sandbox.file(
        "own.toml",
        "name = \"own\"\ntable = \"logins\"\nid = \"rowid\"\ncolumns = [\"expires\"]\n\
         [times.expires]\nencoding = \"unix\"\nunit = \"seconds\"\n\
         [[expired]]\nat = \"expires\"\nboundary = \"<\"\n",
    );
    let before = std::fs::read(sandbox.path("app.db")).unwrap();
    let said = compact(&sandbox, &["--full", "--profile", "own.toml"]).exits(4).stderr();
    assert!(said.contains("by their rowid, which a rebuild of the file may change"), "{said}");
    assert!(std::fs::read(sandbox.path("app.db")).unwrap() == before);
}
