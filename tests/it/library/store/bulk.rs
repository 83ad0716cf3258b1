//! The promises of `domain::port::Sessions` about many: sessions, keys, and programs that
//! do the same at the same time.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::thread;

use sessctl::domain::filter::Filter;
use sessctl::domain::policy::{Policies, Policy};
use sessctl::domain::session::{End, EndReason, Session, SessionKey};
use sessctl::domain::time::UnixTime;
use sessctl::storage::{Backend, EndRequest, GroupBy, Order, ScanLimits, SortKey, UserStats};

use crate::support::NOW;
use crate::support::store::{self, SessionFixture, TestDb, scope, session, suite};

suite!(tests);

/// Ends these sessions without keeping rows, concurrently with others; returns the number that this
/// call ended.
fn end_all(store: &mut dyn Backend, sessions: &[Session]) -> u64 {
    let end = End { at: NOW, reason: EndReason::Closed };
    let ending = |session: &Session| EndRequest { key: session.key.clone(), end, keep_row: false };
    let endings: Vec<EndRequest> = sessions.iter().map(ending).collect();
    let done = endings.chunks(5).flat_map(|some| store.end(some).unwrap());
    done.map(u64::from).sum()
}

macro_rules! tests {
    ($(#[$on:meta])*) => {
        #[test]
        $(#[$on])*
        fn of_many_that_end_the_same_sessions_one_ends_each_and_the_counters_add_up() {
            // Given forty sessions
            let mut db = db();
            let sessions: Vec<Session> = (0..40).map(|n| session(&n.to_string())).collect();
            db.upsert_rows(&sessions);
            // When six end all of them at the same time
            let ended: u64 = thread::scope(|scope| {
                let end = |n| {
                    let place = db.location_of(n);
                    let sessions = &sessions;
                    scope.spawn(move || end_all(store::opened(&place).as_mut(), sessions))
                };
                let threads: Vec<_> = (0..6).map(end).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).sum()
            });
            // Then each has ended once
            let stat = &db.sessions.tasks(&scope(&Policies::default())).unwrap()[0];
            assert_eq!((ended, stat.deleted, stat.ended_by[&EndReason::Closed]), (40, 40, 40));
            assert!(db.all().is_empty());
        }

        #[test]
        $(#[$on])*
        fn what_is_longer_than_a_page_is_whole_in_every_order() {
            let mut db = db();
            let user = |n: i64| Some(format!("user {}", n % 290)).filter(|_| n % 7 > 0);
            let sessions: Vec<Session> = (0..600)
                .map(|n| Session { user: user(n), ..session(&n.to_string()).idle(n % 9 * 400) })
                .collect();
            db.upsert_rows(&sessions);
            for by in SortKey::ALL {
                for reverse in [false, true] {
                    let order = Order { by: *by, reverse };
                    let filter = Filter::default();
                    let mut listed = db.listed(&Policies::default(), &filter, false, order);
                    listed.sort_by(|a, b| a.key.cmp(&b.key));
                    assert_eq!(listed, db.all(), "{by}");
                }
            }
            let users: BTreeSet<_> = sessions.iter().map(|session| session.user.clone()).collect();
            for by in [GroupBy::User, GroupBy::TaskAndUser] {
                let (mut seen, mut all) = (BTreeSet::new(), 0);
                let mut visit = |load: UserStats| {
                    all += load.sessions();
                    assert!(seen.insert(load.user), "twice");
                    Ok(ControlFlow::Continue(()))
                };
                db.sessions.user_stats(&scope(&Policies::default()), by, &mut visit).unwrap();
                assert_eq!((seen, all), (users.clone(), 600));
            }
        }

        #[test]
        $(#[$on])*
        fn many_keys_are_found_and_renewed_in_their_order_and_one_given_twice_twice() {
            let mut db = db();
            let sessions: Vec<Session> = (0..300).map(|n| session(&n.to_string()).idle(60)).collect();
            db.upsert_rows(&sessions);
            let ended = session("over").ended(5, EndReason::Closed);
            db.upsert_rows(std::slice::from_ref(&ended));
            let mut keys: Vec<SessionKey> = sessions.iter().map(|session| session.key.clone()).collect();
            keys.extend([ended.key.clone(), session("no").key, keys[7].clone()]);
            let found = db.sessions.find(&keys).unwrap();
            let mut expected: Vec<Option<Session>> = sessions.iter().cloned().map(Some).collect();
            expected.extend([Some(ended), None, Some(sessions[7].clone())]);
            assert_eq!(found, expected);
            let mut renewed = vec![true; 300];
            renewed.extend([false, false, true]);
            assert_eq!(db.sessions.session_opener().unwrap().renew(&keys, NOW).unwrap(), renewed);
            let last = db.sessions.find(&keys[299..300]).unwrap().remove(0).unwrap();
            assert_eq!(last.last_used_at, Some(NOW));
            assert!(db.sessions.session_opener().unwrap().renew(&[], NOW).unwrap().is_empty());
            assert!(db.sessions.find(&[]).unwrap().is_empty());
        }

        #[test]
        $(#[$on])*
        fn the_version_tells_what_others_have_written_from_what_one_has_oneself() {
            let mut db = db();
            db.upsert_rows(&[session("a").idle(60)]);
            let keys = [session("a").key];
            let version = |db: &TestDb| {
                let policies = Policies::default();
                db.sessions.scan_due(&scope(&policies), None, ScanLimits::ALL).unwrap().version
            };
            // Given a store that has written before
            db.sessions.session_opener().unwrap().renew(&keys, NOW).unwrap();
            let before = version(&db);
            // When it writes once more, then that is its own
            db.sessions.session_opener().unwrap().renew(&keys, NOW).unwrap();
            assert_eq!(version(&db), before);
            // When another has written, it knows by its next write at the latest
            let later = UnixTime(NOW.0 + 1);
            db.beside().session_opener().unwrap().renew(&keys, later).unwrap();
            db.sessions.session_opener().unwrap().renew(&keys, later).unwrap();
            assert_ne!(version(&db), before);
        }

        #[test]
        $(#[$on])*
        fn the_indexes_are_those_that_the_policies_want() {
            let mut db = db();
            let indexes = |db: &TestDb| {
                let sql = "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql > '' \
                           AND tbl_name = 'sessions' ORDER BY name";
                let rows = db.rows(sql);
                rows.iter().map(|row| row[0].as_str().unwrap().to_owned()).collect::<Vec<_>>()
            };
            let both = Policy { limit: 1, user_limit: 1, ..Policy::default() };
            for (policy, names) in [
                (Policy::default(), &[][..]),
                (both, &["live_by_task", "live_by_user"]),
                (Policy { user_limit: 9, ..Policy::default() }, &["live_by_user"]),
                (Policy::default(), &[]),
            ] {
                let policies = Policies::uniform(policy);
                db.sessions.session_opener().unwrap().sync_indexes(&policies).unwrap();
                db.beside().session_opener().unwrap().sync_indexes(&policies).unwrap();
                assert_eq!(indexes(&db), names);
            }
        }
    };
}
use tests;
