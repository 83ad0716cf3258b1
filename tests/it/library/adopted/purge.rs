//! The purge of a framework's table while its application uses it.

use proptest::prelude::*;
use rusqlite::params;
use sessctl::domain::profile::{NullMeaning, Profile, SqlValue};
use sessctl::domain::session::EndReason;
use sessctl::domain::time::UnixTime;
use sessctl::storage::{Cursor, PurgeCounts, ScanLimits};

use crate::support::NOW;
use crate::support::adopted::{ApplicationDb, all_tasks, few, look, purge_all};
use crate::support::profiles::{draft, laravel, seconds, utc};

const LARAVEL: &str = "CREATE TABLE sessions (id varchar NOT NULL PRIMARY KEY, user_id integer, \
    ip_address varchar, user_agent text, payload text NOT NULL, last_activity integer NOT NULL);";
const INDEX: &str = "CREATE INDEX sessions_last_activity_index ON sessions (last_activity);";

/// Rows of Laravel's with these ages, in minutes.
fn fill(db: &ApplicationDb, ages: impl IntoIterator<Item = i64>) {
    let mut application = db.application();
    let transaction = application.transaction().unwrap();
    let sql = "INSERT INTO sessions VALUES (?1, ?2, '203.0.113.5', 'curl', 'x', ?3)";
    for (place, age) in (0_i64..).zip(ages) {
        let row = params![format!("id{place:06}"), place % 7, NOW.0 - age * 60];
        transaction.execute(sql, row).unwrap();
    }
    transaction.commit().unwrap();
}

#[test]
fn a_session_used_between_scan_and_batch_survives() {
    for (index, by_time) in [("", false), (INDEX, true)] {
        let db = ApplicationDb::of(&format!("{LARAVEL}{index}"));
        fill(&db, (0..60).map(|place| if place < 4 { 500 } else { 5 }));
        let mut store = db.store(laravel());
        let survey = look(store.as_ref(), None, 4);
        assert_eq!(matches!(survey.last, Some(Cursor::Time(..))), by_time);
        let due = survey.due.unwrap();
        assert_eq!(due.seen.len(), 4);
        let application = db.application();
        // One is used again, one logs in, and another takes the place of a third.
        let renew = "UPDATE sessions SET last_activity = ?1 WHERE id = 'id000000'";
        application.execute(renew, [NOW.0]).unwrap();
        application.execute("UPDATE sessions SET user_id = 99 WHERE id = 'id000001'", []).unwrap();
        application.execute("UPDATE sessions SET id = 'other' WHERE id = 'id000002'", []).unwrap();
        let settled = store.apply_purge(&all_tasks(), &due, true).unwrap();
        assert_eq!((settled.deleted, settled.ended), (2, 2));
        let left = db.column("sessions", "id");
        assert!(left.contains(&"id000000".to_owned()) && left.contains(&"other".to_owned()));
        assert_eq!(left.len(), 58);
        // What is told is what has gone, as it was when it went.
        let mut users: Vec<_> =
            settled.ended_sessions.iter().map(|session| session.user.as_deref()).collect();
        users.sort();
        assert_eq!(users, [Some("3"), Some("99")]);
        for session in &settled.ended_sessions {
            let end = session.end.unwrap();
            assert_eq!((end.reason, end.at), (EndReason::Expired, NOW));
            assert_eq!(session.last_used_at.unwrap().0, NOW.0 - 500 * 60);
        }
    }
}

#[test]
fn an_application_in_the_middle_of_a_write_is_waited_for() {
    let db = ApplicationDb::of(LARAVEL);
    fill(&db, [500, 5]);
    let mut store = db.store(laravel());
    let due = look(store.as_ref(), None, 9).due.unwrap();
    let application = db.application();
    application.execute_batch("BEGIN IMMEDIATE; UPDATE sessions SET user_id = 1").unwrap();
    std::thread::scope(|scope| {
        let renew = "UPDATE sessions SET last_activity = 1781524800; COMMIT";
        scope.spawn(move || application.execute_batch(renew).unwrap());
        assert_eq!(store.apply_purge(&all_tasks(), &due, false).unwrap().deleted, 0);
    });
}

#[test]
fn the_index_and_the_key_lead_to_the_same_rows() {
    let ages = || (0..3_000).map(|place| if place % 50 == 7 { 121 + place } else { place % 120 });
    let mut left = Vec::new();
    for (index, by_time) in [("", false), (INDEX, true)] {
        let db = ApplicationDb::of(&format!("{LARAVEL}{index}"));
        fill(&db, ages());
        let mut store = db.store(laravel());
        let totals = purge_all(store.as_mut(), 17).unwrap();
        assert_eq!(totals.by_time, by_time);
        assert_eq!((totals.settled.deleted, totals.rows, totals.sessions), (60, 3_000, 3_000));
        assert_eq!((totals.counts.due, totals.counts.unreadable), (60, 0));
        left.push(db.column("sessions", "id"));
    }
    assert_eq!(left[0], left[1]);
}

