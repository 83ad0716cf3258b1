//! Schemas and values that could do harm or keep a command from ending.

use std::process::Stdio;

use rusqlite::Connection;

use super::{OVER, VALID, command, database, django, handle, left, run};
use crate::support::processes::{INT, Running, TERM, end, signal};
use crate::support::{Finished, Sandbox};

/// A query that has no end.
const ENDLESS: &str = "(WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n) \
                       SELECT count(*) FROM n)";

/// Creates five expired and two live sessions, and adds this schema.
fn with(schema: &str) -> Sandbox {
    let over = ["a", "b", "c", "d", "e"].map(|key| (key, OVER));
    let sandbox = django(&[&over[..], &[("y", VALID), ("z", VALID)]].concat());
    sandbox.db().execute_batch(schema).unwrap();
    sandbox
}

fn start(sandbox: &Sandbox, args: &[&str]) -> Running {
    let mut command = command(sandbox, args.iter().copied());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Running::spawn(&mut command)
}

fn bounded(sandbox: &Sandbox, args: &[&str]) -> Finished {
    end(start(sandbox, args))
}

fn keys(sandbox: &Sandbox) -> Vec<String> {
    left(sandbox, "django_session", "session_key")
}

fn endless_trigger() -> Sandbox {
    with(&format!("CREATE TRIGGER hang AFTER DELETE ON django_session BEGIN SELECT {ENDLESS}; END"))
}

#[test]
fn a_trigger_without_an_end_is_interrupted_when_the_run_time_is_over() {
    let sandbox = endless_trigger();
    let ran = bounded(&sandbox, &["purge", "--run-time", "1s", "--json"]);
    let summary = ran.exits(3).json();
    assert_eq!(summary["stopped"], "run-time");
    let figures = ["deleted", "remaining", "live"].map(|key| summary[key].as_u64().unwrap());
    assert_eq!(figures, [0, 5, 2]);
    let ran = bounded(&sandbox, &["purge", "--run-time", "1s"]);
    let said = ran.exits(3).stderr();
    assert!(said.contains("could not delete rows of django_session in "), "{said}");
    assert!(said.contains("(trigger hang): the statement was interrupted after "), "{said}");
    assert!(said.contains("because the run reached its time limit"), "{said}");
    assert_eq!(keys(&sandbox).len(), 7);
    assert!(sandbox.is_sound());
    let runs = run(&sandbox, ["show", "runs", "--json"]).succeeds().json();
    assert_eq!(runs[0]["outcome"], "partial");
}

#[test]
fn a_trigger_without_an_end_is_interrupted_by_one_signal() {
    for args in [&["purge", "--json"][..], &["cycle", "--all", "--json"]] {
        for (asked, code) in [(TERM, 143), (INT, 130)] {
            let sandbox = endless_trigger();
            // The test is at the lock, so that the signal comes when the command listens.
            let writer = sandbox.db();
            writer.execute_batch("BEGIN IMMEDIATE").unwrap();
            let child = start(&sandbox, args);
            signal(&child, asked);
            drop(writer);
            end(child).exits(code);
            assert_eq!(keys(&sandbox).len(), 7);
            assert!(sandbox.is_sound());
        }
    }
}

#[test]
fn a_trigger_that_would_take_years_keeps_no_dry_run_from_its_end() {
    let sandbox = with(
        "CREATE TABLE n (n); INSERT INTO n WITH RECURSIVE m(m) AS (SELECT 1 UNION ALL \
         SELECT m + 1 FROM m WHERE m < 4000) SELECT m FROM m;
         CREATE TABLE slow (s varchar(40) REFERENCES django_session (session_key));
         CREATE TRIGGER slow AFTER DELETE ON django_session BEGIN \
         SELECT count(*) FROM n AS a, n AS b, n AS c, n AS d WHERE a.n + b.n + c.n + d.n < 0; END",
    );
    bounded(&sandbox, &["purge", "--dry-run", "--run-time", "1s"]).succeeds();
    bounded(&sandbox, &["purge", "--run-time", "1s"]).exits(3);
    assert_eq!(keys(&sandbox).len(), 7);
}

#[test]
fn a_trigger_that_leaves_rows_is_not_taken_for_a_deletion() {
    let sandbox = with(
        "CREATE TRIGGER keep BEFORE DELETE ON django_session WHEN old.session_key IN ('b', 'd', 'y') \
         BEGIN SELECT RAISE(IGNORE); END",
    );
    let ran = bounded(&sandbox, &["purge", "--json"]);
    let summary = ran.exits(3).json();
    assert_eq!((&summary["deleted"], &summary["rejected"]), (&3.into(), &2.into()));
    let [b, d] = ["b", "d"].map(handle);
    let said = format!(
        "sessctl: 2 expired sessions could not be deleted: a trigger of the application kept the \
         row ({b}, {d})\n"
    );
    assert_eq!(ran.stderr(), said);
    let cycled = bounded(&sandbox, &["cycle", "--all"]);
    assert_eq!(cycled.exits(3).stdout().lines().count(), 1);
    assert_eq!(keys(&sandbox), ["b", "d", "y"]);
}

