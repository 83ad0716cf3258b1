//! The promises of `domain::port::Sessions`, one by one.

use std::collections::BTreeMap;

use sessctl::SessionService;
use sessctl::app::PurgeRequest;
use sessctl::domain::filter::Filter;
use sessctl::domain::policy::{ExpiryMode, Policies, Policy};
use sessctl::domain::session::{End, EndReason, Session, SessionKey};
use sessctl::domain::task::TaskPattern;
use sessctl::domain::time::{Span, UnixTime};
use sessctl::storage::{DueRange, EndRequest, NewSession, Order, PolicyContext, ScanLimits};

use crate::support::NOW;
use crate::support::store::{
    SessionFixture, TestDb, everything, never, retention, scope, session, suite,
};

suite!(tests);

fn handles(sessions: &[Session]) -> Vec<&str> {
    sessions.iter().map(|session| session.handle.as_str()).collect()
}

macro_rules! tests {
    ($(#[$on:meta])*) => {
        #[test]
        $(#[$on])*
        fn applying_a_batch_deletes_old_rows_ends_due_sessions_and_keeps_the_rest() {
            let mut db = db();
            let over = session("over").idle(9_000).ended(86_400, EndReason::Closed);
            let kept = session("kept").idle(9_000).ended(86_399, EndReason::Closed);
            let due = session("due").idle(1_801);
            let valid = session("valid").idle(1_800);
            db.upsert_rows(&[over, kept.clone(), due.clone(), valid.clone()]);
            let settled =
                db.sessions.apply_purge(&scope(&Policies::default()), &everything(), false).unwrap();
            assert_eq!((settled.deleted, settled.ended), (1, 1));
            let end = Some(End { at: NOW, reason: EndReason::Expired });
            let mut expected = vec![kept, Session { end, ..due }, valid];
            expected.sort_by(|a, b| a.key.cmp(&b.key));
            assert_eq!(db.all(), expected);
        }

        #[test]
        $(#[$on])*
        fn applying_a_batch_again_changes_nothing() {
            let mut db = db();
            db.upsert_rows(&[session("due").idle(2_000)]);
            let policies = retention(Some(Span::ZERO));
            let scope = scope(&policies);
            let _ = db.sessions.apply_purge(&scope, &everything(), false).unwrap();
            let again = db.sessions.apply_purge(&scope, &everything(), false).unwrap();
            assert_eq!((again.deleted, again.ended), (0, 0));
        }

        #[test]
        $(#[$on])*
        fn w7_a_session_touched_between_scan_and_batch_survives() {
            // Given a survey that finds two sessions due
            let mut db = db();
            let (touched, left) = (session("touched").idle(2_000), session("left").idle(2_000));
            db.upsert_rows(&[touched.clone(), left]);
            let policies = retention(Some(Span::ZERO));
            let reach = ScanLimits { due: 100, rows: 100, ..ScanLimits::ALL };
            let survey = db.sessions.scan_due(&scope(&policies), None, reach).unwrap();
            // When another program touches one before they are settled
            let renewed = db.beside().session_opener().unwrap().renew(std::slice::from_ref(&touched.key), NOW).unwrap();
            assert_eq!((survey.counts.due, renewed), (2, vec![true]));
            let settled =
                db.sessions.apply_purge(&scope(&policies), &survey.due.unwrap(), false).unwrap();
            // Then it is still there
            assert_eq!((settled.ended, settled.deleted), (1, 1));
            assert_eq!(handles(&db.all()), [touched.handle]);
        }

        #[test]
        $(#[$on])*
        fn a_batch_keeps_to_its_range_and_its_task() {
            let mut db = db();
            let mut all = ["a", "b", "c", "d"].map(|token| session(token).idle(2_000));
            all.sort_by(|a, b| a.key.cmp(&b.key));
            all[2].task = "http".to_owned();
            db.upsert_rows(&all);
            let policies = retention(Some(Span::ZERO));
            let task = TaskPattern::from("IMAP");
            let scope = PolicyContext { policies: &policies, now: NOW, planned: None, task: Some(&task) };
            let range = DueRange {
                first: all[1].key.clone(),
                last: all[2].key.clone(),
                found: None,
                seen: Vec::new(),
                keys: Vec::new(),
            };
            let settled = db.sessions.apply_purge(&scope, &range, false).unwrap();
            assert_eq!(settled.deleted, 1);
            assert_eq!(db.all(), [all[0].clone(), all[2].clone(), all[3].clone()]);
        }

        #[test]
        $(#[$on])*
        fn counters_outlive_the_rows() {
            let mut db = db();
            db.upsert_rows(&[
                session("a").idle(2_000),
                session("b").idle(9_000).ended(86_400, EndReason::Cycled),
                session("c"),
            ]);
            let _ =
                db.sessions.apply_purge(&scope(&Policies::default()), &everything(), false).unwrap();
            let stat = &db.sessions.tasks(&scope(&Policies::default())).unwrap()[0];
            assert_eq!((stat.opened, stat.deleted, stat.live, stat.ended), (3, 1, [1, 0, 0], 1));
            assert_eq!(stat.ended_by[&EndReason::Cycled], 1);
            assert_eq!(stat.ended_by[&EndReason::Expired], 1);
        }

        #[test]
        $(#[$on])*
        fn an_insert_that_cannot_be_whole_is_not_at_all() {
            let mut db = db();
            let new = |token: &str| NewSession {
                key: session(token).key,
                user: None,
                task: "imap".to_owned(),
                client: None,
                agent: None,
                created_at: NOW,
                idle_timeout: None,
            };
            db.sessions.session_opener().unwrap().insert(&[new("there")]).unwrap();
            assert!(db.sessions.session_opener().unwrap().insert(&[new("new"), new("there")]).is_err());
            assert_eq!(handles(&db.all()), [session("there").handle]);
        }

        #[test]
        $(#[$on])*
        fn find_returns_rows_in_the_order_of_the_keys_and_none_where_there_is_no_row() {
            let mut db = db();
            let (a, b) = (session("a"), session("b").idle(60).timeout(None));
            db.upsert_rows(&[a.clone(), b.clone()]);
            let keys = [b.key.clone(), session("no").key, a.key.clone(), b.key.clone()];
            let found = db.sessions.find(&keys).unwrap();
            assert_eq!(found, [Some(b.clone()), None, Some(a), Some(b)]);
        }

        #[test]
        $(#[$on])*
        fn renewing_never_moves_the_last_use_backwards_nor_wakes_an_ended_session() {
            let mut db = db();
            let over = session("over").ended(0, EndReason::Closed);
            db.upsert_rows(&[session("a"), over.clone()]);
            let keys = [session("a").key, over.key.clone(), session("no").key];
            let earlier = UnixTime(NOW.0 - 60);
            assert_eq!(db.sessions.session_opener().unwrap().renew(&keys, earlier).unwrap(), [true, false, false]);
            assert_eq!(db.sessions.find(&keys[..2]).unwrap(), [Some(session("a")), Some(over)]);
        }

        #[test]
        $(#[$on])*
        fn t2_renewing_clears_the_mark() {
            let mut db = db();
            db.upsert_rows(&[session("a").idle(9_000).marked(60)]);
            let _ = db.sessions.session_opener().unwrap().renew(&[session("a").key], NOW).unwrap();
            let a = db.sessions.find(&[session("a").key]).unwrap().remove(0).unwrap();
            assert_eq!((a.marked_at, a.last_used_at), (None, Some(NOW)));
        }

        #[test]
        $(#[$on])*
        fn t7_a_daily_check_that_is_late_marks_and_ends_by_its_planned_time() {
            // Given sessions marked by the check of yesterday, and an hour and a second later
            let mut db = db();
            let unused = |token| session(token).idle(90_000);
            let (a, b) = (unused("a").marked(86_400), unused("b").marked(82_799));
            db.upsert_rows(&[a.clone(), b.clone(), session("new")]);
            let two_pass = Policy { expire: ExpiryMode::TwoPass, ..Policy::default() };
            let policies = Policies::uniform(two_pass);
            // When today's begins 40 seconds late
            let later = UnixTime(NOW.0 + 40);
            let scope = PolicyContext { now: later, planned: Some(NOW), ..scope(&policies) };
            let settled = db.sessions.apply_purge(&scope, &everything(), true).unwrap();
            // Then the first ends, and the new one bears the time that was planned
            let end = Some(End { at: later, reason: EndReason::Expired });
            assert_eq!((settled.marked, settled.ended_sessions), (1, vec![Session { end, ..a.clone() }]));
            let mut left = vec![Session { end, ..a }, b, session("new").marked(0)];
            left.sort_by(|a, b| a.key.cmp(&b.key));
            assert_eq!(db.all(), left);
        }

        #[test]
        $(#[$on])*
        fn ending_happens_once() {
            let mut db = db();
            db.upsert_rows(&[session("a"), session("b")]);
            let ending = |token, reason, keep_row| EndRequest {
                key: session(token).key,
                end: End { at: NOW, reason },
                keep_row,
            };
            let endings = [
                ending("a", EndReason::Closed, true),
                ending("a", EndReason::Cycled, true),
                ending("b", EndReason::Closed, false),
                ending("b", EndReason::Closed, false),
                ending("no", EndReason::Closed, true),
            ];
            let done = db.sessions.end(&endings).unwrap();
            assert_eq!(done, [true, false, true, false, false]);
            assert_eq!(db.all(), [session("a").ended(0, EndReason::Closed)]);
            let stat = &db.sessions.tasks(&scope(&Policies::default())).unwrap()[0];
            assert_eq!((stat.opened, stat.ended_by[&EndReason::Closed], stat.deleted), (2, 2, 1));
        }

        #[test]
        $(#[$on])*
        fn a_handle_is_as_long_as_it_takes_to_tell_the_sessions_apart() {
            let mut db = db();
            let with_id = |id: String| Session { key: SessionKey::Text(id.into()), ..session("") };
            let ids = ["abcdef0123456789", "abcdef0123456780", "0123456789abcdef"]
                .map(|start| start.repeat(4));
            db.upsert_rows(&ids.clone().map(with_id));
            let listed = db.all();
            assert_eq!(handles(&listed), ["0123456789ab", "abcdef0123456780", "abcdef0123456789"]);
            assert_eq!(
                handles(&db.sessions.by_handle("ABCD", 9).unwrap()),
                handles(&listed[1..])
            );
            assert_eq!(db.sessions.by_handle("abcd", 1).unwrap().len(), 1);
            assert!(db.sessions.by_handle("ffff", 9).unwrap().is_empty());
        }

        #[test]
        $(#[$on])*
        fn the_peak_is_the_highest_that_was_noted() {
            let mut db = db();
            let peak = |live| BTreeMap::from([("imap".to_owned(), live)]);
            for live in [3, 7, 5] {
                db.sessions.record_peaks(&peak(live)).unwrap();
            }
            let stats = db.sessions.tasks(&scope(&Policies::default())).unwrap();
            assert_eq!(stats[0].peak, 7);
        }

        #[test]
        $(#[$on])*
        fn w9_no_timeout_never_expires_and_a_timeout_of_zero_expires_at_the_next_pass() {
            let mut db = db();
            let lasting = session("lasting").idle(9_000_000).timeout(None);
            let brief = session("brief").idle(1).timeout(Some(0));
            db.upsert_rows(&[lasting.clone(), brief.clone()]);
            let policies = retention(Some(Span::ZERO));
            let settled = db.sessions.apply_purge(&scope(&policies), &everything(), false).unwrap();
            assert_eq!(settled.ended, 1);
            assert_eq!(db.all(), [lasting]);
        }

        #[test]
        $(#[$on])*
        fn each_task_has_its_own_policy_whatever_the_case_of_its_name() {
            let mut db = db();
            let tasks = ["imap", "IMAP", "http"];
            db.upsert_rows(&tasks.map(|task| session(task).of(task).idle(2_000)));
            let mut policies = retention(Some(Span::ZERO));
            policies.insert("Imap", never());
            let settled = db.sessions.apply_purge(&scope(&policies), &everything(), false).unwrap();
            assert_eq!(settled.ended, 1);
            assert_eq!(db.all().len(), 2);
        }

        #[test]
        $(#[$on])*
        fn a_purge_stopped_after_each_batch_has_the_same_result() {
            // Given a thousand sessions, every other one due
            let mut db = db();
            let sessions: Vec<Session> = (0..1_000)
                .map(|n| session(&n.to_string()).idle(if n % 2 == 0 { 2_000 } else { 10 }))
                .collect();
            db.upsert_rows(&sessions);
            let policies = retention(Some(Span::ZERO));
            let mut service = SessionService::new(db.beside(), policies);
            // When runs are stopped after each batch until one is not
            let mut runs = 0;
            let mut deleted = 0;
            loop {
                let stop = &mut |_: &_| std::ops::ControlFlow::Break(());
                let summary = service.purge(&PurgeRequest::default(), NOW, stop).unwrap();
                runs += 1;
                deleted += summary.done.deleted;
                assert_eq!(summary.remaining, 500 - deleted);
                if summary.stopped.is_none() {
                    break;
                }
            }
            // Then nothing is done twice and nothing is left out
            assert!(runs > 3, "{runs}");
            assert_eq!(deleted, 500);
            assert!(db.all().iter().all(|session| session.idle(NOW) == Some(Span::seconds(10))));
        }
    };
}
use tests;

#[test]
fn the_lifetime_counts_from_the_opening_whatever_the_use() {
    let mut db = TestDb::native_in_sqlite();
    let mut old = session("old").idle(3_601);
    old.last_used_at = Some(NOW);
    let mut young = session("young").idle(3_600);
    young.last_used_at = Some(NOW);
    db.upsert_rows(&[old.clone(), young]);
    let default = Policy { lifetime: Some(Span::hours(1)), ..Policy::default() };
    let policies = Policies::uniform(default);
    let due = db.listed(&policies, &Filter::default(), true, Order::default());
    assert_eq!(handles(&due), [old.handle]);
}
