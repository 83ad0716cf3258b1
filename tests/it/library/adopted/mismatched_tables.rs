//! Tables that do not match their profile: nothing is deleted from them.

use sessctl::domain::profile::{Length, NullMeaning, Predicate, Profile, RuleKind, Storage, Unit};
use sessctl::domain::session::{End, EndReason};
use sessctl::storage::{EndRequest, ScanLimits};
use sessctl::store::adopted::diagnose;

use crate::support::NOW;
use crate::support::adopted::{ApplicationDb, all_sessions, all_tasks, few, purge_all, refused};
use crate::support::profiles::{draft, laravel, milliseconds, seconds, utc};

/// A table whose times are these, one after the other.
fn db(columns: &str, times: &str) -> ApplicationDb {
    ApplicationDb::of(&format!(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, {columns});
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
         INSERT INTO t SELECT i, {times} FROM n"
    ))
}

fn profile(encoding: sessctl::domain::profile::Encoding) -> Profile {
    draft("unfit", "t", "id", &["id", "expiry"]).time("expiry", encoding).at(0, false).0
}

#[test]
fn values_in_another_form_are_refused() {
    let index = "; CREATE INDEX i ON t (expiry)";
    for (times, encoding) in [
        ("1781524700", milliseconds(&[Storage::Integer])),
        ("1781524700000", seconds()),
        ("1781524700000", utc(&[0])),
        ("'2026-06-15T11:00:00'", utc(&[0])),
        ("'1781524700'", seconds()),
        ("x'00'", seconds()),
    ] {
        for index in ["", index] {
            let db = db("expiry", times);
            db.application().execute_batch(index.trim_start_matches(';')).unwrap();
            let mut store = db.store(profile(encoding.clone()));
            let said = refused(purge_all(store.as_mut(), 100));
            assert!(said.contains("expiry") && said.contains("such as"), "{said}");
            assert_eq!(store.tasks(&all_tasks()).unwrap()[0].unreadable, 5_000);
            assert_eq!(db.column("t", "id").len(), 5_000);
        }
    }
}

