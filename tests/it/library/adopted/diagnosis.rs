//! Diagnosis of a table by a profile.

use sessctl::domain::profile::{Expiry, Predicate, SqlValue};
use sessctl::store::adopted::{ClassCount, diagnose};

use crate::support::NOW;
use crate::support::adopted::ApplicationDb;
use crate::support::profiles::{django, draft, gitea, laravel, seconds, symfony, utc};

#[test]
fn a_table_that_fits_has_no_refusal() {
    let db = ApplicationDb::of(include_str!("../../../fixtures/frameworks/laravel.sql"));
    let found = diagnose(db.path(), &laravel(), NOW).unwrap();
    assert_eq!((found.difference, found.rows, found.refusals.len()), (None, 3, 0));
    let class = ClassCount {
        input: "last_activity".to_owned(),
        class: "integer".to_owned(),
        rows: 3,
        unreadable: 0,
    };
    assert_eq!(found.classes, [class]);
    assert_eq!(found.samples.len(), 3);
    assert_eq!(found.samples[2].user.as_deref(), Some("1"));
    assert_eq!(found.samples[2].times[0].1, "1781524740");
    assert!(matches!(found.samples[2].expiry, Some(Expiry::At { .. })));
    assert_eq!((found.warnings.len(), found.dependents.len()), (0, 0));
    let plans: Vec<String> =
        found.plans.iter().map(|(what, steps)| format!("{what}: {}", steps.join(", "))).collect();
    insta::assert_snapshot!(plans.join("\n"), @r#"
find due rows if they are few: SEARCH sessions USING INDEX sessions_last_activity_index (last_activity<?)
scan the table: SCAN sessions
"#);
    assert!(!db.state().exists());
}

#[test]
fn a_diagnosis_lists_all_refusals_and_warnings() {
    let db = ApplicationDb::of(include_str!("../../../fixtures/frameworks/gitea.sql"));
    let found = diagnose(db.path(), &gitea(), NOW).unwrap();
    insta::assert_snapshot!(found.refusals.join("\n"), @"profile gitea is read-only, so nothing is deleted from session: the profile is based on Gitea's source code and was never tested on a real table; Gitea itself purges, see GC_INTERVAL_TIME");
    // What gitea's table would be, were its name true
    let by_name = draft("by-name", "session", "key", &["key", "data", "expiry"])
        .time("expiry", seconds())
        .at(0, false)
        .named()
        .lacking("lifetime")
        .0;
    let found = diagnose(db.path(), &by_name, NOW).unwrap();
    insta::assert_snapshot!(found.refusals.join("\n"), @"profile by-name needs the parameter lifetime, such as lifetime=2h (of the configuration)");
    insta::assert_snapshot!(found.warnings.join("\n"), @"profile by-name is never selected automatically, because another profile fits the same tables: make sure that this is");
    let complete = sessctl::domain::profile::Profile { missing: Vec::new(), ..by_name };
    let found = diagnose(db.path(), &complete, NOW).unwrap();
    insta::assert_snapshot!(found.warnings.join("\n"), @r#"
all 3 sampled sessions have expired: is expiry the time of the last use rather than of the end, or in another time zone?
profile by-name is never selected automatically, because another profile fits the same tables: make sure that this is
"#);
}

#[test]
fn another_table_has_no_more_than_the_difference() {
    let db = ApplicationDb::of(include_str!("../../../fixtures/frameworks/symfony.sql"));
    let found = diagnose(db.path(), &laravel(), NOW).unwrap();
    assert!(found.difference.is_some() && found.samples.is_empty());
    insta::assert_snapshot!(found.refusals.join("\n"), @"sessions is not a table of Laravel: it lacks id, user_id, ip_address, user_agent, payload, last_activity; it has unexpected columns sess_id, sess_data, sess_lifetime, sess_time (profile laravel)");
    assert!(diagnose(db.path(), &django(), NOW).is_err());
    assert_eq!(diagnose(db.path(), &symfony(), NOW).unwrap().refusals, Vec::<String>::new());
}

#[test]
fn a_large_table_is_sampled_around_the_present_moment() {
    let db = ApplicationDb::of(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, expiry INTEGER);
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
         INSERT INTO t SELECT i, CASE i % 100 WHEN 0 THEN 'x' ELSE 1781514800 + i END FROM n",
    );
    let profile = draft("t", "t", "id", &["id", "expiry"]).time("expiry", seconds()).at(0, false).0;
    let found = diagnose(db.path(), &profile, NOW).unwrap();
    assert_eq!(found.rows, 20_000);
    assert!((6..=8).contains(&found.samples.len()));
    let looked_at: u64 = found.classes.iter().map(|class| class.rows).sum();
    assert!((900..=1_000).contains(&looked_at), "{looked_at}");
    let over = |sample: &sessctl::store::adopted::Sample| sample.expiry.unwrap().is_expired(NOW);
    let is_over: Vec<bool> = found.samples.iter().map(over).collect();
    assert!(is_over[0] && !is_over[is_over.len() - 1]);
    let boundary = found.samples.windows(2).find(|pair| over(&pair[0]) && !over(&pair[1])).unwrap();
    let times = boundary.iter().map(|sample| sample.times[0].2.unwrap().0 - NOW.0);
    assert!(times.into_iter().all(|distance| distance.abs() < 100));
    assert_eq!(found.samples.last().unwrap().expiry, Some(Expiry::Unknown));
    assert!(found.warnings[0].contains("cannot be evaluated"), "{:?}", found.warnings);
}

#[test]
fn expired_rows_are_counted_in_a_sample_of_the_whole_table() {
    // The oldest tenth is over, and half of it is something else.
    let db = ApplicationDb::of(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, kind TEXT, expiry INTEGER);
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
         INSERT INTO t SELECT i, CASE WHEN i % 2 THEN 's' ELSE 'o' END, 1781522800 + i FROM n",
    );
    let all =
        || draft("t", "t", "id", &["id", "kind", "expiry"]).time("expiry", seconds()).input("kind");
    let found = diagnose(db.path(), &all().at(0, false).0, NOW).unwrap();
    assert_eq!((found.sampled, found.sampled_over), (800, 80));
    let is_session = Predicate::Among(vec![SqlValue::Text("s".into())]);
    let found = diagnose(db.path(), &all().at(0, false).only(1, is_session).0, NOW).unwrap();
    assert!((300..500).contains(&found.sampled), "{}", found.sampled);
    assert!((30..50).contains(&found.sampled_over), "{}", found.sampled_over);
    db.application().execute("DELETE FROM t WHERE id NOT BETWEEN 1991 AND 2020", []).unwrap();
    let found = diagnose(db.path(), &all().at(0, false).0, NOW).unwrap();
    assert_eq!((found.sampled, found.sampled_over), (30, 9));
}

