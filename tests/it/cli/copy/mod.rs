//! Copying a table to another database: the same rows there, and the source as it was.

mod refused;

use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::processes::{HUP, INT, TERM, signal, start};
use crate::support::{DAY, Finished, HOUR, Sandbox, row};

const MOVE: [&str; 5] = ["move", "--from", "app.db", "--to", "new.db"];
/// All rows in one text.
const ALL: &str = "SELECT group_concat(id || quote(CAST(user AS BLOB)) || quote(task) || \
                   quote(client) || ' ' || created_at || ' ' || last_used_at || ' ' || \
                   quote(idle_timeout) || ' ' || quote(marked_at) || ' ' || quote(ended_at) || \
                   quote(end_reason), x'0a') FROM (SELECT * FROM sessions ORDER BY id)";

fn moves(sandbox: &Sandbox, args: &[&str]) -> Finished {
    sandbox.run([&MOVE, args].concat())
}

fn moved(sandbox: &Sandbox, args: &[&str], code: i32) -> Value {
    moves(sandbox, &[&["--json"], args].concat()).exits(code).json()
}

fn new_db(sandbox: &Sandbox) -> Connection {
    Connection::open(sandbox.path("new.db")).unwrap()
}

fn rows(db: &Connection) -> Option<String> {
    db.query_row(ALL, [], |row| row.get(0)).unwrap()
}

#[track_caller]
fn are_equal(sandbox: &Sandbox) {
    let counters = "SELECT group_concat(task || name || value) FROM counters";
    let counters = |db: &Connection| -> Option<String> {
        db.query_row(counters, [], |row| row.get(0)).unwrap()
    };
    let (here, there) = (sandbox.db(), new_db(sandbox));
    assert!(rows(&here) == rows(&there));
    assert_eq!(counters(&here), counters(&there));
}

/// Sessions of all kinds, and counters.
fn filled() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.insert_all(0..1_200, |n| row(&n.to_string()).idle(i64::from(n)));
    sandbox.insert(&row("nobody").nobody().timeout(None).client("o'hara\n\u{1b}"));
    sandbox.insert(&row("closed").task("HTTP").idle(DAY).ended(HOUR, "closed"));
    let db = sandbox.db();
    db.execute_batch(
        "INSERT INTO counters VALUES ('imap', 'peak', 4711), ('http', 'deleted.closed', 12);
         UPDATE sessions SET marked_at = last_used_at + 1 WHERE id LIKE '0%';
         UPDATE sessions SET user = CAST(x'ff27' AS TEXT) WHERE id LIKE '00%'",
    )
    .unwrap();
    sandbox
}

#[test]
fn a_move_copies_every_row_as_it_is_and_leaves_the_source_as_it_was() {
    for journal in ["WAL", "DELETE"] {
        // Given a database that nobody has open
        let sandbox = filled();
        sandbox.db().pragma_update(None, "journal_mode", journal).unwrap();
        let before = sandbox.files();
        assert_eq!(before.len(), 1);
        // When it is moved, then nothing is said of it, and the source has not changed
        moves(&sandbox, &[]).succeeds().is_silent();
        let mut after = sandbox.files();
        assert!(after.remove("new.db").is_some());
        assert!(after == before, "{:?}", after.keys());
        are_equal(&sandbox);
    }
}

#[test]
fn a_move_preserves_the_counters() {
    let sandbox = filled();
    moves(&sandbox, &[]).succeeds().is_silent();
    let stat = |db: &str| {
        let mut stat = sandbox.run(["--db", db, "show", "stat", "--json"]).succeeds().json();
        for task in stat.as_array_mut().unwrap() {
            task["oldest_idle_seconds"] = Value::Null;
        }
        stat
    };
    assert_eq!(stat("app.db"), stat("new.db"));
    assert!(stat("app.db").to_string().contains("4711"));
}

#[test]
fn a_repeated_move_changes_nothing() {
    let sandbox = filled();
    let first = moved(&sandbox, &[], 0);
    assert_eq!((&first["new"], &first["counters"]), (&1_202.into(), &2.into()));
    let before = new_db(&sandbox).query_row("PRAGMA page_count", [], |row| row.get::<_, i64>(0));
    let mut again = moved(&sandbox, &[], 0);
    assert_eq!(first["sha256_from"], again["sha256_from"]);
    assert_eq!(again["sha256_from"].as_str().unwrap().len(), 64);
    assert_eq!(again["sha256_from"], again["sha256_to"]);
    for measure in ["elapsed_ms", "sha256_from", "sha256_to"] {
        again[measure] = Value::Null;
    }
    assert_eq!(
        again,
        json!({
            "from": "app.db", "to": "new.db", "verify_only": false, "new": 0, "changed": 0,
            "deleted": 0, "left_newer": 0, "left_extra": 0, "counters": 0, "same": true,
            "rows_from": 1_202, "rows_to": 1_202, "sha256_from": null, "sha256_to": null,
            "differ": 0, "elapsed_ms": null, "stopped": null
        })
    );
    let after = new_db(&sandbox).query_row("PRAGMA page_count", [], |row| row.get::<_, i64>(0));
    assert_eq!(before.unwrap(), after.unwrap());
}