#[test]
fn the_refusal_says_what_is_there() {
    let db = db("expiry", "CASE i % 2 WHEN 0 THEN 'tomorrow' ELSE 12.5 END");
    let mut store = db.store(profile(seconds()));
    insta::assert_snapshot!(refused(purge_all(store.as_mut(), 100)), @r#"refused: 968 of 968 values of expiry in t are not times in the format of profile unfit: 492 real, 476 text, such as 12.5 and "tomorrow""#);
    // Single sessions can be ended all the same: no time is read for that.
    let key = all_sessions(store.as_ref())[0].key.clone();
    let end = End { at: NOW, reason: EndReason::Cycled };
    assert_eq!(store.end(&[EndRequest { key, end, keep_row: false }]).unwrap(), [true]);
    assert_eq!(db.column("t", "id").len(), 4_999);
    refused(purge_all(store.as_mut(), 100));
}

#[test]
fn a_purge_is_accepted_if_half_of_the_times_are_readable() {
    let index = "CREATE INDEX i ON t (expiry)";
    let db = db("expiry", "CASE WHEN i % 2 THEN 1781524700 ELSE 'x' END");
    db.application().execute_batch(index).unwrap();
    let mut store = db.store(profile(seconds()));
    let totals = purge_all(store.as_mut(), 1_000).unwrap();
    assert_eq!((totals.settled.deleted, totals.counts.unreadable), (2_500, 2_500));
}

#[test]
fn nulls_and_values_that_mean_never_say_nothing_against_it() {
    let times = "CASE i % 3 WHEN 0 THEN NULL WHEN 1 THEN -1 ELSE 1781524700 END";
    let db = db("expiry", times);
    let profile =
        draft("t", "t", "id", &["id", "expiry"]).time("expiry", seconds()).never(-1).at(0, false).0;
    let mut store = db.store(profile);
    let totals = purge_all(store.as_mut(), 1_000).unwrap();
    assert_eq!((totals.settled.deleted, totals.counts.unreadable), (1_667, 1_666));
}

#[test]
fn only_rows_count_that_a_rule_is_about() {
    // Nine of ten rows are no sessions, and have something else there.
    let db = db(
        "kind, expiry",
        "CASE i % 10 WHEN 0 THEN 's' ELSE 'o' END,
        CASE i % 10 WHEN 0 THEN 1781524700 ELSE 'x' END",
    );
    let all = || draft("t", "t", "id", &["id", "kind", "expiry"]).time("expiry", seconds());
    let is_session =
        || Predicate::Among(vec![sessctl::domain::profile::SqlValue::Text("s".into())]);
    refused(purge_all(db.store(all().at(0, false).0).as_mut(), 9));
    let by_filter = all().input("kind").at(0, false).only(1, is_session()).0;
    assert_eq!(purge_all(db.store(by_filter).as_mut(), 999).unwrap().settled.deleted, 500);
    let by_rule = all().input("kind").at(0, false).when(1, is_session()).0;
    assert_eq!(purge_all(db.store(by_rule).as_mut(), 999).unwrap().settled.deleted, 0);
}

#[test]
fn other_columns_are_refused_with_the_difference() {
    let db = ApplicationDb::of("CREATE TABLE sessions (id, data, expiry)");
    insta::assert_snapshot!(refused(db.open(laravel())), @"refused: sessions is not a table of Laravel: it lacks user_id, ip_address, user_agent, payload, last_activity; it has unexpected columns data, expiry (profile laravel)");
    let missing = ApplicationDb::of("CREATE TABLE a (b); CREATE TABLE c (d)");
    let Err(error) = missing.open(laravel()) else { panic!() };
    let said = error.to_string().replace(&missing.path().display().to_string(), "DB");
    insta::assert_snapshot!(said, @r#""DB" cannot be used: it has no table sessions; it has a, c"#);
}

#[test]
fn a_missing_parameter_is_asked_for() {
    let db = ApplicationDb::of("CREATE TABLE t (id, expiry)");
    let lacking = draft("t", "t", "id", &["id", "expiry"])
        .time("expiry", seconds())
        .at(0, false)
        .lacking("lifetime")
        .0;
    insta::assert_snapshot!(refused(db.open(lacking)), @"refused: profile t needs the parameter lifetime, such as lifetime=2h (of the configuration)");
}

/// Profile with the expiry in JSON text, under which sessions without it have expired.
fn in_json(path: &str) -> crate::support::profiles::Draft {
    draft("json", "t", "id", &["id", "data"])
        .time("data", seconds())
        .path(path)
        .null(NullMeaning::Expired)
        .at(0, false)
}

#[test]
fn invalid_json_does_not_count_as_a_missing_time() {
    let times = "CASE i % 4 WHEN 0 THEN '{\"a\":{\"end\":1781524700}' WHEN 1 THEN x'ac' \
        WHEN 2 THEN '{\"a\":{\"end\":1781524700}}' ELSE '{\"a\":{\"end\":null}}' END";
    let db = db("data", times);
    let mut store = db.store(in_json("$.a.end").0);
    // One half cannot be read, and of those that count it is two thirds.
    insta::assert_snapshot!(refused(purge_all(store.as_mut(), 999)), @"refused: 475 of 724 values of data $.a.end in t are not times in the format of profile json: 475 blob, such as 1 bytes and 23 bytes");
    db.application().execute("DELETE FROM t WHERE id % 4 = 1", []).unwrap();
    let totals = purge_all(store.as_mut(), 999).unwrap();
    assert_eq!((totals.settled.deleted, totals.counts.unreadable), (2_500, 1_250));
    db.application().execute_batch("UPDATE t SET data = '2026-01-01 00:00:00'").unwrap();
    let mut plain = in_json("$.a.end");
    plain.0.times[0].encoding = utc(&[0]);
    assert!(refused(purge_all(db.store(plain.0).as_mut(), 999)).contains("bytes"));
}

#[test]
fn conditions_do_not_hold_for_invalid_json() {
    let among = || Predicate::Among(vec![sessctl::domain::profile::SqlValue::Integer(1)]);
    let but = || Predicate::NotAmong(vec![sessctl::domain::profile::SqlValue::Integer(1)]);
    let tests = [
        Predicate::Null(true),
        Predicate::Null(false),
        among(),
        but(),
        Predicate::Prefix(String::new()),
    ];
    let tests = tests.into_iter().chain([Predicate::Above(0), Predicate::UpTo(0)]);
    for test in tests {
        let db = ApplicationDb::of(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, data TEXT, expiry);
             INSERT INTO t VALUES (1, '{\"a\":', 1781524700)",
        );
        let all = draft("t", "t", "id", &["id", "data", "expiry"]);
        let all = all.time("expiry", seconds()).at(0, false).input("data").path("$.a");
        let mut store = db.store(all.when(1, test.clone()).0);
        let totals = purge_all(store.as_mut(), 9).unwrap();
        let is_asked = matches!(test, Predicate::Above(_) | Predicate::UpTo(_));
        assert_eq!((totals.settled.deleted, totals.sessions), (0, 1), "{test:?}");
        assert_eq!(totals.counts.unreadable, u64::from(is_asked), "{test:?}");
    }
}

#[test]
fn a_path_that_leads_nowhere_is_refused() {
    let wrong = || in_json("$.cookie.expire").0;
    let rows = "'{\"cookie\":{\"expires\":1781524900}}'";
    let db = db("data", rows);
    insta::assert_snapshot!(refused(purge_all(db.store(wrong()).as_mut(), 999)), @"refused: no row of t has a value at $.cookie.expire in data, and profile json treats sessions without it as expired: check the path");
    assert_eq!(db.column("t", "id").len(), 5_000);
    let found = diagnose(db.path(), &wrong(), NOW).unwrap();
    assert_eq!(found.refusals.len(), 1);
    // One of them is enough, even with nothing there.
    let one = "UPDATE t SET data = '{\"cookie\":{\"expire\":null}}' WHERE id = 1";
    db.application().execute(one, []).unwrap();
    assert_eq!(purge_all(db.store(wrong()).as_mut(), 999).unwrap().settled.deleted, 5_000);
    assert_eq!(purge_all(db.store(wrong()).as_mut(), 999).unwrap().settled.deleted, 0);
}

#[test]
fn the_unreadable_value_of_a_row_is_named() {
    let lasting = |unit| Length::Input { input: 2, unit, never: Vec::new() };
    let profile = || {
        draft("t", "t", "id", &["id", "a", "b", "long", "kind"])
            .time("a", seconds())
            .time("b", seconds())
            .input("long")
            .input("kind")
            .at(0, false)
            .when(3, Predicate::Above(5))
            .rule(RuleKind::After(1, lasting(Unit::Seconds)), false)
            .0
    };
    for (row, input) in [
        // The first rule does not apply: what is odd in its time is no matter.
        ("'x', 'y', 60, 1", "b \"y\""),
        ("'x', 'y', 60, 9", "a \"x\""),
        ("'x', 'y', 60, 'k'", "kind \"k\""),
        ("'x', 1781524700, 'z', 1", "long \"z\""),
        ("'x', NULL, 'z', 1", "b NULL"),
        ("1781524700, 1781524700, NULL, 9", "long NULL"),
    ] {
        let db = ApplicationDb::of(&format!(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, a, b, long, kind);
             INSERT INTO t VALUES (1, {row})"
        ));
        let store = db.store(profile());
        let reach = ScanLimits { due: usize::MAX, ..few(9) };
        let survey = store.scan_due(&all_tasks(), None, reach).unwrap();
        let value = survey.unreadable_value.unwrap();
        assert_eq!(format!("{} {}", value.input, value.value), input, "{row}");
    }
}
