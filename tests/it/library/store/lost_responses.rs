//! Responses of a cluster that are lost: each request takes effect once, and its result is
//! reported.

use std::sync::{Arc, Mutex};

use sessctl::app::{EndHook, OpenRequest, PurgeRequest, TouchOutcome};
use sessctl::domain::error::Error;
use sessctl::domain::policy::{OverflowPolicy, Policies, Policy};
use sessctl::domain::session::{EndReason, Session};
use sessctl::domain::time::Span;
use sessctl::storage::{Backend, RunOutcome, StartResult};
use sessctl::{SessionService, Token};

use crate::library::store::ledger_entries::{LedgerQueries, by_hand, done, job, lease, run};
use crate::support::NOW;
use crate::support::rqlite::proxy::Proxy;
use crate::support::store::{SessionFixture, TestDb, location, opened, retention, scope, session};

/// The store behind a proxy.
fn behind(proxy: &Proxy) -> Box<dyn Backend> {
    opened(&location(&proxy.url()))
}

fn before(db: &TestDb) -> Proxy {
    Proxy::new(&db.location_of(0).to_string())
}

/// Counts who has ended.
struct Counter(Arc<Mutex<usize>>);

impl EndHook for Counter {
    fn ended(&mut self, sessions: &[Session], _: &Policies) -> Result<(), String> {
        *self.0.lock().unwrap() += sessions.len();
        Ok(())
    }
}

fn one_place(when_full: OverflowPolicy) -> Policies {
    Policies::uniform(Policy { limit: 1, when_full, ..Policy::default() })
}

fn opening() -> OpenRequest {
    OpenRequest { task: "imap".to_owned(), ..OpenRequest::default() }
}

#[test]
#[ignore = "needs rqlite"]
fn an_open_evicts_one_and_says_so() {
    // Given a task with one place that is taken, and somebody who wants to know who ends
    let mut db = TestDb::native_on_rqlite();
    db.upsert_rows(&[session("a").idle(9)]);
    let (proxy, told) = (before(&db), Arc::default());
    let service = SessionService::new(behind(&proxy), one_place(OverflowPolicy::EvictLru));
    let mut service = service.with_hook(Box::new(Counter(Arc::clone(&told))));
    // When the answer to an open is lost
    proxy.drop_response("INSERT INTO sessions");
    let opened = service.open(opening(), NOW).unwrap();
    // Then it has opened once and evicted once, of which nobody could be told
    assert!(proxy.has_dropped_response());
    assert_eq!(opened.evicted, 1);
    let ended = |row: &&Session| row.end.is_some_and(|end| end.reason == EndReason::Evicted);
    assert_eq!((db.all().len(), db.all().iter().filter(ended).count()), (2, 1));
    let unreported = service.take_missed_notifications().unwrap();
    assert_eq!((unreported.sessions, unreported.since, *told.lock().unwrap()), (1, NOW, 0));
    assert_eq!(
        unreported.to_string(),
        "the hook did not receive 1 ended session: the response of the cluster was lost"
    );
    // And the token is good
    assert!(service.touch(&[opened.token], NOW).unwrap()[0].outcome.is_live());
}

#[test]
#[ignore = "needs rqlite"]
fn an_open_without_a_limit_opens_once() {
    let db = TestDb::native_on_rqlite();
    let proxy = before(&db);
    let mut service = SessionService::new(behind(&proxy), Policies::default());
    proxy.drop_response("INSERT INTO sessions");
    service.open(opening(), NOW).unwrap();
    assert_eq!((db.all().len(), proxy.has_dropped_response()), (1, true));
}

#[test]
#[ignore = "needs rqlite"]
fn a_refused_open_counts_one_refusal_and_knows_which_limit_it_was() {
    let mut db = TestDb::native_on_rqlite();
    db.upsert_rows(&[session("a")]);
    let proxy = before(&db);
    let mut service = SessionService::new(behind(&proxy), one_place(OverflowPolicy::EvictIdle));
    proxy.drop_response("INSERT INTO sessions");
    let refused = service.open(opening(), NOW);
    let Err(Error::LimitReached(refusal)) = refused else { panic!("{refused:?}") };
    assert_eq!((refusal.limit, refusal.user), (1, None));
    assert_eq!((db.refusals(), db.all().len(), proxy.has_dropped_response()), (1, 1, true));
    // The same at the limit of a user
    let policy = Policy { user_limit: 1, ..Policy::default() };
    let mut service = SessionService::new(behind(&proxy), Policies::uniform(policy));
    proxy.drop_response("INSERT INTO sessions");
    let alice = OpenRequest { user: Some("alice".to_owned()), ..opening() };
    let refused = service.open(alice, NOW);
    let Err(Error::LimitReached(refusal)) = refused else { panic!("{refused:?}") };
    assert_eq!((refusal.limit, refusal.user.as_deref()), (1, Some("alice")));
    assert_eq!((db.refusals(), proxy.has_dropped_response()), (2, true));
}

