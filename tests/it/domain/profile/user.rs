//! Tests of `domain::profile::user`.

use proptest::prelude::*;
use sessctl::domain::profile::user::plain;
use sessctl::domain::profile::{SqlValue, SqlValueRef, values_shown_as};

fn any_value() -> impl Strategy<Value = SqlValue> {
    let hex = any::<u16>().prop_map(|number| SqlValue::Text(format!("{number:04x}").into()));
    let number = any::<i64>().prop_map(|number| SqlValue::Text(number.to_string().into()));
    prop_oneof![
        any::<i64>().prop_map(SqlValue::Integer),
        (-9_i64..9).prop_map(SqlValue::Integer),
        any::<f64>().prop_filter("NaN is NULL", |real| !real.is_nan()).prop_map(SqlValue::Real),
        any::<i32>().prop_map(|number| SqlValue::Real(f64::from(number) * 4e9)),
        any::<String>().prop_map(|text| SqlValue::Text(text.into())),
        hex,
        number,
        any::<Vec<u8>>().prop_map(SqlValue::Text),
        any::<Vec<u8>>().prop_map(SqlValue::Blob),
    ]
}

proptest! {
    #[test]
    fn a_value_is_among_those_that_are_shown_as_it_is(value in any_value()) {
        let user = plain(value.raw());
        let values = user.as_deref().map(values_shown_as);
        if let Some(Some(values)) = values {
            prop_assert!(values.contains(&value), "{value:?} {user:?} {values:?}");
        } else {
            let is_garbled = user.is_some_and(|user| user.contains('\u{fffd}'));
            prop_assert!(is_garbled || values.is_none());
        }
    }
}

#[test]
fn numbers_texts_and_bytes_may_be_shown_alike() {
    let shown = |user| format!("{:?}", values_shown_as(user));
    assert_eq!(shown("7.0"), "Some([Text([55, 46, 48])])");
    assert_eq!(shown("+7"), "Some([Text([43, 55])])");
    assert_eq!(shown("07"), "Some([Text([48, 55]), Blob([7])])");
    assert_eq!(shown("-0"), "Some([Text([45, 48]), Real(-0.0)])");
    assert_eq!(shown("inf"), "Some([Text([105, 110, 102]), Real(inf)])");
    assert_eq!(shown("7"), "Some([Text([55]), Integer(7), Real(7.0)])");
    assert_eq!(shown("0A"), "Some([Text([48, 65])])");
    assert_eq!(shown("a\u{fffd}"), "None");
}

#[test]
fn users_are_numbers_texts_or_bytes() {
    for (value, user) in [
        (SqlValueRef::Null, None),
        (SqlValueRef::Text(b""), None),
        (SqlValueRef::Blob(b""), None),
        (SqlValueRef::Text(b"alice"), Some("alice")),
        (SqlValueRef::Text(b"al\xffce"), Some("al\u{fffd}ce")),
        (SqlValueRef::Integer(-7), Some("-7")),
        (SqlValueRef::Real(7.0), Some("7")),
        (SqlValueRef::Real(1e15), Some("1000000000000000")),
        (SqlValueRef::Blob(&[0x0a, 0xff]), Some("0aff")),
    ] {
        assert_eq!(plain(value).as_deref(), user, "{value:?}");
    }
}
