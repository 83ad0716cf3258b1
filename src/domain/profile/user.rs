//! Owners of sessions.

use super::definition::{Owner, Profile, UserForm};
use super::django::django_user;
use super::value::{SqlValue, SqlValueRef};
use crate::domain::format::hex;

impl Profile {
    /// Owner of a row by its value of [`user`](Profile::user): text as it stands, a number
    /// in decimal, bytes in hexadecimal.
    ///
    /// NULL, empty text and the values that the profile lists under `nobody` are nobody,
    /// and so is a payload that names nobody. A payload of a form that is not known is
    /// unreadable, and so are bytes at a path in JSON, by which the store says that the
    /// column holds something else.
    pub fn owner(&self, value: SqlValueRef<'_>) -> Owner {
        let Some(source) = &self.user else {
            return Owner::Nobody;
        };
        if value == SqlValueRef::Null || source.nobody.iter().any(|nobody| nobody.is_same(value)) {
            return Owner::Nobody;
        }
        match (source.form, value) {
            (UserForm::DjangoPayload, SqlValueRef::Text(payload)) => django_user(payload),
            (UserForm::DjangoPayload, _) => Owner::Unreadable,
            (UserForm::Plain, SqlValueRef::Blob(_)) if source.source.path.is_some() => {
                Owner::Unreadable
            }
            (UserForm::Plain, value) => plain(value).map_or(Owner::Nobody, Owner::User),
        }
    }
}

/// All values that are shown as this user where the form is [plain](UserForm::Plain);
/// `None`: too many to list.
pub fn values_shown_as(user: &str) -> Option<Vec<SqlValue>> {
    if user.contains(char::REPLACEMENT_CHARACTER) {
        // The replacement character may stand for any bytes.
        return None;
    }
    let integer = user.parse().ok().map(SqlValue::Integer);
    let real = user.parse().ok().map(SqlValue::Real);
    let values =
        [Some(SqlValue::Text(user.into())), integer, real, unhex(user).map(SqlValue::Blob)];
    let is_shown_so = |value: &SqlValue| plain(value.raw()).as_deref() == Some(user);
    Some(values.into_iter().flatten().filter(is_shown_so).collect())
}

fn plain(value: SqlValueRef<'_>) -> Option<String> {
    match value {
        SqlValueRef::Null => None,
        SqlValueRef::Integer(number) => Some(number.to_string()),
        // A whole number that a column of reals holds has no fraction here either.
        SqlValueRef::Real(number) => Some(number.to_string()),
        SqlValueRef::Text(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        SqlValueRef::Blob(bytes) => Some(hex(bytes)),
    }
    .filter(|user: &String| !user.is_empty())
}

fn unhex(digits: &str) -> Option<Vec<u8>> {
    let pair = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok();
    digits.as_bytes().chunks(2).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
}
