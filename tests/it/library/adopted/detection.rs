//! Detection of the profile that fits the table of a file.

use sessctl::domain::error::Error;
use sessctl::domain::profile::Profile;
use sessctl::store::Access;
use sessctl::store::adopted::{detect, locate};

use crate::support::adopted::ApplicationDb;
use crate::support::fixtures::built_in_profiles;
use crate::support::profiles::{django, draft, laravel, seconds, utc};

fn said(db: &ApplicationDb, profiles: &[Profile]) -> String {
    let error = detect(db.path(), Access::Read, profiles, None).unwrap_err();
    assert!(
        matches!(
            error,
            Error::ForeignDatabase { .. }
                | Error::AmbiguousTable { .. }
                | Error::AmbiguousProfile { .. }
        ),
        "{error}"
    );
    error.to_string().replace(&db.path().display().to_string(), "DB")
}

fn known() -> Vec<Profile> {
    built_in_profiles()
}

#[test]
fn a_file_without_such_a_table_is_described() {
    let db = ApplicationDb::of("CREATE TABLE users (id); CREATE TABLE orders (id)");
    insta::assert_snapshot!(said(&db, &known()), @r#""DB" cannot be used: it contains the tables orders, users, none of which is a session table that sessctl recognizes"#);
    let db = ApplicationDb::of("");
    insta::assert_snapshot!(said(&db, &known()), @r#""DB" cannot be used: the file is empty"#);
    let columns = "id, user_id, ip_address, user_agent, last_activity, data";
    let db = ApplicationDb::of(&format!("CREATE TABLE sessions ({columns})"));
    insta::assert_snapshot!(said(&db, &known()), @r#""DB" cannot be used: it contains the table sessions, which is not a session table that sessctl recognizes; sessions is most similar to Laravel: it lacks payload; its other columns are data"#);
}

#[test]
fn a_file_with_several_leaves_a_choice() {
    let django_too = include_str!("../../../fixtures/frameworks/django.sql");
    let db = ApplicationDb::of(&format!(
        "{}{django_too}",
        include_str!("../../../fixtures/frameworks/laravel.sql")
    ));
    insta::assert_snapshot!(said(&db, &known()), @r#"cannot tell which table in "DB" holds the sessions: django_session: django, sessions: laravel"#);
}

#[test]
fn a_table_without_rows_fits_by_its_columns() {
    let db =
        ApplicationDb::of("CREATE TABLE django_session (session_key, session_data, expire_date)");
    assert_eq!(detect(db.path(), Access::Read, known().as_slice(), None).unwrap(), django());
}

#[test]
fn values_of_another_form_do_not_fit() {
    let db = ApplicationDb::of(
        "CREATE TABLE django_session (session_key, session_data, expire_date);
         INSERT INTO django_session VALUES ('a', '', 1781524800)",
    );
    insta::assert_snapshot!(said(&db, &known()), @r#""DB" cannot be used: 1 of 1 values of expire_date in django_session are not times in the format of profile django: 1 integer, such as 1781524800"#);
}

fn found(db: &ApplicationDb, profiles: &[Profile]) -> (String, String) {
    let found = detect(db.path(), Access::Read, profiles, None).unwrap();
    (found.name, found.table)
}

/// A profile of a table `sessions` with an id and a time, which has these columns.
fn like(name: &str, columns: &[&str]) -> Profile {
    draft(name, "sessions", "id", columns).time("seen_on", seconds()).at(0, true).0
}

#[test]
fn the_profile_that_requires_most_columns_fits() {
    let profiles = [
        like("small", &["id", "seen_on"]),
        like("large", &["id", "seen_on", "agent"]),
        like("other", &["id", "seen_on", "device"]),
    ];
    let db = ApplicationDb::of("CREATE TABLE sessions (id PRIMARY KEY, seen_on, agent, x)");
    assert_eq!(found(&db, &profiles).0, "large");
    // Whatever the values are
    db.application().execute_batch("INSERT INTO sessions VALUES (1, 'x', '', '')").unwrap();
    assert!(said(&db, &profiles).contains("in the format of profile large"));
    let db = ApplicationDb::of("CREATE TABLE sessions (id PRIMARY KEY, seen_on, agent, device)");
    insta::assert_snapshot!(said(&db, &profiles), @r#"cannot tell whose table sessions in "DB" is: profile large is for the framework large (); profile other is for the framework other ()"#);
}

#[test]
fn values_and_declared_types_tell_profiles_apart() {
    let text = draft("text", "sessions", "id", &["id", "seen_on"])
        .time("seen_on", utc(&[0]))
        .at(0, true)
        .0;
    let profiles = [text, like("number", &["id", "seen_on"])];
    for (declared, value, name) in [
        ("INTEGER", "NULL", "number"),
        ("datetime", "NULL", "text"),
        ("", "1781524800", "number"),
        ("", "'2026-06-15 12:00:00'", "text"),
    ] {
        let db = ApplicationDb::of(&format!(
            "CREATE TABLE sessions (id TEXT PRIMARY KEY, seen_on {declared});
             INSERT INTO sessions SELECT 'a', {value} WHERE {value} IS NOT NULL"
        ));
        assert_eq!(found(&db, &profiles).0, name, "{declared} {value}");
    }
}

#[test]
fn another_name_needs_evidence() {
    let distinctive = like("d", &["id", "seen_on"]);
    let generic =
        draft("g", "sessions", "id", &["id", "expiry"]).time("expiry", seconds()).at(0, true).0;
    let is_found = |name: &str, column: &str, rows: &str| {
        let db = ApplicationDb::of(&format!("CREATE TABLE {name} (id, {column}, x)"));
        db.application().execute_batch(rows).unwrap();
        let profiles = [distinctive.clone(), generic.clone()];
        detect(db.path(), Access::Read, profiles.as_slice(), None).is_ok()
    };
    let insert = |name: &str, rows: &str| format!("INSERT INTO {name} VALUES {rows}");
    let good = "(1, 1781524800, 0), (2, 1781524801, 0)";
    for (name, column, rows, expected) in [
        ("sessions", "expiry", good, true),
        ("app_session", "expiry", good, true),
        ("UserSessions", "expiry", good, true),
        // The columns alone say nothing
        ("coupons", "expiry", good, false),
        ("visits", "seen_on", good, true),
        // Some value must be a time, and of an unrelated name all of them
        ("app_sessions", "seen_on", "(1, NULL, 0)", false),
        ("app_sessions", "seen_on", "(1, 1781524800, 0), (2, 1781524800, 0), (3, 4, 0)", true),
        ("visits", "seen_on", "(1, 1781524800, 0), (2, 1781524800, 0), (3, 4, 0)", false),
        // Each id identifies a session
        ("session_events", "seen_on", "(1, 1781524800, 0), (1, 1781524801, 0)", false),
        // A copy is not in use
        ("sessions_old", "seen_on", good, false),
        ("sessions_backup", "expiry", good, false),
    ] {
        assert_eq!(is_found(name, column, &insert(name, rows)), expected, "{name} {rows}");
    }
    assert!(is_found("visits", "seen_on", ""));
    assert!(!is_found("coupons", "expiry", ""));
}

#[test]
fn the_own_name_comes_first_and_among_others_rows() {
    let profile = [like("d", &["id", "seen_on"])];
    let tables = |names: &[&str]| {
        let create = |name: &&str| format!("CREATE TABLE {name} (id PRIMARY KEY, seen_on);");
        ApplicationDb::of(&names.iter().map(create).collect::<String>())
    };
    assert_eq!(found(&tables(&["app_sessions", "Sessions"]), &profile).1, "Sessions");
    let db = tables(&["a_sessions", "b_sessions"]);
    insta::assert_snapshot!(said(&db, &profile), @r#"cannot tell which table in "DB" holds the sessions: a_sessions: d, b_sessions: d"#);
    db.application().execute_batch("INSERT INTO b_sessions VALUES (1, 1781524800)").unwrap();
    assert_eq!(found(&db, &profile).1, "b_sessions");
    assert_eq!(
        detect(db.path(), Access::Read, profile.as_slice(), Some("A_sessions")).unwrap().table,
        "a_sessions"
    );
}

#[test]
fn a_table_that_is_named_must_exist() {
    let db = ApplicationDb::of("CREATE TABLE users (id); CREATE TABLE app_sessions (id, x)");
    let error = detect(db.path(), Access::Read, known().as_slice(), Some("sesions")).unwrap_err();
    let said = error.to_string().replace(&db.path().display().to_string(), "DB");
    insta::assert_snapshot!(said, @r#""DB" cannot be used: it has no table sesions; it has app_sessions, users"#);
}

#[test]
fn a_named_profile_finds_its_table_under_another_name() {
    let profile = like("d", &["id", "seen_on"]);
    let db = ApplicationDb::of("CREATE TABLE app_sessions (id PRIMARY KEY, seen_on)");
    let found = locate(db.path(), Access::Read, &profile).unwrap();
    assert_eq!(found, Profile { table: "app_sessions".to_owned(), ..profile });
}

#[test]
fn a_profile_that_wants_to_be_named_is_only_a_hint() {
    let db = ApplicationDb::of("CREATE TABLE t (id, expiry)");
    let named =
        draft("t-local", "t", "id", &["id", "expiry"]).time("expiry", seconds()).at(0, true);
    let named = named.named().0;
    insta::assert_snapshot!(said(&db, &[named.clone(), laravel()]), @r#""DB" cannot be used: it contains the table t, which is not a session table that sessctl recognizes; t may be the framework t-local ()"#);
    let found = draft("t", "t", "id", &["id", "expiry"]).time("expiry", seconds()).at(0, true).0;
    assert_eq!(
        detect(db.path(), Access::Read, [named, found.clone()].as_slice(), None).unwrap(),
        found
    );
}

/// Signed at 2025-06-15T15:06:40Z, and over at these times.
fn signed(over: &[&str]) -> ApplicationDb {
    let rows = over.iter().enumerate();
    let row = |(key, over): (usize, &&str)| format!("('k{key}', 'e30:1uQowS:s', '{over}')");
    ApplicationDb::of(&format!(
        "CREATE TABLE django_session (session_key, session_data, expire_date);
         INSERT INTO django_session VALUES {}",
        rows.map(row).collect::<Vec<_>>().join(", ")
    ))
}

fn doubt_of(db: &ApplicationDb) -> Option<String> {
    let found = detect(db.path(), Access::Write, known().as_slice(), None).unwrap();
    let doubt = found.doubt.clone();
    assert_eq!(Profile { doubt: None, ..found }, django());
    doubt.map(|doubt| doubt.finding)
}

const TWO_WEEKS_LATER: &str = "2025-06-29 15:06:40.116000";
const EIGHT_HOURS_LATER: &str = "2025-06-15 23:06:41.116000";

#[test]
fn two_weeks_to_the_second_prove_that_django_is_in_utc() {
    assert_eq!(doubt_of(&signed(&[TWO_WEEKS_LATER])), None);
    assert_eq!(doubt_of(&signed(&[EIGHT_HOURS_LATER, TWO_WEEKS_LATER, EIGHT_HOURS_LATER])), None);
}

#[test]
fn an_empty_table_of_django_asks_nothing() {
    let db =
        ApplicationDb::of("CREATE TABLE django_session (session_key, session_data, expire_date)");
    assert_eq!(doubt_of(&db), None);
}

#[test]
fn other_lifetimes_and_payloads_prove_nothing() {
    let finding = doubt_of(&signed(&[EIGHT_HOURS_LATER; 30])).unwrap();
    insta::assert_snapshot!(finding, @"the rows of django_session do not show whether expire_date is in UTC (USE_TZ = True) or in the local time of TIME_ZONE (USE_TZ = False)");
    for payload in ["''", "'e30'", "NULL", "x'e30a'", "'aGFzaDp7fQ=='", "'e30:1uQowS'"] {
        let db = ApplicationDb::of(&format!(
            "CREATE TABLE django_session (session_key, session_data, expire_date);
             INSERT INTO django_session VALUES ('a', {payload}, '{TWO_WEEKS_LATER}')"
        ));
        assert_eq!(doubt_of(&db).as_ref(), Some(&finding), "{payload}");
    }
}

#[test]
fn two_weeks_plus_an_offset_are_evidence_against_utc() {
    let new_york = "2025-06-29 11:06:40.116000";
    insta::assert_snapshot!(doubt_of(&signed(&[new_york])).unwrap(), @"judging by sessions that last two weeks, expire_date in django_session is 4 hours behind UTC: it looks like the local time of TIME_ZONE (USE_TZ = False)");
    insta::assert_snapshot!(doubt_of(&signed(&["2025-06-29 20:36:41"])).unwrap(), @"judging by sessions that last two weeks, expire_date in django_session is 5:30 hours ahead of UTC: it looks like the local time of TIME_ZONE (USE_TZ = False)");
    insta::assert_snapshot!(doubt_of(&signed(&["2025-06-29 16:06:40"])).unwrap(), @"judging by sessions that last two weeks, expire_date in django_session is 1 hour ahead of UTC: it looks like the local time of TIME_ZONE (USE_TZ = False)");
    insta::assert_snapshot!(doubt_of(&signed(&[new_york, TWO_WEEKS_LATER])).unwrap(), @"judging by sessions that last two weeks, expire_date in django_session is at several offsets from UTC: it looks like the local time of TIME_ZONE (USE_TZ = False)");
}

#[test]
fn one_row_inside_a_large_table_is_enough_to_ask() {
    // Given a table whose rows at both ends prove UTC
    let db = ApplicationDb::of(&format!(
        "CREATE TABLE django_session (session_key, session_data, expire_date);
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
         INSERT INTO django_session SELECT i, 'e30:1uQowS:s',
         iif(i BETWEEN 9000 AND 11000, '2025-06-29 11:06:40', '{TWO_WEEKS_LATER}') FROM n"
    ));
    assert!(doubt_of(&db).unwrap().contains("at several offsets"));
}