#[test]
fn a_verbose_move_reports_rows_and_checksum() {
    let sandbox = filled();
    let said = |args: &[&str]| {
        let ran = moves(&sandbox, args);
        assert_eq!(ran.succeeds().stdout(), "");
        ran.stderr()
    };
    let (first, again) = (said(&["-v"]), said(&["-v"]));
    let start = "copied 1,202 sessions (of which 1,202 were new or changed); both sides have the \
                 same 1,202 rows, sha256 ";
    assert!(first.starts_with(start) && first.lines().count() == 1, "{first}");
    assert!(again.starts_with("copied 1,202 sessions (of which 0 were new"), "{again}");
    assert!(said(&["--verify-only", "-v"]).starts_with("both sides have the same 1,202 rows"));
    moves(&sandbox, &["-q", "--json"]).succeeds().is_silent();
    moves(&sandbox, &["-o", "prometheus"]).is_refused_with(2);
}

#[test]
fn an_application_may_have_the_source_open_and_its_log_full() {
    // Given rows that are in the log alone
    let sandbox = filled();
    let application = sandbox.db();
    application.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
    row("in the log").insert(&application);
    let before = sandbox.files();
    moves(&sandbox, &[]).succeeds().is_silent();
    for (name, bytes) in before.iter().filter(|(name, _)| !name.ends_with("-shm")) {
        assert!(sandbox.files()[name] == *bytes, "{name}");
    }
    are_equal(&sandbox);
}

#[test]
fn a_second_pass_brings_what_has_changed_and_takes_what_has_gone() {
    // Given a first pass, after which the application has gone on
    let sandbox = filled();
    moves(&sandbox, &[]).succeeds().is_silent();
    sandbox.insert_all(2_000..2_010, |n| row(&n.to_string()));
    let db = sandbox.db();
    let changes = "UPDATE sessions SET last_used_at = last_used_at + 5, marked_at = NULL
                     WHERE id LIKE '1%';
                   UPDATE sessions SET ended_at = last_used_at, end_reason = 'closed'
                     WHERE id LIKE '2%';
                   DELETE FROM sessions WHERE id LIKE '3%' AND task = 'imap' AND user = 'alice';
                   UPDATE counters SET value = value + 7";
    db.execute_batch(changes).unwrap();
    // When the destination is compared, then it is said what is missing
    let compared = moved(&sandbox, &["--verify-only", "--replace"], 3);
    let differ = compared["differ"].as_u64().unwrap();
    assert!(differ > 100 && compared["same"] == false, "{compared}");
    // And the last pass brings that, and no more
    let last = moved(&sandbox, &["--replace"], 0);
    let count = |name: &str| last[name].as_u64().unwrap();
    assert!(count("new") == 10 && count("deleted") > 0, "{last}");
    assert_eq!(count("new") + count("changed") + count("deleted"), differ);
    are_equal(&sandbox);
    moves(&sandbox, &["--verify-only"]).succeeds().is_silent();
}

#[test]
fn newer_and_extra_rows_are_left_alone_and_reported() {
    // Given a destination that an application uses already
    let sandbox = filled();
    moves(&sandbox, &[]).succeeds().is_silent();
    let there = new_db(&sandbox);
    row("new").insert(&there);
    let touch = "UPDATE sessions SET last_used_at = last_used_at + 1 WHERE id LIKE '0%'";
    let touched = there.execute(touch, []).unwrap();
    let before = rows(&there);
    // When it is moved to again, then nothing of that is lost, and somebody is told
    for args in [&["--json"][..], &["--json", "--verify-only"]] {
        let ran = moves(&sandbox, args);
        let summary = ran.exits(1).json();
        assert_eq!((&summary["left_extra"], &summary["left_newer"]), (&1.into(), &touched.into()));
        let said = ran.stderr();
        assert!(
            said.starts_with("sessctl: 1 session in \"new.db\" is not in \"app.db\", and "),
            "{said}"
        );
        assert!(said.ends_with("; --replace makes both sides equal\n"), "{said}");
        assert!(rows(&there) == before);
    }
    let said = moves(&sandbox, &[]).exits(1).stderr();
    assert!(
        said.contains(&format!("{} differ: {touched} newer there, 1 only there\n", touched + 1))
    );
    // And with the word for it, both are equal
    moves(&sandbox, &["--replace"]).succeeds().is_silent();
    are_equal(&sandbox);
}

#[test]
fn a_row_that_was_tampered_with_is_found_and_nothing_is_changed() {
    let sandbox = filled();
    moves(&sandbox, &[]).succeeds().is_silent();
    let there = new_db(&sandbox);
    there.execute("UPDATE sessions SET user = 'mallory' WHERE task = 'HTTP'", []).unwrap();
    drop(there);
    let before = sandbox.files();
    let found = moved(&sandbox, &["--dry-run"], 3);
    assert_eq!((&found["differ"], &found["verify_only"]), (&1.into(), &true.into()));
    assert_ne!(found["sha256_from"], found["sha256_to"]);
    let said = moves(&sandbox, &["--verify-only"]).exits(3).stderr();
    let end = "of 1,202 rows in the source and 1,202 in the destination, 1 differ: 1 older there; another pass copies the rest\n";
    assert_eq!(said, end);
    assert!(sandbox.files() == before);
    // And a destination that is not there is not made to be compared
    let absent = ["move", "--from", "app.db", "--to", "none.db", "--verify-only"];
    sandbox.run(absent).is_refused_with(10);
    assert!(sandbox.files() == before);
}

