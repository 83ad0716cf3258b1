use std::time::Duration;

use proptest::prelude::*;
use sessctl::cli::top::live::pace::Pace;

/// Share of a processor that readings of this cost take.
fn share(mut pace: Pace, cost: Duration, readers: u32) -> f64 {
    let (mut now, mut worked) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..1_000 {
        now = now.max(pace.next) + cost;
        worked += cost;
        pace.done(now, cost, readers);
    }
    worked.as_secs_f64() / pace.next.as_secs_f64()
}

proptest! {
    #[test]
    fn reading_takes_at_most_one_percent(milliseconds in 0_u64..100_000, readers in 1_u32..50) {
        let cost = Duration::from_millis(milliseconds);
        let paces = [Pace::of_facts(), Pace::of_jobs(), Pace::of_figures()];
        let all: f64 = paces.into_iter().map(|pace| share(pace, cost, readers)).sum();
        prop_assert!(all * f64::from(readers) < 0.0095, "{all}");
    }
}

#[test]
fn cheap_readings_come_once_a_second() {
    let mut pace = Pace::of_facts();
    assert!(pace.is_due(Duration::ZERO));
    pace.done(Duration::from_secs(10), Duration::from_micros(500), 1);
    assert!(!pace.is_due(Duration::from_millis(10_999)));
    assert!(pace.is_due(Duration::from_secs(11)));
    pace.done(Duration::from_secs(11), Duration::from_secs(1), 1);
    assert!(!pace.is_due(Duration::from_secs(12)));
    pace.hurry();
    assert!(pace.is_due(Duration::from_secs(12)));
}
