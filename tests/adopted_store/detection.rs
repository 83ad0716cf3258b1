//! Which profile a file's table fits.

use sessctl::domain::error::Error;
use sessctl::domain::profile::Profile;
use sessctl::store::adopted::detect;

use crate::profiles::{all, django, draft, laravel, seconds};
use crate::world::World;

fn said(world: &World, profiles: Vec<Profile>) -> String {
    let error = detect(world.path(), profiles).unwrap_err();
    assert!(matches!(error, Error::NotOurs { .. } | Error::Ambiguous { .. }), "{error}");
    error.to_string().replace(&world.path().display().to_string(), "DB")
}

fn known() -> Vec<Profile> {
    all().into_iter().map(|(profile, ..)| profile).collect()
}

#[test]
fn a_file_without_such_a_table_is_described() {
    let world = World::of("CREATE TABLE users (id); CREATE TABLE orders (id)");
    insta::assert_snapshot!(said(&world, known()), @"DB is no database of sessctl: it holds the tables orders, users; none is a table of sessions that sessctl knows (`sessctl show profiles` lists them)");
    let world = World::of("");
    insta::assert_snapshot!(said(&world, known()), @"DB is no database of sessctl: the file is empty; `sessctl init` makes a database of it");
    let columns = "id, user_id, ip_address, user_agent, last_activity, data";
    let world = World::of(&format!("CREATE TABLE sessions ({columns})"));
    insta::assert_snapshot!(said(&world, known()), @"DB is no database of sessctl: it holds the table sessions; none is a table of sessions that sessctl knows (`sessctl show profiles` lists them); sessions is nearest to Laravel: it lacks payload; it has data besides");
}

#[test]
fn a_file_with_several_leaves_a_choice() {
    let django_too = include_str!("../adopted/fixtures/django.sql");
    let world =
        World::of(&format!("{}{django_too}", include_str!("../adopted/fixtures/laravel.sql")));
    insta::assert_snapshot!(said(&world, known()), @"DB leaves a choice: django_session: django, sessions: laravel; choose one with --profile");
}

#[test]
fn a_table_without_rows_fits_by_its_columns() {
    let world = World::of("CREATE TABLE django_session (session_key, session_data, expire_date)");
    assert_eq!(detect(world.path(), known()).unwrap(), django());
}

#[test]
fn values_of_another_form_do_not_fit() {
    let world = World::of(
        "CREATE TABLE django_session (session_key, session_data, expire_date);
         INSERT INTO django_session VALUES ('a', '', 1781524800)",
    );
    insta::assert_snapshot!(said(&world, known()), @"DB is no database of sessctl: it holds the table django_session; none is a table of sessions that sessctl knows (`sessctl show profiles` lists them); 1 of 1 values of expire_date in django_session are no times as profile django has them: 1 integer, such as 1781524800; `sessctl profile check django` shows what is there");
}

#[test]
fn a_profile_that_wants_to_be_named_is_only_a_hint() {
    let world = World::of("CREATE TABLE t (id, expiry)");
    let named =
        draft("t-local", "t", "id", &["id", "expiry"]).time("expiry", seconds()).at(0, true);
    let named = named.named().0;
    insta::assert_snapshot!(said(&world, vec![named.clone(), laravel()]), @"DB is no database of sessctl: it holds the table t; none is a table of sessions that sessctl knows (`sessctl show profiles` lists them); t may be the framework t-local (): --profile t-local");
    let found = draft("t", "t", "id", &["id", "expiry"]).time("expiry", seconds()).at(0, true).0;
    assert_eq!(detect(world.path(), vec![named, found.clone()]).unwrap(), found);
}

/// Signed at 2025-06-15T15:06:40Z, for the two weeks that are Django's default.
#[test]
fn times_that_are_rather_local_than_utc_leave_a_choice() {
    let of = |over: &str| {
        World::of(&format!(
            "CREATE TABLE django_session (session_key, session_data, expire_date);
             INSERT INTO django_session VALUES ('a', 'e30:1uQowS:s', '{over}'), ('b', '', '{over}');
             INSERT INTO django_session SELECT 'c' || column1, 'e30:1uQowS:s', '{over}'
             FROM (VALUES (1), (2), (3), (4)) "
        ))
    };
    let utc = of("2025-06-29 15:06:40.116000");
    assert_eq!(detect(utc.path(), known()).unwrap(), django());
    let new_york = of("2025-06-29 11:06:40.116000");
    insta::assert_snapshot!(said(&new_york, known()), @"DB leaves a choice: django_session is a table of Django, but its times are rather local ones than UTC; if they are UTC, say so with --profile django");
}
