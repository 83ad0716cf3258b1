//! Tests of `domain::profile::condition`.

use sessctl::domain::profile::value::is_same;
use sessctl::domain::profile::{Condition, Predicate, SqlValue, SqlValueRef};

#[test]
fn numbers_are_compared_by_their_value() {
    const MANY: i64 = (1 << 53) + 1;
    for (value, holds) in [
        (SqlValueRef::Integer(MANY), false),
        (SqlValueRef::Integer(MANY + 1), true),
        (SqlValueRef::Real(9_007_199_254_740_992.0), false),
        (SqlValueRef::Real(9_007_199_254_740_994.0), true),
        (SqlValueRef::Real(f64::INFINITY), true),
        (SqlValueRef::Real(f64::NEG_INFINITY), false),
        (SqlValueRef::Real(f64::NAN), false),
        (SqlValueRef::Text(b"9007199254740999"), false),
        (SqlValueRef::Null, false),
    ] {
        assert_eq!(Predicate::Above(MANY).holds(value), holds, "{value:?}");
        let is_number = matches!(value, SqlValueRef::Integer(_)) || {
            matches!(value, SqlValueRef::Real(number) if !number.is_nan())
        };
        assert_eq!(Predicate::UpTo(MANY).holds(value), is_number && !holds, "{value:?}");
    }
    assert!(
        Predicate::Above(1).holds(SqlValueRef::Real(1.5))
            && !Predicate::UpTo(1).holds(SqlValueRef::Real(1.5))
    );
    assert!(
        Predicate::UpTo(-1).holds(SqlValueRef::Real(-1.5))
            && !Predicate::Above(-1).holds(SqlValueRef::Real(-1.5))
    );
    assert!(is_same(SqlValueRef::Real(-1.0), SqlValueRef::Integer(-1)));
    assert!(!is_same(SqlValueRef::Real(-1.5), SqlValueRef::Integer(-2)));
    assert!(!is_same(SqlValueRef::Integer(i64::MAX), SqlValueRef::Integer(i64::MAX - 1)));
    assert!(!is_same(SqlValueRef::Text(b"1"), SqlValueRef::Integer(1)));
}

#[test]
fn a_comparison_of_a_number_with_text_or_bytes_is_undecidable() {
    for (value, is_decidable) in [
        (SqlValueRef::Integer(1), true),
        (SqlValueRef::Real(0.5), true),
        (SqlValueRef::Null, true),
        (SqlValueRef::Real(f64::NAN), false),
        (SqlValueRef::Text(b"1"), false),
        (SqlValueRef::Blob(b"1"), false),
    ] {
        for test in [Predicate::Above(0), Predicate::UpTo(0)] {
            assert_eq!(
                Condition { input: 0, test }.is_decidable(&[value]),
                is_decidable,
                "{value:?}"
            );
        }
        assert!(Condition { input: 0, test: Predicate::Null(true) }.is_decidable(&[value]));
    }
}

#[test]
fn values_match_if_sqlite_treats_them_as_equal() {
    let known = vec![SqlValue::Integer(1), SqlValue::Text("a".into())];
    for (value, is_among) in [
        (SqlValueRef::Integer(1), true),
        (SqlValueRef::Real(1.0), true),
        (SqlValueRef::Text(b"a"), true),
        (SqlValueRef::Text(b"A"), false),
        (SqlValueRef::Blob(b"a"), false),
    ] {
        assert_eq!(Predicate::Among(known.clone()).holds(value), is_among, "{value:?}");
        assert_eq!(Predicate::NotAmong(known.clone()).holds(value), !is_among, "{value:?}");
    }
    assert!(!Predicate::Among(known.clone()).holds(SqlValueRef::Null));
    assert!(!Predicate::NotAmong(known).holds(SqlValueRef::Null));
    assert!(
        Predicate::Null(true).holds(SqlValueRef::Null)
            && !Predicate::Null(false).holds(SqlValueRef::Null)
    );
    assert!(Predicate::Null(false).holds(SqlValueRef::Integer(0)));
    assert!(Predicate::Prefix("_se".to_owned()).holds(SqlValueRef::Text(b"_session")));
    assert!(!Predicate::Prefix("_se".to_owned()).holds(SqlValueRef::Text(b"session")));
}
