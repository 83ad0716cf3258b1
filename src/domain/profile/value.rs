//! Values as a database holds them.

use std::cmp::Ordering;

/// A value of one of the five classes that SQLite knows.
#[derive(Debug, Clone, PartialEq)]
pub enum SqlValue {
    /// Nothing.
    Null,
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Real(f64),
    /// Text; it need not be UTF-8.
    Text(Vec<u8>),
    /// Bytes.
    Blob(Vec<u8>),
}

/// The same, where it lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SqlValueRef<'a> {
    /// Nothing.
    Null,
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Real(f64),
    /// Text; it need not be UTF-8.
    Text(&'a [u8]),
    /// Bytes.
    Blob(&'a [u8]),
}

impl SqlValue {
    /// The value without its owner.
    pub fn raw(&self) -> SqlValueRef<'_> {
        match self {
            Self::Null => SqlValueRef::Null,
            Self::Integer(number) => SqlValueRef::Integer(*number),
            Self::Real(number) => SqlValueRef::Real(*number),
            Self::Text(bytes) => SqlValueRef::Text(bytes),
            Self::Blob(bytes) => SqlValueRef::Blob(bytes),
        }
    }

    /// Whether SQLite takes it for the same as another value: numbers by their value,
    /// text by its bytes.
    pub fn is_same(&self, other: SqlValueRef<'_>) -> bool {
        is_same(self.raw(), other)
    }
}

impl<'a> SqlValueRef<'a> {
    /// The word for its class, as SQLite's `typeof` has it.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Integer(_) => "integer",
            Self::Real(_) => "real",
            Self::Text(_) => "text",
            Self::Blob(_) => "blob",
        }
    }

    /// A value of its own.
    pub fn to_value(self) -> SqlValue {
        match self {
            Self::Null => SqlValue::Null,
            Self::Integer(number) => SqlValue::Integer(number),
            Self::Real(number) => SqlValue::Real(number),
            Self::Text(bytes) => SqlValue::Text(bytes.to_vec()),
            Self::Blob(bytes) => SqlValue::Blob(bytes.to_vec()),
        }
    }

    /// Its text, if it is text.
    pub fn text(self) -> Option<&'a str> {
        match self {
            Self::Text(bytes) => str::from_utf8(bytes).ok(),
            _ => None,
        }
    }
}

/// Whether SQLite takes two values for the same: numbers by their value.
pub(super) fn is_same(one: SqlValueRef<'_>, other: SqlValueRef<'_>) -> bool {
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

/// How a number compares with a whole one; `None`: it is none.
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
fn floor(number: f64) -> i128 {
    number.floor() as i128
}