#[test]
fn many_rows_with_the_same_time_are_scanned_once() {
    let db = ApplicationDb::of(&format!("{LARAVEL}{INDEX}"));
    fill(&db, (0..4_000).map(|place| if place < 100 { 500 } else { 5 }));
    let mut store = db.store(laravel());
    let totals = purge_all(store.as_mut(), 10).unwrap();
    assert_eq!((totals.settled.deleted, totals.rows, totals.by_time), (100, 4_000, true));
}

#[test]
fn with_many_due_rows_the_scan_is_by_key() {
    let db = ApplicationDb::of(&format!("{LARAVEL}{INDEX}"));
    fill(&db, (0..3_000).map(|place| if place % 3 == 0 { 500 } else { 5 }));
    let mut store = db.store(laravel());
    let totals = purge_all(store.as_mut(), 100).unwrap();
    assert_eq!((totals.settled.deleted, totals.by_time), (1_000, false));
}

#[test]
fn a_count_sees_everything_and_remembers_no_row() {
    let db = ApplicationDb::of(&format!("{LARAVEL}{INDEX}"));
    fill(&db, (0..900).map(|place| if place < 9 { 500 } else { 5 }));
    let store = db.store(laravel());
    let survey = store.scan_due(&all_tasks(), None, ScanLimits::ALL).unwrap();
    assert_eq!(
        (survey.counts.sessions, survey.counts.due, survey.counts.would_delete),
        (900, 9, 9)
    );
    assert_eq!(survey.sessions.get("laravel"), Some(&900));
    assert_eq!((survey.due, survey.last, survey.rows), (None, None, 900));
}

/// Text in an indexed column, with all that may be in it.
fn mixed(null: Option<NullMeaning>) -> Profile {
    let draft = draft("mixed", "t", "id", &["id", "expiry"]).time("expiry", utc(&[0, 3]));
    match null {
        None => draft.at(0, true).0,
        Some(null) => draft.null(null).at(0, true).0,
    }
}

#[test]
fn what_cannot_be_read_is_kept_and_counted() {
    for (index, by_time) in [("", false), ("CREATE INDEX i ON t (expiry);", true)] {
        for (null, nulls_due, nulls_unreadable) in
            [(None, 0, 2), (Some(NullMeaning::Expired), 2, 0), (Some(NullMeaning::Never), 0, 0)]
        {
            let db = ApplicationDb::of(&format!(
                "CREATE TABLE t (id INTEGER PRIMARY KEY, expiry); {index}
                 WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400)
                 INSERT INTO t SELECT i, '2026-06-15 13:00:00' FROM n;
                 INSERT INTO t VALUES (1001, '2026-06-15 12:00:00'), (1002, '2026-06-15 11:59:59.999'),
                 (1003, NULL), (1004, NULL), (1005, '0000-00-00 00:00:00'), (1006, 1781524800),
                 (1007, x'00'), (1008, 'zzz'), (1009, 1.5), (1010, ''),
                 (1011, '2026-06-15T11:00:00')"
            ));
            let mut store = db.store(mixed(null));
            let totals = purge_all(store.as_mut(), 3).unwrap();
            assert_eq!(totals.by_time, by_time);
            assert_eq!(totals.settled.deleted, 2 + nulls_due, "{null:?}");
            assert_eq!(totals.counts.unreadable, 7 + nulls_unreadable, "{null:?}");
            assert_eq!((totals.sessions, totals.rows), (411, 411), "{null:?}");
            let tasks = store.tasks(&all_tasks()).unwrap();
            assert_eq!(tasks[0].unreadable, 7 + nulls_unreadable);
            assert_eq!(tasks[0].live_total(), 409 - nulls_due);
        }
    }
}

#[test]
fn values_keep_their_class_and_their_letters() {
    let db = ApplicationDb::of(
        "CREATE TABLE t (id COLLATE NOCASE PRIMARY KEY, expiry);
         INSERT INTO t VALUES ('a', 1781524700.0), (7, 1781524701), (7.5, 1781524702.5),
         (NULL, 1781524703), (x'ff00', 1781524704)",
    );
    let encoding = sessctl::domain::profile::Encoding::Unix(
        sessctl::domain::profile::Unit::Seconds,
        vec![sessctl::domain::profile::Storage::Integer, sessctl::domain::profile::Storage::Real],
    );
    let profile = draft("t", "t", "id", &["id", "expiry"]).time("expiry", encoding).at(0, false).0;
    let mut store = db.store(profile);
    let due = look(store.as_ref(), None, 9).due.unwrap();
    // The same but for the letter case: another row.
    db.application().execute("UPDATE t SET id = 'A' WHERE id = 'a'", []).unwrap();
    assert_eq!(store.apply_purge(&all_tasks(), &due, false).unwrap().deleted, 4);
    assert_eq!(db.column("t", "id"), ["A"]);
}

