//! Tests of `domain::job::interval`.

use sessctl::domain::job::{Interval, Jitter};
use sessctl::domain::policy::{ExpiryMode, Policies, Policy};
use sessctl::domain::time::Span;

fn auto(timeouts: &[Option<i64>], r: u64) -> i64 {
    let mut policies = Policies::default();
    let policy =
        |timeout: &Option<i64>| Policy { timeout: timeout.map(Span::seconds), ..Policy::default() };
    policies.default = policy(&timeouts[0]);
    for (serial, timeout) in timeouts[1..].iter().enumerate() {
        policies.insert(&serial.to_string(), policy(timeout));
    }
    Interval::Auto.length(&policies, None, Jitter::from_number(r)).as_seconds()
}

#[test]
fn w4_the_automatic_interval_follows_the_longest_timeout() {
    for (timeout, at_0, at_29) in [
        (0, 60, 89),
        (120, 60, 89),
        (900, 60, 89),
        (901, 300, 358),
        (1_800, 300, 358),
        (86_400, 300, 358),
    ] {
        assert_eq!((auto(&[Some(timeout)], 0), auto(&[Some(timeout)], 29)), (at_0, at_29));
        assert_eq!(auto(&[Some(timeout)], 30), at_0);
    }
    assert_eq!(auto(&[None], 7), 67);
    assert_eq!(auto(&[None, Some(900)], 7), 67);
    assert_eq!(auto(&[Some(60), Some(1_801), None], 7), 314);
}

#[test]
fn w4_under_cron_the_automatic_interval_is_rounded_to_the_nearest_minute() {
    let polled = |interval: Interval, seconds: i64, poll: i64| {
        interval.length_polled(Span::seconds(seconds), Span::seconds(poll)).as_seconds()
    };
    for (length, minutes) in
        [(60, 60), (89, 60), (90, 120), (300, 300), (329, 300), (330, 360), (358, 360)]
    {
        assert_eq!(polled(Interval::Auto, length, 60), minutes, "{length}");
        assert_eq!(polled(Interval::Auto, length, 0), length);
        assert_eq!(polled(Interval::Fixed(Span::ZERO), length, 60), length);
    }
    assert_eq!(polled(Interval::Auto, 60, 600), 600);
}

#[test]
fn w4_only_the_policies_of_its_tasks_count() {
    let mut policies =
        Policies::uniform(Policy { timeout: Some(Span::hours(9)), ..Policy::default() });
    let short = Policy { timeout: Some(Span::minutes(1)), ..Policy::default() };
    policies.insert("imap", short.clone());
    policies.insert("jmap", Policy { expire: ExpiryMode::Never, ..Policy::default() });
    let length = |task: &str| {
        Interval::Auto.length(&policies, Some(&task.into()), Jitter::default()).as_seconds()
    };
    assert_eq!(length("IMAP"), 60);
    assert_eq!(length("jmap"), 60);
    assert_eq!(length("http"), 300);
    assert_eq!(length("*map"), 300);
}
