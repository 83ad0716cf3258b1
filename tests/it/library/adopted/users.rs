//! The sessions of a user, with an index and without.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use proptest::collection::vec;
use proptest::prelude::*;
use sessctl::app::{ListRequest, SessionService};
use sessctl::domain::filter::Filter;
use sessctl::domain::policy::Policies;
use sessctl::domain::profile::Profile;
use sessctl::domain::session::Session;
use sessctl::storage::{Backend, GroupBy, Order, ScanResult, SessionQuery, SortKey, UserStats};

use crate::support::NOW;
use crate::support::adopted::{ApplicationDb, all_sessions, all_tasks};
use crate::support::profiles::{django, draft, rails, seconds};
use crate::support::sqlite_values::{Any, any_value};

fn of(user: &str) -> Filter {
    Filter { users: vec![user.to_owned()], ..Filter::default() }
}

/// Returns the handles of the sessions that pass a filter, and the result of the scan.
fn shown(store: &dyn Backend, filter: &Filter, by: SortKey) -> (Vec<String>, ScanResult) {
    let order = Order { by, reverse: false };
    let query = SessionQuery { scope: all_tasks(), filter, due_only: false, after: None, order };
    let mut handles = Vec::new();
    let visit = &mut |session: Session| {
        handles.push(session.handle);
        Ok(ControlFlow::Continue(()))
    };
    let scanned = store.scan(&query, visit).unwrap();
    (handles, scanned)
}

fn profile() -> Profile {
    let columns = ["id", "expiry", "who"];
    draft("t", "t", "id", &columns).time("expiry", seconds()).at(0, false).user("who").0
}

/// Makes the table of these users, with what its column declares and what comes after it.
fn table(users: &[Any], column: &str, after: &str) -> ApplicationDb {
    let db =
        ApplicationDb::of(&format!("CREATE TABLE t (id INTEGER, expiry INTEGER, who {column})"));
    let application = db.application();
    application.execute_batch(&format!("BEGIN; {after}")).unwrap();
    for (id, user) in (0_i64..).zip(users) {
        let insert = "INSERT OR IGNORE INTO t VALUES (?1, 1781530000, ?2)";
        application.execute(insert, (id, user)).unwrap();
    }
    application.execute_batch("COMMIT").unwrap();
    db
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn an_index_finds_the_rows_that_are_found_without_it(
        users in vec(any_value(), 1..40),
        kind in prop::sample::select(vec!["", "TEXT", "INTEGER", "NUMERIC", "REAL", "BLOB"]),
        collation in prop::sample::select(vec!["BINARY", "NOCASE", "RTRIM"]),
    ) {
        let column = format!("{kind} COLLATE {collation}");
        let plain = table(&users, &column, "");
        let store = plain.store(profile());
        let sessions = all_sessions(store.as_ref());
        let names = sessions.iter().filter_map(|session| session.user.clone());
        let others = ["7", "-0", "inf", "1e1", "a", "", "9007199254740992"].map(str::to_owned);
        let names: BTreeSet<String> = names.chain(others).collect();
        let after = [
            "CREATE INDEX i ON t (who)",
            "CREATE INDEX i ON t (who COLLATE NOCASE DESC, id)",
            "CREATE INDEX i ON t (who) WHERE who > 3",
        ];
        for after in after {
            let indexed = table(&users, &column, after);
            let other = indexed.store(profile());
            for name in &names {
                let is_theirs = |session: &&Session| session.user.as_ref() == Some(name);
                let theirs = sessions.iter().filter(is_theirs);
                let theirs: Vec<_> = theirs.map(|session| session.handle.clone()).collect();
                for store in [&store, &other] {
                    let (found, _) = shown(store.as_ref(), &of(name), SortKey::Handle);
                    prop_assert_eq!(&found, &theirs, "{} {} {}", name, column, after);
                }
            }
        }
    }
}

#[test]
fn a_collation_of_the_application_does_not_stand_in_the_way() {
    let users = [Any::Text(b"a".to_vec()), Any::Integer(7)];
    let db = table(&users, "COLLATE NOCASE", "CREATE INDEX i ON t (who)");
    db.application()
        .execute_batch(
            "PRAGMA writable_schema = ON;
             UPDATE sqlite_schema SET sql = replace(sql, 'NOCASE', 'theirs')",
        )
        .unwrap();
    let store = db.store(profile());
    assert_eq!(shown(store.as_ref(), &of("7"), SortKey::Handle).0.len(), 1);
    assert_eq!(shown(store.as_ref(), &of("a"), SortKey::User).0.len(), 1);
}

