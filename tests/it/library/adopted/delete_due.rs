//! Deletion of due rows by key, without snapshots.

use proptest::collection::vec;
use proptest::prelude::*;
use rusqlite::types::Value;
use sessctl::domain::profile::{Condition, Predicate, Profile, SqlValue};
use sessctl::storage::{Backend, DueScan, ScanLimits};

use super::properties::{encodings, is_over, odd, rule, time};
use crate::support::NOW;
use crate::support::adopted::{ApplicationDb, all_tasks, few, purge_all, purge_by_key};
use crate::support::profiles::{draft, seconds};

const TABLE: &str = "CREATE TABLE t (id TEXT PRIMARY KEY, expiry)";

fn profile() -> Profile {
    draft("t", "t", "id", &["id", "expiry"]).time("expiry", seconds()).at(0, false).0
}

fn scan(store: &dyn Backend, rows: usize) -> DueScan {
    let limits = ScanLimits { snapshots: false, ..few(rows) };
    store.scan_due(&all_tasks(), None, limits).unwrap()
}

/// Text that resembles a time a second before the present moment, at it, or after it.
fn almost_a_time(which: usize) -> Value {
    let texts = [
        "2026-06-15 11:59:59",
        "2026-06-15 11:59:59.999999",
        "2026-06-15 12:00:00",
        "2026-06-15 12:00:00.000000",
        "2026-06-15 12:00:00.000001",
        "2026-06-15 12:00:01.000000",
        "2026-06-15 11:59:59.000000 ",
        " 2026-06-15 11:59:59.000000",
        "2026-06-15 11:59:59.000000\0",
        "2026-06-15 11:59:59.000000\0x",
        "\u{feff}2026-06-15 11:59:59.000000",
        "2026-06-15T11:59:59.000000",
        "2024-02-29 00:00:00.000000",
        "2026-02-29 00:00:00.000000",
        "2026-04-31 00:00:00.000000",
        "2026-06-14 24:00:00.000000",
        "2026-06-14 23:60:00.000000",
        "2026-06-14 23:59:60.000000",
        "2026-00-10 00:00:00.000000",
        "2026-06-00 00:00:00.000000",
        "2026-06-15",
        "2026-06-15 11:59",
        "1994-12-31 23:59:59.999999",
        "1995-01-01 00:00:00.000000",
        "9999-12-31 23:59:59.999999",
        "20260615115959",
        "1781524799",
        "1781524799000",
        "01781524799000",
        "+1781524799000",
        "1781524799000 ",
        "0x10",
        "",
        "~",
    ];
    texts[which % texts.len()].to_owned().into()
}

#[derive(Debug, Clone)]
enum Time {
    Usual(Result<i64, u8>),
    Text(usize),
    /// Milliseconds from now, in another storage class than the encoding's.
    OtherClass(i64),
}

fn any_time() -> impl Strategy<Value = Time> {
    prop_oneof![
        4 => time().prop_map(Time::Usual),
        4 => any::<usize>().prop_map(Time::Text),
        4 => (-90_000_000_i64..4_000).prop_map(Time::OtherClass),
    ]
}

