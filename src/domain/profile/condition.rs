//! What a value of a row must be.

use super::{Datum, Raw};

/// Something that one of a profile's inputs must be.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// Which [input](super::Profile::inputs).
    pub input: usize,
    /// What it must be.
    pub test: Test,
}

/// What a value must be.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// NULL, or anything else.
    Null(bool),
    /// One of these.
    Among(Vec<Datum>),
    /// None of these, and not NULL.
    NotAmong(Vec<Datum>),
    /// A number that is greater than this.
    Above(i64),
    /// A number that is this or less.
    UpTo(i64),
    /// Text that begins with this.
    Prefix(String),
}

impl Condition {
    /// Whether it holds for a row with these inputs.
    pub fn holds(&self, inputs: &[Raw<'_>]) -> bool {
        self.test.holds(inputs.get(self.input).copied().unwrap_or(Raw::Null))
    }
}

impl Test {
    /// Whether the value is like this.
    pub fn holds(&self, value: Raw<'_>) -> bool {
        let is_among = |values: &[Datum]| values.iter().any(|known| is_same(known.raw(), value));
        match self {
            Self::Null(is_null) => (value == Raw::Null) == *is_null,
            Self::Among(values) => is_among(values),
            Self::NotAmong(values) => value != Raw::Null && !is_among(values),
            Self::Above(least) => number(value).is_some_and(|number| number > whole(*least)),
            Self::UpTo(most) => number(value).is_some_and(|number| number <= whole(*most)),
            Self::Prefix(prefix) => {
                matches!(value, Raw::Text(text) if text.starts_with(prefix.as_bytes()))
            }
        }
    }
}

/// Whether SQLite takes two values for the same: numbers by their value.
pub(super) fn is_same(one: Raw<'_>, other: Raw<'_>) -> bool {
    match (number(one), number(other)) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}

fn number(value: Raw<'_>) -> Option<f64> {
    match value {
        Raw::Integer(number) => Some(whole(number)),
        Raw::Real(number) => Some(number),
        _ => None,
    }
}

#[expect(clippy::cast_precision_loss, reason = "beyond 2^53, a bound is a rough one")]
fn whole(number: i64) -> f64 {
    number as f64
}
