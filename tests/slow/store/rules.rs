//! The rules are stated twice, as functions of the domain and as the SQL that a
//! store makes of them. On generated sessions the two agree, at every boundary.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use sessctl::domain::filter::Filter;
use sessctl::domain::policy::{ExpiryMode, Policies, PurgeTime, Verdict};
use sessctl::domain::session::{End, EndReason, Session, SessionState};
use sessctl::domain::time::UnixTime;
use sessctl::storage::{
    GroupBy, Order, PurgeCounts, ScanLimits, SessionQuery, SortKey, TaskStats, UserStats,
};

use crate::support::NOW;
use crate::support::generators::{Case, check, filter, moment, previewed_case};
use crate::support::store::{TestDb, everything, scope, suite};

suite!(tests);

/// The session after a purge, by the rules of the domain.
fn after_purge(case: &Case, session: &Session) -> Option<Session> {
    match case.scope().verdict(session) {
        Verdict::Keep => Some(session.clone()),
        Verdict::Mark(at) => Some(Session { marked_at: Some(at), ..session.clone() }),
        Verdict::End(reason) => {
            Some(Session { end: Some(End { at: NOW, reason }), ..session.clone() })
        }
        Verdict::Discard(_) | Verdict::Delete => None,
    }
}

/// The sessions that a purge ends, as they end.
fn ending(case: &Case) -> Vec<Session> {
    let end = |session: &Session| match case.scope().verdict(session) {
        Verdict::End(reason) | Verdict::Discard(reason) => {
            Some(Session { end: Some(End { at: NOW, reason }), ..session.clone() })
        }
        Verdict::Keep | Verdict::Mark(_) | Verdict::Delete => None,
    };
    case.sessions.iter().filter_map(end).collect()
}

fn in_key_order(mut sessions: Vec<Session>) -> Vec<Session> {
    sessions.sort_by(|a, b| a.key.cmp(&b.key));
    sessions
}

/// The part of a range that is known when its batch is applied.
#[derive(Debug, Clone, Copy)]
enum Look {
    /// Nobody has looked.
    Never,
    /// Somebody has, and nothing has happened since.
    Before,
    /// Somebody has, and since then another program has touched a session.
    Overtaken,
}

fn look() -> impl Strategy<Value = Look> {
    prop_oneof![Just(Look::Never), Just(Look::Before), Just(Look::Overtaken)]
}

/// Changes of another program between the scan and the batch, to the table and to
/// the model of it: it touches the first live session that stays alone then, or that goes
/// all the same, if for another reason. What becomes due only by this may wait for the
/// next run, so it is left out.
fn overtake(db: &TestDb, case: &mut Case) {
    let scope = case.scope();
    let touch =
        |session: &Session| Session { last_used_at: Some(NOW), marked_at: None, ..session.clone() };
    let stays = |session: &Session| {
        let goes = |session: &Session| matches!(scope.verdict(session), Verdict::Discard(_));
        let touched = touch(session);
        session.end.is_none()
            && (scope.verdict(&touched) == Verdict::Keep || goes(session) && goes(&touched))
    };
    let Some(place) = case.sessions.iter().position(stays) else { return };
    let session = touch(&case.sessions[place]);
    let id = session.key.text().expect("a native key");
    let sql = "UPDATE sessions SET last_used_at = ?2, marked_at = NULL WHERE id = ?1";
    db.execute(&[json!([sql, id, NOW.0])]);
    case.sessions[place] = session;
}

/// True if a session was used, opened or marked more than a minute from now.
fn is_from_the_future(policies: &Policies, session: &Session) -> bool {
    let marks = policies.all().any(|policy| policy.expire == ExpiryMode::TwoPass);
    [session.last_used_at, session.created_at, session.marked_at.filter(|_| marks)]
        .into_iter()
        .flatten()
        .any(|time| time.0 > NOW.0 + 60)
}

/// The rules applied to a case, and to what was due at an earlier time.
fn expected_counts(case: &Case, backlog: Option<UnixTime>) -> PurgeCounts {
    let mut expected = PurgeCounts::default();
    for session in case.in_scope() {
        let was_due = backlog.is_some_and(|at| {
            let policy = case.policies.for_task(&session.task);
            policy.due(session, PurgeTime::at(at)).is_some()
        });
        expected.count(1, session.end.is_some(), case.scope().verdict(session), was_due);
        expected.future += u64::from(is_from_the_future(&case.policies, session));
    }
    expected
}

/// The ends of the rows that go, by task and reason.
fn deletions(case: &Case) -> BTreeMap<(String, EndReason), u64> {
    let mut deletions = BTreeMap::new();
    for session in case.in_scope() {
        let reason = match case.scope().verdict(session) {
            Verdict::Discard(reason) => reason,
            Verdict::Delete => session.end.unwrap().reason,
            Verdict::Keep | Verdict::Mark(_) | Verdict::End(_) => continue,
        };
        *deletions.entry((session.task.to_ascii_lowercase(), reason)).or_default() += 1;
    }
    deletions
}

