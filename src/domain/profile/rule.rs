//! The rules by which a session of a framework's table expires.

use super::condition::Condition;
use super::encoding::{DecodedTime, Encoding, Unit};
use super::timestamp::Timestamp;
use super::value::{SqlValue, SqlValueRef};
use crate::domain::time::Span;

/// An input that holds a time.
#[derive(Debug, Clone, PartialEq)]
pub struct TimeColumn {
    /// Which [input](Profile::inputs).
    pub input: usize,
    /// How it is written.
    pub encoding: Encoding,
    /// What it means where there is none; `None`: nobody can say.
    pub null: Option<NullMeaning>,
    /// Values that are no times, but mean never.
    pub never: Vec<SqlValue>,
    /// Values that are no times, but mean that it has passed. None of them is among
    /// [`never`](Self::never).
    pub over: Vec<SqlValue>,
}

/// What NULL means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NullMeaning {
    /// The session is over.
    Expired,
    /// It is never over.
    Never,
}

/// Something that makes a session over.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// What.
    pub kind: RuleKind,
    /// For which rows; all of these must hold.
    pub when: Vec<Condition>,
    /// Whether it is over at the very moment that the rule names, or only after it.
    pub inclusive: bool,
    /// How much longer to wait.
    pub grace: Span,
}

impl Rule {
    /// Whether it applies to the row with these inputs, or might: a condition that
    /// cannot be asked keeps nothing out.
    pub fn may_apply(&self, inputs: &[SqlValueRef<'_>]) -> bool {
        self.when.iter().all(|it| !it.is_askable(inputs) || it.holds(inputs))
    }
}

/// The kinds of rules. A time is one of the [profile's](Profile::times), by its place.
#[derive(Debug, Clone, PartialEq)]
pub enum RuleKind {
    /// It is over at this time.
    At(usize),
    /// It is over so long after this time.
    After(usize, Length),
    /// It is over if this input is not NULL.
    NotNull(usize),
}

/// How long a session lasts after a time.
#[derive(Debug, Clone, PartialEq)]
pub enum Length {
    /// So long.
    Fixed(Span),
    /// As long as the application's configuration says, which nobody has told: for ever.
    Unspecified,
    /// As long as an input says.
    Input {
        /// Which [input](Profile::inputs).
        input: usize,
        /// In which unit.
        unit: Unit,
        /// Values that are no lengths, but mean for ever.
        never: Vec<SqlValue>,
    },
}

impl TimeColumn {
    /// What it says in a row with these inputs.
    pub fn read(&self, inputs: &[SqlValueRef<'_>]) -> DecodedTime {
        let value = inputs.get(self.input).copied().unwrap_or(SqlValueRef::Null);
        let is_among = |values: &[SqlValue]| values.iter().any(|known| known.is_same(value));
        if is_among(&self.never) {
            DecodedTime::Never
        } else if is_among(&self.over) {
            DecodedTime::Over
        } else {
            self.encoding.read(value)
        }
    }
}

impl Length {
    /// So many nanoseconds; `None`: for ever.
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
