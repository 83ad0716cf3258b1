//! The forms in which a column holds a time.

use crate::domain::profile::timestamp::Timestamp;
use crate::domain::time_zone::TimeZone;

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
    Pattern(String, TimeZone),
    /// As another encoding has it, but what is written is the wall clock of this zone,
    /// and not UTC.
    Local(Box<Self>, TimeZone),
    /// As one of these has it, each for [classes](Self::classes) of its own: no value can
    /// be read by two of them.
    OneOf(Vec<Self>),
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Days of 24 hours.
    Days,
    /// Hours.
    Hours,
    /// Minutes.
    Minutes,
    /// Seconds.
    Seconds,
    /// Thousandths of a second.
    Milliseconds,
    /// Millionths of a second.
    Microseconds,
    /// .NET's ticks: tenths of a microsecond.
    Ticks,
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
    None(TimeZone),
    /// The letter Z.
    Z,
    /// An offset: `+02:00`, `+0200` or `+02`, with or without a blank before it.
    Offset,
    /// One of these.
    AnyOf(Vec<Self>),
}

/// What a value says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecodedTime {
    /// A moment.
    At(Timestamp),
    /// There is none.
    Null,
    /// That there will never be one.
    Never,
    /// That it has passed, whenever it was.
    Over,
    /// Nothing that this encoding knows, or a moment that it could not mean: most likely
    /// it counts in another unit, or stands for none.
    Unreadable,
}
