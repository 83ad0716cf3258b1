//! Admission under limits, and evictions: the store does what the rules say, on random
//! sessions and logins.

use std::cell::Cell;

use proptest::bool::weighted;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use sessctl::domain::policy::{Licence, OverflowPolicy, Policies, Policy};
use sessctl::domain::session::{EndReason, Session};
use sessctl::domain::task::TaskPattern;
use sessctl::domain::time::Span;
use sessctl::storage::NewSession;

use crate::store::admission_model;
use crate::support::NOW;
use crate::support::generators::{Case, case, check, span};
use crate::support::store::{TestDb, session, suite};

suite!(tests);

/// The facts about a session to be opened.
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
        when_full in select(OverflowPolicy::ALL),
        leaves_no_trace in any::<bool>(),
    ) -> Policy {
        let retention = leaves_no_trace.then_some(Span::ZERO);
        Policy { limit, user_limit, when_full, retention, ..Policy::default() }
    }
}

prop_compose! {
    /// A limit over some of the tasks.
    fn licence()(
        tasks in select(vec![
            vec!["imap", "http"],
            vec!["IMAP", "i%*"],
            vec!["*map"],
            vec!["*"],
            vec!["http", "jmap", "im*", "i%p"],
            vec!["http"],
        ]),
        limit in 1..7_u64,
        when_full in select(OverflowPolicy::ALL),
    ) -> Licence {
        let tasks = tasks.into_iter().map(TaskPattern::from).collect();
        Licence { tasks, limit, when_full }
    }
}

/// The policies with the limits of the default one, and with those of each task's own one;
/// and with a licence, if there is one.
fn with_limits(
    policies: &Policies,
    [default, own]: &[Policy; 2],
    licence: Option<Licence>,
) -> Policies {
    let with = |policy: &Policy, limits: &Policy| {
        let Policy { limit, user_limit, when_full, retention, .. } = *limits;
        Policy { limit, user_limit, when_full, retention, ..policy.clone() }
    };
    let mut limited = Policies::uniform(with(&policies.default, default));
    for (task, policy) in policies.iter_named() {
        limited.insert(task, with(policy, own));
    }
    limited.licences.extend(licence);
    limited
}

fn live(rows: &[Session], counts: impl Fn(&str) -> bool) -> u64 {
    rows.iter().filter(|row| row.end.is_none() && counts(&row.task)).count() as u64
}

macro_rules! tests {
    ($(#[$on:meta])*) => {
        #[test]
        $(#[$on])*
        fn admission_follows_its_rules() {
            let (licence, is_indexed) = (option::of(licence()), Cell::new(false));
            let input = (case(), [limits(), limits()], licence, vec(caller(), 1..8), weighted(0.2));
            check(db(), 1_500, input, |db, (case, limits, licence, callers, has_index)| {
                let Case { sessions, policies, .. } = case;
                let policies = with_limits(&policies, &limits, licence);
                // Its indexes make it look for tasks in another way.
                if is_indexed.replace(has_index) != has_index {
                    let limit = u64::from(has_index);
                    let limits = Policy { limit, user_limit: limit, ..Policy::default() };
                    db.sessions.session_opener().unwrap().sync_indexes(&Policies::uniform(limits)).unwrap();
                }
                db.upsert_rows(&sessions);
                let (mut rows, mut now, mut refused) = (sessions, NOW, 0);
                let mut ended_before = rows.iter().filter(|row| row.end.is_some()).count() as u64;
                for (serial, caller) in callers.into_iter().enumerate() {
                    now = now.plus(Span::seconds(caller.after));
                    let new = NewSession {
                        key: session(&format!("new {serial}")).key,
                        user: caller.user.map(str::to_owned),
                        task: caller.task.to_owned(),
                        client: None,
                        agent: None,
                        created_at: now,
                        idle_timeout: caller.timeout,
                    };
                    let of_task = |task: &str| task.eq_ignore_ascii_case(caller.task);
                    let licence = policies.licence_of(caller.task);
                    let of_licence = |task: &str| licence.is_some_and(|own| own.covers(task));
                    let before = [live(&rows, of_task), live(&rows, of_licence)];
                    let expected = admission_model::open_limited(&mut rows, &new, &policies);
                    let admission = db.sessions.session_opener().unwrap().open_limited(&new, &policies, true).unwrap();

                    prop_assert_eq!(&admission.outcome, &expected.outcome);
                    let ended = expected.over.len() + usize::from(expected.evicted.is_some());
                    prop_assert_eq!(admission.ended, ended as u64);
                    let mut told: Vec<Session> =
                        expected.over.into_iter().chain(expected.evicted).collect();
                    told.sort_by(|a, b| a.key.cmp(&b.key));
                    let mut answered = admission.ended_sessions;
                    answered.sort_by(|a, b| a.key.cmp(&b.key));
                    prop_assert_eq!(&answered, &told);
                    let all = db.all();
                    prop_assert_eq!(&all, &rows);
                    refused += u64::from(admission.outcome.is_err());
                    prop_assert_eq!(db.refusals(), refused);
                    ended_before += admission.ended;
                    prop_assert_eq!(db.ended_by(now.plus(Span::hours(1))), ended_before);

                    // Whatever the model says.
                    let is_evicted =
                        |row: &&Session| row.end.is_some_and(|end| end.reason == EndReason::Evicted);
                    let evicted = answered.iter().filter(is_evicted).count();
                    prop_assert!(evicted <= usize::from(admission.outcome.is_ok()));
                    let after = [live(&all, of_task), live(&all, of_licence)];
                    let licensed = licence.map_or(0, |licence| licence.limit);
                    let limits = [policies.for_task(caller.task).limit, licensed];
                    for ((limit, before), after) in limits.into_iter().zip(before).zip(after) {
                        prop_assert!(
                            limit == 0 || after <= before.max(limit),
                            "{before} {after}"
                        );
                    }
                }
                Ok(())
            });
        }
    };
}
use tests;