#[test]
fn ids_that_are_there_twice_are_a_warning() {
    let db = ApplicationDb::of(
        "CREATE TABLE t (id TEXT, expiry INTEGER); INSERT INTO t VALUES ('a', 1781524700),
         ('a', 1781524900), ('b', 1781524900)",
    );
    let profile = draft("t", "t", "id", &["id", "expiry"]).time("expiry", seconds()).at(0, false).0;
    let found = diagnose(db.path(), &profile, NOW).unwrap();
    insta::assert_snapshot!(found.warnings.concat(), @"3 sampled sessions have 2 different values of id: it is not unique");
}

#[test]
fn times_that_rather_mean_never_are_a_warning() {
    let said = |encoding, never: &[i64], values: &str| {
        let db = ApplicationDb::of(&format!(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, expiry); INSERT INTO t (expiry) VALUES {values}"
        ));
        let all = draft("t", "t", "id", &["id", "expiry"]).time("expiry", encoding);
        let all = never.iter().fold(all, |all, value| all.never(*value));
        diagnose(db.path(), &all.at(0, false).0, NOW).unwrap().warnings.join("\n")
    };
    let values =
        "(0), (0), (1781524900), (9223372036854775807), (31536000), (253402300799), (NULL)";
    insta::assert_snapshot!(said(seconds(), &[], values), @"
5 of 7 sampled sessions cannot be evaluated, and would be kept: their times are not in the profile's format
2 of 6 sampled values of expiry are 0: if that means never, use never = [0]
1 of 6 sampled values of expiry is the largest integer: if that means never, use never = [9223372036854775807]
1 of 6 sampled values of expiry is in the year 9999: if that means never, use never = [253402300799]
");
    insta::assert_snapshot!(said(seconds(), &[0, i64::MAX, 253_402_300_799], values), @"2 of 7 sampled sessions cannot be evaluated, and would be kept: their times are not in the profile's format");
    let texts = "('9999-12-31 23:59:59'), ('2026-06-15 13:00:00'), ('1970-01-01 00:00:00')";
    insta::assert_snapshot!(said(utc(&[0]), &[], texts), @r#"
1 of 3 sampled sessions cannot be evaluated, and would be kept: their times are not in the profile's format
1 of 3 sampled values of expiry is in the year 9999: if that means never, use never = ["9999-12-31 23:59:59"]
"#);
    assert_eq!(said(seconds(), &[], "(1781524900), (788918400)"), "");
}
