//! The rules are stated twice, as functions of the domain and as the SQL that a
//! store makes of them. On generated sessions the two agree, at every boundary:
//! all spans and ages are a few seconds, so that boundaries are hit all the time.

use std::cell::RefCell;
use std::cmp::Ordering;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use sessctl::domain::filter::{Filter, TaskPattern};
use sessctl::domain::policy::{Expire, Policies, Policy, Verdict};
use sessctl::domain::port::{Census, KeyRange, Order, SortKey};
use sessctl::domain::session::{End, EndReason, Key, Session, State};
use sessctl::domain::time::{Span, UnixTime};

use crate::worlds::{NOW, World, scope, session};

fn span() -> impl Strategy<Value = Span> {
    (0..6_i64).prop_map(Span::seconds)
}

/// Mostly in the last seconds, sometimes a little ahead of this clock.
fn moment() -> impl Strategy<Value = UnixTime> {
    (-2..9_i64).prop_map(|ago| UnixTime(NOW.0 - ago))
}

prop_compose! {
    fn policy()(
        expire in select(Expire::ALL),
        abandoned in span(),
        lifetime in option::of(span()),
        retention in option::of(span()),
    ) -> Policy {
        Policy { expire, abandoned, lifetime, retention, ..Policy::default() }
    }
}

fn policies() -> impl Strategy<Value = Policies> {
    (policy(), option::of(policy()), option::of(policy())).prop_map(|(default, imap, http)| {
        let mut policies = Policies::same_for_all(default);
        imap.into_iter().for_each(|policy| policies.insert("imap", policy));
        http.into_iter().for_each(|policy| policies.insert("http", policy));
        policies
    })
}

fn task() -> impl Strategy<Value = String> {
    select(vec!["imap", "IMAP", "http", "jmap", "i%p", "im_p"]).prop_map(str::to_owned)
}

fn user() -> impl Strategy<Value = Option<String>> {
    option::of(select(vec!["alice", "bob", "Alice", ""]).prop_map(str::to_owned))
}

fn end() -> impl Strategy<Value = Option<End>> {
    option::of((moment(), select(EndReason::ALL)).prop_map(|(at, reason)| End { at, reason }))
}

fn sessions() -> impl Strategy<Value = Vec<Session>> {
    let one = (task(), user(), moment(), 0..9_i64, option::of(span()), end());
    vec(one, 0..12).prop_map(|rows| {
        let mut sessions: Vec<Session> = (0..)
            .zip(rows)
            .map(|(serial, (task, user, created_at, used_after, idle_timeout, end))| Session {
                task,
                user,
                created_at,
                last_used_at: created_at.plus(Span::seconds(used_after)),
                idle_timeout,
                end,
                ..session(&i32::to_string(&serial))
            })
            .collect();
        sessions.sort_by(|a, b| a.key.cmp(&b.key));
        sessions
    })
}

prop_compose! {
    fn filter()(
        task in option::of(select(vec!["imap", "i*p", "*", "i%p", "im_p", "http"])),
        user in user(),
        states in subsequence(State::ALL.to_vec(), 0..=4),
        idle_over in option::of(span()),
        ended_by in option::of(select(EndReason::ALL)),
        opened_by in option::of(moment()),
    ) -> Filter {
        let task = task.map(TaskPattern::from);
        Filter { task, user, states, idle_over, ended_by, opened_by, ..Filter::default() }
    }
}

