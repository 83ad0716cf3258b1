//! Tests of `cli::args`.

use sessctl::cli::args::{at_least_one, duration, percent};

#[test]
fn numbers_are_read_within_their_limits() {
    assert_eq!(at_least_one("1"), Ok(1));
    assert!(at_least_one("0").is_err());
    assert_eq!(percent("12.5%"), Ok(12.5));
    assert!(percent("101").is_err());
    assert_eq!(duration("5m").unwrap().as_secs(), 300);
    assert!(duration("5").is_err());
}
