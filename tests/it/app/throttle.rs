//! Tests of `app::throttle`.

use std::time::Duration;

use sessctl::app::throttle::{
    BACKOFF_BATCHES, CONTENDED_SHARE, MAX_BATCH_UNTHROTTLED, MIN_BATCH, PAUSE_FACTOR,
    PAUSE_FACTOR_WITH_JOURNAL, Throttle, WARMUP_BATCHES,
};
use sessctl::storage::{DataVersion, WriteTiming};

const TARGET: Duration = Duration::from_millis(2);

/// Returns the timing of a batch from the time of a commit and of a row.
fn timing(rows: usize, per_row: Duration, commit: Duration) -> WriteTiming {
    let hold = commit + per_row * u32::try_from(rows).unwrap();
    WriteTiming { hold, commit, ..WriteTiming::default() }
}

/// Returns the size to which batches converge.
fn size_where(per_row: Duration, commit: Duration) -> usize {
    let mut throttle = Throttle::with_target(TARGET);
    for _ in 0..60 {
        throttle.record(throttle.rows() as u64, timing(throttle.rows(), per_row, commit));
    }
    throttle.rows()
}

#[test]
fn batches_converge_to_the_target() {
    assert_eq!(size_where(Duration::from_micros(4), Duration::ZERO), 500);
    assert_eq!(size_where(Duration::from_micros(4), Duration::from_micros(400)), 400);
}

#[test]
fn unthrottled_batches_grow_to_the_maximum() {
    let mut throttle = Throttle::unthrottled();
    let mut sizes = vec![throttle.rows()];
    for _ in 0..8 {
        throttle.record(
            throttle.rows() as u64,
            timing(throttle.rows(), Duration::from_micros(4), Duration::ZERO),
        );
        sizes.push(throttle.rows());
    }
    assert_eq!(sizes[..3], [65_536, 131_072, 262_144]);
    assert_eq!(sizes[8], MAX_BATCH_UNTHROTTLED);
}

#[test]
fn half_of_the_hold_is_work_where_a_commit_exceeds_the_target() {
    assert_eq!(size_where(Duration::from_micros(4), Duration::from_millis(8)), 2000);
}

#[test]
fn with_a_rollback_journal_transactions_and_pauses_are_longer() {
    let row = Duration::from_micros(4);
    // Three times the commit's duration is work, up to 3 ms or the commit's duration.
    for (commit_micros, rows) in [(800, 600), (2_000, 750), (8_000, 2_000)] {
        let commit = Duration::from_micros(commit_micros);
        let mut throttle = Throttle::with_target(TARGET).with_rollback_journal();
        for batch in 0..60 {
            throttle.observe_version(Some(DataVersion(batch)));
            throttle.record(throttle.rows() as u64, timing(throttle.rows(), row, commit));
        }
        assert_eq!(throttle.rows(), rows, "{commit:?}");
        let hold = timing(rows, row, commit).hold;
        assert_eq!(throttle.pause(Duration::ZERO), hold.mul_f64(PAUSE_FACTOR_WITH_JOURNAL));
    }
}

/// Returns the size and the pause after many batches on a contended cluster: a request
/// takes 2.5 ms plus `wait`, and its work 0.3 ms plus `per_row` for each row.
fn on_a_cluster(throttle: &mut Throttle, per_row: Duration, wait: Duration) -> (usize, Duration) {
    let (commit, fixed) = (Duration::from_micros(2_500) + wait, Duration::from_micros(300));
    for batch in 0..60 {
        throttle.observe_version(Some(DataVersion(batch)));
        let hold = timing(throttle.rows(), per_row, commit + fixed).hold;
        throttle
            .record(throttle.rows() as u64, WriteTiming { hold, commit, ..WriteTiming::default() });
    }
    (throttle.rows(), throttle.pause(Duration::ZERO))
}

