//! Tests of `domain::write_limits`.

use std::time::Duration;

use sessctl::domain::write_limits::{ByteSize, HoldLimit, WriteLimits};

#[test]
fn a_hold_has_a_unit_and_limits() {
    for (text, micros) in [("2ms", 2000), ("100us", 100), ("10s", 10_000_000), ("1 ms", 1000)] {
        assert_eq!(text.parse(), Ok(HoldLimit(Duration::from_micros(micros))), "{text}");
    }
    for text in ["2", "99us", "11s", "-1ms", "1.5ms", "ms", "2m", "", "99999999999s"] {
        let error = text.parse::<HoldLimit>().unwrap_err().to_string();
        assert!(error.starts_with(&format!("{text:?} is not a valid duration")), "{error}");
    }
}

#[test]
fn a_size_has_a_unit_and_a_least() {
    for (text, bytes) in [("64MiB", 64 << 20), ("2GB", 2_000_000_000), ("1 GiB", 1 << 30)] {
        assert_eq!(text.parse(), Ok(ByteSize(bytes)), "{text}");
    }
    for text in ["64", "1MB", "0MiB", "-1GiB", "1.5GiB", "MiB", "64KiB", "", "99999999999GiB"] {
        let error = text.parse::<ByteSize>().unwrap_err().to_string();
        assert!(error.starts_with(&format!("{text:?} is not a valid size")), "{error}");
    }
}

#[test]
fn they_are_shown_as_they_are_written() {
    for text in ["2ms", "2500us", "1s"] {
        assert_eq!(text.parse::<HoldLimit>().unwrap().to_string(), text);
    }
    for text in ["64MiB", "2GB", "1GiB", "100MB"] {
        assert_eq!(text.parse::<ByteSize>().unwrap().to_string(), text);
    }
}

#[test]
fn a_hold_that_was_set_also_holds_for_a_purge_that_is_alone() {
    let limits = |hold: &str, alone: Option<&str>| WriteLimits {
        hold: Some(hold.parse().unwrap()),
        hold_alone: alone.map(|alone| alone.parse().unwrap()),
        ..WriteLimits::default()
    };
    let millis = |limits: WriteLimits| [true, false].map(|log| limits.hold_alone(log).as_millis());
    assert_eq!(millis(WriteLimits::default()), [100, 300]);
    assert_eq!(millis(limits("5ms", None)), [5, 5]);
    assert_eq!(millis(limits("5ms", Some("40ms"))), [40, 40]);
    // The option --hold limits all transactions, whatever the configuration says
    for configured in [WriteLimits::default(), limits("5ms", Some("40ms"))] {
        assert_eq!(millis(configured.with_hold("2ms".parse().unwrap())), [2, 2]);
    }
}
