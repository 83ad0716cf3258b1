//! Tests of `domain::time`.

use proptest::prelude::*;
use sessctl::domain::time::{Span, SpanError, UnixTime};

#[test]
fn spans_carry_a_unit() {
    for (text, seconds) in [
        ("90s", 90),
        ("15m", 900),
        ("2h", 7_200),
        ("30d", 2_592_000),
        ("1w", 604_800),
        ("1h30m", 5_400),
        ("0", 0),
    ] {
        assert_eq!(text.parse(), Ok(Span::seconds(seconds)), "{text}");
    }
    assert_eq!("1800".parse::<Span>(), Err(SpanError::NoUnit("1800".into())));
    for text in ["", "m", "1.5h", "-3m", "+3m", "30m1h", "2 h", "2hours", "1ß", "m5"] {
        assert!(matches!(text.parse::<Span>(), Err(SpanError::NotASpan(_))), "{text}");
    }
    for text in ["99999999999d", "9223372036854775808s"] {
        assert!(matches!(text.parse::<Span>(), Err(SpanError::TooLong(_))), "{text}");
    }
}

#[test]
fn a_moment_in_the_future_was_no_time_ago() {
    assert_eq!(UnixTime(10).since(UnixTime(25)), Span::ZERO);
    assert_eq!(UnixTime(i64::MIN).since(UnixTime(i64::MAX)), Span::ZERO);
    assert_eq!(UnixTime(i64::MAX).since(UnixTime(-1)), Span::seconds(i64::MAX));
    assert_eq!(UnixTime(1_781_524_800).to_string(), "2026-06-15T12:00:00Z");
    assert_eq!(UnixTime(i64::MAX).to_string(), "@9223372036854775807");
}

proptest! {
    #[test]
    fn what_a_span_prints_it_reads(seconds in 0..=UnixTime::MAX.0) {
        prop_assert_eq!(Span::seconds(seconds).to_string().parse(), Ok(Span::seconds(seconds)));
    }
}
