//! How a column holds a time.

use super::{Datum, Moment, Raw};
use crate::domain::time::UnixTime;
use crate::domain::zone::Zone;

/// How a column holds a time.
#[derive(Debug, Clone, PartialEq)]
pub enum Encoding {
    /// As a number of these since 1970, in one of these classes.
    Unix(Unit, Vec<Storage>),
    /// As a Julian day: days since noon in Greenwich on 24 November 4714 BC, with a
    /// fraction.
    Julian(Vec<Storage>),
    /// As .NET's ticks: tenths of a microsecond since the year 1.
    Ticks(Vec<Storage>),
    /// As text.
    Text(TextForm),
    /// As text by a pattern of chrono's `strftime`, in this zone if it has none itself.
    Pattern(String, Zone),
}

/// What one is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Minutes.
    Minutes,
    /// Seconds.
    Seconds,
    /// Thousandths of a second.
    Milliseconds,
    /// Millionths of a second.
    Microseconds,
    /// Thousand-millionths of a second.
    Nanoseconds,
}

/// The class of the values that hold a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// Whole numbers.
    Integer,
    /// Numbers with a fraction.
    Real,
    /// Text of digits.
    Text,
}

/// `2026-06-15`, a separator, `12:00:00`, decimals, a zone.
#[derive(Debug, Clone, PartialEq)]
pub struct TextForm {
    /// What stands between date and time.
    pub separator: Separator,
    /// How many decimals the seconds have.
    pub decimals: Decimals,
    /// What stands behind it.
    pub zone: ZoneForm,
}

/// What stands between date and time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Separator {
    /// A blank.
    Blank,
    /// The letter T.
    T,
    /// One or the other.
    Either,
}

/// How many decimals seconds have: one of these numbers, of 0 to 9.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decimals(pub Vec<u8>);

/// What a time says of its zone.
#[derive(Debug, Clone, PartialEq)]
pub enum ZoneForm {
    /// Nothing: it is the wall clock of this zone. What the clock shows twice is taken
    /// for the later time.
    None(Zone),
    /// The letter Z.
    Z,
    /// An offset: `+02:00`, `+0200` or `+02`, with or without a blank before it.
    Offset,
    /// One or the other.
    Either,
}

/// What a value says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// A moment.
    At(Moment),
    /// There is none.
    Null,
    /// That there will never be one.
    Never,
    /// Nothing that this encoding knows, or a number that is no moment between 1995 and
    /// 9999, and not zero either: most likely it counts in another unit.
    Unreadable,
}

impl Encoding {
    /// What a value says.
    pub fn read(&self, _value: Raw<'_>) -> Reading {
        todo!()
    }

    /// A value that no readable value of a moment up to this one exceeds, in the order
    /// in which SQLite sorts a column; `None`: the order says nothing about the moments.
    pub fn horizon(&self, _moment: UnixTime) -> Option<Datum> {
        todo!()
    }
}

impl Unit {
    /// A length of so many, in nanoseconds; `None` for what is no number, or is below
    /// zero.
    pub fn length(self, _value: Raw<'_>) -> Option<i128> {
        todo!()
    }
}