#[test]
fn pauses_grow_and_batches_stay_useful_on_a_busy_cluster() {
    let mut throttle = Throttle::with_target(TARGET);
    let row = Duration::from_micros(5);
    let (rows, pause) = on_a_cluster(&mut throttle, row, Duration::ZERO);
    assert!((435..=445).contains(&rows) && pause < Duration::from_millis(11), "{rows}");
    // When others make each request wait for long, no batch is all overhead
    let (rows, pause) = on_a_cluster(&mut throttle, row, Duration::from_millis(20));
    assert!((435..=445).contains(&rows) && pause > Duration::from_millis(49), "{rows}");
    // When the work itself takes longer, batches shrink, and grow again afterwards
    let (rows, _) = on_a_cluster(&mut throttle, row * 4, Duration::from_millis(20));
    assert!((105..=115).contains(&rows), "{rows}");
    let (rows, _) = on_a_cluster(&mut throttle, row, Duration::ZERO);
    assert!((435..=445).contains(&rows), "{rows}");
}

#[test]
fn batches_shrink_immediately_and_at_most_double() {
    let mut throttle = Throttle::with_target(TARGET);
    throttle.record(64, timing(64, Duration::from_nanos(10), Duration::ZERO));
    assert_eq!(throttle.rows(), 128);
    throttle.record(128, timing(128, Duration::from_millis(80), Duration::ZERO));
    assert_eq!(throttle.rows(), 1);
    // A slightly slow row does not reduce a batch below the minimum
    let mut throttle = Throttle::with_target(TARGET);
    throttle.record(64, timing(64, Duration::from_micros(400), Duration::ZERO));
    assert_eq!(throttle.rows(), MIN_BATCH);
}

#[test]
fn a_batch_has_one_row_where_that_exceeds_the_target() {
    let row = Duration::from_millis(140);
    assert_eq!(size_where(row, Duration::from_micros(400)), 1);
    for throttle in [Throttle::with_target(TARGET), Throttle::unthrottled()] {
        let mut throttle = throttle.starting_with_one_row();
        assert_eq!(throttle.rows(), 1);
        // Batches soon grow if rows turn out to be fast
        throttle.record(1, timing(1, Duration::from_micros(4), Duration::ZERO));
        assert_eq!(throttle.rows(), 2);
    }
    let mut throttle = Throttle::with_target(TARGET).starting_with_one_row();
    (0..20).for_each(|_| throttle.record(1, timing(1, row, Duration::ZERO)));
    assert_eq!(throttle.rows(), 1);
}

#[test]
fn contention_is_assumed_at_first_and_dropped_without_a_sign_of_it() {
    let mut throttle = Throttle::with_target(TARGET);
    let batch = timing(500, Duration::from_micros(4), Duration::ZERO);
    for _ in 0..WARMUP_BATCHES {
        assert!(throttle.is_contended());
        throttle.observe_version(Some(DataVersion(1)));
        throttle.record(500, batch);
    }
    assert!(!throttle.is_contended());
    assert_eq!(throttle.pause(Duration::ZERO), Duration::ZERO);
}

#[test]
fn a_wait_or_a_foreign_write_is_a_sign_of_contention() {
    for (version, waited) in [(1, Duration::from_millis(1)), (2, Duration::ZERO)] {
        let mut throttle = Throttle::with_target(TARGET);
        throttle.observe_version(Some(DataVersion(1)));
        let batch = timing(500, Duration::from_micros(4), Duration::ZERO);
        for _ in 0..WARMUP_BATCHES {
            throttle.record(500, batch);
        }
        throttle.observe_version(Some(DataVersion(version)));
        throttle.record(500, WriteTiming { waited, ..batch });
        assert!(throttle.is_contended());
        assert_eq!(throttle.pause(Duration::ZERO), TARGET.mul_f64(PAUSE_FACTOR));
        assert_eq!(throttle.pause(TARGET), TARGET.mul_f64(PAUSE_FACTOR - 1.0));
        // A short batch does not shorten the pause below that of the target
        throttle.record(1, WriteTiming::default());
        assert_eq!(
            throttle.pause(Duration::ZERO),
            TARGET.mul_f64(CONTENDED_SHARE).mul_f64(PAUSE_FACTOR)
        );
    }
}

const ALONE: Duration = Duration::from_millis(100);
const ROW: Duration = Duration::from_micros(4);

fn record(throttle: &mut Throttle, batches: u32, version: i64) {
    for _ in 0..batches {
        throttle.observe_version(Some(DataVersion(version)));
        throttle.record(throttle.rows() as u64, timing(throttle.rows(), ROW, Duration::ZERO));
    }
}