/// The counters of deleted rows.
fn counted(db: &TestDb) -> BTreeMap<(String, EndReason), u64> {
    let sql =
        "SELECT lower(task), substr(name, 9), value FROM counters WHERE name GLOB 'deleted.*'";
    let read = |row: Vec<Value>| {
        let text = |place: usize| row[place].as_str().unwrap();
        ((text(0).to_owned(), text(1).parse().unwrap()), row[2].as_u64().unwrap())
    };
    db.rows(sql).into_iter().map(read).collect()
}

/// The order of two sessions by one field, before it is reversed.
fn compare(by: SortKey, a: &Session, b: &Session, policies: &Policies) -> Ordering {
    let state = |session: &Session| policies.for_task(&session.task).state(session, NOW);
    // Those without such a moment come last.
    let moment = |time: Option<UnixTime>| time.map_or(i64::MAX, |time| time.0);
    let expires = |session: &Session| {
        let live = session.end.is_none();
        moment(policies.for_task(&session.task).expires_at(session).filter(|_| live))
    };
    match by {
        SortKey::Handle => a.key.cmp(&b.key),
        SortKey::User => a.user.cmp(&b.user),
        SortKey::Task => a.task.to_ascii_lowercase().cmp(&b.task.to_ascii_lowercase()),
        SortKey::Client => a.client.cmp(&b.client),
        SortKey::Agent => a.agent.cmp(&b.agent),
        SortKey::State => state(a).cmp(&state(b)),
        SortKey::Idle => b.idle(NOW).cmp(&a.idle(NOW)),
        SortKey::Created => a.created_at.cmp(&b.created_at),
        SortKey::LastUsed => a.last_used_at.cmp(&b.last_used_at),
        SortKey::Expires => expires(a).cmp(&expires(b)),
        SortKey::Ended => moment(a.end.map(|end| end.at)).cmp(&moment(b.end.map(|end| end.at))),
    }
}

