//! Ten thousand rows around the clock in the format of each framework, of which exactly the expired
//! ones are deleted.
//!
//! The expected rows are computed from the times, and must match the condition of the fixture in
//! SQL.

use std::collections::BTreeSet;

use sessctl::UnixTime;

use crate::frameworks::harness::{Application, assert_same_ids, named, without};
use crate::frameworks::row_formats::{MILLI, RowFormat, SECOND};
use crate::support::NOW;

const NANOS: i64 = NOW.0 * SECOND;

/// Moments from before the clock until after it.
#[derive(Debug)]
struct Around {
    before: i64,
    after: i64,
    step: i64,
    /// Offset added to each time; less than a step.
    odd: i64,
}

impl Around {
    fn moments(&self) -> Vec<i64> {
        // Not in the order of time: keys and times have nothing to do with each other.
        let count = self.before + self.after;
        let place = |number: i64| (number * 7_919) % count - self.before;
        // And some again and again: a framework may write the same time in several forms.
        let steps = (0..count).map(place).chain((0..4).flat_map(|_| -4..=4));
        steps.map(|step| NANOS + step * self.step + self.odd).collect()
    }
}

/// Half of them over, hardly any, and nearly all.
const SPREADS: [(i64, i64); 3] = [(5_000, 5_000), (40, 9_960), (9_990, 10)];

/// Seconds; and thousandths and odd moments, where they can be written.
fn arounds(form: &RowFormat) -> Vec<Around> {
    let spread = |step: i64, odd: i64| {
        SPREADS.map(|(before, after)| Around { before, after, step, odd }).into_iter()
    };
    let mut arounds: Vec<_> = spread(SECOND, 0).collect();
    if form.grain < SECOND {
        arounds.extend(spread(MILLI, 0).take(2));
        arounds.extend(spread(SECOND, 500 * MILLI).take(1));
    }
    if form.grain < MILLI {
        arounds.extend(spread(MILLI, 337_000).take(1));
        arounds.extend(spread(form.grain, 0).take(1));
    }
    arounds
}

/// Creates the application of this framework with these rows; returns the ids of the expired ones.
fn application(profile: &str, around: &Around) -> (Application, BTreeSet<String>) {
    let application = Application::new(named(profile)).without_rows();
    let form = RowFormat::of(&application.framework);
    let moments = around.moments();
    let ids = form.insert(&application.framework, &mut application.db(), &moments);
    let over = ids.into_iter().zip(&moments).filter(|(_, over)| form.is_over(**over, NANOS));
    let over = over.map(|(id, _)| id).collect();
    (application, over)
}

/// Purges each of them, and looks at who is left; before, what SQL makes of the same rows
/// is left to the caller to judge.
fn exactly_those_that_are_over_go(profile: &str, judge: fn(&Application, &BTreeSet<String>)) {
    for around in arounds(RowFormat::of(&named(profile))) {
        let (application, over) = application(profile, &around);
        let (before, what) = (application.ids(), format!("{profile}, {around:?}"));
        judge(&application, &over);
        let summary = application.purge(NOW).unwrap();
        assert_same_ids(&what, &application.ids(), &without(&before, &over));
        assert_eq!(summary.done.ended, over.len() as u64, "{what}");
    }
}

/// The predicate of the fixture finds the same rows.
fn sql_says_the_same(application: &Application, over: &BTreeSet<String>) {
    let found = application.ids_where(&application.framework.predicate);
    assert_same_ids(&application.framework.predicate, &found, over);
}

/// The predicate of tower-sessions rounds to thousandths of a second before it cuts off
/// the fraction: in the last half thousandth before the clock it takes a session for valid
/// that the framework refuses. Everywhere else it says the same.
fn sql_rounds(application: &Application, over: &BTreeSet<String>) {
    let in_sql = application.ids_where(&application.framework.predicate);
    let last_moments =
        "expiry_date >= '2026-06-15T11:59:59.9995' AND expiry_date < '2026-06-15T12'";
    assert!(in_sql.is_subset(over));
    assert!(without(over, &in_sql).is_subset(&application.ids_where(last_moments)));
}

