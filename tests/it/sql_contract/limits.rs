//! Limits, and the sessions that an application opens in spite of them.

use rusqlite::named_params;

use crate::sql_contract::page::statement;
use crate::support::{Finished, HOUR, MINUTE, Sandbox, now, row, sha256};

/// A database and a limit of two sessions for imap.
fn limited(policy: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.file("app.toml", format!("[policy.imap]\nlimit = 2\n{policy}"));
    sandbox
}

/// Opens a session by the page.
fn insert(sandbox: &Sandbox, token: &str, used: i64) {
    let open = named_params! {
        ":id": sha256(token), ":user": "alice", ":task": "imap", ":client": None::<&str>,
        ":now": used, ":idle_timeout": 30 * MINUTE,
    };
    assert_eq!(sandbox.db().execute(statement("open"), open).unwrap(), 1);
}

fn open(sandbox: &Sandbox) -> Finished {
    sandbox.run(["--config", "app.toml", "open", "--user", "alice", "--task", "imap"])
}

/// Returns the end reason of a session; `None` while it is open.
fn end_reason(sandbox: &Sandbox, token: &str) -> Option<String> {
    let look = |row: &rusqlite::Row<'_>| row.get("end_reason");
    sandbox.db().query_row(statement("look"), named_params! { ":id": sha256(token) }, look).unwrap()
}

fn live(sandbox: &Sandbox) -> i64 {
    let live = "SELECT count(*) FROM sessions WHERE ended_at IS NULL";
    sandbox.db().query_row(live, [], |row| row.get(0)).unwrap()
}

#[test]
fn r5_both_kinds_of_sessions_count_and_an_insert_knows_no_limit() {
    let sandbox = limited("when_full = \"refuse\"");
    // Given one session of each kind
    insert(&sandbox, "inserted", now());
    open(&sandbox).succeeds();
    // When a third wants to open
    open(&sandbox).is_refused_with(4);
    assert_eq!(live(&sandbox), 2);
    // Then the page's statement opens it all the same
    insert(&sandbox, "one too many", now());
    open(&sandbox).is_refused_with(4);
    assert_eq!(live(&sandbox), 3);
}

#[test]
fn r4_r10_above_the_limit_each_login_evicts_one_session() {
    let sandbox = limited("when_full = \"evict-lru\"");
    for (token, idle) in [("first", 3 * HOUR), ("second", 2), ("third", 1)] {
        insert(&sandbox, token, now() - idle);
    }
    open(&sandbox).succeeds();
    assert_eq!(end_reason(&sandbox, "first").as_deref(), Some("evicted"));
    assert_eq!(end_reason(&sandbox, "second"), None);
    assert_eq!(live(&sandbox), 3);
}

#[test]
fn r3_r4_an_inserted_session_is_evicted_when_abandoned_and_when_idle() {
    let sandbox = limited("expire = \"abandoned\"\nabandoned = \"2h\"");
    insert(&sandbox, "abandoned", now() - 3 * HOUR);
    insert(&sandbox, "idle", now() - HOUR);
    insert(&sandbox, "active", now());
    // Of three the abandoned one ends, which leaves the limit reached.
    open(&sandbox).succeeds();
    let reasons = ["abandoned", "idle", "active"].map(|token| end_reason(&sandbox, token));
    assert_eq!(reasons, [Some("abandoned".to_owned()), Some("evicted".to_owned()), None]);
    open(&sandbox).is_refused_with(4);
    assert_eq!(live(&sandbox), 2);
}

#[test]
fn r10_a_session_without_a_user_is_bound_by_the_limit_of_the_task_alone() {
    let sandbox = Sandbox::new();
    sandbox.file("app.toml", "[policy.imap]\nuser_limit = 1\nwhen_full = \"refuse\"");
    sandbox.insert(&row("nobody's").nobody());
    sandbox.insert(&row("bob's").user("bob"));
    open(&sandbox).succeeds();
    open(&sandbox).is_refused_with(4);
}
