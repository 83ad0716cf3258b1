//! Tests of `output::human`.

use sessctl::domain::format::format_count;
use sessctl::domain::time::Span;
use sessctl::output::human::{bytes, collapse, measure, span};

#[test]
fn numbers_have_groups() {
    for (number, text) in [(0, "0"), (999, "999"), (98_112, "98,112"), (1_234_567, "1,234,567")] {
        assert_eq!(format_count(number), text);
    }
    for (number, text) in
        [(0.0421, "0.042"), (4.666, "4.67"), (27.46, "27.5"), (-12_345.6, "-12,346")]
    {
        assert_eq!(measure(number), text);
    }
}

#[test]
fn sizes_have_three_digits() {
    for (number, text) in [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (4_096, "4.10 kB"),
        (145_186_816, "145 MB"),
        (999_499, "999 kB"),
        (999_500, "1.00 MB"),
        (u64::MAX, "18,447 PB"),
    ] {
        assert_eq!(bytes(number), text);
    }
}

#[test]
fn spans_have_two_units() {
    for (seconds, text) in [
        (0, "0s"),
        (59, "59s"),
        (60, "1m"),
        (727, "12m07s"),
        (7_200, "2h"),
        (7_559, "2h05m"),
        (86_400, "1d"),
        (86_400 * 3 + 3_600 * 4 + 59, "3d4h"),
    ] {
        assert_eq!(span(Span::seconds(seconds)), text);
    }
}

#[test]
fn a_crowd_is_cut() {
    let crowded = "e".to_owned() + &"\u{301}".repeat(10_000);
    assert!(collapse(crowded, 8).chars().count() < 40);
    let family = "👩\u{200d}👩\u{200d}👧\u{200d}👧".repeat(4);
    assert_eq!(collapse(family.clone(), 8), family);
}
