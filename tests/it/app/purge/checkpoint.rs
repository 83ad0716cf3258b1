//! Tests of `app::purge::checkpoint`.

use std::time::Duration;

use sessctl::app::purge::checkpoint::{BACKOFF, LARGE_WAL, backoff};
use sessctl::storage::WalStatus;

fn log(bytes: u64, pending: u64, is_in_use: bool) -> WalStatus {
    WalStatus { bytes, pending, is_in_use }
}

#[test]
fn backoff_grows_with_a_log_that_cannot_be_reused() {
    assert_eq!(backoff(log(LARGE_WAL * 4, 0, false)), Duration::ZERO);
    assert_eq!(backoff(log(LARGE_WAL - 1, LARGE_WAL - 1, false)), Duration::ZERO);
    assert_eq!(backoff(log(LARGE_WAL, 1, false)), BACKOFF);
    assert_eq!(backoff(log(LARGE_WAL * 4, 0, true)), BACKOFF * 4);
    assert_eq!(backoff(log(LARGE_WAL * 400, 1, false)), BACKOFF * 10);
}
