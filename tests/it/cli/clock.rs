//! Tests of `cli::clock`.

use sessctl::cli::clock::{now, read, whole_seconds};

#[test]
fn the_uptime_is_read_to_the_second() {
    assert_eq!(whole_seconds("840.14 854.75\n"), Some(840));
    assert_eq!(whole_seconds("12\n"), None);
    assert_eq!(whole_seconds(""), None);
}

#[test]
#[cfg(target_os = "linux")]
fn a_machine_says_when_it_was_started() {
    let reading = read(now());
    assert_eq!(reading.stamp.boot.as_ref().map(String::len), Some(36));
    assert!(reading.stamp.uptime.is_some_and(|seconds| seconds > 0));
}
