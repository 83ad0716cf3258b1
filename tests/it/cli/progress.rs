//! Tests of `cli::progress`.

use std::time::Duration;

use sessctl::app::PurgeProgress;
use sessctl::cli::progress::{figures, remaining_time, sentence};

#[test]
fn the_figures_of_a_purge_that_is_half_done() {
    let progress = PurgeProgress {
        fraction: 0.25,
        rows: 2_500_000,
        ended: 1_200_000,
        deleted: 1_200_000,
        last_hold: Duration::from_micros(2_140),
        ..PurgeProgress::default()
    };
    insta::assert_snapshot!(
        sentence(progress.fraction, &figures(&progress, Duration::from_secs(25))),
        @"25.0 % of the keys scanned, 2,500,000 rows, 1,200,000 due, 100,000 rows/s, 1m15s left, hold 2.1 ms"
    );
}

#[test]
fn the_time_that_is_left_is_for_people() {
    let after = |fraction, seconds| remaining_time(fraction, Duration::from_secs(seconds));
    assert_eq!(after(0.0, 10), "?");
    assert_eq!(after(0.5, 10), "10s");
    assert_eq!(after(0.01, 60), "1h39m");
    assert_eq!(after(1.0, 60), "0s");
}
