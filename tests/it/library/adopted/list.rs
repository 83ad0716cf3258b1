//! Lists, single sessions and figures.

use std::ops::ControlFlow;

use sessctl::domain::filter::Filter;
use sessctl::domain::session::{Session, SessionState};
use sessctl::domain::token::{Digest, Token};
use sessctl::storage::{Backend, GroupBy, Order, SessionQuery, SortKey};

use crate::support::adopted::{ApplicationDb, all_sessions, all_tasks, list_sessions, refused};
use crate::support::profiles::{better_auth, draft, flask, laravel, rails, seconds, utc};
use crate::support::{NOW, handle};

const LARAVEL: &str = include_str!("../../../fixtures/frameworks/laravel.sql");

fn db() -> ApplicationDb {
    let db = ApplicationDb::of(LARAVEL);
    db.application()
        .execute_batch(
            "INSERT INTO sessions VALUES ('b', 7, NULL, NULL, '', 1781524000),
             ('c', 7, '', NULL, '', 1781523000), ('d', NULL, '10.0.0.1', NULL, '', 1781524100),
             ('e', NULL, '10.0.0.2', NULL, '', 'garbage')",
        )
        .unwrap();
    db
}

#[test]
fn a_row_is_mapped_to_a_session() {
    let db = ApplicationDb::of(LARAVEL);
    let store = db.store(laravel());
    let sessions = all_sessions(store.as_ref());
    let Session { handle: first, user, task, client, created_at, last_used_at, .. } = &sessions[0];
    assert_eq!(*first, handle("Q3kW1active"));
    assert_eq!((user.as_deref(), client.as_deref()), (Some("1"), Some("203.0.113.5")));
    assert_eq!(
        (task.as_str(), *created_at, last_used_at.unwrap().0),
        ("laravel", None, NOW.0 - 60)
    );
    let policy = all_tasks().policies.for_task("laravel");
    assert_eq!(policy.expires_at(&sessions[0]).unwrap().0, NOW.0 - 60 + 7_200);
    let states: Vec<SessionState> =
        sessions.iter().map(|session| policy.state(session, NOW)).collect();
    assert_eq!(states, [SessionState::Active, SessionState::Expired, SessionState::Expired]);
}

#[test]
fn filters_and_orders_are_those_of_the_domain() {
    let db = db();
    let store = db.store(laravel());
    let users = |filter: Filter, by: SortKey, reverse: bool| {
        let sessions = list_sessions(store.as_ref(), &filter, Order { by, reverse });
        sessions.iter().map(|session| session.handle.clone()).collect::<Vec<_>>()
    };
    let names = |ids: &[&str]| ids.iter().map(|id| handle(id)).collect::<Vec<_>>();
    let of = |user: &str| Filter { users: vec![user.to_owned()], ..Filter::default() };
    assert_eq!(users(of("7"), SortKey::Handle, false), names(&["b", "c"]));
    assert_eq!(users(of("7"), SortKey::Handle, true), names(&["c", "b"]));
    assert_eq!(users(of("7"), SortKey::Idle, false), names(&["c", "b"]));
    assert_eq!(users(of("07"), SortKey::Handle, false), names(&[]));
    let all = ["Q3kW1active", "Q3kW1expired", "Q3kW1guestBoundary", "b", "c", "d", "e"];
    assert_eq!(users(Filter::default(), SortKey::Handle, false), names(&all));
    assert_eq!(
        users(Filter::default(), SortKey::Expires, false),
        names(&["Q3kW1expired", "Q3kW1guestBoundary", "c", "b", "d", "Q3kW1active", "e"])
    );
    assert_eq!(
        users(Filter::default(), SortKey::User, false)[..3],
        names(&["Q3kW1guestBoundary", "d", "e"])
    );
    let expired = Filter { states: vec![SessionState::Expired], ..Filter::default() };
    assert_eq!(
        users(expired, SortKey::LastUsed, true),
        names(&["Q3kW1guestBoundary", "Q3kW1expired"])
    );
    let other = Filter { task: Some("imap".into()), ..Filter::default() };
    assert_eq!(users(other, SortKey::Handle, false), names(&[]));
}

#[test]
fn a_scan_resumes_after_a_key_and_lists_due_sessions() {
    let db = db();
    let store = db.store(laravel());
    let sessions = all_sessions(store.as_ref());
    let count = |due_only, after| {
        let filter = Filter::default();
        let (scope, order) = (all_tasks(), Order::default());
        let query = SessionQuery { scope, filter: &filter, due_only, after, order };
        let mut seen = 0;
        let visit = &mut |_| {
            seen += 1;
            Ok(ControlFlow::Continue(()))
        };
        store.scan(&query, visit).unwrap();
        seen
    };
    assert_eq!((count(false, None), count(true, None)), (7, 2));
    assert_eq!((count(false, Some(&sessions[1].key)), count(true, Some(&sessions[1].key))), (5, 1));
}

#[test]
fn sessions_are_found_by_their_handles() {
    let db = db();
    let store = db.store(laravel());
    let found = |prefix: &str| store.by_handle(prefix, 5).unwrap();
    let b = handle("b");
    assert_eq!(found(&b[..6].to_uppercase())[0].handle, b);
    assert_eq!(found(&Digest::of("b").id()).len(), 1);
    assert_eq!(found("ffffffffffff"), []);
    assert_eq!(store.by_handle("", 3).unwrap().len(), 3);
}

