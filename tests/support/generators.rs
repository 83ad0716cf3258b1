//! Random policies, sessions and times.
//!
//! Spans and ages are a few seconds, or close to where a rule changes, so that boundaries are hit
//! often.

use std::cell::RefCell;

use proptest::bool::weighted;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use sessctl::domain::filter::Filter;
use sessctl::domain::policy::{ExpiryMode, Policies, Policy, TimeoutBasis};
use sessctl::domain::session::{End, EndReason, Session, SessionState};
use sessctl::domain::task::TaskPattern;
use sessctl::domain::time::{Span, UnixTime};
use sessctl::storage::PolicyContext;

use crate::support::store::{TestDb, session};
use crate::support::{DAY, HOUR, NOW};

/// Divisor of the number of cases.
const CASES_DIVISOR: u32 = 50;
/// Sessions, and the rules and the moment at which they are judged.
#[derive(Debug, Clone)]
pub struct Case {
    pub sessions: Vec<Session>,
    pub policies: Policies,
    pub planned: Option<UnixTime>,
    pub task: Option<TaskPattern>,
}

impl Case {
    pub fn scope(&self) -> PolicyContext<'_> {
        let task = self.task.as_ref();
        PolicyContext { policies: &self.policies, now: NOW, planned: self.planned, task }
    }

    /// The sessions of the selected tasks.
    pub fn in_scope(&self) -> impl Iterator<Item = &Session> {
        let is_meant =
            |session: &&Session| self.task.as_ref().is_none_or(|task| task.matches(&session.task));
        self.sessions.iter().filter(is_meant)
    }
}

pub fn span() -> impl Strategy<Value = Span> {
    (0..6_i64).prop_map(Span::seconds)
}

/// Time mostly within the last seconds, sometimes ahead of the clock, and rarely at the maximum
/// difference of two clocks.
pub fn moment() -> impl Strategy<Value = UnixTime> {
    prop_oneof![20 => -2..9_i64, 1 => -63..-58_i64].prop_map(ago)
}

fn ago(seconds: i64) -> UnixTime {
    UnixTime(NOW.0 - seconds)
}

/// Delays of seconds, with and without tolerance for a late check, and delays around whole days,
/// which may lack an hour.
fn delay() -> impl Strategy<Value = Span> {
    let seconds = prop_oneof![
        0..6_i64,
        22..75_i64,
        select(vec![DAY - 1, DAY, DAY + 1, DAY + HOUR, 2 * DAY, 30 * DAY])
    ];
    seconds.prop_map(Span::seconds)
}

/// Planned time: on time, slightly late, or at the tolerance.
fn planned() -> impl Strategy<Value = Option<UnixTime>> {
    option::of(prop_oneof![-2..5_i64, HOUR - 3..HOUR + 3, Just(2 * HOUR)].prop_map(ago))
}

/// Timeout, its minimum and its maximum, which is not below the minimum.
fn timeouts() -> impl Strategy<Value = (Option<Span>, Span, Option<Span>)> {
    let drawn = (option::of(span()), span(), option::of(span()));
    drawn.prop_map(|(timeout, min, max)| (timeout, min, max.map(|max| max.max(min))))
}

prop_compose! {
    fn policy(bases: &'static [TimeoutBasis])(
        expire in select(ExpiryMode::ALL),
        abandoned in span(),
        lifetime in option::of(span()),
        delay in delay(),
        retention in option::of(span()),
        (timeout, min_timeout, max_timeout) in timeouts(),
        basis in select(bases),
    ) -> Policy {
        Policy {
            expire,
            timeout,
            basis,
            min_timeout,
            max_timeout,
            abandoned,
            lifetime,
            delay,
            retention,
            ..Policy::default()
        }
    }
}

fn policies(bases: &'static [TimeoutBasis]) -> impl Strategy<Value = Policies> {
    let policy = || policy(bases);
    let others = (vec(policy(), 1..4), prop_oneof![15 => Just(0), 1 => Just(200)]);
    let of_tasks = (option::of(policy()), option::of(policy()));
    let groups = (vec((pattern(), policy()), 0..3), vec((pattern(), option::of(span())), 0..3));
    let drawn = (policy(), of_tasks, others, groups);
    drawn.prop_map(|(default, (imap, http), (some, others), (of_patterns, caps))| {
        let mut policies = Policies::uniform(default);
        // Tasks that no session has, around those that have some.
        for (number, policy) in (0..others).zip(some.iter().cycle()) {
            policies
                .insert(&format!("{}{number}", ["h", "I", "im", "z'"][number % 4]), policy.clone());
            // And, if less often, patterns.
            if number % 2 == 0 {
                policies.insert(&format!("*'{number}"), policy.clone());
            }
        }
        for (task, policy) in [("imap", imap), ("http", http)] {
            if let Some(policy) = policy {
                policies.insert(task, policy);
            }
        }
        for (tasks, policy) in of_patterns {
            policies.insert(tasks.as_str(), policy);
        }
        for (tasks, max) in caps {
            policies.cap_retention(tasks.as_str(), max);
        }
        policies
    })
}

