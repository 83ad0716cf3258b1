//! Moments and spans of time, as the table holds them: whole unix seconds, UTC.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, SecondsFormat, Utc};

/// A moment: seconds since 1970-01-01T00:00:00Z, negative before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct UnixTime(pub i64);

impl UnixTime {
    /// The last moment that a native table holds: 9999-12-31T23:59:59Z.
    /// Milliseconds taken for seconds lie beyond it.
    pub const MAX: Self = Self(253_402_300_799);

    /// Moment after a span, saturating at the end of the number range.
    #[must_use]
    pub const fn plus(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// Time since `earlier`; zero if that lies in the future, as with the clocks of two machines.
    pub fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0).max(0))
    }

    /// The moment in UTC, where the calendar reaches that far.
    pub fn utc(self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp(self.0, 0)
    }
}

impl From<DateTime<Utc>> for UnixTime {
    fn from(time: DateTime<Utc>) -> Self {
        Self(time.timestamp())
    }
}

impl From<std::time::SystemTime> for UnixTime {
    fn from(time: std::time::SystemTime) -> Self {
        Self::from(DateTime::<Utc>::from(time))
    }
}

/// RFC 3339 in UTC, `2026-06-15T12:00:00Z`; outside the calendar, `@` and the number.
impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.utc() {
            Some(time) => f.write_str(&time.to_rfc3339_opts(SecondsFormat::Secs, true)),
            None => write!(f, "@{}", self.0),
        }
    }
}

/// A length of time in whole seconds, never negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span(i64);

impl Span {
    /// Zero.
    pub const ZERO: Self = Self(0);

    /// Span of seconds; a negative number counts as none.
    pub const fn seconds(seconds: i64) -> Self {
        Self(if seconds < 0 { 0 } else { seconds })
    }

    /// Span of minutes.
    pub const fn minutes(minutes: i64) -> Self {
        Self::seconds(minutes.saturating_mul(60))
    }

    /// Span of hours.
    pub const fn hours(hours: i64) -> Self {
        Self::minutes(hours.saturating_mul(60))
    }

    /// Span of days of 24 hours.
    pub const fn days(days: i64) -> Self {
        Self::hours(days.saturating_mul(24))
    }

    /// Length in seconds.
    pub const fn as_seconds(self) -> i64 {
        self.0
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpanError {
    #[error("{0:?} has no unit: use {0}s, {0}m, {0}h or {0}d")]
    NoUnit(String),
    #[error(
        "{0:?} is not a valid duration: use a whole number and a unit, such as 90s, 15m, 2h or 30d"
    )]
    NotASpan(String),
    #[error("{0:?} is longer than 9,999 years")]
    TooLong(String),
}

const UNITS: [(char, i64); 5] =
    [('w', 7 * 86_400), ('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// Numbers with units, largest unit first: `90s`, `15m`, `2h`, `30d`, `1h30m`.
/// Only a plain `0` needs no unit.
impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, SpanError> {
        let fault = || SpanError::NotASpan(text.to_owned());
        if text == "0" {
            return Ok(Self::ZERO);
        }
        if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(SpanError::NoUnit(text.to_owned()));
        }
        let (mut rest, mut total, mut units) = (text, 0_i64, UNITS.iter());
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(fault)?;
            let unit = rest[digits..].chars().next().ok_or_else(fault)?;
            let (_, seconds) = units.find(|(name, _)| *name == unit).ok_or_else(fault)?;
            if digits == 0 {
                return Err(fault());
            }
            total = rest[..digits]
                .parse::<i64>()
                .ok()
                .and_then(|number| number.checked_mul(*seconds))
                .and_then(|span| total.checked_add(span))
                .filter(|total| *total <= UnixTime::MAX.0)
                .ok_or_else(|| SpanError::TooLong(text.to_owned()))?;
            rest = &rest[digits + unit.len_utf8()..];
        }
        if text.is_empty() { Err(fault()) } else { Ok(Self(total)) }
    }
}

/// The form that [`FromStr`] reads, exact: `1d2h`, `45m`, `0s`.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        let mut rest = self.0;
        for (unit, seconds) in UNITS.iter().skip(1) {
            if rest >= *seconds {
                write!(f, "{}{unit}", rest / seconds)?;
                rest %= seconds;
            }
        }
        Ok(())
    }
}