#[test]
fn sessions_of_one_id_have_one_handle() {
    let db = ApplicationDb::of(
        "CREATE TABLE t (id, expiry); INSERT INTO t VALUES ('a', 1781524900), ('a', 1781524901)",
    );
    let store =
        db.store(draft("t", "t", "id", &["id", "expiry"]).time("expiry", seconds()).at(0, false).0);
    for most in [1, 5] {
        let sessions = store.by_handle(&handle("a"), most).unwrap();
        let handles: Vec<String> = sessions.into_iter().map(|session| session.handle).collect();
        assert_eq!(handles, [handle("a"), handle("a")]);
    }
}

#[test]
fn sessions_are_found_by_what_their_clients_hold() {
    let tokens =
        |texts: &[&str]| texts.iter().map(|text| Token::presented(*text)).collect::<Vec<_>>();
    let found = |store: &dyn Backend, texts: &[&str]| {
        let sessions = store.by_tokens(&tokens(texts)).unwrap();
        sessions.into_iter().map(|session| session.len() == 1).collect::<Vec<_>>()
    };
    let db = ApplicationDb::of(include_str!("../../../fixtures/frameworks/flask-session.sql"));
    let store = db.store(flask());
    assert_eq!(found(store.as_ref(), &["nobody", "5e1R9R1uuTql"]), [false, true]);
    let db = ApplicationDb::of(include_str!("../../../fixtures/frameworks/rails.sql"));
    let hashed = format!("2::{}", Token::presented("secret").id());
    db.application().execute("UPDATE sessions SET session_id = ?1 WHERE id = 1", [hashed]).unwrap();
    let store = db.store(rails());
    assert_eq!(found(store.as_ref(), &["secret", "active1"]), [true, false]);
    let db = ApplicationDb::of("CREATE TABLE t (id, expiry)");
    let unreported =
        draft("t", "t", "id", &["id", "expiry"]).time("expiry", seconds()).at(0, true).0;
    let outcome = db.store(unreported).by_tokens(&tokens(&["active1"]));
    insta::assert_snapshot!(refused(outcome), @"refused: profile t does not say how to find the row of a token in t");
}

#[test]
fn statistics_count_live_expired_and_unreadable_rows() {
    let db = db();
    let store = db.store(laravel());
    let stats = store.tasks(&all_tasks()).unwrap();
    let [stat] = &stats[..] else { panic!("{stats:?}") };
    assert_eq!((stat.task.as_str(), stat.live, stat.expired), ("laravel", [5, 0, 0], 2));
    assert_eq!((stat.unreadable, stat.ended, stat.opened, stat.peak), (1, 0, 7, 7));
    assert_eq!(stat.oldest_use.unwrap().0, 1_781_523_000);
    assert!(!db.state().exists());
}

#[test]
fn the_anonymous_value_is_not_a_user() {
    let db = ApplicationDb::of(
        "CREATE TABLE t (id, uid INTEGER, expiry INTEGER); CREATE INDEX i ON t (uid);
         INSERT INTO t VALUES ('a', 0, 1781530000), ('b', 7, 1781530000), ('c', 0, 1781530000)",
    );
    let profile = draft("t", "t", "id", &["id", "uid", "expiry"]).time("expiry", seconds());
    let store = db.store(profile.at(0, false).user("uid").nobody(0).0);
    let of = |user: &str| {
        let filter = Filter { users: vec![user.to_owned()], ..Filter::default() };
        let sessions = list_sessions(store.as_ref(), &filter, Order::default());
        sessions.into_iter().map(|session| session.user).collect::<Vec<_>>()
    };
    assert_eq!(of("7"), [Some("7".to_owned())]);
    assert_eq!(of("0"), []);
    let users = all_sessions(store.as_ref()).into_iter().map(|session| session.user);
    assert_eq!(users.collect::<Vec<_>>(), [None, Some("7".to_owned()), None]);
}

#[test]
fn user_statistics_count_only_live_sessions() {
    let db = db();
    let loads = |store: &dyn Backend, by| {
        let mut loads = Vec::new();
        let visit = &mut |load: sessctl::storage::UserStats| {
            assert_eq!(load.task.is_some(), by == GroupBy::TaskAndUser);
            loads.push((load.user, load.states[0], load.oldest_use.map(|time| time.0)));
            Ok(ControlFlow::Continue(()))
        };
        store.user_stats(&all_tasks(), by, visit).unwrap();
        loads
    };
    let store = db.store(laravel());
    let (one, seven) = (Some("1".to_owned()), Some("7".to_owned()));
    assert_eq!(
        loads(store.as_ref(), GroupBy::User),
        [
            (None, 2, Some(1_781_524_100)),
            (seven.clone(), 2, Some(1_781_523_000)),
            (one.clone(), 1, Some(NOW.0 - 60)),
        ]
    );
    let tasks: Vec<_> =
        loads(store.as_ref(), GroupBy::TaskAndUser).into_iter().map(|(user, ..)| user).collect();
    assert_eq!(tasks, [None, one, seven]);
    let other = ApplicationDb::of(include_str!("../../../fixtures/frameworks/better-auth.sql"));
    let sessions = all_sessions(other.store(better_auth()).as_ref());
    assert_eq!((sessions[0].user.as_deref(), sessions[0].client.as_deref()), (Some("u1"), None));
    let nobody = ApplicationDb::of(
        "CREATE TABLE t (id, expiry); INSERT INTO t VALUES (1, '2027-01-01 00:00:00')",
    );
    let store = nobody
        .store(draft("t", "t", "id", &["id", "expiry"]).time("expiry", utc(&[0])).at(0, true).0);
    assert_eq!(loads(store.as_ref(), GroupBy::User), [(None, 1, None)]);
}