#[test]
#[ignore = "needs rqlite"]
fn a_close_says_that_it_closed() {
    for retention in [None, Some(Span::ZERO)] {
        let mut db = TestDb::native_on_rqlite();
        db.upsert_rows(&[session("a"), session("over").ended(5, EndReason::Cycled)]);
        let (proxy, told) = (before(&db), Arc::default());
        let policies = Policies::uniform(Policy { retention, ..Policy::default() });
        let service = SessionService::new(behind(&proxy), policies);
        let mut service = service.with_hook(Box::new(Counter(Arc::clone(&told))));
        proxy.drop_response("ended_at IS NULL");
        let tokens = ["a", "over", "no"].map(Token::presented);
        let answers = service.close(&tokens, NOW).unwrap();
        let outcomes: Vec<TouchOutcome> = answers.iter().map(|answer| answer.outcome).collect();
        let expected =
            [TouchOutcome::Closed, TouchOutcome::Ended(EndReason::Cycled), TouchOutcome::Unknown];
        assert_eq!((outcomes.as_slice(), proxy.has_dropped_response()), (&expected[..], true));
        // Of what ends by its token, the answer has all that there is to tell
        assert_eq!((*told.lock().unwrap(), service.take_missed_notifications()), (1, None));
    }
}

#[test]
#[ignore = "needs rqlite"]
fn a_touch_is_served() {
    let mut db = TestDb::native_on_rqlite();
    db.upsert_rows(&[session("a").idle(600)]);
    let proxy = before(&db);
    let mut service = SessionService::new(behind(&proxy), Policies::default());
    proxy.drop_response("SET last_used_at");
    let answers = service.touch(&[Token::presented("a")], NOW).unwrap();
    assert_eq!((answers[0].outcome, proxy.has_dropped_response()), (TouchOutcome::Renewed, true));
    assert_eq!(db.all()[0].last_used_at, Some(NOW));
}

#[test]
#[ignore = "needs rqlite"]
fn a_purge_counts_what_it_has_done() {
    // Given thirty sessions that are due, and ten whose rows have been kept for long enough
    let mut db = TestDb::native_on_rqlite();
    let due = (0..30).map(|n| session(&n.to_string()).idle(2_000));
    let old = (30..40).map(|n| session(&n.to_string()).ended(90_000, EndReason::Closed));
    db.upsert_rows(&due.chain(old).collect::<Vec<_>>());
    let (proxy, told) = (before(&db), Arc::default());
    let service = SessionService::new(behind(&proxy), retention(Some(Span::hours(24))));
    let mut service = service.with_hook(Box::new(Counter(Arc::clone(&told))));
    // When the answer to its one batch is lost
    proxy.drop_response("DELETE FROM sessions");
    let go_on = &mut |_: &_| std::ops::ControlFlow::Continue(());
    let summary = service.purge(&PurgeRequest::default(), NOW, go_on).unwrap();
    // Then it knows what that has done, and who was not told of
    assert!(proxy.has_dropped_response());
    assert_eq!((summary.done.ended, summary.done.deleted, summary.remaining), (30, 10, 0));
    assert_eq!((summary.missed_notifications.unwrap().sessions, *told.lock().unwrap()), (30, 0));
    let stat = &db.sessions.tasks(&scope(&Policies::default())).unwrap()[0];
    assert_eq!((stat.deleted, stat.ended, stat.opened), (10, 30, 40));
    assert_eq!(db.sessions.outcomes(0), [RunOutcome::Partial]);
}

#[test]
#[ignore = "needs rqlite"]
fn a_run_begins_and_ends_once() {
    let mut db = TestDb::native_on_rqlite();
    let proxy = before(&db);
    let mut store = behind(&proxy);
    // When the answers to a run's beginning and end are lost
    proxy.drop_response("INSERT INTO runs");
    store.starts("first", &run(0));
    assert!(proxy.has_dropped_response());
    proxy.drop_response("SET renewed_at");
    assert!(store.renew_lease(&lease("first"), NOW, None).unwrap());
    // And to that of one which comes too late
    proxy.drop_response("INSERT INTO runs");
    let held = store.start_run(&lease("second"), &by_hand(0)).unwrap();
    assert!(matches!(held, StartResult::LeaseHeld(_)), "{held:?}");
    proxy.drop_response("DELETE FROM leases");
    store.finish_run(&lease("first"), Some(&job("nightly")), &done(0)).unwrap();
    assert!(proxy.has_dropped_response());
    // Then it is on record as one, and the lease is free
    assert_eq!(db.sessions.outcomes(0), [RunOutcome::Done]);
    db.sessions.starts("third", &by_hand(1));
}
