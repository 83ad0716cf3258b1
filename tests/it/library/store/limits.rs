//! Limits, row by row of what the systems that sessctl replaces do.

use std::thread;

use sessctl::domain::policy::{ExpiryMode, OverflowPolicy, Policies, Policy};
use sessctl::domain::session::{EndReason, Session};
use sessctl::domain::time::Span;
use sessctl::storage::{Admission, Backend, LimitScope, NewSession, ScanLimits};

use crate::support::NOW;
use crate::support::store::{self, SessionFixture, TestDb, scope, session, suite};

suite!(tests);

/// Default policy with this limit.
fn limit(limit: u64) -> Policy {
    Policy { limit, ..Policy::default() }
}

fn new(token: &str, user: &str) -> NewSession {
    let session = session(token);
    NewSession {
        key: session.key,
        user: Some(user.to_owned()),
        task: session.task,
        client: None,
        agent: None,
        created_at: NOW,
        idle_timeout: session.idle_timeout,
    }
}

impl TestDb {
    fn open_limited(&mut self, token: &str, policy: &Policy) -> Admission {
        let policies = Policies::uniform(policy.clone());
        self.sessions
            .session_opener()
            .unwrap()
            .open_limited(&new(token, "alice"), &policies, true)
            .unwrap()
    }
}

/// The handles of the sessions that ended, each with the reason.
fn ended(admission: &Admission) -> Vec<(String, EndReason)> {
    let told = admission.ended_sessions.iter();
    told.map(|session| (session.handle.clone(), session.end.unwrap().reason)).collect()
}

fn is_live(db: &TestDb, token: &str) -> bool {
    let found = db.sessions.find(&[session(token).key]).unwrap();
    found[0].as_ref().is_some_and(|session| session.end.is_none())
}

const IDLE: i64 = 1_801;
const ABANDONED: i64 = 7_201;

