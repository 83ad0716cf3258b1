//! The stricter rules of a configuration in the store of framework tables, compared with the
//! domain on random tables.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use sessctl::domain::filter::Filter;
use sessctl::domain::policy::UserSessions;
use sessctl::domain::profile::{NullMeaning, Profile, SessionTimes, Standing, StricterRules};
use sessctl::domain::session::{EndReason, Session};
use sessctl::domain::time::{Span, UnixTime};
use sessctl::storage::{Backend, DueScan, FoundSessions, Order, ScanLimits, SessionQuery};

use crate::support::NOW;
use crate::support::adopted::{
    ApplicationDb, all_sessions, all_tasks, few, look, purge_all, purge_by_key,
};
use crate::support::profiles::{draft, laravel, seconds};
use crate::support::rng::Rng;

const TABLE: &str = "CREATE TABLE app (id TEXT PRIMARY KEY, who TEXT, used INTEGER, \
                     made INTEGER, over INTEGER);";

fn profile(stricter: StricterRules) -> Profile {
    let columns = ["id", "who", "used", "made", "over"];
    let draft = draft("app", "app", "id", &columns).user("who").time("used", seconds());
    let draft = draft.null(NullMeaning::Never).time("made", seconds()).null(NullMeaning::Never);
    let draft = draft.time("over", seconds()).null(NullMeaning::Never).over(0).at(2, true);
    Profile { used: Some(0), created: Some(1), stricter, ..draft.0 }
}

/// A table of up to 60 rows of a few users, with times around those of the rules.
fn table(rng: &mut Rng) -> String {
    let mut sql = TABLE.to_owned();
    for row in 0..rng.between(12, 60) {
        let mut time = |first, last| match rng.between(0, 9) {
            0 => "NULL".to_owned(),
            _ => (NOW.0 + 60 * rng.between(first, last) + rng.between(-1, 1)).to_string(),
        };
        let (used, made, over) = (time(-4, 1), time(-4, 0), time(-3, 3));
        let over = if rng.percent(5) { "0".to_owned() } else { over };
        let over = if row == 0 { "'never'".to_owned() } else { over };
        let who = rng.one_of(&["NULL", "''", "'ann'", "'ben'", "'eve'"]);
        let id = rng.between(0, 1 << 60);
        let values = format!("('{id:x}{row}', {who}, {used}, {made}, {over})");
        sql.extend(["INSERT INTO app VALUES ", &values, ";"]);
    }
    sql
}

fn rules(rng: &mut Rng) -> StricterRules {
    let span = |rng: &mut Rng| rng.percent(60).then(|| Span::seconds(60 * rng.between(0, 3)));
    StricterRules {
        timeout: span(rng),
        lifetime: span(rng),
        user_limit: rng.one_of(&[0, 0, 1, 2, 3]),
        retention: if rng.percent(50) { Some(Span::ZERO) } else { span(rng) },
    }
}

/// The standing of each session by the rules of the domain alone.
fn expected(sessions: &[Session], rules: StricterRules) -> BTreeMap<String, Standing> {
    let mut users = UserSessions::new(rules, NOW);
    let limited = || sessions.iter().filter_map(|it| Some((it, it.user.clone()?, it.times()?)));
    for (session, user, times) in limited().filter(|_| rules.user_limit > 0) {
        if users.counts(&times) {
            users.add(user, &times, &session.handle);
        }
    }
    let excess = users.into_excess();
    let standing = |session: &Session| {
        let alone = SessionTimes { exceeds_user_limit: false, ..session.times().unwrap() };
        let user = session.user.as_deref();
        let exceeds_user_limit =
            user.is_some_and(|user| excess.includes(user, &alone, &session.handle));
        rules.standing(&SessionTimes { exceeds_user_limit, ..alone }, NOW)
    };
    sessions.iter().map(|session| (session.handle.clone(), standing(session))).collect()
}

