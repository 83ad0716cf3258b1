//! A list, the preview of a cycle, and the cycle itself select the same sessions.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use sessctl::app::ListRequest;
use sessctl::domain::filter::{Filter, recency};
use sessctl::domain::policy::Policies;
use sessctl::domain::session::{End, Session, SessionKey, SessionState};
use sessctl::domain::time::{Span, UnixTime};
use sessctl::storage::{Order, SortKey};
use sessctl::{CycleRequest, SessionService};

use crate::support::adopted::ApplicationDb;
use crate::support::generators::{Case, case, check, filter};
use crate::support::profiles::laravel;
use crate::support::store::TestDb;
use crate::support::{HOUR, NOW};

/// Returns the sessions that a list with these conditions shows.
fn listed(service: &SessionService, filter: &Filter, limit: Option<u64>) -> Vec<Session> {
    let by = if limit.is_some() { SortKey::Idle } else { SortKey::Handle };
    let order = Order { by, reverse: false };
    let request = ListRequest { filter: filter.clone(), order, limit, ..ListRequest::default() };
    let mut sessions = Vec::new();
    let visit = &mut |session| {
        sessions.push(session);
        Ok(ControlFlow::Continue(()))
    };
    service.list(&request, NOW, visit).unwrap();
    sessions
}

fn keys(sessions: &[Session]) -> BTreeSet<SessionKey> {
    sessions.iter().map(|session| session.key.clone()).collect()
}

/// Sessions that match one by one, without the newest of each user, in a plain formulation.
fn expected(service: &SessionService, all: &[Session], filter: &Filter) -> BTreeSet<SessionKey> {
    let matching = all.iter().filter(|it| filter.matches(it, service.policies(), NOW));
    let mut by_user: BTreeMap<Option<&str>, Vec<&Session>> = BTreeMap::new();
    for session in matching {
        by_user.entry(session.user.as_deref()).or_default().push(session);
    }
    let mut chosen = BTreeSet::new();
    for mut sessions in by_user.into_values() {
        sessions.sort_by_key(|it| (recency(service.profile(), it), it.key.clone()));
        let ends = sessions.len().saturating_sub(filter.keep_newest.unwrap_or(0));
        chosen.extend(sessions[..ends].iter().map(|it| it.key.clone()));
    }
    chosen
}

/// Cycles, and compares what ended with the list and with the preview.
fn compare(
    service: &mut SessionService,
    filter: &Filter,
    limit: Option<u64>,
) -> Result<(), TestCaseError> {
    let all = listed(service, &Filter::default(), None);
    let list = keys(&listed(service, filter, limit));
    let request = CycleRequest { filter: filter.clone(), limit, ..CycleRequest::default() };
    let mut previewed = BTreeSet::new();
    let preview = service.preview_cycle(&request, NOW, &mut |session| {
        previewed.insert(session.key.clone());
    });
    prop_assert_eq!(preview.unwrap().ended, previewed.len() as u64);
    prop_assert_eq!(&previewed, &list);
    let chosen = expected(service, &all, filter);
    match limit {
        None => prop_assert_eq!(&list, &chosen),
        Some(limit) => {
            prop_assert!(list.is_subset(&chosen));
            prop_assert_eq!(list.len() as u64, limit.min(chosen.len() as u64));
        }
    }
    let mut shown = BTreeSet::new();
    let show = &mut |session: &Session| {
        shown.insert(session.key.clone());
    };
    let go_on = &mut || ControlFlow::Continue(());
    let cycled = service.cycle(&request, NOW, show, go_on);
    prop_assert_eq!(cycled.unwrap().ended, shown.len() as u64);
    prop_assert_eq!(&shown, &previewed);
    let live_before = all.iter().filter(|session| session.end.is_none()).cloned();
    let left = listed(service, &Filter::default(), None);
    let live_after: Vec<Session> =
        left.into_iter().filter(|session| session.end.is_none()).collect();
    let ended = &keys(&live_before.collect::<Vec<_>>()) - &keys(&live_after);
    prop_assert_eq!(&ended, &list);
    Ok(())
}

/// Conditions that a cycle takes, with the states that it ends unless others are requested.
fn for_cycle(filter: Filter) -> Filter {
    let states: Vec<SessionState> =
        filter.states.into_iter().filter(|state| *state != SessionState::Ended).collect();
    let usable = states.is_empty() || filter.usable;
    let (ended_by, ended_since, opened_by) = (None, None, None);
    Filter { states, usable, ended_by, ended_since, opened_by, ..filter }
}

#[test]
fn native_sessions_that_are_listed_previewed_and_ended_agree() {
    let limit = option::weighted(0.3, 0..8_u64);
    let generated = (case(), filter(), limit);
    check(TestDb::native_in_sqlite(), 600, generated, |db, (case, filter, limit)| {
        let Case { sessions, policies, .. } = case;
        // An end in the future is a fault of a clock.
        let end = |end: End| End { at: end.at.min(NOW), ..end };
        let sessions: Vec<Session> = (sessions.into_iter())
            .map(|session| Session { end: session.end.map(end), ..session })
            .collect();
        db.upsert_rows(&sessions);
        let mut service = SessionService::new(db.beside(), policies);
        compare(&mut service, &for_cycle(filter), limit)
    });
}

/// Rows of Laravel's table around the end of their lifetime: user and seconds since the last use.
type Rows = Vec<(Option<i64>, i64)>;

fn rows() -> impl Strategy<Value = Rows> {
    let age = prop_oneof![2 * HOUR - 3..2 * HOUR + 3, -2..6_i64];
    vec((option::of(1..4_i64), age), 0..14)
}

prop_compose! {
    fn framework_filter()(
        users in subsequence(vec!["1", "2", "9"], 0..=2),
        except_users in option::weighted(0.3, select(vec!["1", "3"])),
        keep_newest in option::weighted(0.4, 0..3_usize),
        states in subsequence(vec![SessionState::Active, SessionState::Expired], 0..=2),
        idle_over in option::weighted(0.3, (0..6_i64).prop_map(Span::seconds)),
        used_before in option::weighted(0.3, (-2..6_i64).prop_map(|ago| UnixTime(NOW.0 - ago))),
    ) -> Filter {
        for_cycle(Filter {
            users: users.into_iter().map(str::to_owned).collect(),
            except_users: except_users.into_iter().map(str::to_owned).collect(),
            keep_newest,
            states,
            idle_over,
            used_before,
            ..Filter::default()
        })
    }
}

const TABLE: &str = "CREATE TABLE sessions (id varchar not null, user_id integer, \
                     ip_address varchar, user_agent text, payload text not null, \
                     last_activity integer not null, primary key (id));";

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn sessions_of_a_framework_that_are_listed_previewed_and_ended_agree(
        rows in rows(),
        filter in framework_filter(),
        limit in option::weighted(0.3, 0..8_u64),
    ) {
        let values = rows.iter().enumerate().map(|(id, (user, age))| {
            let user = user.map_or_else(|| "NULL".to_owned(), |user| user.to_string());
            format!("INSERT INTO sessions VALUES ('{id}', {user}, NULL, NULL, '', {});", NOW.0 - age)
        });
        let db = ApplicationDb::of(&format!("{TABLE} {}", values.collect::<String>()));
        let mut service = SessionService::new(db.store(laravel()), Policies::default());
        compare(&mut service, &filter, limit)?;
    }
}
