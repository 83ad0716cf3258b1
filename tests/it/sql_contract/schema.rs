//! Constraints of the table, and the effect of the page's statements.

use rusqlite::{Connection, named_params, params};

use crate::sql_contract::page::{statement, statements};
use crate::support::{DAY, HOUR, Sandbox, now, row};

fn table() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(include_str!("../../../migrations/0001_sessions.sql")).unwrap();
    connection
}

/// An id that a hash might be.
fn id() -> String {
    "0123456789abcdef".repeat(4)
}

#[test]
fn the_statements_of_the_page_fit_the_table() {
    let db = table();
    for (name, sql) in statements() {
        if name == "connect" {
            db.execute_batch(sql).unwrap();
        } else {
            db.prepare(sql).unwrap_or_else(|e| panic!("{name}: {e}"));
        }
    }
}

#[test]
fn the_session_of_a_page_reader_lives_and_ends() {
    let db = table();
    let open = named_params! {
        ":id": id(), ":user": "alice", ":task": "imap", ":client": None::<&str>, ":now": 1_000,
        ":idle_timeout": 60,
    };
    assert_eq!(db.execute(statement("open"), open).unwrap(), 1);
    let twice = db.execute(statement("open"), open).unwrap_err();
    assert!(twice.to_string().contains("UNIQUE"), "{twice}");

    let touch = |form: &str, now: i64, lifetime: Option<i64>| {
        let mut touch = db.prepare(statement(form)).unwrap();
        let mut bind = |name: &str, value: &dyn rusqlite::ToSql| {
            if let Some(place) = touch.parameter_index(name).unwrap() {
                touch.raw_bind_parameter(place, value).unwrap();
            }
        };
        bind(":id", &id());
        bind(":now", &now);
        bind(":lifetime", &lifetime);
        bind(":abandoned", &100);
        touch.raw_execute().unwrap()
    };
    let used = || -> i64 {
        db.query_row("SELECT last_used_at FROM sessions", [], |row| row.get(0)).unwrap()
    };
    assert_eq!((touch("touch, strict", 1_060, None), used()), (1, 1_060));
    assert_eq!((touch("touch, strict", 1_121, None), used()), (0, 1_060));
    assert_eq!((touch("touch, strict", 1_120, Some(119)), used()), (0, 1_060));
    assert_eq!((touch("touch, strict", 1_120, Some(120)), used()), (1, 1_120));
    assert_eq!((touch("touch, strict, abandoned", 1_221, None), used()), (0, 1_120));
    assert_eq!((touch("touch, strict, abandoned", 1_220, Some(219)), used()), (0, 1_120));
    assert_eq!((touch("touch, strict, abandoned", 1_220, Some(220)), used()), (1, 1_220));
    assert_eq!((touch("touch, strict, lifetime only", 9_000, Some(7_999)), used()), (0, 1_220));
    assert_eq!((touch("touch, strict, lifetime only", 9_000, Some(8_000)), used()), (1, 9_000));
    assert_eq!((touch("touch, lenient", 99_000, None), used()), (1, 99_000));
    // Clocks may go backwards, the last use does not.
    assert_eq!((touch("touch, lenient", 98_000, None), used()), (1, 99_000));

    let close = named_params! { ":id": id(), ":now": 99_500 };
    assert_eq!(db.execute(statement("close"), close).unwrap(), 1);
    assert_eq!(db.execute(statement("close"), close).unwrap(), 0);
    for form in statements().into_keys().filter(|name| name.starts_with("touch")) {
        assert_eq!(touch(form, 99_500, None), 0, "{form}");
    }
    let (ended_at, reason): (i64, String) = db
        .query_row(statement("look"), named_params! { ":id": id() }, |row| {
            Ok((row.get("ended_at")?, row.get("end_reason")?))
        })
        .unwrap();
    assert_eq!((ended_at, reason.as_str()), (99_500, "closed"));
}

