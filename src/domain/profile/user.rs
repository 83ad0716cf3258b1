//! Owners of sessions.

use super::definition::{Profile, SessionUser, UserForm};
use super::django::django_user;
use super::value::{SqlValue, SqlValueRef};
use crate::domain::hex;

impl Profile {
    /// Owner of a row by its value of [`user`](Profile::user): text as it stands, a number
    /// in decimal, bytes in hexadecimal.
    ///
    /// NULL, empty text and the values that the profile lists under `nobody` are nobody, and so is
    /// a payload that names nobody. A payload of a form that is not known is unreadable, and so are
    /// bytes at a path in JSON, by which the store says that the column holds something else.
    pub fn owner(&self, value: SqlValueRef<'_>) -> SessionUser {
        let Some(source) = &self.user else {
            return SessionUser::Nobody;
        };
        if value == SqlValueRef::Null || source.nobody.iter().any(|nobody| nobody.is_same(value)) {
            return SessionUser::Nobody;
        }
        match (source.form, value) {
            (UserForm::DjangoPayload, SqlValueRef::Text(payload)) => django_user(payload),
            (UserForm::DjangoPayload, _) => SessionUser::Unreadable,
            (UserForm::Plain, SqlValueRef::Blob(_)) if !source.paths.is_empty() => {
                SessionUser::Unreadable
            }
            (UserForm::Plain, value) => plain(value).map_or(SessionUser::Nobody, SessionUser::User),
        }
    }
}

/// All values shown as this user where the form is [plain](UserForm::Plain); `None`: too many.
pub fn values_shown_as(user: &str) -> Option<Vec<SqlValue>> {
    if user.contains(char::REPLACEMENT_CHARACTER) {
        // The replacement character may stand for any bytes.
        return None;
    }
    let integer = user.parse().ok().map(SqlValue::Integer);
    let real = user.parse().ok().map(SqlValue::Real);
    let values =
        [Some(SqlValue::Text(user.into())), integer, real, hex::decode(user).map(SqlValue::Blob)];
    let is_shown_so = |value: &SqlValue| plain(value.raw()).as_deref() == Some(user);
    Some(values.into_iter().flatten().filter(is_shown_so).collect())
}

pub fn plain(value: SqlValueRef<'_>) -> Option<String> {
    match value {
        SqlValueRef::Null => None,
        SqlValueRef::Integer(number) => Some(number.to_string()),
        // A whole number that a column of reals holds has no fraction here either.
        SqlValueRef::Real(number) => Some(number.to_string()),
        SqlValueRef::Text(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        SqlValueRef::Blob(bytes) => Some(hex::encode(bytes)),
    }
    .filter(|user: &String| !user.is_empty())
}