macro_rules! tests {
    ($(#[$on:meta])*) => {
        #[test]
        $(#[$on])*
        fn the_purge_does_with_each_session_what_its_policy_says() {
            let input = (previewed_case(), look(), option::of(moment()));
            check(db(), 4_000, input, |db, (mut case, look, backlog)| {
                db.upsert_rows(&case.sessions);
                let reach = ScanLimits { backlog, ..ScanLimits::ALL };
                let survey = db.sessions.scan_due(&case.scope(), None, reach).unwrap();
                prop_assert_eq!(survey.counts, expected_counts(&case, backlog));
                prop_assert_eq!(survey.rows, case.in_scope().count() as u64);

                let due = survey.due.filter(|_| !matches!(look, Look::Never)).unwrap_or_else(everything);
                if matches!(look, Look::Overtaken) {
                    overtake(db, &mut case);
                }
                let expected = expected_counts(&case, None);
                let settled = db.sessions.apply_purge(&case.scope(), &due, true).unwrap();
                let counts = (settled.marked, settled.ended, settled.deleted);
                prop_assert_eq!(counts, (expected.would_mark, expected.would_end, expected.would_delete));
                prop_assert_eq!(in_key_order(settled.ended_sessions), ending(&case));
                let left = case.sessions.iter().filter_map(|session| after_purge(&case, session));
                prop_assert_eq!(db.all(), left.collect::<Vec<_>>());
                prop_assert_eq!(counted(db), deletions(&case));
                Ok(())
            });
        }

        #[test]
        $(#[$on])*
        fn a_dry_run_lists_what_a_purge_would_change() {
            check(db(), 1_000, previewed_case(), |db, case| {
                let case = Case { task: None, ..case };
                db.upsert_rows(&case.sessions);
                let is_due = |session: &&Session| case.scope().verdict(session) != Verdict::Keep;
                let due: Vec<Session> = case.sessions.iter().filter(is_due).cloned().collect();
                let filter = &Filter::default();
                let (scope, order) = (case.scope(), Order::default());
                let query = SessionQuery { scope, filter, due_only: true, after: None, order };
                prop_assert_eq!(db.visited(&query), due);
                Ok(())
            });
        }

        #[test]
        $(#[$on])*
        fn a_filter_lets_through_what_the_rules_say() {
            check(db(), 1_500, (previewed_case(), filter()), |db, (Case { sessions, policies, .. }, filter)| {
                db.upsert_rows(&sessions);
                let expected: Vec<Session> = sessions
                    .iter()
                    .filter(|session| filter.matches(session, &policies, NOW))
                    .cloned()
                    .collect();
                prop_assert_eq!(db.listed(&policies, &filter, false, Order::default()), expected);
                Ok(())
            });
        }

        #[test]
        $(#[$on])*
        fn figures_count_the_states_that_the_rules_give() {
            check(db(), 500, previewed_case(), |db, Case { sessions, policies, .. }| {
                db.upsert_rows(&sessions);
                for stat in db.sessions.tasks(&scope(&policies)).unwrap() {
                    let of_task =
                        || sessions.iter().filter(|session| session.task.eq_ignore_ascii_case(&stat.task));
                    for state in SessionState::ALL {
                        let has =
                            |session: &&Session| policies.for_task(&session.task).state(session, NOW) == *state;
                        prop_assert_eq!(stat.in_state(*state), of_task().filter(has).count() as u64);
                    }
                    prop_assert_eq!(stat.opened, of_task().count() as u64);
                    let future = of_task().filter(|session| is_from_the_future(&policies, session));
                    prop_assert_eq!(stat.future, future.count() as u64);
                    let is_live = |session: &&Session| policies.for_task(&session.task).is_live(session, NOW);
                    prop_assert_eq!(stat.live_total(), of_task().filter(is_live).count() as u64);
                    let open = of_task().filter(|session| !session.has_ended(NOW));
                    prop_assert_eq!(stat.sessions(), open.clone().count() as u64);
                    prop_assert_eq!(stat.oldest_use, open.filter_map(|session| session.last_used_at).min());
                }
                Ok(())
            });
        }

        #[test]
        $(#[$on])*
        fn what_a_purge_counts_and_what_the_figures_say_is_the_same() {
            check(db(), 500, previewed_case(), |db, case| {
                // An end that lies in the future has come for a purge, and not for a list.
                let ended_by_now = |session: &Session| session.end.is_none() || session.has_ended(NOW);
                let sessions: Vec<Session> = case.sessions.iter().filter(|session| ended_by_now(session)).cloned().collect();
                let case = Case { sessions, planned: None, ..case };
                db.upsert_rows(&case.sessions);
                let counts = db.sessions.scan_due(&case.scope(), None, ScanLimits::ALL).unwrap().counts;
                let stats = db.sessions.tasks(&case.scope()).unwrap();
                let sum = |of: fn(&TaskStats) -> u64| stats.iter().map(of).sum::<u64>();
                prop_assert_eq!(counts.sessions, sum(TaskStats::sessions));
                prop_assert_eq!(counts.live(), sum(TaskStats::live_total));
                prop_assert_eq!(counts.would_end, sum(|stat| stat.expired + stat.due_abandoned));
                Ok(())
            });
        }

        #[test]
        $(#[$on])*
        fn users_have_what_the_rules_say() {
            check(db(), 500, previewed_case(), |db, Case { sessions, policies, .. }| {
                db.upsert_rows(&sessions);
                let mut expected: BTreeMap<Option<String>, [u64; 4]> = BTreeMap::new();
                for session in sessions.iter().filter(|session| session.end.is_none()) {
                    let state = match policies.for_task(&session.task).state(session, NOW) {
                        SessionState::Active => 0,
                        SessionState::Idle => 1,
                        SessionState::Abandoned => 2,
                        SessionState::Expired => 3,
                        SessionState::Ended => panic!("{session:?}"),
                    };
                    expected.entry(session.user.clone()).or_default()[state] += 1;
                }
                let mut loads = BTreeMap::new();
                let mut visit = |load: UserStats| {
                    let [active, idle, abandoned] = load.states;
                    loads.insert(load.user, [active, idle, abandoned, load.expired]);
                    Ok(ControlFlow::Continue(()))
                };
                db.sessions.user_stats(&scope(&policies), GroupBy::User, &mut visit).unwrap();
                prop_assert_eq!(loads, expected);
                Ok(())
            });
        }

        #[test]
        $(#[$on])*
        fn every_order_is_the_one_that_the_rules_give() {
            let input = (previewed_case(), select(SortKey::ALL), any::<bool>());
            check(db(), 1_500, input, |db, (Case { sessions, policies, .. }, by, reverse)| {
                db.upsert_rows(&sessions);
                let mut expected = sessions;
                expected.sort_by(|a, b| {
                    let order = compare(by, a, b, &policies);
                    (if reverse { order.reverse() } else { order }).then_with(|| a.key.cmp(&b.key))
                });
                if by == SortKey::Handle && reverse {
                    expected.sort_by(|a, b| b.key.cmp(&a.key));
                }
                prop_assert_eq!(
                    db.listed(&policies, &Filter::default(), false, Order { by, reverse }),
                    expected
                );
                Ok(())
            });
        }
    };
}
use tests;
