//! Findings about the table: profile, expired and unreadable rows, indexes and triggers.

use super::{
    DJANGO, NAMED, STATE, application, apply, fact, finding, findings, is_solved, page, sessions,
};

#[test]
fn a_profile_in_doubt_is_found_and_the_command_names_it() {
    let sandbox = application(&(DJANGO.to_owned() + &sessions(1, 2)));
    let found = finding(&sandbox, &STATE, "profile_doubt");
    assert_eq!(found["fix"], "sessctl --state-dir state --profile django purge --dry-run");
    apply(&sandbox, &found).succeeds();
    assert_eq!(fact(&sandbox, &STATE, "profile_source"), "detected, in doubt");
    assert_eq!(findings(&sandbox, &NAMED), Vec::<String>::new());
    assert_eq!(fact(&sandbox, &NAMED, "profile_source"), "named by --profile");
}

#[test]
fn a_backlog_is_found() {
    let sandbox = application(&(DJANGO.to_owned() + &sessions(999, 1_000)));
    assert_eq!(findings(&sandbox, &NAMED), Vec::<String>::new());
    let sandbox = application(&(DJANGO.to_owned() + &sessions(1_000, 2_000)));
    insta::assert_snapshot!(is_solved(&sandbox, &NAMED, "backlog"), @r"
    1,000 of 2,000 sessions have expired (50 %)
    the table is larger than it needs to be, and each query on it slower
    sessctl --profile django --state-dir state purge
    ");
}

#[test]
fn rows_whose_times_cannot_be_read_are_found() {
    let rows = sessions(0, 9) + "INSERT INTO django_session VALUES ('bad', '', 'tomorrow')";
    let sandbox = application(&(DJANGO.to_owned() + &rows));
    let found = finding(&sandbox, &NAMED, "unreadable_rows");
    let shown = apply(&sandbox, &found).succeeds().stdout();
    assert!(shown.contains("tomorrow"), "{shown}");
    sandbox.db().execute_batch("DELETE FROM django_session WHERE session_key = 'bad'").unwrap();
    assert_eq!(findings(&sandbox, &NAMED), Vec::<String>::new());
}

#[test]
fn a_missing_index_for_the_purge_of_a_large_table_is_found() {
    let drop = "DROP INDEX django_session_expire_date_a5c62663;";
    let sandbox = application(&(DJANGO.to_owned() + drop + &sessions(0, 9_999)));
    assert_eq!(findings(&sandbox, &NAMED), Vec::<String>::new());
    assert_eq!(fact(&sandbox, &NAMED, "expiry_index"), "none on expire_date");
    let one = "INSERT INTO django_session VALUES ('one', '', '2999-01-01 00:00:00')";
    sandbox.db().execute_batch(one).unwrap();
    insta::assert_snapshot!(is_solved(&sandbox, &NAMED, "expiry_index"), @r#"
    no index on expire_date serves the purge
    each purge reads all 10,000 rows to find those that have expired; with the index, it reads only these
    sqlite3 app.db 'CREATE INDEX "django_session_expire_date" ON "django_session" ("expire_date");'
    "#);
    assert_eq!(fact(&sandbox, &NAMED, "expiry_index"), "django_session_expire_date");
}

#[test]
fn a_large_dependent_table_without_an_index_is_found() {
    let child = "CREATE TABLE basket (number INTEGER PRIMARY KEY,
            session REFERENCES django_session ON DELETE CASCADE);
        INSERT INTO basket (session) SELECT session_key FROM django_session;";
    let sandbox = application(&(DJANGO.to_owned() + &sessions(0, 999) + child));
    assert_eq!(findings(&sandbox, &NAMED), Vec::<String>::new());
    assert_eq!(fact(&sandbox, &NAMED, "unindexed_dependents"), "basket (session)");
    let one = "INSERT INTO basket (session) SELECT session_key FROM django_session LIMIT 1";
    sandbox.db().execute_batch(one).unwrap();
    insta::assert_snapshot!(is_solved(&sandbox, &NAMED, "unindexed_dependents"), @r#"
    basket has no index on session
    each deletion of a session reads all of basket
    sqlite3 app.db 'CREATE INDEX "basket_session" ON "basket" ("session");'
    "#);
}

#[test]
fn a_trigger_that_rejects_deletions_is_found() {
    let trigger = "CREATE TRIGGER keep BEFORE DELETE ON django_session
        BEGIN SELECT RAISE(ABORT, 'no'); END;";
    let sandbox = application(&(DJANGO.to_owned() + &sessions(1, 2) + trigger));
    let found = finding(&sandbox, &NAMED, "purge_refused");
    assert_eq!(fact(&sandbox, &NAMED, "triggers"), "keep");
    let shown = apply(&sandbox, &found).exits(4).stdout();
    assert!(shown.contains("the trigger keep rejects every deletion"), "{shown}");
    sandbox.db().execute_batch("DROP TRIGGER keep").unwrap();
    assert_eq!(findings(&sandbox, &NAMED), Vec::<String>::new());
}

#[test]
fn a_trigger_on_the_native_table_is_found() {
    let sandbox = super::purged();
    let trigger = "CREATE TRIGGER more AFTER UPDATE ON sessions
        BEGIN DELETE FROM sessions WHERE id = 'x'; END";
    sandbox.db().execute_batch(trigger).unwrap();
    let found = finding(&sandbox, &[], "purge_refused");
    assert!(found["what"].as_str().unwrap().contains("the trigger more"), "{found}");
    assert_eq!(found["fix"], "sqlite3 app.db '.schema sessions'");
    sandbox.db().execute_batch("DROP TRIGGER more").unwrap();
    assert_eq!(findings(&sandbox, &[]), Vec::<String>::new());
}

#[test]
fn text_of_the_database_cannot_act_on_the_terminal() {
    let trigger = "CREATE TRIGGER \"a\u{1b}[31m\nb\" AFTER DELETE ON django_session
        BEGIN SELECT 1; END;";
    let sandbox = application(&(DJANGO.to_owned() + &sessions(1, 2) + trigger));
    let page = page(&sandbox, &NAMED).concat();
    assert!(page.contains("a\\u{1b}[31m\\nb") && !page.contains('\u{1b}'), "{page}");
}
