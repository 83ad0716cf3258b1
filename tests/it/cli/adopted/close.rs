//! `close` and `cycle --session` where several rows have the same token or id.

use super::{database, handle, left, run, run_with_input};
use crate::support::{Sandbox, handles};

const PROFILE: &str = r#"
name = "soft"
table = "sessions"
id = "id"
columns = ["id", "token", "kind", "expires_at", "deleted_at"]

[token]
column = "token"

[times.expires_at]
encoding = "unix"
unit = "seconds"

[[filter]]
column = "kind"
equals = "session"

[[expired]]
at = "expires_at"
boundary = "<"

[[expired]]
not_null = "deleted_at"
"#;

fn sandbox(rows: &str) -> Sandbox {
    let sandbox = database(&format!(
        "CREATE TABLE sessions (id TEXT, token TEXT COLLATE NOCASE, kind TEXT, expires_at INTEGER, \
         deleted_at INTEGER);
         CREATE UNIQUE INDEX live ON sessions (token) WHERE deleted_at IS NULL AND kind = 'session';
         INSERT INTO sessions VALUES {rows}"
    ));
    sandbox.file("soft.toml", PROFILE);
    sandbox.file("sessctl.toml", "profile = \"soft.toml\"\n");
    sandbox
}

fn close(sandbox: &Sandbox, tokens: &str) -> crate::support::Finished {
    run_with_input(sandbox, ["--config", "sessctl.toml", "close", "-o", "csv"], tokens)
}

#[test]
fn an_expired_row_does_not_hide_the_live_one() {
    let sandbox = sandbox(
        "('dead', 'dev-1', 'session', 5000000000, 1), ('reset', 'dev-1', 'reset', 5000000000, NULL),
         ('live', 'dev-1', 'session', 5000000000, NULL), ('late', 'dev-2', 'session', 1500000000, NULL)",
    );
    let told = close(&sandbox, "dev-1\n").succeeds().stdout();
    assert_eq!(told.lines().nth(1).unwrap(), format!("{},ended,closed,true,", handle("live")));
    assert_eq!(left(&sandbox, "sessions", "id"), ["dead", "late", "reset"]);
    // A session that is over is left to the purge.
    let told = close(&sandbox, "dev-1\ndev-2\nDEV-2\n").exits(5).stdout();
    let told: Vec<&str> = told.lines().skip(1).collect();
    assert_eq!(
        told,
        [
            format!("{},ended,expired,false,", handle("dead")),
            format!("{},ended,expired,false,", handle("late")),
            format!("{},unknown,,false,", handle("DEV-2")),
        ]
    );
    assert_eq!(left(&sandbox, "sessions", "id"), ["dead", "late", "reset"]);
}

#[test]
fn all_live_sessions_of_a_token_end_with_one_answer() {
    let sandbox = sandbox("('a', 'x', 'session', 5000000000, NULL)");
    sandbox
        .db()
        .execute_batch("DROP INDEX live; INSERT INTO sessions SELECT 'b', token, kind, 5e9, NULL FROM sessions")
        .unwrap();
    let args = ["--config", "sessctl.toml", "close", "-o", "table"];
    let told = run_with_input(&sandbox, args, "x\n").succeeds().stdout();
    let first = handle("a");
    assert_eq!(told, format!("{first}: ended (closed); 1 other session with this token ended\n"));
    assert_eq!(left(&sandbox, "sessions", "id"), [""; 0]);
}

#[test]
fn a_handle_selects_all_sessions_with_its_id() {
    let sandbox = sandbox(
        "('', 'a', 'session', 5000000000, NULL), ('', 'b', 'session', 5000000000, NULL),
         ('', 'c', 'session', 5000000000, NULL), ('other', 'd', 'session', 5000000000, NULL)",
    );
    let config = ["--config", "sessctl.toml"];
    let empty = handle("");
    let shown = run(&sandbox, [&config[..], &["show", "session", &empty]].concat());
    assert!(shown.succeeds().stderr().contains("3 sessions have this id"), "{}", shown.stderr());
    let cycle = [&config[..], &["cycle", "--session", &empty, "--json"]].concat();
    let dry = run(&sandbox, [&cycle[..], &["--dry-run"]].concat()).succeeds().json();
    assert_eq!(handles(&dry), [empty.as_str(); 3]);
    assert_eq!(handles(&run(&sandbox, cycle).succeeds().json()), [empty.as_str(); 3]);
    assert_eq!(left(&sandbox, "sessions", "id"), ["other"]);
}