/// Triggers that insert each row again that is deleted, at another place, at its own, and
/// with another time.
const PUT_BACK: [&str; 3] = [
    "INSERT INTO django_session VALUES (old.session_key, 'again', old.expire_date)",
    "INSERT INTO django_session (rowid, session_key, session_data, expire_date) \
     VALUES (old.rowid, old.session_key, 'again', old.expire_date)",
    "INSERT INTO django_session VALUES (old.session_key, 'again', '2999-01-01 00:00:00')",
];

#[test]
fn rows_that_a_trigger_inserts_again_are_kept_and_the_purge_ends() {
    for insert in PUT_BACK {
        for index in ["", "DROP INDEX django_session_expire_date_a5c62663;"] {
            let trigger =
                format!("CREATE TRIGGER again AFTER DELETE ON django_session BEGIN {insert}; END");
            let sandbox = with(&format!("{index} {trigger}"));
            let ran = bounded(&sandbox, &["purge", "--json"]);
            let summary = ran.exits(3).json();
            let figures = ["deleted", "rejected"].map(|key| summary[key].as_u64().unwrap());
            assert_eq!(figures, [0, 5], "{insert}");
            let said = "a trigger of the application inserted the row again";
            assert!(ran.stderr().contains(said), "{}", ran.stderr());
            assert!(ran.stderr().contains(&handle("a")), "{}", ran.stderr());
            let cycled = bounded(&sandbox, &["cycle", "--all"]);
            assert_eq!(cycled.exits(3).stdout(), "");
            assert_eq!(keys(&sandbox).len(), 7);
        }
    }
}

#[test]
fn a_purge_and_a_cycle_end_where_each_deletion_inserts_another_row() {
    for without in ["", " WITHOUT ROWID"] {
        let sandbox = database(&format!(
            "CREATE TABLE django_session (session_key varchar(40) NOT NULL PRIMARY KEY, \
             session_data text NOT NULL, expire_date datetime NOT NULL){without};
             INSERT INTO django_session WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 \
             FROM n WHERE n < 2000) SELECT 'k' || n, 'e30:1:x', '2001-01-01 00:00:00' FROM n;
             CREATE TRIGGER more AFTER DELETE ON django_session BEGIN INSERT INTO django_session \
             VALUES (old.session_key || 'x', '', old.expire_date); END"
        ));
        for args in
            [&["--profile", "django", "purge"][..], &["--profile", "django", "cycle", "--all"]]
        {
            let ran = bounded(&sandbox, args);
            assert!(matches!(ran.0.status.code(), Some(0 | 1 | 3)), "{}", ran.stderr());
        }
        assert_eq!(keys(&sandbox).len(), 2_000);
    }
}

#[test]
fn a_trigger_that_deletes_other_sessions_is_refused_in_advance() {
    for schema in [
        "CREATE TRIGGER more AFTER DELETE ON django_session BEGIN \
         DELETE FROM django_session WHERE session_key = 'z'; END",
        // By a way around another table
        "CREATE TABLE u (s varchar(40) REFERENCES django_session ON DELETE CASCADE, o TEXT);
         CREATE INDEX us ON u (s);
         CREATE TRIGGER more AFTER DELETE ON u BEGIN \
         DELETE FROM django_session WHERE session_key = old.o; END",
    ] {
        let sandbox = with(schema);
        for args in [&["purge", "--dry-run"][..], &["purge"], &["cycle", "--all"]] {
            let refused = bounded(&sandbox, args);
            let said = refused.is_refused_with(4).stderr();
            assert!(
                said.contains("the trigger more deletes other rows of django_session"),
                "{said}"
            );
        }
        assert_eq!(keys(&sandbox).len(), 7);
    }
    // One that writes elsewhere is the application's business.
    let sandbox = with(
        "CREATE TABLE log (s); CREATE TRIGGER note AFTER DELETE ON django_session BEGIN \
         INSERT INTO log VALUES (old.session_key); DELETE FROM log WHERE s = 'x'; END",
    );
    bounded(&sandbox, &["purge"]).succeeds().is_silent();
    assert_eq!(keys(&sandbox), ["y", "z"]);
    assert_eq!(left(&sandbox, "log", "s").len(), 5);
}

/// Makes a part of a schema as an application does that has functions and collations of
/// its own: the schema is written, and nothing looks at what it says.
fn by_application(sandbox: &Sandbox, sql: &str) {
    let db: Connection = sandbox.db();
    if sql.starts_with("CREATE TRIGGER") {
        return db.execute_batch(sql).unwrap();
    }
    db.execute_batch(
        "CREATE INDEX x ON django_session (session_data); PRAGMA writable_schema = ON",
    )
    .unwrap();
    db.execute("UPDATE sqlite_schema SET sql = ?1 WHERE name = 'x'", [sql]).unwrap();
}