/// Runs a property against one store, emptied for each case: making a new one
/// would take most of the time.
fn check<S: Strategy>(
    cases: u32,
    strategy: S,
    property: impl Fn(&mut World, S::Value) -> Result<(), TestCaseError>,
) {
    let world = RefCell::new(World::native_in_sqlite());
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let outcome = runner.run(&strategy, |input| {
        let mut world = world.borrow_mut();
        world.clear();
        property(&mut world, input)
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

/// What a purge leaves of a session, by the rules of the domain.
fn after_purge(session: &Session, policies: &Policies) -> Option<Session> {
    match policies.of(&session.task).verdict(session, NOW) {
        Verdict::Keep => Some(session.clone()),
        Verdict::End(reason) => {
            Some(Session { end: Some(End { at: NOW, reason }), ..session.clone() })
        }
        Verdict::Discard(_) | Verdict::Delete => None,
    }
}

#[test]
fn the_purge_does_with_each_session_what_its_policy_says() {
    check(2_000, (sessions(), policies()), |world, (sessions, policies)| {
        world.put(&sessions);
        let due: Vec<Session> = sessions
            .iter()
            .filter(|session| scope(&policies).verdict(session) != Verdict::Keep)
            .cloned()
            .collect();
        let listed = world.listed(&policies, &Filter::default(), true, Order::default());
        prop_assert_eq!(listed, due.clone());

        let mut census = Census::default();
        for session in &sessions {
            census.count(session.end.is_none(), scope(&policies).verdict(session));
        }
        prop_assert_eq!(world.sessions.census(&scope(&policies), None).unwrap(), census);

        let everything = KeyRange { first: Key::Text("0".into()), last: Key::Text("g".into()) };
        let settled = world.sessions.settle(&scope(&policies), &everything).unwrap();
        prop_assert_eq!((settled.ended, settled.deleted), (census.would_end, census.would_delete));
        let left: Vec<Session> =
            sessions.iter().filter_map(|session| after_purge(session, &policies)).collect();
        prop_assert_eq!(world.all(), left);
        Ok(())
    });
}

#[test]
fn a_filter_lets_through_what_the_rules_say() {
    check(1_000, (sessions(), policies(), filter()), |world, (sessions, policies, filter)| {
        world.put(&sessions);
        let expected: Vec<Session> = sessions
            .iter()
            .filter(|session| filter.matches(session, &policies, NOW))
            .cloned()
            .collect();
        prop_assert_eq!(world.listed(&policies, &filter, false, Order::default()), expected);
        Ok(())
    });
}

#[test]
fn figures_count_the_states_that_the_rules_give() {
    check(500, (sessions(), policies()), |world, (sessions, policies)| {
        world.put(&sessions);
        for stat in world.sessions.tasks(&scope(&policies)).unwrap() {
            let of_task =
                || sessions.iter().filter(|session| session.task.eq_ignore_ascii_case(&stat.task));
            for state in State::ALL {
                let has =
                    |session: &&Session| policies.of(&session.task).state(session, NOW) == *state;
                prop_assert_eq!(stat.in_state(*state), of_task().filter(has).count() as u64);
            }
            prop_assert_eq!(stat.opened, of_task().count() as u64);
            let live = of_task().filter(|session| session.is_live(NOW));
            prop_assert_eq!(stat.oldest_use, live.map(|session| session.last_used_at).min());
        }
        Ok(())
    });
}

/// How two sessions compare by one field, before it is reversed.
fn compare(by: SortKey, a: &Session, b: &Session, policies: &Policies) -> Ordering {
    let state = |session: &Session| policies.of(&session.task).state(session, NOW);
    // Those without such a moment come last.
    let moment = |time: Option<UnixTime>| time.map_or(i64::MAX, |time| time.0);
    let expires = |session: &Session| {
        let live = session.end.is_none();
        moment(policies.of(&session.task).expires_at(session).filter(|_| live))
    };
    match by {
        SortKey::Handle => a.key.cmp(&b.key),
        SortKey::User => a.user.cmp(&b.user),
        SortKey::Task => a.task.to_ascii_lowercase().cmp(&b.task.to_ascii_lowercase()),
        SortKey::Client => a.client.cmp(&b.client),
        SortKey::State => state(a).cmp(&state(b)),
        SortKey::Idle => b.idle(NOW).cmp(&a.idle(NOW)),
        SortKey::Created => a.created_at.cmp(&b.created_at),
        SortKey::LastUsed => a.last_used_at.cmp(&b.last_used_at),
        SortKey::Expires => expires(a).cmp(&expires(b)),
        SortKey::Ended => moment(a.end.map(|end| end.at)).cmp(&moment(b.end.map(|end| end.at))),
    }
}

#[test]
fn every_order_is_the_one_that_the_rules_give() {
    let input = (sessions(), policies(), select(SortKey::ALL), any::<bool>());
    check(1_000, input, |world, (sessions, policies, by, reverse)| {
        world.put(&sessions);
        let mut expected = sessions;
        expected.sort_by(|a, b| {
            let order = compare(by, a, b, &policies);
            (if reverse { order.reverse() } else { order }).then_with(|| a.key.cmp(&b.key))
        });
        if by == SortKey::Handle && reverse {
            expected.sort_by(|a, b| b.key.cmp(&a.key));
        }
        prop_assert_eq!(
            world.listed(&policies, &Filter::default(), false, Order { by, reverse }),
            expected
        );
        Ok(())
    });
}