#[test]
fn a_value_in_json_is_an_input_and_its_absence_too() {
    let db = ApplicationDb::of(
        r#"CREATE TABLE t ("key" TEXT PRIMARY KEY, "order" TEXT, "user" TEXT);
        INSERT INTO t VALUES ('a', '{"cookie":{"o''clock":1781524700}}', 'u'),
        ('b', '{"cookie":{"o''clock":1781524900}}', 'u'), ('c', '{"cookie":{}}', 'u'),
        ('d', 'no json', 'u'), ('e', NULL, 'u'), ('f', x'7b', 'u')"#,
    );
    let profile = draft("t", "t", "key", &["key", "order", "user"])
        .time("order", seconds())
        .path("$.cookie.o'clock")
        .null(NullMeaning::Never)
        .at(0, false)
        .user("user")
        .0;
    let mut store = db.store(profile);
    let totals = purge_all(store.as_mut(), 2).unwrap();
    assert_eq!((totals.settled.deleted, totals.counts.sessions), (1, 6));
    assert_eq!(db.column("t", "key"), ["b", "c", "d", "e", "f"]);
}

/// A path in binary JSON yields NULL, so the meaning of NULL applies to the session.
#[test]
fn binary_json_has_nothing_at_any_path() {
    let db = ApplicationDb::of(
        r#"CREATE TABLE t (id TEXT PRIMARY KEY, data);
        INSERT INTO t VALUES ('a', '{"end":1781524700}'), ('b', jsonb('{"end":1781524700}'))"#,
    );
    let profile = draft("t", "t", "id", &["id", "data"]).time("data", seconds()).path("$.end");
    let mut store = db.store(profile.null(NullMeaning::Never).at(0, false).0);
    let totals = purge_all(store.as_mut(), 2).unwrap();
    assert_eq!((totals.settled.deleted, totals.counts.sessions), (1, 2));
    assert_eq!(db.column("t", "id"), ["b"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn scans_with_any_batch_size_see_each_row_once(
        ages in proptest::collection::vec(0_i64..200, 1..80),
        stride in 1_usize..20,
        has_index: bool,
    ) {
        let db = ApplicationDb::of(&format!("{LARAVEL}{}", if has_index { INDEX } else { "" }));
        let over = ages.iter().filter(|age| **age >= 120).count() as u64;
        fill(&db, ages.clone());
        let mut store = db.store(laravel());
        let totals = purge_all(store.as_mut(), stride).unwrap();
        prop_assert_eq!(totals.settled.deleted, over);
        prop_assert_eq!(totals.sessions, ages.len() as u64);
    }

    #[test]
    fn rows_expired_at_an_earlier_time_are_counted_by_index_and_by_key(
        ages in proptest::collection::vec(0_i64..200, 1..80),
        stride in 1_usize..20,
        before in 0_i64..90,
        has_index: bool,
    ) {
        let db = ApplicationDb::of(&format!("{LARAVEL}{}", if has_index { INDEX } else { "" }));
        fill(&db, ages.clone());
        let store = db.store(laravel());
        let backlog = Some(UnixTime(NOW.0 - before * 60));
        for reach in [few(stride), ScanLimits { rows: stride, ..ScanLimits::ALL }] {
            let (mut counts, mut after) = (PurgeCounts::default(), None);
            loop {
                let reach = ScanLimits { backlog, ..reach };
                let survey = store.scan_due(&all_tasks(), after.as_ref(), reach).unwrap();
                counts.add(survey.counts);
                after = survey.last;
                if after.is_none() {
                    break;
                }
            }
            let over = |at_least: i64| ages.iter().filter(|age| **age >= at_least).count() as u64;
            prop_assert_eq!((counts.would_end, counts.backlog), (over(120), over(120 + before)));
            prop_assert_eq!(counts.live(), ages.len() as u64 - over(120));
        }
    }
}

#[test]
fn a_filter_for_another_task_selects_nothing() {
    let db = ApplicationDb::of(LARAVEL);
    fill(&db, [500]);
    let mut store = db.store(laravel());
    let task = sessctl::domain::task::TaskPattern::from("imap");
    let scope = sessctl::storage::PolicyContext { task: Some(&task), ..all_tasks() };
    let survey = store.scan_due(&scope, None, few(9)).unwrap();
    assert_eq!((survey.due, survey.rows, survey.last), (None, 0, None));
    assert_eq!(store.tasks(&scope).unwrap(), []);
    assert!(store.session_opener().is_none());
}

#[test]
fn along_an_index_a_batch_counts_rows_that_are_over_by_a_mark() {
    let db = ApplicationDb::of(&format!(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, expiry); CREATE INDEX i ON t (expiry);
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900)
         INSERT INTO t SELECT i, iif(i % 20 = 0, 'over', {}) FROM n",
        NOW.0 + 9
    ));
    let mut profile =
        draft("t", "t", "id", &["id", "expiry"]).time("expiry", seconds()).at(0, false).0;
    profile.times[0].over.push(SqlValue::Text(b"over".to_vec()));
    let mut store = db.store(profile);
    let limits = ScanLimits { rows: 20_000, ..few(10) };
    let found = store.scan_due(&all_tasks(), None, limits).unwrap();
    assert!(matches!(found.last, Some(Cursor::Time(..))));
    assert_eq!((found.counts.due, found.due.unwrap().seen.len()), (10, 10));
    assert_eq!(purge_all(store.as_mut(), 10).unwrap().settled.deleted, 45);
}