macro_rules! exactly_those_that_are_over_go {
    ($($test:ident: $profile:literal, $judge:ident;)*) => {
        $(#[test] fn $test() { exactly_those_that_are_over_go($profile, $judge); })*
    };
}

exactly_those_that_are_over_go! {
    exactly_the_expired_sessions_of_django_are_deleted: "django", sql_says_the_same;
    exactly_the_expired_sessions_of_flask_are_deleted: "flask-session", sql_says_the_same;
    exactly_the_expired_sessions_of_rails_are_deleted: "rails", sql_says_the_same;
    exactly_the_expired_sessions_of_laravel_are_deleted: "laravel", sql_says_the_same;
    exactly_the_expired_sessions_of_symfony_are_deleted: "symfony", sql_says_the_same;
    exactly_the_expired_sessions_of_scs_are_deleted: "scs", sql_says_the_same;
    exactly_the_expired_sessions_of_connect_are_deleted: "connect-sqlite3", sql_says_the_same;
    exactly_the_expired_sessions_of_better_auth_are_deleted: "better-auth", sql_says_the_same;
    exactly_the_expired_sessions_of_drizzle_are_deleted: "authjs-drizzle", sql_says_the_same;
    exactly_the_expired_sessions_of_typeorm_are_deleted: "authjs-typeorm", sql_says_the_same;
    exactly_the_expired_sessions_of_spring_are_deleted: "spring-session", sql_says_the_same;
    exactly_the_expired_sessions_of_tower_are_deleted: "tower-sessions", sql_rounds;
}

#[test]
fn exactly_the_expired_sessions_of_gitea_would_be_deleted() {
    for around in arounds(RowFormat::of(&named("gitea"))) {
        let (application, over) = application("gitea", &around);
        sql_says_the_same(&application, &over);
        let service = application.service(application.framework.read()).unwrap();
        let plan = service.preview(&sessctl::PurgeRequest::default(), NOW).unwrap();
        assert_eq!(plan.summary.done.ended, over.len() as u64, "{around:?}");
    }
}

#[test]
fn a_second_purge_deletes_what_has_become_due_since() {
    for profile in ["django", "laravel", "connect-sqlite3", "better-auth"] {
        let around = Around { before: 500, after: 500, step: SECOND, odd: 0 };
        let (application, over) = application(profile, &around);
        application.purge(NOW).unwrap();
        let later = UnixTime(NOW.0 + 100);
        let summary = application.purge(later).unwrap();
        let form = RowFormat::of(&application.framework);
        let is_over = |over: &&i64| form.is_over(**over, later.0 * SECOND);
        let in_all = around.moments().iter().filter(is_over).count();
        assert_eq!(summary.done.ended, (in_all - over.len()) as u64, "{profile}");
    }
}

#[test]
fn a_value_that_means_never_is_never_deleted() {
    for (profile, column, value, goes) in [
        ("spring-session", "EXPIRY_TIME", "9223372036854775807", false),
        ("flask-session", "expiry", "NULL", true),
    ] {
        let around = Around { before: 500, after: 500, step: SECOND, odd: 0 };
        let (application, mut over) = application(profile, &around);
        let (table, id) = (&application.framework.table, &application.framework.id);
        let sql = format!("UPDATE \"{table}\" SET {column} = {value} WHERE {id} LIKE 'row%7'");
        assert!(application.db().execute(&sql, []).unwrap() >= 100);
        let changed = application.ids_where(&format!("{id} LIKE 'row%7'"));
        over = if goes { &over | &changed } else { &over - &changed };
        let before = application.ids();
        application.purge(NOW).unwrap();
        assert_same_ids(profile, &application.ids(), &without(&before, &over));
    }
}