/// The reason of each session that a purge deletes.
fn due(standings: &BTreeMap<String, Standing>) -> BTreeMap<String, EndReason> {
    let due = standings.iter();
    due.filter_map(|(handle, it)| Some((handle.clone(), it.deletion_reason()?))).collect()
}

fn listed_as_due(store: &dyn Backend) -> BTreeMap<String, EndReason> {
    let (filter, order) = (Filter::default(), Order::default());
    let scope = all_tasks();
    let query = SessionQuery { scope, filter: &filter, due_only: true, after: None, order };
    let mut found = BTreeMap::new();
    let visit = &mut |session: Session| {
        let reason = session.standing(NOW).and_then(Standing::deletion_reason).unwrap();
        found.insert(session.handle, reason);
        Ok(ControlFlow::Continue(()))
    };
    store.scan(&query, visit).unwrap();
    found
}

#[test]
fn a_purge_by_the_index_counts_what_the_figures_have() {
    for seed in 0..100 {
        let mut rng = Rng::seeded(seed);
        let (sql, rules) = (table(&mut rng), rules(&mut rng));
        let db = ApplicationDb::of(&format!("{sql} CREATE INDEX app_over ON app (over);"));
        let rules = StricterRules { timeout: None, lifetime: None, user_limit: 0, ..rules };
        let store = db.store(profile(rules));
        let stats = store.tasks(&all_tasks()).unwrap().remove(0);
        let rows = usize::try_from(rng.between(1, 70)).unwrap();
        let (mut found, mut total, mut after) = (FoundSessions::default(), 0, None);
        loop {
            let scan = look(&*store, after.as_ref(), rows);
            found.add(scan.found);
            total += scan.rows;
            after = scan.last;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(
            (found.live, found.expired),
            (stats.live, stats.expired),
            "seed {seed}: {rules}"
        );
        assert_eq!(total, stats.rows, "seed {seed}: {rules}");
    }
}

#[test]
fn the_store_and_the_domain_agree_on_every_row() {
    for seed in 0..150 {
        let mut rng = Rng::seeded(seed);
        let (sql, rules) = (table(&mut rng), rules(&mut rng));
        let db = ApplicationDb::of(&sql);
        let mut store = db.store(profile(rules));
        let before = all_sessions(&*store);
        let standings = expected(&before, rules);
        let due = due(&standings);
        assert_eq!(listed_as_due(&*store), due, "seed {seed}: {rules}");
        let count = |is: &dyn Fn(Standing) -> bool| {
            standings.values().filter(|standing| is(**standing)).count() as u64
        };
        let stats = store.tasks(&all_tasks()).unwrap().remove(0);
        assert_eq!(stats.live[0], count(&|it| it == Standing::Live), "seed {seed}: {rules}");
        assert_eq!(stats.expired, count(&|it| it != Standing::Live), "seed {seed}: {rules}");
        let DueScan { counts, found, rows, .. } =
            store.scan_due(&all_tasks(), None, ScanLimits::ALL).unwrap();
        assert_eq!(
            (found.live, found.expired),
            (stats.live, stats.expired),
            "seed {seed}: {rules}"
        );
        assert_eq!(rows, stats.rows, "seed {seed}: {rules}");
        assert_eq!(counts.would_delete, due.len() as u64, "seed {seed}: {rules}");
        assert_eq!(counts.live(), count(&|it| it == Standing::Live), "seed {seed}: {rules}");
        let rows = usize::try_from(rng.between(1, 70)).unwrap();
        let purged = if rng.percent(50) {
            purge_all(&mut *store, rows).unwrap()
        } else {
            purge_by_key(&mut *store, rows).unwrap()
        };
        assert_eq!(purged.settled.deleted, due.len() as u64, "seed {seed}: {rules}");
        let ended = purged.settled.ended_sessions.iter();
        for session in ended {
            assert_eq!(due[&session.handle], session.end.unwrap().reason, "seed {seed}: {rules}");
        }
        let left: Vec<String> =
            all_sessions(&*store).into_iter().map(|session| session.handle).collect();
        let kept = before.iter().map(|session| &session.handle);
        let kept: Vec<&String> = kept.filter(|handle| !due.contains_key(*handle)).collect();
        assert_eq!(left.iter().collect::<Vec<_>>(), kept, "seed {seed}: {rules}");
        let ended = store.tasks(&all_tasks()).unwrap().remove(0).ended_by;
        let reasons = ended.iter().filter(|(_, rows)| **rows > 0).map(|(reason, rows)| {
            (*reason, due.values().filter(|due| *due == reason).count() as u64 == *rows)
        });
        assert!(reasons.clone().all(|(_, is_equal)| is_equal), "seed {seed}: {ended:?}");
    }
}

#[test]
fn a_session_that_is_used_after_the_scan_stays() {
    let timeout = Some(Span::minutes(1));
    for rules in [
        StricterRules { timeout, ..StricterRules::default() },
        StricterRules { user_limit: 1, ..StricterRules::default() },
    ] {
        let used = NOW.0 - 600;
        let db = ApplicationDb::of(&format!(
            "{TABLE} INSERT INTO app VALUES ('a', 'ann', {used}, NULL, NULL), \
             ('b', 'ann', {used} + 1, NULL, NULL), ('c', 'ann', {}, NULL, NULL)",
            NOW.0
        ));
        let mut store = db.store(profile(rules));
        let survey = look(&*store, None, 10);
        assert_eq!(survey.counts.due, 2, "{rules}");
        let touch = format!("UPDATE app SET used = {} WHERE id = 'a'", NOW.0);
        db.application().execute_batch(&touch).unwrap();
        let settled = store.apply_purge(&all_tasks(), &survey.due.unwrap(), false).unwrap();
        assert_eq!(settled.deleted, 1, "{rules}");
        assert_eq!(db.column("app", "id"), ["a", "c"], "{rules}");
    }
}

/// Laravel's expiry is derived from the last use, and so the index serves a timeout as well.
#[test]
fn a_timeout_on_the_column_of_the_expiry_is_found_by_its_index() {
    let rows: String =
        (0..2_000).map(|row| format!("({row}, {}),", NOW.0 - row * 2)).collect::<Vec<_>>().concat();
    let db = ApplicationDb::of(&format!(
        "CREATE TABLE sessions (id varchar not null primary key, user_id integer, \
         ip_address varchar, user_agent text, payload text not null default '', \
         last_activity integer not null); CREATE INDEX used ON sessions (last_activity); \
         INSERT INTO sessions (id, last_activity) VALUES {}",
        rows.trim_end_matches(',')
    ));
    let timeout = Some(Span::minutes(65));
    let with = |rules| Profile { stricter: rules, ..laravel() };
    let purge = |rules| purge_all(&mut *db.store(with(rules)), 50).unwrap();
    let purged = purge(StricterRules { timeout, ..StricterRules::default() });
    assert!(purged.by_time);
    assert_eq!(purged.settled.deleted, 49);
    assert_eq!(db.column("sessions", "id").len(), 1_951);
    // A limit of each user is not in the index.
    let limited = purge(StricterRules { user_limit: 1, ..StricterRules::default() });
    assert!(!limited.by_time);
    assert_eq!(limited.settled.deleted, 0, "they are sessions of nobody");
}

#[test]
fn sessions_that_the_framework_accepts_are_no_backlog() {
    let db = ApplicationDb::of(&format!(
        "{TABLE} INSERT INTO app VALUES ('a', 'ann', {0} - 900, NULL, NULL), \
         ('b', 'ben', {0}, NULL, {0} - 600), ('c', 'eve', {0}, NULL, NULL)",
        NOW.0
    ));
    let timeout = Some(Span::minutes(1));
    let store = db.store(profile(StricterRules { timeout, ..StricterRules::default() }));
    let backlog = Some(UnixTime(NOW.0 - 300));
    let counts =
        store.scan_due(&all_tasks(), None, ScanLimits { backlog, ..few(10) }).unwrap().counts;
    assert_eq!((counts.sessions, counts.would_end, counts.backlog), (3, 2, 1));
}