#[test]
fn t2_every_form_of_touch_clears_the_mark() {
    let db = table();
    for form in statements().into_keys().filter(|name| name.starts_with("touch")) {
        db.execute(
            "REPLACE INTO sessions (id, task, created_at, last_used_at, marked_at) \
             VALUES (?1, 'imap', 1000, 1000, 2000)",
            params![id()],
        )
        .unwrap();
        let mut touch = db.prepare(statement(form)).unwrap();
        for (name, value) in [(":now", 2_001), (":abandoned", 100)] {
            if let Some(place) = touch.parameter_index(name).unwrap() {
                touch.raw_bind_parameter(place, value).unwrap();
            }
        }
        let place = touch.parameter_index(":id").unwrap().unwrap();
        touch.raw_bind_parameter(place, id()).unwrap();
        assert_eq!(touch.raw_execute().unwrap(), 1, "{form}");
        let row: (i64, Option<i64>) = db
            .query_row("SELECT last_used_at, marked_at FROM sessions", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .unwrap();
        assert_eq!(row, (2_001, None), "{form}");
    }
}

/// True if the table takes a row that differs from a good one in this.
fn takes(column: &str, value: &dyn rusqlite::ToSql) -> bool {
    let db = table();
    db.execute(
        "INSERT INTO sessions (id, task, created_at, last_used_at, idle_timeout, ended_at, \
         end_reason) VALUES (?1, 'imap', 1000, 1000, 60, 2000, 'closed')",
        params![id()],
    )
    .unwrap();
    db.execute(&format!("UPDATE sessions SET {column} = ?1"), params![value]).is_ok()
}

#[test]
fn only_hashes_are_keys() {
    assert!(takes("id", &"f".repeat(64)));
    for token in [
        "",
        "abc",
        &"f".repeat(63),
        &"f".repeat(65),
        &"F".repeat(64),
        &"g".repeat(64),
        &"é".repeat(64),
    ] {
        assert!(!takes("id", &token), "{token:?}");
    }
    assert!(!takes("id", &vec![0xff_u8; 64]));
    assert!(!takes("id", &None::<&str>));
}

#[test]
fn only_whole_seconds_are_times() {
    let in_seconds = now();
    for column in ["created_at", "last_used_at", "idle_timeout", "marked_at", "ended_at"] {
        assert!(takes(column, &in_seconds), "{column}");
        assert!(takes(column, &0), "{column}");
        assert!(takes(column, &253_402_300_799_i64), "{column}");
        assert!(!takes(column, &253_402_300_800_i64), "{column}");
        assert!(!takes(column, &(in_seconds * 1_000)), "{column} in milliseconds");
        assert!(!takes(column, &-1), "{column}");
        assert!(!takes(column, &1_000.5), "{column} with a fraction");
        assert!(!takes(column, &"2026-06-15 12:00:00"), "{column} as text");
    }
    for column in ["created_at", "last_used_at", "task"] {
        assert!(!takes(column, &None::<i64>), "{column} without a value");
    }
    assert!(takes("idle_timeout", &None::<i64>));
}

#[test]
fn an_end_has_a_time_and_a_reason() {
    for reason in ["closed", "expired", "abandoned", "evicted", "cycled", "lifetime"] {
        assert!(takes("end_reason", &reason), "{reason}");
    }
    assert!(!takes("end_reason", &"gone"));
    assert!(!takes("end_reason", &"Closed"));
    assert!(!takes("end_reason", &None::<&str>));
    assert!(!takes("ended_at", &None::<i64>));
}

#[test]
fn a_retention_ends_in_its_last_second_and_a_timeout_does_not() {
    // Given rows around the two boundaries, seen from one moment
    let (sandbox, at) = (Sandbox::new(), now());
    let db = sandbox.db();
    for (token, past) in [("a", -1), ("b", 0), ("c", 1)] {
        let idle = row(&format!("idle {token}"));
        idle.insert(&db);
        db.execute(
            "UPDATE sessions SET last_used_at = ?2 - idle_timeout WHERE id = ?1",
            params![idle.id(), at - past],
        )
        .unwrap();
        let ended = row(&format!("ended {token}")).ended(0, "closed");
        ended.insert(&db);
        db.execute(
            "UPDATE sessions SET ended_at = ?2 WHERE id = ?1",
            params![ended.id(), at - DAY - past],
        )
        .unwrap();
    }
    // When a dry run looks at them from then
    let moment = at.to_string();
    let args = ["purge", "--dry-run", "--at", &moment, "--task", "imap", "-o", "jsonl"];
    let listed = sandbox.run(args).succeeds().stdout();
    // Then the exact second is still valid, and no longer kept
    let mut due: Vec<String> = listed
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|line| line["handle"].as_str().unwrap().to_owned())
        .collect();
    due.sort();
    let mut expected = ["idle c", "ended b", "ended c"].map(|token| row(token).handle());
    expected.sort();
    assert_eq!(due, expected);
}

#[test]
fn what_was_opened_is_what_is_there_and_what_was_deleted() {
    let sandbox = Sandbox::new();
    for (token, idle) in [("a", 0), ("b", 2 * HOUR), ("c", 3 * HOUR)] {
        sandbox.insert(&row(token).idle(idle));
    }
    sandbox.insert(&row("d").task("IMAP").idle(3 * DAY).ended(2 * DAY, "closed"));
    sandbox.insert(&row("e").task("http"));
    sandbox.run(["purge"]).succeeds();
    let opened: i64 = sandbox
        .db()
        .query_row(statement("opened"), named_params! { ":task": "imap" }, |row| row.get(0))
        .unwrap();
    assert_eq!(opened, 4);
    let rows: i64 =
        sandbox.db().query_row("SELECT count(*) FROM sessions", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 4);
}