fn task() -> impl Strategy<Value = String> {
    select(vec!["imap", "IMAP", "http", "jmap", "i%p", "im_p"]).prop_map(str::to_owned)
}

fn pattern() -> impl Strategy<Value = TaskPattern> {
    select(vec!["imap", "I*p", "*", "i%p", "i%*", "*_p", "http"]).prop_map(TaskPattern::from)
}

fn user() -> impl Strategy<Value = Option<String>> {
    option::of(select(vec!["alice", "bob", "Alice", ""]).prop_map(str::to_owned))
}

fn end() -> impl Strategy<Value = Option<End>> {
    option::of((moment(), select(EndReason::ALL)).prop_map(|(at, reason)| End { at, reason }))
}

fn unmarked() -> impl Strategy<Value = Vec<Session>> {
    let one = (task(), user(), moment(), 0..9_i64, option::of(span()), end());
    vec(one, 0..12).prop_map(|rows| {
        let mut sessions: Vec<Session> = (0..)
            .zip(rows)
            .map(|(serial, (task, user, created_at, used_after, idle_timeout, end))| Session {
                task,
                user,
                created_at: Some(created_at),
                last_used_at: Some(created_at.plus(Span::seconds(used_after))),
                idle_timeout,
                end,
                ..session(&i32::to_string(&serial))
            })
            .collect();
        sessions.sort_by(|a, b| a.key.cmp(&b.key));
        sessions
    })
}

/// Offset in seconds of a mark from the time at which it becomes ripe, with or without the
/// tolerance, and for a check on time or a late one.
fn mark() -> impl Strategy<Value = Option<(i64, bool, bool)>> {
    option::of((-2..3_i64, any::<bool>(), any::<bool>()))
}

fn with_marks(case: Case, marks: &[Option<(i64, bool, bool)>]) -> Case {
    let at = |session: &Session, (off, tolerant, late): (i64, bool, bool)| {
        let check = case.planned.filter(|_| late).unwrap_or(NOW);
        let tolerance = if tolerant { HOUR } else { 0 };
        let delay = case.policies.for_task(&session.task).delay.as_seconds();
        UnixTime(check.0 - delay + tolerance + off)
    };
    let sessions = (case.sessions.iter().zip(marks))
        .map(|(session, mark)| Session {
            marked_at: mark.map(|mark| at(session, mark)),
            ..session.clone()
        })
        .collect();
    Case { sessions, ..case }
}

/// All that a purge may depend on.
pub fn case() -> impl Strategy<Value = Case> {
    case_of(&[TimeoutBasis::Granted])
}

/// All that the preview of a purge under changed policies may depend on.
pub fn previewed_case() -> impl Strategy<Value = Case> {
    case_of(&[TimeoutBasis::Granted, TimeoutBasis::Policy, TimeoutBasis::Bounds])
}

fn case_of(bases: &'static [TimeoutBasis]) -> impl Strategy<Value = Case> {
    let task = option::weighted(0.3, pattern());
    (unmarked(), policies(bases), planned(), task, vec(mark(), 12)).prop_map(
        |(sessions, policies, planned, task, marks)| {
            with_marks(Case { sessions, policies, planned, task }, &marks)
        },
    )
}

prop_compose! {
    /// Conditions on the user of a session.
    fn of_users()(
        user in user(),
        except_user in option::weighted(0.2, user()),
        keep_newest in option::weighted(0.1, 0..3_usize),
        user_unreadable in weighted(0.1),
    ) -> Filter {
        let users = user.into_iter().collect();
        let except_users = except_user.flatten().into_iter().collect();
        Filter { users, except_users, keep_newest, user_unreadable, ..Filter::default() }
    }
}

prop_compose! {
    pub fn filter()(
        task in option::of(pattern()),
        of_users in of_users(),
        states in subsequence(SessionState::ALL.to_vec(), 0..=5),
        usable in weighted(0.3),
        idle_over in option::of(span()),
        before in (option::weighted(0.3, moment()), option::weighted(0.3, moment())),
        ended_by in option::of(select(EndReason::ALL)),
        ended_since in option::of(moment()),
        opened_by in option::of(moment()),
    ) -> Filter {
        let (created_before, used_before) = before;
        Filter {
            task,
            states,
            usable,
            idle_over,
            created_before,
            used_before,
            ended_by,
            ended_since,
            opened_by,
            ..of_users
        }
    }
}

/// Runs a property against one store, emptied for each case: making a new one
/// would take most of the time. Where each request takes its time, there are fewer cases.
pub fn check<S: Strategy>(
    db: TestDb,
    cases: u32,
    strategy: S,
    property: impl Fn(&mut TestDb, S::Value) -> Result<(), TestCaseError>,
) {
    let cases = if db.is_remote() { cases / CASES_DIVISOR } else { cases };
    let db = RefCell::new(db);
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let outcome = runner.run(&strategy, |input| {
        let mut db = db.borrow_mut();
        db.clear();
        property(&mut db, input)
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}
