//! Tests of `cli::show::adopted`.

use sessctl::cli::profiles;
use sessctl::cli::show::adopted::{heading, percent};
use sessctl::storage::TaskStats;

#[test]
fn the_heading_is_for_people() {
    let profile =
        profiles::ProfileSource::built_in("django").unwrap().without_parameters().unwrap();
    let of = |live, expired| {
        heading(&[TaskStats { live: [live, 0, 0], expired, ..TaskStats::default() }], &profile)
    };
    insta::assert_snapshot!(of(36_136, 1_168_415), @"django_session is a table of Django (profile django): 1,204,551 sessions, 97 % expired");
    insta::assert_snapshot!(of(1, 0), @"django_session is a table of Django (profile django): 1 session, 0 % expired");
    insta::assert_snapshot!(of(0, 0), @"django_session is a table of Django (profile django): no sessions");
}

#[test]
fn a_hundred_percent_are_all() {
    let of =
        |live, expired| percent(&TaskStats { live: [live, 0, 0], expired, ..TaskStats::default() });
    assert_eq!(of(0, 0), None);
    assert_eq!(of(1, 0), Some(0.0));
    assert_eq!(of(1, 99_999), Some(99.9));
    assert_eq!(of(0, 7), Some(100.0));
}