/// Returns a throttle that has seen no other connection.
fn alone() -> Throttle {
    let mut throttle = Throttle::with_target(TARGET).with_alone_target(ALONE);
    record(&mut throttle, WARMUP_BATCHES, 1);
    assert!(throttle.rows() <= 500, "{}", throttle.rows());
    record(&mut throttle, 20, 1);
    assert_eq!(throttle.rows(), 25_000);
    throttle
}

#[test]
fn the_first_sign_of_another_connection_ends_the_long_batches() {
    for has_waited in [false, true] {
        let mut throttle = alone();
        if has_waited {
            let waited = Duration::from_micros(1);
            throttle.record(25_000, WriteTiming { waited, ..timing(25_000, ROW, Duration::ZERO) });
        } else {
            throttle.observe_version(Some(DataVersion(2)));
        }
        let version = if has_waited { 1 } else { 2 };
        assert_eq!(throttle.rows(), 4 * MIN_BATCH);
        for _ in 0..BACKOFF_BATCHES {
            assert!(throttle.is_contended());
            assert!(throttle.rows() <= 200, "{}", throttle.rows());
            record(&mut throttle, 1, version);
        }
        record(&mut throttle, 20, version);
        assert_eq!(throttle.rows(), 25_000);
    }
}

#[test]
fn a_newcomer_finds_the_lock_free_after_one_long_batch() {
    // After 100 ms, a process that waits for SQLite's lock sleeps for 25 ms
    let throttle = alone();
    assert_eq!(throttle.pause(Duration::ZERO), Duration::from_millis(25));
    assert_eq!(throttle.pause(Duration::from_millis(20)), Duration::from_millis(5));
    for (hold, sleep) in [(5, 5), (18, 10), (19, 15), (228, 50), (229, 100), (900, 100)] {
        let mut throttle = alone();
        let hold = Duration::from_millis(hold);
        throttle.record(25_000, WriteTiming { hold, ..WriteTiming::default() });
        assert_eq!(throttle.pause(Duration::ZERO), Duration::from_millis(sleep), "{hold:?}");
    }
    // Short batches are not followed by a pause
    let mut throttle = Throttle::with_target(TARGET);
    record(&mut throttle, 60, 1);
    assert_eq!(throttle.pause(Duration::ZERO), Duration::ZERO);
}

#[test]
fn batches_stay_short_where_other_connections_cannot_be_seen() {
    let mut throttle = Throttle::with_target(TARGET).with_alone_target(ALONE);
    for _ in 0..60 {
        throttle.observe_version(None);
        throttle.record(throttle.rows() as u64, timing(throttle.rows(), ROW, Duration::ZERO));
    }
    assert_eq!(throttle.rows(), 500);
    assert_eq!(throttle.pause(Duration::ZERO), Duration::ZERO);
}

#[test]
fn batches_shrink_to_one_row_without_space_and_grow_again_slowly() {
    let mut throttle = Throttle::with_target(TARGET);
    let mut tried = vec![throttle.rows()];
    while throttle.shrink(throttle.rows()) {
        tried.push(throttle.rows());
    }
    assert_eq!(tried, [64, 32, 16, 8, 4, 2, 1]);
    // Space for half of five hundred rows
    let mut throttle = Throttle::with_target(TARGET);
    let record = |throttle: &mut Throttle, batches: usize| {
        for _ in 0..batches {
            let rows = throttle.rows();
            throttle.record(rows as u64, timing(rows, Duration::from_micros(4), Duration::ZERO));
        }
    };
    record(&mut throttle, 60);
    assert!(throttle.shrink(throttle.rows()) && throttle.is_at_min_batch());
    assert_eq!(throttle.rows(), 250);
    record(&mut throttle, 1);
    assert_eq!(throttle.rows(), 266);
    // With enough space again, batches return to their size
    record(&mut throttle, 200);
    assert!(!throttle.is_at_min_batch());
    assert_eq!(throttle.rows(), 500);
}

#[test]
fn an_unthrottled_run_never_pauses() {
    let mut throttle = Throttle::unthrottled();
    throttle.observe_version(Some(DataVersion(1)));
    throttle.observe_version(Some(DataVersion(2)));
    assert_eq!(throttle.pause(Duration::ZERO), Duration::ZERO);
}
