//! The distribution of idle times as the domain counts it, and as the SQL of the store does, at
//! every limit of a range.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use sessctl::domain::idle_times::IdleTimes;
use sessctl::domain::session::Session;
use sessctl::domain::time::{Span, UnixTime};

use crate::support::NOW;
use crate::support::generators::{Case, check, previewed_case};
use crate::support::store::{TestDb, suite};

suite!(tests);

/// Age of a last use: a few seconds, or close to a limit of the scale, before or after it.
fn age() -> impl Strategy<Value = i64> {
    let limit = select(IdleTimes::LIMITS.map(Span::as_seconds).to_vec());
    prop_oneof![1 => -3..9_i64, 1 => -63..-58_i64, 3 => (limit, -1..2_i64).prop_map(|(a, b)| a + b)]
}

fn used(case: Case, ages: &[i64]) -> Case {
    let sessions = case.sessions.into_iter().zip(ages);
    let sessions = sessions
        .map(|(session, age)| Session { last_used_at: Some(UnixTime(NOW.0 - age)), ..session })
        .collect();
    Case { sessions, ..case }
}

/// The reference: each session counted by the domain.
fn expected(case: &Case) -> Vec<IdleTimes> {
    let mut tasks: BTreeMap<String, IdleTimes> = BTreeMap::new();
    for session in case.in_scope().filter(|session| !session.has_ended(NOW)) {
        let policy = case.policies.for_task(&session.task);
        let name = session.task.to_ascii_lowercase();
        let empty = || IdleTimes::of_policy(name.clone(), policy);
        tasks.entry(name.clone()).or_insert_with(empty).count(session, policy, NOW);
    }
    tasks.into_values().collect()
}

macro_rules! tests {
    ($(#[$on:meta])*) => {
        #[test]
        $(#[$on])*
        fn each_session_is_in_the_range_that_the_domain_says() {
            let input = (previewed_case(), vec(age(), 12));
            check(db(), 2_000, input, |db, (case, ages)| {
                let case = Case { planned: None, ..used(case, &ages) };
                db.upsert_rows(&case.sessions);
                let mut counted = db.sessions.idle_times(&case.scope()).unwrap().unwrap();
                for times in &mut counted {
                    times.task.make_ascii_lowercase();
                }
                let expected = expected(&case);
                let sessions = expected.iter().map(IdleTimes::sessions).sum::<u64>();
                let stats = db.sessions.tasks(&case.scope()).unwrap();
                prop_assert_eq!(stats.iter().map(|stat| stat.sessions()).sum::<u64>(), sessions);
                prop_assert_eq!(counted, expected);
                Ok(())
            });
        }
    };
}
use tests;
