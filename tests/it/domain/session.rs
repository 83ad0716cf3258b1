//! Tests of `domain::session`.

use sessctl::domain::session::{EndReason, SessionState};

#[test]
fn words_and_variants_name_each_other() {
    for reason in EndReason::ALL {
        assert_eq!(reason.as_str().parse(), Ok(*reason));
    }
    assert_eq!(
        "gone".parse::<SessionState>().unwrap_err().to_string(),
        "\"gone\" is not a valid state; valid values: active, idle, abandoned, expired, ended"
    );
}
