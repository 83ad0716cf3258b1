//! Errors in schedules, with their position.

use std::fmt;
use std::ops::Range;

use super::field::Field;

/// Error in the text of a schedule. Displayed on several lines: the mistake, the text with
/// carets under the token in question, and the expected syntax.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleError {
    pub(super) spec: String,
    pub(super) field: Option<Field>,
    pub(super) place: Range<usize>,
    pub(super) kind: ScheduleErrorKind,
}

/// The kind of mistake; its text follows the name of the field, if it has one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleErrorKind {
    /// Nothing but white space.
    #[error("it is empty")]
    Empty,
    /// Neither three fields nor as many as a crontab line has.
    #[error("it has {fields}, not three", fields = field_count(*.0))]
    FieldCount(usize),
    /// Crontab line, with the equivalent schedule, if there is one.
    #[error("it has {fields} fields like a crontab line, not three")]
    Crontab {
        /// Number of fields: five, or six with a user or with seconds.
        fields: usize,
        /// Equivalent schedule of three fields.
        meant: Option<String>,
    },
    /// Two commas in a row, or one at either end.
    #[error("list has an empty item")]
    EmptyItem,
    /// A star in a list, which would make its other items meaningless.
    #[error("list cannot hold a bare *")]
    StarInList,
    #[error("range lacks a number")]
    MissingNumber,
    /// A text that is neither a number nor, among weekdays, a name.
    #[error("{} is not valid", EscapedText(.0))]
    Unknown(String),
    #[error("{0} has more than two digits")]
    TooManyDigits(String),
    #[error("{0} is out of range")]
    OutOfRange(String),
    /// A range of minutes or hours from the greater to the smaller.
    #[error("range {0} is reversed")]
    Backwards(String),
    /// A step from one number; the text is the range that was probably meant.
    #[error("step needs a range or *: use {0}")]
    StepOnNumber(String),
    #[error("step must be a number of one or two digits")]
    StepUnknown,
    #[error("step cannot be 0")]
    StepZero,
    /// A step past the end of the field from wherever it starts.
    #[error("step {step} is too large: at most {most}")]
    StepTooLarge {
        step: u8,
        /// The largest one that the field takes.
        most: u8,
    },
}

impl ScheduleError {
    /// The field with the mistake; none if the number of fields is wrong.
    pub const fn field(&self) -> Option<Field> {
        self.field
    }

    /// Position of the mistake in bytes; empty where something is missing.
    pub fn place(&self) -> Range<usize> {
        self.place.clone()
    }

    pub const fn kind(&self) -> &ScheduleErrorKind {
        &self.kind
    }

    /// The message on one line, for a context that has a position already.
    pub fn in_one_line(&self) -> String {
        let (spec, kind, advice) = (EscapedText(&self.spec), &self.kind, self.advice());
        match self.field {
            Some(field) => {
                let character = self.spec[..self.place.start].chars().count() + 1;
                format!("\"{spec}\", at character {character}: {field} {kind}; {advice}")
            }
            None => format!("\"{spec}\": {kind}; {advice}"),
        }
    }

    fn advice(&self) -> String {
        match (&self.kind, self.field) {
            (_, Some(field)) => format!("{field} holds {}", field.valid_values()),
            (ScheduleErrorKind::Crontab { meant, .. }, _) => match meant {
                Some(meant) => format!("a schedule is <minute> <hour> <weekday>: use {meant}"),
                None => "a schedule is <minute> <hour> <weekday>, weekdays from 1 (Monday) to 7 \
                         (Sunday), without a day of the month or a month"
                    .to_owned(),
            },
            _ => "a schedule is <minute> <hour> <weekday>, such as 0 3 * for daily at 03:00"
                .to_owned(),
        }
    }
}

impl std::error::Error for ScheduleError {}

impl fmt::Display for ScheduleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("invalid schedule: ")?;
        if let Some(field) = self.field {
            write!(f, "{field} ")?;
        }
        writeln!(f, "{}", self.kind)?;
        let shown = EscapedText(&self.spec).to_string();
        if self.kind != ScheduleErrorKind::Empty {
            let before = EscapedText(&self.spec[..self.place.start]).to_string().len();
            let within = EscapedText(&self.spec[self.place.clone()]).to_string().len();
            writeln!(f, "  {}", shown.trim_end())?;
            writeln!(f, "  {}{}", " ".repeat(before), "^".repeat(within.max(1)))?;
        }
        f.write_str(&self.advice())
    }
}

fn field_count(fields: usize) -> String {
    format!("{fields} field{}", if fields == 1 { "" } else { "s" })
}

/// Text whose characters take as many columns as bytes, so that carets line up and a terminal
/// interprets nothing: white space as a blank, anything but printable ASCII as an escape.
struct EscapedText<'a>(&'a str);

impl fmt::Display for EscapedText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            c if c.is_whitespace() => f.write_str(" "),
            c if c.is_ascii_graphic() => write!(f, "{c}"),
            c => write!(f, "{}", c.escape_default()),
        })
    }
}
