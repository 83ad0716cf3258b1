//! Detection of the profile that fits the table of a file.

use sessctl::domain::error::Error;
use sessctl::domain::profile::Profile;
use sessctl::store::Access;
use sessctl::store::adopted::detect;

use crate::support::adopted::ApplicationDb;
use crate::support::profiles::{all, django, draft, laravel, seconds};

fn said(db: &ApplicationDb, profiles: Vec<Profile>) -> String {
    let error = detect(db.path(), Access::Read, profiles.as_slice(), None).unwrap_err();
    assert!(
        matches!(error, Error::ForeignDatabase { .. } | Error::AmbiguousTable { .. }),
        "{error}"
    );
    error.to_string().replace(&db.path().display().to_string(), "DB")
}

fn known() -> Vec<Profile> {
    all().into_iter().map(|(profile, ..)| profile).collect()
}

#[test]
fn a_file_without_such_a_table_is_described() {
    let db = ApplicationDb::of("CREATE TABLE users (id); CREATE TABLE orders (id)");
    insta::assert_snapshot!(said(&db, known()), @r#""DB" is not a sessctl database: it contains the tables orders, users, none of which is a session table that sessctl recognizes"#);
    let db = ApplicationDb::of("");
    insta::assert_snapshot!(said(&db, known()), @r#""DB" is not a sessctl database: the file is empty"#);
    let columns = "id, user_id, ip_address, user_agent, last_activity, data";
    let db = ApplicationDb::of(&format!("CREATE TABLE sessions ({columns})"));
    insta::assert_snapshot!(said(&db, known()), @r#""DB" is not a sessctl database: it contains the table sessions, which is not a session table that sessctl recognizes; sessions is most similar to Laravel: it lacks payload; its other columns are data"#);
}

#[test]
fn a_file_with_several_leaves_a_choice() {
    let django_too = include_str!("../../../fixtures/frameworks/django.sql");
    let db = ApplicationDb::of(&format!(
        "{}{django_too}",
        include_str!("../../../fixtures/frameworks/laravel.sql")
    ));
    insta::assert_snapshot!(said(&db, known()), @r#"cannot tell which table in "DB" holds the sessions: django_session: django, sessions: laravel"#);
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
    insta::assert_snapshot!(said(&db, known()), @r#""DB" is not a sessctl database: 1 of 1 values of expire_date in django_session are not times in the format of profile django: 1 integer, such as 1781524800"#);
}

#[test]
fn a_profile_that_wants_to_be_named_is_only_a_hint() {
    let db = ApplicationDb::of("CREATE TABLE t (id, expiry)");
    let named =
        draft("t-local", "t", "id", &["id", "expiry"]).time("expiry", seconds()).at(0, true);
    let named = named.named().0;
    insta::assert_snapshot!(said(&db, vec![named.clone(), laravel()]), @r#""DB" is not a sessctl database: it contains the table t, which is not a session table that sessctl recognizes; t may be the framework t-local ()"#);
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