fn value(time: &Time, write: fn(i64) -> Value) -> Value {
    match time {
        Time::Usual(Ok(ms)) => write(*ms),
        Time::Usual(Err(which)) => odd(*which),
        Time::Text(which) => almost_a_time(*which),
        Time::OtherClass(ms) => match write(*ms) {
            Value::Text(text) => Value::Blob(text.into_bytes()),
            Value::Integer(number) => Value::Text(number.to_string()),
            Value::Real(number) => Value::Text(number.to_string()),
            value => value,
        },
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn deletion_by_key_and_by_snapshot_leave_what_the_profile_keeps(
        which in 0_usize..15,
        times in vec((any_time(), 0_i64..3), 0..60),
        lifetime in proptest::option::of(0_i64..100_000),
        (null, over, at_once) in (0_u8..3, 0_u8..3, any::<bool>()),
        (has_filter, has_when) in any::<(bool, bool)>(),
        stride in 1_usize..30,
        schema in prop::sample::select(&["", "PRAGMA encoding = 'UTF-16le';"][..]),
        key in prop::sample::select(&["", " WITHOUT ROWID"][..]),
        id in prop::sample::select(&["TEXT", "TEXT COLLATE NOCASE", "BLOB", ""][..]),
        declared in prop::sample::select(&[
            "", "INTEGER", "REAL", "TEXT", "DATETIME", "TEXT COLLATE NOCASE", "COLLATE RTRIM",
        ][..]),
    ) {
        let (encoding, write) = encodings().swap_remove(which);
        let sql = format!(
            "{schema} CREATE TABLE t (id {id} PRIMARY KEY, expiry {declared}, kind){key}"
        );
        let mut draft = draft("t", "t", "id", &["id", "expiry", "kind"]).time("expiry", encoding);
        draft = draft.input("kind");
        if has_filter {
            draft = draft.only(1, Predicate::NotAmong(vec![SqlValue::Integer(0)]));
        }
        let mut profile = rule(draft, lifetime, null, over, at_once);
        if has_when {
            let test = Predicate::Above(1);
            profile.rules[0].when.push(Condition { input: 1, test });
        }
        let twins = [ApplicationDb::of(&sql), ApplicationDb::of(&sql)];
        let mut kept = Vec::new();
        for (place, (time, kind)) in times.iter().enumerate() {
            let (given, id) = (value(time, write), format!("id{place:03}"));
            for (db, is_first) in twins.iter().zip([true, false]) {
                let sql = "INSERT INTO t VALUES (?1, ?2, ?3) RETURNING expiry";
                let stored: Value =
                    db.application().query_row(sql, (&id, &given, kind), |row| row.get(0)).unwrap();
                let inputs = [stored, Value::Integer(*kind)];
                if is_first && !is_over(&profile, &inputs, NOW) {
                    kept.push(id.clone());
                }
            }
        }
        let [by_key, by_row] = twins;
        let purged = purge_by_key(by_key.store(profile.clone()).as_mut(), stride);
        let twin = purge_all(by_row.store(profile).as_mut(), stride);
        let (Ok(purged), Ok(twin)) = (&purged, &twin) else {
            prop_assert_eq!(purged.is_err(), twin.is_err());
            return Ok(());
        };
        prop_assert_eq!(by_key.column("t", "id"), kept.clone());
        prop_assert_eq!(by_row.column("t", "id"), kept);
        prop_assert_eq!(purged.counts, twin.counts);
        prop_assert_eq!(purged.settled.deleted, twin.settled.deleted);
        prop_assert_eq!(purged.settled.ended, purged.counts.due);
    }
}

#[test]
fn a_row_is_judged_as_it_is_at_its_deletion() {
    let (due, live) = (NOW.0 - 9, NOW.0 + 9);
    let db = ApplicationDb::of(&format!(
        "{TABLE}; INSERT INTO t VALUES ('b', {due}), ('c', {due}), ('d', {live}), ('e', {due}),
         ('f', {due}), ('x', {live})"
    ));
    let mut store = db.store(profile());
    let found = scan(store.as_ref(), 9);
    assert_eq!((found.rows, found.counts.due), (6, 4));
    let range = found.due.unwrap();
    assert_eq!(range.seen, []);
    db.application()
        .execute_batch(&format!(
            "UPDATE t SET expiry = {live} WHERE id = 'c';
             UPDATE t SET expiry = CAST({due} AS TEXT) WHERE id = 'e';
             UPDATE t SET expiry = {due} WHERE id IN ('d', 'x');
             DELETE FROM t WHERE id = 'b'; INSERT INTO t (rowid, id, expiry) VALUES (1, 'new', {due})"
        ))
        .unwrap();
    let settled = store.apply_purge(&all_tasks(), &range, false).unwrap();
    // Rows that have become due since the scan are left to the next run.
    assert_eq!(db.column("t", "id"), ["c", "d", "e", "x"]);
    assert_eq!((settled.deleted, settled.ended), (2, 2));
}

#[test]
fn ended_sessions_are_returned_of_rows_without_snapshots() {
    let db = ApplicationDb::of(&format!(
        "{TABLE}; INSERT INTO t VALUES ('a', {0}), ('b', {0} + 99), ('c', {0})",
        NOW.0 - 9
    ));
    let mut store = db.store(profile());
    let range = scan(store.as_ref(), 9).due.unwrap();
    let settled = store.apply_purge(&all_tasks(), &range, true).unwrap();
    assert_eq!((settled.deleted, settled.ended_sessions.len()), (2, 2));
    assert_eq!(db.column("t", "id"), ["b"]);
}

/// The last table loses rows by a cascade, and may block one: only SQLite can tell.
#[test]
fn a_row_that_sqlite_rejects_does_not_keep_the_others() {
    let due = NOW.0 - 9;
    let db = ApplicationDb::of(&format!(
        "{TABLE}; INSERT INTO t VALUES ('a', {due}), ('b', {due}), ('c', {due}), ('live', {due} + 99);
         CREATE TABLE device (id PRIMARY KEY, session REFERENCES t ON DELETE CASCADE);
         CREATE INDEX of_session ON device (session);
         INSERT INTO device VALUES (1, 'a'), (2, 'b'), (3, 'live');
         CREATE TABLE pair (one REFERENCES device ON DELETE CASCADE, other REFERENCES device);
         CREATE INDEX of_one ON pair (one); CREATE INDEX of_other ON pair (other);
         INSERT INTO pair VALUES (3, 2)"
    ));
    let mut store = db.store(profile());
    let range = scan(store.as_ref(), 9).due.unwrap();
    assert_eq!(range.seen, []);
    let settled = store.apply_purge(&all_tasks(), &range, false).unwrap();
    assert_eq!((settled.deleted, store.take_kept().rows()), (2, 1));
    assert_eq!(db.column("t", "id"), ["b", "live"]);
    assert_eq!(db.column("device", "id"), ["2", "3"]);
}

#[test]
fn rows_with_triggers_are_deleted_one_by_one() {
    let db = ApplicationDb::of(&format!(
        "{TABLE}; INSERT INTO t VALUES ('a', {0}), ('b', {0});
         CREATE TRIGGER keep BEFORE DELETE ON t WHEN old.id = 'a' BEGIN SELECT raise(IGNORE); END",
        NOW.0 - 9
    ));
    let mut store = db.store(profile());
    let range = scan(store.as_ref(), 9).due.unwrap();
    assert_eq!(range.seen.len(), 2);
    let settled = store.apply_purge(&all_tasks(), &range, false).unwrap();
    assert_eq!((settled.deleted, store.take_kept().rows()), (1, 1));
}
