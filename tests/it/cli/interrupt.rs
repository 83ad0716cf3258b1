//! Tests of `cli::interrupt`.

use sessctl::cli::interrupt::is_ignored;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

#[test]
fn an_ignored_signal_is_read_from_the_set_of_the_kernel() {
    let status = "SigBlk:\tffffffffffffffff\nSigIgn:\t0000000000001001\nSigCgt:\t0\n";
    assert!(is_ignored(status, SIGHUP));
    assert!(!is_ignored(status, SIGTERM) && !is_ignored(status, SIGINT));
    assert!(!is_ignored("", SIGHUP));
}