/// Opens sessions concurrently from several threads, each with its own store on another node;
/// returns the results. At no time are more than ten sessions live.
fn crowd(db: &TestDb, policy: &Policy) -> Vec<Admission> {
    let openings = |thread: usize, mut store: Box<dyn Backend>| {
        let one = |serial: usize| {
            let new = new(&format!("{thread} {serial}"), "alice");
            let policies = Policies::uniform(policy.clone());
            let admission =
                store.session_opener().unwrap().open_limited(&new, &policies, false).unwrap();
            let counts = store.scan_due(&scope(&policies), None, ScanLimits::ALL).unwrap().counts;
            assert!(counts.sessions <= 10, "{} have not ended", counts.sessions);
            admission
        };
        (0..10).map(one).collect::<Vec<_>>()
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..6)
            .map(|n| {
                let place = db.location_of(n);
                scope.spawn(move || openings(n, store::opened(&place)))
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

fn opened_and_ended(crowd: &[Admission]) -> (usize, u64) {
    let opened = crowd.iter().filter(|admission| admission.outcome.is_ok()).count();
    (opened, crowd.iter().map(|admission| admission.ended).sum())
}

macro_rules! tests {
    ($(#[$on:meta])*) => {
        #[test]
        $(#[$on])*
        fn r3_abandoned_sessions_end_before_the_others_are_counted() {
            // Given a task with two places, an abandoned session and an active one
            let mut db = db();
            db.upsert_rows(&[session("gone").idle(ABANDONED), session("here"), session("http").of("http")]);
            // When one more opens
            let admission = db.open_limited("new", &limit(2));
            // Then it has the place of the abandoned one, and nobody was evicted
            assert_eq!(admission.outcome, Ok(()));
            assert_eq!(ended(&admission), [(session("gone").handle, EndReason::Abandoned)]);
            assert!(is_live(&db, "here") && is_live(&db, "new"));
        }

        #[test]
        $(#[$on])*
        fn r3_they_end_also_where_the_new_one_is_refused_in_the_end() {
            let mut db = db();
            db.upsert_rows(&[session("gone").idle(ABANDONED), session("here"), session("there")]);
            let admission = db.open_limited("new", &limit(2));
            assert_eq!(admission.outcome, Err(LimitScope::Task));
            assert_eq!(ended(&admission), [(session("gone").handle, EndReason::Abandoned)]);
        }

        #[test]
        $(#[$on])*
        fn r3_a_session_is_idle_to_the_last_second_before_it_is_abandoned() {
            let mut db = db();
            db.upsert_rows(&[session("idle").idle(ABANDONED - 1), session("here")]);
            let admission = db.open_limited("new", &limit(2));
            assert_eq!(ended(&admission), [(session("idle").handle, EndReason::Evicted)]);
        }

        #[test]
        $(#[$on])*
        fn r4_at_the_limit_the_session_idle_longest_is_evicted() {
            // Given a full task with two idle sessions
            let mut db = db();
            let idle = [session("a").idle(IDLE), session("b").idle(IDLE + 9), session("c")];
            db.upsert_rows(&idle);
            // When one opens
            let admission = db.open_limited("new", &limit(3));
            // Then one has made way for it
            assert_eq!((admission.outcome, admission.ended), (Ok(()), 1));
            assert_eq!(ended(&admission), [(session("b").handle, EndReason::Evicted)]);
            assert!(is_live(&db, "a") && is_live(&db, "c") && is_live(&db, "new"));
        }

        #[test]
        $(#[$on])*
        fn r4_a_session_without_a_timeout_is_never_idle() {
            let mut db = db();
            db.upsert_rows(&[session("lasting").idle(9_000_000).timeout(None)]);
            assert_eq!(db.open_limited("new", &limit(1)).outcome, Err(LimitScope::Task));
        }

        #[test]
        $(#[$on])*
        fn r4_what_is_evicted_without_retention_leaves_no_row_but_is_counted() {
            let mut db = db();
            db.upsert_rows(&[session("idle").idle(IDLE)]);
            let admission = db.open_limited("new", &Policy { retention: Some(Span::ZERO), ..limit(1) });
            assert_eq!(ended(&admission), [(session("idle").handle, EndReason::Evicted)]);
            assert_eq!(db.all().len(), 1);
            let stat = &db.sessions.tasks(&scope(&Policies::default())).unwrap()[0];
            assert_eq!((stat.opened, stat.ended_by[&EndReason::Evicted]), (2, 1));
        }

        #[test]
        $(#[$on])*
        fn r5_with_no_idle_session_it_is_refused_and_that_is_counted() {
            // Given a full task whose sessions are in use, to the last valid second
            let mut db = db();
            let full = [session("a").idle(IDLE - 1), session("b")];
            db.upsert_rows(&full);
            // When two want in
            for token in ["new", "newer"] {
                let admission = db.open_limited(token, &limit(2));
                assert_eq!((admission.outcome, admission.ended), (Err(LimitScope::Task), 0));
            }
            // Then nothing has changed but the count
            let mut expected = full.to_vec();
            expected.sort_by(|a, b| a.key.cmp(&b.key));
            assert_eq!((db.all(), db.refusals()), (expected, 2));
        }

        #[test]
        $(#[$on])*
        fn r6_of_many_that_open_at_once_each_takes_the_place_of_one() {
            // Given an empty task with ten places, where any session makes way
            let db = db();
            let policy = Policy { when_full: OverflowPolicy::EvictLru, ..limit(10) };
            // When sixty open from six sides at once
            let crowd = crowd(&db, &policy);
            // Then all are in, and of those fifty had to go
            assert_eq!(opened_and_ended(&crowd), (60, 50));
            let live = db.all().iter().filter(|session| session.end.is_none()).count();
            assert_eq!((live, db.all().len()), (10, 60));
        }

        #[test]
        $(#[$on])*
        fn r6_of_many_that_open_at_once_no_more_get_in_than_there_are_places_and_idle_ones() {
            // Given ten places, four taken by active sessions and four by idle ones
            let mut db = db();
            let active = (0..4).map(|n| session(&format!("active {n}")));
            let idle = (0..4).map(|n| session(&format!("idle {n}")).idle(IDLE));
            db.upsert_rows(&active.chain(idle).collect::<Vec<_>>());
            // When sixty want in at once
            let crowd = crowd(&db, &limit(10));
            // Then two find a free place, four an idle session, and all others nothing
            assert_eq!(opened_and_ended(&crowd), (6, 4));
            assert_eq!(db.refusals(), 54);
            assert!((0..4).all(|n| is_live(&db, &format!("active {n}"))));
        }

        #[test]
        $(#[$on])*
        fn r9_at_the_user_limit_a_session_of_this_user_is_evicted() {
            // Given a user with two sessions, the limit, and one of somebody else's who has
            // been idle for longer
            let mut db = db();
            let bob = session("bob").whose("bob").idle(IDLE + 9);
            db.upsert_rows(&[session("a").idle(IDLE), session("b"), bob]);
            // When the user opens one more
            let policy = Policy { user_limit: 2, ..Policy::default() };
            let admission = db.open_limited("new", &policy);
            // Then the user's own idle session has gone
            assert_eq!(ended(&admission), [(session("a").handle, EndReason::Evicted)]);
            // And the next is refused, since what is left is in use
            assert_eq!(db.open_limited("newer", &policy).outcome, Err(LimitScope::User));
            assert_eq!(db.refusals(), 1);
        }

        #[test]
        $(#[$on])*
        fn r9_other_users_and_sessions_without_a_user_do_not_count() {
            let mut db = db();
            let nobody = Session { user: None, ..session("nobody") };
            db.upsert_rows(&[session("a"), nobody, session("http").of("http")]);
            let policies =
                Policies::uniform(Policy { user_limit: 1, ..Policy::default() });
            let mut open_limited = |token, user: Option<&str>| {
                let new = NewSession { user: user.map(str::to_owned), ..new(token, "") };
                db.sessions.session_opener().unwrap().open_limited(&new, &policies, false).unwrap().outcome
            };
            assert_eq!(open_limited("1", Some("alice")), Err(LimitScope::User));
            assert_eq!(open_limited("2", Some("Alice")), Ok(()));
            assert_eq!(open_limited("3", None), Ok(()));
            assert_eq!(open_limited("4", None), Ok(()));
        }

        #[test]
        $(#[$on])*
        fn r9_an_eviction_for_the_user_counts_for_the_task_too() {
            let mut db = db();
            let bob = session("bob").whose("bob").idle(IDLE + 9);
            db.upsert_rows(&[session("a").idle(IDLE), bob]);
            let admission = db.open_limited("new", &Policy { user_limit: 1, ..limit(2) });
            assert_eq!(ended(&admission), [(session("a").handle, EndReason::Evicted)]);
        }

        #[test]
        $(#[$on])*
        fn r10_a_limit_below_the_live_count_evicts_one_per_login_and_none_by_itself() {
            // Given five sessions, two of them idle, under a limit that is two by now
            let mut db = db();
            let idle = [session("a").idle(IDLE + 9), session("b").idle(IDLE)];
            db.upsert_rows(&[&idle[..], &["c", "d", "e"].map(session)].concat());
            // When two open, each has the place of one
            for (token, gone) in [("new", &idle[0]), ("newer", &idle[1])] {
                let admission = db.open_limited(token, &limit(2));
                assert_eq!(ended(&admission), [(gone.handle.clone(), EndReason::Evicted)]);
            }
            // Then the third is refused, and still there are five
            assert_eq!(db.open_limited("newest", &limit(2)).outcome, Err(LimitScope::Task));
            assert!(["c", "d", "e", "new", "newer"].iter().all(|token| is_live(&db, token)));
        }

        #[test]
        $(#[$on])*
        fn s7_the_101st_evicts_the_least_recently_used_in_any_state() {
            // Given a hundred active sessions, all used at different times
            let mut db = db();
            let hundred: Vec<Session> = (0..100).map(|n| session(&n.to_string()).idle(n)).collect();
            db.upsert_rows(&hundred);
            // When the 101st opens
            let policy = Policy { when_full: OverflowPolicy::EvictLru, ..limit(100) };
            let admission = db.open_limited("new", &policy);
            // Then the one with the oldest use has made way
            assert_eq!(ended(&admission), [(hundred[99].handle.clone(), EndReason::Evicted)]);
            assert_eq!(admission.ended, 1);
        }

        #[test]
        $(#[$on])*
        fn before_a_refusal_expired_sessions_are_ended() {
            let mut db = db();
            let policy = Policy { when_full: OverflowPolicy::Refuse, ..limit(1) };
            db.upsert_rows(&[session("over").idle(IDLE)]);
            let admission = db.open_limited("new", &policy);
            assert_eq!(ended(&admission), [(session("over").handle, EndReason::Expired)]);
            assert_eq!(db.open_limited("newer", &policy).outcome, Err(LimitScope::Task));
        }

        #[test]
        $(#[$on])*
        fn a_session_past_its_lifetime_is_evicted_first_in_all_three_modes() {
            for when_full in OverflowPolicy::ALL {
                for expire in [ExpiryMode::Timeout, ExpiryMode::Abandoned, ExpiryMode::Never] {
                    // Given a full task with one session in use whose lifetime is over, and one
                    // that is valid and has been unused for longer
                    let mut db = db();
                    let lifetime = Some(Span::hours(8));
                    let policy = Policy { when_full: *when_full, expire, lifetime, ..limit(2) };
                    let old = session("old").idle(60).opened(8 * 3_600 + 1);
                    let valid = session("valid").idle(600).opened(8 * 3_600);
                    db.upsert_rows(&[old.clone(), valid]);
                    // When one opens
                    let admission = db.open_limited("new", &policy);
                    // Then the old one has ended for its lifetime, and the valid one stays
                    assert_eq!(admission.outcome, Ok(()), "{when_full} {expire}");
                    assert_eq!(ended(&admission), [(old.handle, EndReason::Lifetime)]);
                    assert!(is_live(&db, "valid") && is_live(&db, "new"));
                }
            }
        }

        #[test]
        $(#[$on])*
        fn at_a_limit_of_the_user_only_the_sessions_of_this_user_end_for_their_lifetime() {
            for when_full in OverflowPolicy::ALL {
                let mut db = db();
                let old = |token: &str| session(token).idle(60).opened(3_601);
                db.upsert_rows(&[old("own"), old("bob").whose("bob")]);
                let lifetime = Some(Span::hours(1));
                let policy =
                    Policy { when_full: *when_full, lifetime, user_limit: 1, ..Policy::default() };
                let admission = db.open_limited("new", &policy);
                assert_eq!(ended(&admission), [(session("own").handle, EndReason::Lifetime)]);
                assert!(is_live(&db, "bob") && is_live(&db, "new"), "{when_full}");
            }
        }

        #[test]
        $(#[$on])*
        fn what_ends_for_its_lifetime_at_a_limit_is_counted_where_no_row_is_kept() {
            let mut db = db();
            db.upsert_rows(&[session("old").idle(60).opened(3_601)]);
            let policy = Policy {
                when_full: OverflowPolicy::EvictLru,
                lifetime: Some(Span::hours(1)),
                retention: Some(Span::ZERO),
                ..limit(1)
            };
            assert_eq!(db.open_limited("new", &policy).outcome, Ok(()));
            let stat = &db.sessions.tasks(&scope(&Policies::default())).unwrap()[0];
            assert_eq!((stat.opened, stat.ended_by[&EndReason::Lifetime]), (2, 1));
        }

        #[test]
        $(#[$on])*
        fn a_session_that_is_expired_but_not_too_old_counts_and_is_evicted_first() {
            for when_full in [OverflowPolicy::EvictIdle, OverflowPolicy::EvictLru] {
                let mut db = db();
                let policy = Policy { when_full, lifetime: Some(Span::hours(8)), ..limit(2) };
                db.upsert_rows(&[session("expired").idle(IDLE), session("active").idle(IDLE - 1)]);
                let admission = db.open_limited("new", &policy);
                assert_eq!(ended(&admission), [(session("expired").handle, EndReason::Evicted)]);
            }
        }

        #[test]
        $(#[$on])*
        fn a_key_that_is_there_is_an_error_at_a_limit_too_and_changes_nothing() {
            // Given a task far above its limit, where no idle session is this user's
            let mut db = db();
            db.upsert_rows(&[session("a"), session("b").whose("bob").idle(IDLE)]);
            let before = db.all();
            // When a session opens whose key is taken
            let policies = Policies::uniform(Policy { user_limit: 1, ..limit(1) });
            let again = db.sessions.session_opener().unwrap().open_limited(&new("a", "alice"), &policies, false);
            // Then it says so, and nobody has lost a place
            assert!(again.is_err(), "{again:?}");
            assert_eq!((db.all(), db.refusals()), (before, 0));
        }

        #[test]
        $(#[$on])*
        fn admit_without_details_returns_the_count_alone() {
            let mut db = db();
            db.upsert_rows(&[session("a").idle(IDLE)]);
            let policies = Policies::uniform(limit(1));
            let admission = db.sessions.session_opener().unwrap().open_limited(&new("new", "alice"), &policies, false).unwrap();
            assert_eq!((admission.ended, admission.ended_sessions), (1, vec![]));
        }
    };
}
use tests;
