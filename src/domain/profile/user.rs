//! Whose session a row is.

use super::{Profile, Raw, UserForm, django_user};

impl Profile {
    /// The user that a value of [`user`](Profile::user) names: text as it stands, a
    /// number in decimal, bytes in hexadecimal. `None` for NULL and for empty text, for
    /// the values that the profile lists under `nobody`, and for a payload that names
    /// nobody.
    pub fn user(&self, value: Raw<'_>) -> Option<String> {
        let source = self.user.as_ref()?;
        if source.nobody.iter().any(|nobody| nobody.is_same(value)) {
            return None;
        }
        match source.form {
            UserForm::Plain => plain(value),
            UserForm::DjangoPayload => django_user(value.text()?),
        }
    }
}

fn plain(value: Raw<'_>) -> Option<String> {
    match value {
        Raw::Null => None,
        Raw::Integer(number) => Some(number.to_string()),
        // A whole number that a column of reals holds has no fraction here either.
        Raw::Real(number) => Some(number.to_string()),
        Raw::Text(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        Raw::Blob(bytes) => Some(hex(bytes)),
    }
    .filter(|user: &String| !user.is_empty())
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_numbers_texts_or_bytes() {
        for (value, user) in [
            (Raw::Null, None),
            (Raw::Text(b""), None),
            (Raw::Blob(b""), None),
            (Raw::Text(b"alice"), Some("alice")),
            (Raw::Text(b"al\xffce"), Some("al\u{fffd}ce")),
            (Raw::Integer(-7), Some("-7")),
            (Raw::Real(7.0), Some("7")),
            (Raw::Real(1e15), Some("1000000000000000")),
            (Raw::Blob(&[0x0a, 0xff]), Some("0aff")),
        ] {
            assert_eq!(plain(value).as_deref(), user, "{value:?}");
        }
    }
}
