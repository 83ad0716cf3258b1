//! The rules by which a session of a framework's table expires.

use super::condition::Condition;
use super::encoding::{DecodedTime, Encoding, Unit};
use super::timestamp::Timestamp;
use super::value::{SqlValue, SqlValueRef};
use crate::domain::time::Span;

#[derive(Debug, Clone, PartialEq)]
pub struct TimeColumn {
    /// Index of the [input](super::Profile::inputs).
    pub input: usize,
    pub encoding: Encoding,
    /// Meaning of NULL; `None`: unknown.
    pub null: Option<NullMeaning>,
    /// Values that are not times, but mean never.
    pub never: Vec<SqlValue>,
    /// Values that mean a time in the past. None of them is among [`never`](Self::never).
    pub over: Vec<SqlValue>,
    /// Declared type of the column, which tells an empty table from one of another profile.
    pub declared: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NullMeaning {
    Expired,
    Never,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    pub kind: RuleKind,
    /// Conditions under which the rule applies; all must hold.
    pub when: Vec<Condition>,
    /// Set if the session is over at the very moment of the rule, and not only after it.
    pub inclusive: bool,
    pub grace: Span,
}

impl Rule {
    /// Reports whether the rule might apply: a condition that cannot be decided excludes nothing.
    pub fn may_apply(&self, inputs: &[SqlValueRef<'_>]) -> bool {
        self.when.iter().all(|it| !it.is_decidable(inputs) || it.holds(inputs))
    }
}

/// Kind of a rule. A time is an index into the [profile's times](super::Profile::times).
#[derive(Debug, Clone, PartialEq)]
pub enum RuleKind {
    At(usize),
    After(usize, Length),
    /// Over if an input is not NULL.
    NotNull(usize),
}

/// Lifetime of a session after a time.
#[derive(Debug, Clone, PartialEq)]
pub enum Length {
    Fixed(Span),
    /// Length that only the application's configuration knows and nobody has given: forever.
    Unspecified,
    Input {
        /// Index of the [input](super::Profile::inputs).
        input: usize,
        unit: Unit,
        /// Values that are not lengths, but mean forever.
        never: Vec<SqlValue>,
    },
}

impl TimeColumn {
    pub fn read(&self, inputs: &[SqlValueRef<'_>]) -> DecodedTime {
        let value = inputs.get(self.input).copied().unwrap_or(SqlValueRef::Null);
        let is_among = |values: &[SqlValue]| values.iter().any(|known| known.is_same(value));
        if is_among(&self.never) {
            DecodedTime::Never
        } else if is_among(&self.over) {
            DecodedTime::Expired
        } else {
            self.encoding.read(value)
        }
    }
}

impl Length {
    /// Length in nanoseconds; `None`: forever.
    pub(super) fn read(&self, inputs: &[SqlValueRef<'_>]) -> Result<Option<i128>, ()> {
        match self {
            Self::Fixed(span) => Ok(Some(Timestamp(0).plus(*span).0)),
            Self::Unspecified => Ok(None),
            Self::Input { input, unit, never } => {
                let value = inputs.get(*input).copied().unwrap_or(SqlValueRef::Null);
                if never.iter().any(|never| never.is_same(value)) {
                    return Ok(None);
                }
                unit.length(value).map(Some).ok_or(())
            }
        }
    }
}
