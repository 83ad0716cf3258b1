//! Conditions on the values of a row.

use std::cmp::Ordering;

use super::value::{SqlValue, SqlValueRef, order};

#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// Index of the [input](super::Profile::inputs).
    pub input: usize,
    pub test: Predicate,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Predicate {
    Null(bool),
    Among(Vec<SqlValue>),
    NotAmong(Vec<SqlValue>),
    Above(i64),
    UpTo(i64),
    Prefix(String),
}

impl Condition {
    pub fn holds(&self, inputs: &[SqlValueRef<'_>]) -> bool {
        self.test.holds(inputs.get(self.input).copied().unwrap_or(SqlValueRef::Null))
    }

    /// Text and bytes do not compare with a number, while NULL fails the comparison.
    pub fn is_decidable(&self, inputs: &[SqlValueRef<'_>]) -> bool {
        match (&self.test, inputs.get(self.input)) {
            (
                Predicate::Above(_) | Predicate::UpTo(_),
                Some(SqlValueRef::Text(_) | SqlValueRef::Blob(_)),
            ) => false,
            (Predicate::Above(_) | Predicate::UpTo(_), Some(SqlValueRef::Real(number))) => {
                !number.is_nan()
            }
            _ => true,
        }
    }
}

impl Predicate {
    pub fn holds(&self, value: SqlValueRef<'_>) -> bool {
        let is_among = |values: &[SqlValue]| values.iter().any(|known| known.is_same(value));
        match self {
            Self::Null(is_null) => (value == SqlValueRef::Null) == *is_null,
            Self::Among(values) => is_among(values),
            Self::NotAmong(values) => value != SqlValueRef::Null && !is_among(values),
            Self::Above(least) => order(value, *least) == Some(Ordering::Greater),
            Self::UpTo(most) => order(value, *most).is_some_and(Ordering::is_le),
            Self::Prefix(prefix) => {
                matches!(value, SqlValueRef::Text(text) if text.starts_with(prefix.as_bytes()))
            }
        }
    }
}
