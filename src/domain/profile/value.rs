//! Values as a database holds them.

use std::cmp::Ordering;

#[derive(Debug, Clone, PartialEq)]
pub enum SqlValue {
    Null,
    Integer(i64),
    Real(f64),
    /// Text; it need not be UTF-8.
    Text(Vec<u8>),
    Blob(Vec<u8>),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SqlValueRef<'a> {
    Null,
    Integer(i64),
    Real(f64),
    Text(&'a [u8]),
    Blob(&'a [u8]),
}

impl SqlValue {
    pub fn raw(&self) -> SqlValueRef<'_> {
        match self {
            Self::Null => SqlValueRef::Null,
            Self::Integer(number) => SqlValueRef::Integer(*number),
            Self::Real(number) => SqlValueRef::Real(*number),
            Self::Text(bytes) => SqlValueRef::Text(bytes),
            Self::Blob(bytes) => SqlValueRef::Blob(bytes),
        }
    }

    /// Reports whether SQLite treats both as equal: numbers by their value, text by its bytes.
    pub fn is_same(&self, other: SqlValueRef<'_>) -> bool {
        is_same(self.raw(), other)
    }
}

impl<'a> SqlValueRef<'a> {
    /// Name of the storage class, as returned by SQLite's `typeof`.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Integer(_) => "integer",
            Self::Real(_) => "real",
            Self::Text(_) => "text",
            Self::Blob(_) => "blob",
        }
    }

    pub fn to_value(self) -> SqlValue {
        match self {
            Self::Null => SqlValue::Null,
            Self::Integer(number) => SqlValue::Integer(number),
            Self::Real(number) => SqlValue::Real(number),
            Self::Text(bytes) => SqlValue::Text(bytes.to_vec()),
            Self::Blob(bytes) => SqlValue::Blob(bytes.to_vec()),
        }
    }

    /// Content of text in UTF-8.
    pub fn text(self) -> Option<&'a str> {
        match self {
            Self::Text(bytes) => str::from_utf8(bytes).ok(),
            _ => None,
        }
    }
}

pub fn is_same(one: SqlValueRef<'_>, other: SqlValueRef<'_>) -> bool {
    match (one, other) {
        (SqlValueRef::Real(_), SqlValueRef::Integer(whole)) => {
            order(one, whole) == Some(Ordering::Equal)
        }
        (SqlValueRef::Integer(whole), SqlValueRef::Real(_)) => {
            order(other, whole) == Some(Ordering::Equal)
        }
        _ => one == other,
    }
}

/// Order of a number and an integer; `None`: the value is not a number.
pub(in crate::domain) fn order(value: SqlValueRef<'_>, whole: i64) -> Option<Ordering> {
    match value {
        SqlValueRef::Integer(number) => Some(number.cmp(&whole)),
        SqlValueRef::Real(number) => {
            // A real has no fraction where whole numbers are not exact as reals.
            let by_whole = floor(number).cmp(&whole.into());
            let fraction =
                if number > number.floor() { Ordering::Greater } else { Ordering::Equal };
            (!number.is_nan()).then_some(by_whole.then(fraction))
        }
        _ => None,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "what lies outside stays at the end")]
pub(super) fn floor(number: f64) -> i128 {
    number.floor() as i128
}
