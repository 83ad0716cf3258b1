//! Tests of `app::token_batch_sizer`.

use std::time::Duration;

use sessctl::app::token_batch_sizer::{MAX_BATCH, MIN_BATCH, TokenBatchSizer};

/// Returns the size after a number of batches that take this time for each key.
fn after(batches: usize, per_key: Duration, sizer: &mut TokenBatchSizer) -> usize {
    for _ in 0..batches {
        let keys = sizer.keys();
        sizer.record(keys, Some(per_key * u32::try_from(keys).unwrap()));
    }
    sizer.keys()
}

#[test]
fn batches_converge_to_the_target_hold() {
    let mut sizer = TokenBatchSizer::default();
    assert_eq!(after(10, Duration::from_micros(4), &mut sizer), 500);
    assert_eq!(after(4, Duration::from_micros(10), &mut sizer), 200);
    assert_eq!(after(4, Duration::from_millis(1), &mut sizer), MIN_BATCH);
    assert_eq!(after(9, Duration::ZERO, &mut sizer), MAX_BATCH);
}

#[test]
fn one_slow_batch_among_fast_ones_makes_no_difference() {
    let mut sizer = TokenBatchSizer::default();
    after(10, Duration::from_micros(4), &mut sizer);
    assert_eq!(after(1, Duration::from_micros(80), &mut sizer), 500);
    assert_eq!(after(3, Duration::from_micros(4), &mut sizer), 500);
}

#[test]
fn batches_grow_where_nothing_changes_and_no_lock_is_taken() {
    let mut sizer = TokenBatchSizer::default();
    (0..9).for_each(|_| sizer.record(MIN_BATCH, None));
    assert_eq!(sizer.keys(), MAX_BATCH);
}
