//! Tests of `domain::session`.

use sessctl::domain::session::{EndReason, SessionKey, SessionState};

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

#[test]
fn keys_of_several_columns_are_in_the_order_of_sqlite() {
    use SessionKey::{Blob, Columns, Integer, Null, Real, Text};
    let text = |text: &str| Text(text.into());
    let keys = [
        Columns(vec![Null, text("z")]),
        Columns(vec![Integer(-1), text("z")]),
        Columns(vec![Integer(1), Integer(9)]),
        Columns(vec![Real(1.0), Integer(10)]),
        Columns(vec![Integer(1), Real(10.5)]),
        Columns(vec![Real(1.0), text("")]),
        Columns(vec![Real(1.5), Null]),
        Columns(vec![text("1"), Blob(vec![0])]),
        Columns(vec![text("10"), Null]),
        Columns(vec![Blob(vec![]), Null]),
    ];
    assert!(keys.is_sorted_by(|one, other| one < other), "{keys:?}");
    assert_ne!(Columns(vec![Integer(1), Null]), Columns(vec![Real(1.0), Null]));
    assert_eq!(keys[2].columns(), [Integer(1), Integer(9)]);
    assert_eq!(Integer(1).columns(), [Integer(1)]);
}
