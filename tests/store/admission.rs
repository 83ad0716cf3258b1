//! Who gets in where there is a limit, and who has to go: the store does what the
//! rules say, whatever there is and whoever comes.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use sessctl::domain::policy::{Policy, WhenFull};
use sessctl::domain::port::NewSession;
use sessctl::domain::session::{EndReason, Session};
use sessctl::domain::time::Span;

use crate::drawn::{Scene, check, scene, span};
use crate::model;
use crate::worlds::{NOW, World, session, suite};

suite!(tests);

/// What somebody who wants in brings along.
#[derive(Debug, Clone)]
struct Caller {
    task: &'static str,
    user: Option<&'static str>,
    timeout: Option<Span>,
    /// Seconds since the one before.
    after: i64,
}

prop_compose! {
    fn caller()(
        task in select(vec!["imap", "IMAP", "http", "jmap"]),
        user in option::of(select(vec!["alice", "bob", "Alice"])),
        timeout in option::of(span()),
        after in 0..4_i64,
    ) -> Caller {
        Caller { task, user, timeout, after }
    }
}

prop_compose! {
    /// The settings of a policy that are about limits.
    fn limits()(
        limit in 0..5_u64,
        user_limit in 0..4_u64,
        when_full in select(WhenFull::ALL),
        leaves_no_trace in any::<bool>(),
    ) -> Policy {
        let retention = leaves_no_trace.then_some(Span::ZERO);
        Policy { limit, user_limit, when_full, retention, ..Policy::default() }
    }
}

/// The policy of a task with these limits.
fn with_limits(policy: &Policy, limits: &Policy) -> Policy {
    let Policy { limit, user_limit, when_full, retention, .. } = *limits;
    Policy { limit, user_limit, when_full, retention, ..policy.clone() }
}

fn live(rows: &[Session], task: &str) -> u64 {
    let of_task = |row: &&Session| row.end.is_none() && row.task.eq_ignore_ascii_case(task);
    rows.iter().filter(of_task).count() as u64
}

macro_rules! tests {
    ($(#[$on:meta])*) => {
        #[test]
        $(#[$on])*
        fn the_door_keeps_to_its_rules_whoever_comes() {
            let input = (scene(), limits(), vec(caller(), 1..8));
            check(world(), 1_500, input, |world, (Scene { sessions, policies, .. }, limits, callers)| {
                world.put(&sessions);
                let (mut rows, mut now, mut refused) = (sessions, NOW, 0);
                for (serial, caller) in callers.into_iter().enumerate() {
                    now = now.plus(Span::seconds(caller.after));
                    let new = NewSession {
                        key: session(&format!("new {serial}")).key,
                        user: caller.user.map(str::to_owned),
                        task: caller.task.to_owned(),
                        client: None,
                        created_at: now,
                        idle_timeout: caller.timeout,
                    };
                    let policy = with_limits(policies.of(caller.task), &limits);
                    let before = live(&rows, caller.task);
                    let expected = model::admit(&mut rows, &new, &policy);
                    let admission = world.sessions.admit(&new, &policy, true).unwrap();

                    prop_assert_eq!(&admission.outcome, &expected.outcome);
                    let ended = expected.over.len() + usize::from(expected.evicted.is_some());
                    prop_assert_eq!(admission.ended, ended as u64);
                    let mut told: Vec<Session> =
                        expected.over.into_iter().chain(expected.evicted).collect();
                    told.sort_by(|a, b| a.key.cmp(&b.key));
                    let mut answered = admission.told;
                    answered.sort_by(|a, b| a.key.cmp(&b.key));
                    prop_assert_eq!(&answered, &told);
                    let all = world.all();
                    prop_assert_eq!(&all, &rows);
                    refused += u64::from(admission.outcome.is_err());
                    prop_assert_eq!(world.refusals(), refused);

                    // Whatever the model says.
                    let is_evicted =
                        |row: &&Session| row.end.is_some_and(|end| end.reason == EndReason::Evicted);
                    let evicted = answered.iter().filter(is_evicted).count();
                    prop_assert!(evicted <= usize::from(admission.outcome.is_ok()));
                    let after = live(&all, caller.task);
                    prop_assert!(
                        limits.limit == 0 || after <= before.max(limits.limit),
                        "{before} {after}"
                    );
                }
                Ok(())
            });
        }
    };
}
use tests;
