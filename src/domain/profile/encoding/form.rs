//! The forms in which a column holds a time.

use crate::domain::profile::timestamp::Timestamp;
use crate::domain::time_zone::TimeZone;

#[derive(Debug, Clone, PartialEq)]
pub enum Encoding {
    /// Number of units since 1970, in one of these classes.
    Unix(Unit, Vec<Storage>),
    /// Julian day: days since noon in Greenwich on 24 November 4714 BC, with a fraction.
    Julian(Vec<Storage>),
    /// .NET ticks: tenths of a microsecond since the year 1.
    Ticks(Vec<Storage>),
    Text(TextForm),
    /// Text by a pattern of chrono's `strftime`, in this zone if it has none itself.
    Pattern(String, TimeZone),
    /// Another encoding, but of the wall clock of this zone instead of UTC.
    Local(Box<Self>, TimeZone),
    /// Encodings of different [classes](Self::classes): no value can be read by two of them.
    OneOf(Vec<Self>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Days of 24 hours.
    Days,
    Hours,
    Minutes,
    Seconds,
    Milliseconds,
    Microseconds,
    /// .NET's ticks: tenths of a microsecond.
    Ticks,
    Nanoseconds,
}

/// The class of the values that hold a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    Integer,
    Real,
    /// Text of digits.
    Text,
}

/// `2026-06-15`, a separator, `12:00:00`, decimals, a zone.
#[derive(Debug, Clone, PartialEq)]
pub struct TextForm {
    pub separator: Separator,
    pub decimals: Decimals,
    pub zone: ZoneForm,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Separator {
    Blank,
    T,
    Either,
}

/// Possible numbers of decimals, each from 0 to 9.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decimals(pub Vec<u8>);

#[derive(Debug, Clone, PartialEq)]
pub enum ZoneForm {
    /// The wall clock of this zone. A time that the clock shows twice is the later one.
    None(TimeZone),
    Z,
    /// An offset: `+02:00`, `+0200` or `+02`, with or without a blank before it.
    Offset,
    AnyOf(Vec<Self>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecodedTime {
    At(Timestamp),
    Null,
    Never,
    /// An unspecified time in the past.
    Expired,
    /// Unknown to this encoding, or an implausible moment: most likely a number in another
    /// unit, or one that stands for no time.
    Unreadable,
}