#[test]
fn a_signal_stops_it_after_its_batch_and_the_next_one_resumes() {
    for (asked, code) in [(TERM, 143), (INT, 130), (HUP, 129)] {
        // Given a move that waits for its destination
        let sandbox = filled();
        sandbox.run(["--db", "new.db", "init"]).succeeds();
        let writer = new_db(&sandbox);
        writer.execute_batch("BEGIN IMMEDIATE").unwrap();
        let moving = start(&sandbox, "move --from app.db --to new.db --json");
        // When it is told to stop, and then may write
        signal(&moving, asked);
        drop(writer);
        // Then it stops before all is there
        let ran = moving.finish();
        let summary = ran.exits(code).json();
        assert_eq!((&summary["stopped"], &summary["same"]), (&"signal".into(), &Value::Null));
        assert!(summary["new"].as_u64().unwrap() < 1_202);
        // And the next one brings the rest; no lease is in its way
        let rest = moved(&sandbox, &[], 0);
        assert_eq!(rest["new"].as_u64().unwrap() + summary["new"].as_u64().unwrap(), 1_202);
        are_equal(&sandbox);
    }
}

#[test]
fn a_failed_batch_keeps_the_ones_before_and_the_next_move_resumes() {
    // Given a destination that refuses some rows for a while
    let sandbox = filled();
    sandbox.run(["--db", "new.db", "init"]).succeeds();
    let there = new_db(&sandbox);
    let refuse = "CREATE TRIGGER full BEFORE INSERT ON sessions WHEN new.id > '8'
                  BEGIN SELECT raise(ABORT, 'no room for it'); END";
    there.execute_batch(refuse).unwrap();
    let said = moves(&sandbox, &[]).is_refused_with(1).stderr();
    assert!(said.contains("\"new.db\": no room for it"), "{said}");
    let count = "SELECT count(*) FROM sessions";
    let some: i64 = there.query_row(count, [], |row| row.get(0)).unwrap();
    assert!((1..1_202).contains(&some), "{some}");
    // When that is over, then the rest follows
    there.execute_batch("DROP TRIGGER full").unwrap();
    assert_eq!(moved(&sandbox, &[], 0)["new"], 1_202 - some);
    are_equal(&sandbox);
}

#[test]
fn limits_find_their_indexes_in_the_destination() {
    let sandbox = filled();
    sandbox.file("limits.toml", "[policy]\nuser_limit = 3\n");
    moves(&sandbox, &["--config", "limits.toml"]).succeeds().is_silent();
    let indexes = "SELECT group_concat(name) FROM sqlite_schema WHERE sql LIKE 'CREATE INDEX%'";
    let there: String = new_db(&sandbox).query_row(indexes, [], |row| row.get(0)).unwrap();
    assert_eq!(there, "runs_at_work,runs_by_plan,runs_by_start,live_by_user");
    are_equal(&sandbox);
}

#[test]
fn a_table_without_rows_is_moved_too() {
    let sandbox = Sandbox::new();
    let summary = moved(&sandbox, &[], 0);
    assert_eq!((&summary["rows_to"], &summary["same"]), (&0.into(), &true.into()));
    sandbox.run(["--db", "new.db", "list"]).succeeds();
    let token = sandbox.open([]);
    moves(&sandbox, &[]).succeeds().is_silent();
    let touched = sandbox.run_with_input(["--db", "new.db", "touch", "--json"], token);
    let outcome = &touched.succeeds().json()[0]["outcome"];
    assert!(outcome == "unchanged" || outcome == "renewed", "{outcome}");
}

#[test]
fn an_application_keeps_writing_and_the_last_pass_copies_the_rest() {
    // Given an application that opens, touches and ends sessions all the time
    let sandbox = filled();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let db = sandbox.db();
            for number in 10_000_u32.. {
                row(&number.to_string()).insert(&db);
                let near = format!("(SELECT min(id) FROM sessions WHERE id > '{:x}')", number % 16);
                let touch = "UPDATE sessions SET last_used_at = last_used_at + 1 WHERE id =";
                db.execute_batch(&format!(
                    "{touch} {near}; DELETE FROM sessions WHERE id = {near}"
                ))
                .unwrap();
                if stop.load(Ordering::Relaxed) {
                    break;
                }
            }
        });
        // When it is moved meanwhile, then that is no failure, though some may be missing
        let code = moves(&sandbox, &["-q"]).0.status.code();
        stop.store(true, Ordering::Relaxed);
        assert!(matches!(code, Some(0 | 3)), "{code:?}");
    });
    // And when it has been stopped, both become equal
    moves(&sandbox, &["--replace"]).succeeds().is_silent();
    are_equal(&sandbox);
}