#[test]
fn what_only_the_application_has_is_named_before_anything_is_deleted() {
    for (sql, named) in [
        ("CREATE INDEX x ON django_session (appfn(session_key))", "unknown function: appfn()"),
        (
            "CREATE INDEX x ON django_session (session_data) WHERE appfn(session_key)",
            "unknown function: appfn()",
        ),
        (
            "CREATE INDEX x ON django_session (session_data COLLATE appcoll)",
            "no such collation sequence: appcoll",
        ),
        (
            "CREATE TRIGGER x AFTER DELETE ON django_session BEGIN SELECT appfn(1); END",
            "no such function: appfn",
        ),
        (
            "CREATE TRIGGER x AFTER DELETE ON django_session BEGIN SELECT load_extension('x'); END",
            "unsafe use of load_extension()",
        ),
    ] {
        let sandbox = with("");
        by_application(&sandbox, sql);
        for args in [&["purge", "--dry-run"][..], &["purge"], &["cycle", "--all"]] {
            let said = bounded(&sandbox, args).is_refused_with(4).stderr();
            assert!(said.contains(named) && said.contains("sessctl"), "{said}");
        }
        bounded(&sandbox, &["show", "stat"]).succeeds();
        assert_eq!(keys(&sandbox).len(), 7);
    }
}

#[test]
fn a_full_text_index_is_maintained_and_a_stale_one_is_not_damage() {
    let fts = "CREATE VIRTUAL TABLE ft USING fts5(d, content = 'django_session');
               CREATE TRIGGER ft_off AFTER DELETE ON django_session BEGIN \
               INSERT INTO ft (ft, rowid, d) VALUES ('delete', old.rowid, old.session_data); END;";
    let sandbox = with(&format!(
        "{fts} INSERT INTO ft (rowid, d) SELECT rowid, session_data FROM django_session"
    ));
    bounded(&sandbox, &["purge"]).succeeds().is_silent();
    assert_eq!(keys(&sandbox), ["y", "z"]);
    let sandbox = with(fts);
    let ran = bounded(&sandbox, &["purge"]);
    let said = ran.exits(3).stderr();
    assert!(said.contains("5 expired sessions could not be deleted: a virtual table"), "{said}");
}

/// Writes a text of this many bytes.
fn fill(sandbox: &Sandbox, column: &str, key: &str, bytes: u32) {
    let sql = format!(
        "UPDATE django_session SET {column} = CAST(zeroblob({bytes}) AS TEXT) WHERE session_key = ?1"
    );
    assert_eq!(sandbox.db().execute(&sql, [key]).unwrap(), 1);
}

#[test]
fn a_value_that_is_too_long_is_not_read_and_its_session_goes_all_the_same() {
    // An index has to have a value in memory to let go of it.
    let sandbox = with("DROP INDEX django_session_expire_date_a5c62663");
    // More than SQLite is let have in one value
    for key in ["b", "y"] {
        fill(&sandbox, "session_data", key, 20 << 20);
    }
    fill(&sandbox, "expire_date", "c", 20 << 20);
    for args in
        [&["list"][..], &["show", "stat"], &["show", "users"], &["profile", "check", "django"]]
    {
        bounded(&sandbox, args).succeeds();
    }
    let unreadable = bounded(&sandbox, &["list", "--user-unreadable", "-o", "csv"]);
    assert_eq!(unreadable.succeeds().stdout().lines().count(), 3);
    let ran = bounded(&sandbox, &["purge", "--json"]);
    let summary = ran.succeeds().json();
    assert_eq!((&summary["deleted"], &summary["unreadable"]), (&4.into(), &1.into()));
    assert!(ran.stderr().contains("more than 65536 bytes"), "{}", ran.stderr());
    assert_eq!(keys(&sandbox), ["c", "y", "z"]);
    bounded(&sandbox, &["cycle", "--all"]).succeeds();
    assert_eq!(keys(&sandbox), Vec::<String>::new());
}

#[test]
fn an_id_that_is_too_long_to_delete_is_kept_and_named() {
    let sandbox = with("");
    fill(&sandbox, "session_key", "b", 20 << 20);
    assert_eq!(bounded(&sandbox, &["list", "-o", "csv"]).succeeds().stdout().lines().count(), 8);
    let ran = bounded(&sandbox, &["purge", "--json"]);
    let summary = ran.exits(3).json();
    assert_eq!((&summary["deleted"], &summary["rejected"]), (&4.into(), &1.into()));
    assert!(ran.stderr().contains("too big ("), "{}", ran.stderr());
}

#[test]
fn a_trigger_that_takes_all_memory_fails_for_its_row_alone() {
    // Thirty texts of fourteen megabytes at once
    let texts: Vec<String> = (0..30).map(|n| format!("hex(zeroblob({}))", 7_000_000 + n)).collect();
    let sandbox = with(&format!(
        "CREATE TRIGGER greedy AFTER DELETE ON django_session WHEN old.session_key = 'c' \
         BEGIN SELECT {}; END",
        texts.join(", ")
    ));
    let ran = bounded(&sandbox, &["purge", "--json"]);
    let summary = ran.exits(3).json();
    assert_eq!((&summary["deleted"], &summary["rejected"]), (&4.into(), &1.into()));
    assert!(ran.stderr().contains(&handle("c")), "{}", ran.stderr());
    assert_eq!(keys(&sandbox), ["c", "y", "z"]);
}
