//! `--quiet` silences success, and never a failure.

use crate::support::{HOUR, Sandbox, row};

/// A database with a live session, one that is over, and one that has ended.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.insert(&row("live").user("alice"));
    sandbox.insert(&row("over").opened(9 * HOUR).idle(9 * HOUR));
    sandbox.file("bad.toml", "[policy]\ntimeout = 5\n");
    sandbox.file("torn.db", b"SQLite format 3\0torn".repeat(300));
    sandbox.file("text.db", "no database");
    sandbox
}

#[test]
fn a_failure_is_reported() {
    let sandbox = sandbox();
    for (code, args) in [
        (2, &["list", "--limit", "x"][..]),
        (2, &["--config", "bad.toml", "purge"]),
        (2, &["cycle"]),
        (4, &["purge", "--max-rows", "1", "--max-percent", "1"]),
        (4, &["purge", "--dry-run", "--max-percent", "1"]),
        (4, &["cycle", "--all", "--max-percent", "1"]),
        (4, &["cycle", "--all", "--max-percent", "1", "--dry-run"]),
        (5, &["cycle", "--user", "nobody"]),
        (5, &["cycle", "nosuch"]),
        (5, &["show", "session", "ffff"]),
        (10, &["--db", "missing.db", "list"]),
        (10, &["--db", "text.db", "purge"]),
    ] {
        let ran = sandbox.run([args, &["-q"]].concat());
        let said = ran.exits(code).stderr();
        assert!(said.starts_with("sessctl: ") && said.ends_with('\n'), "{args:?}: {said:?}");
    }
    for command in ["touch", "close"] {
        let said = sandbox.run_with_input([command, "-q"], "no such token").exits(5).stderr();
        assert!(said.starts_with("sessctl: "), "{command}: {said:?}");
    }
}

#[test]
fn a_locked_database_is_reported() {
    let sandbox = sandbox();
    let db = sandbox.db();
    db.execute_batch("BEGIN IMMEDIATE").unwrap();
    let said = sandbox.run(["cycle", "--all", "-q"]).exits(11).stderr();
    assert!(said.starts_with("sessctl: "), "{said:?}");
}

#[test]
fn a_row_that_cannot_be_deleted_is_reported() {
    let sandbox = Sandbox::without_database();
    sandbox
        .db()
        .execute_batch(
            "CREATE TABLE django_session (session_key varchar(40) NOT NULL PRIMARY KEY,
                 session_data text NOT NULL, expire_date datetime NOT NULL);
             INSERT INTO django_session VALUES ('kept', '', '2020-01-01 00:00:00'),
                                               ('over', '', '2020-01-01 00:00:00');
             CREATE TRIGGER keep BEFORE DELETE ON django_session WHEN OLD.session_key = 'kept'
             BEGIN SELECT RAISE(ABORT, 'kept'); END;",
        )
        .unwrap();
    let said = sandbox.run(["--profile", "django", "purge", "-q"]).exits(3).stderr();
    assert!(said.contains("sessctl: 1 expired session could not be deleted"), "{said:?}");
}