const DJANGO: &str = "CREATE TABLE django_session (session_key TEXT PRIMARY KEY,
    session_data TEXT, expire_date TEXT);
    INSERT INTO django_session VALUES
    ('of 3', 'eyJfYXV0aF91c2VyX2lkIjoiMyJ9:t:s', '2027-01-01 00:00:00'),
    ('of 4', 'eyJfYXV0aF91c2VyX2lkIjo0fQ:t:s', '2027-01-01 00:00:00'),
    ('nobody''s', 'e30:t:s', '2027-01-01 00:00:00'),
    ('pickled', 'gAR9lC4:t:s', '2027-01-01 00:00:00'),
    ('garbled', CAST(x'ff' AS TEXT), '2027-01-01 00:00:00'),
    ('bytes', x'00', '2027-01-01 00:00:00'),
    ('empty', '', '2027-01-01 00:00:00'),
    ('none', NULL, '2027-01-01 00:00:00'),
    ('pickled and over', 'gAR9lC4:t:s', '2026-01-01 00:00:00')";

#[test]
fn sessions_whose_user_cannot_be_read_are_counted_where_a_user_is_asked_for() {
    let db = ApplicationDb::of(DJANGO);
    let store = db.store(django());
    let count = |filter: &Filter, by| {
        let (handles, scanned) = shown(store.as_ref(), filter, by);
        (handles.len(), scanned.unreadable_users)
    };
    for by in [SortKey::Handle, SortKey::Expires] {
        assert_eq!(count(&Filter::default(), by), (9, 0));
        assert_eq!(count(&of("3"), by), (1, 4));
        assert_eq!(count(&of("5"), by), (0, 4));
        let live = vec![sessctl::domain::session::SessionState::Active];
        assert_eq!(count(&Filter { states: live, ..of("4") }, by), (1, 3));
        let client = Some("10.0.0.1".parse().unwrap());
        assert_eq!(count(&Filter { client, ..of("3") }, by), (0, 0));
    }
    let sessions = all_sessions(store.as_ref());
    assert_eq!(sessions.iter().filter(|session| session.is_user_unreadable).count(), 4);
    let unreadable = Filter { user_unreadable: true, ..Filter::default() };
    assert_eq!(count(&unreadable, SortKey::Handle), (4, 0));
    let mut loads = Vec::new();
    let visit = &mut |load: UserStats| {
        loads.push((load.user, load.unreadable_users, load.states[0]));
        Ok(ControlFlow::Continue(()))
    };
    store.user_stats(&all_tasks(), GroupBy::TaskAndUser, visit).unwrap();
    let user = |user: &str| Some(user.to_owned());
    assert_eq!(loads, [(None, 3, 6), (user("3"), 0, 1), (user("4"), 0, 1)]);
}

#[test]
fn invalid_json_has_no_readable_user() {
    let db = ApplicationDb::of(
        r#"CREATE TABLE t (id, expiry, who);
        INSERT INTO t VALUES (1, 1781530000, '{"user": {"id": 3}}'), (2, 1781530000, '{"user": 4}'),
        (3, 1781530000, '{"user": {"id": NaN}}'), (4, 1781530000, ''), (5, 1781530000, NULL),
        (6, 1781530000, x'ff'), (7, 1781530000, '{}'), (8, 1781530000, x'')"#,
    );
    let mut profile = profile();
    profile.user.as_mut().unwrap().paths = vec!["$.user.id".to_owned()];
    let store = db.store(profile);
    let (found, scanned) = shown(store.as_ref(), &of("3"), SortKey::Handle);
    assert_eq!((found.len(), scanned.unreadable_users), (1, 2));
    // The bytes that stand for it are no user.
    assert_eq!(shown(store.as_ref(), &of("00"), SortKey::Handle).0.len(), 0);
}

#[test]
fn a_profile_that_names_no_users_does_not_let_one_be_chosen() {
    let db = ApplicationDb::of(include_str!("../../../fixtures/frameworks/rails.sql"));
    let service = SessionService::new(db.store(rails()), Policies::default());
    let request = ListRequest { filter: of("3"), ..ListRequest::default() };
    let outcome = service.list(&request, NOW, &mut |_| Ok(ControlFlow::Continue(())));
    insta::assert_snapshot!(outcome.unwrap_err(), @r#"the table "sessions" has no user of a session; it has: creation time, last use, expiry"#);
}
