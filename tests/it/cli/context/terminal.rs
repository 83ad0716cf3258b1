//! Tests of `cli::context::terminal`.

use sessctl::cli::context::terminal::filled;

#[test]
fn no_line_breaks_within_a_moment() {
    let sentence = "The next purge ends it: at 2026-06-15T04:15:00Z.";
    for width in 30..48 {
        assert!(filled(sentence, width).contains("2026-06-15T04:15:00Z."), "{width}");
    }
}
