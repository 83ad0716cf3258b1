//! Limits of write transactions.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Limits of the write transactions of a run, in favour of other writers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriteLimits {
    /// Target duration of one write transaction. If a commit alone takes that long, it is
    /// twice the time of a commit.
    pub hold: HoldLimit,
    /// Assume that there are no other writers, and use the fastest batches.
    pub fast: bool,
    /// Maximum size of the write-ahead log while a reader of an older snapshot keeps it
    /// from being reused.
    pub max_log: ByteSize,
}

impl Default for WriteLimits {
    /// Two milliseconds, and 64 MiB.
    fn default() -> Self {
        Self { hold: HoldLimit(Duration::from_millis(2)), fast: false, max_log: ByteSize(64 << 20) }
    }
}

/// Maximum duration of a write transaction: from 100 µs to 10 s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoldLimit(pub Duration);

/// Error for a text that is not such a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a time from 100us to 10s, such as 2ms, 500us or 1s")]
pub struct HoldLimitError(String);

const HOLD_UNITS: [(&str, Duration); 3] = [
    ("us", Duration::from_micros(1)),
    ("ms", Duration::from_millis(1)),
    ("s", Duration::from_secs(1)),
];

impl FromStr for HoldLimit {
    type Err = HoldLimitError;

    fn from_str(text: &str) -> Result<Self, HoldLimitError> {
        let limits = Duration::from_micros(100)..=Duration::from_secs(10);
        HOLD_UNITS
            .iter()
            .find_map(|(unit, length)| {
                let number: u32 = text.strip_suffix(unit)?.trim_end().parse().ok()?;
                length.checked_mul(number)
            })
            .filter(|hold| limits.contains(hold))
            .map(Self)
            .ok_or_else(|| HoldLimitError(text.to_owned()))
    }
}

impl fmt::Display for HoldLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0.as_micros();
        let (unit, length) = HOLD_UNITS
            .iter()
            .rev()
            .map(|(unit, length)| (unit, length.as_micros()))
            .find(|(_, length)| micros.is_multiple_of(*length))
            .unwrap_or((&"us", 1));
        write!(f, "{}{unit}", micros / length)
    }
}

/// A number of bytes, 1 MiB or more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteSize(pub u64);

/// Error for a text that is not such a size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a size of 1MiB or more, such as 64MiB, 100MB or 1GiB")]
pub struct ByteSizeError(String);

const SIZE_UNITS: [(&str, u64); 4] =
    [("MiB", 1 << 20), ("GiB", 1 << 30), ("MB", 1_000_000), ("GB", 1_000_000_000)];

impl FromStr for ByteSize {
    type Err = ByteSizeError;

    fn from_str(text: &str) -> Result<Self, ByteSizeError> {
        SIZE_UNITS
            .iter()
            .find_map(|(unit, bytes)| {
                let number: u64 = text.strip_suffix(unit)?.trim_end().parse().ok()?;
                number.checked_mul(*bytes)
            })
            .filter(|bytes| *bytes >= 1 << 20)
            .map(Self)
            .ok_or_else(|| ByteSizeError(text.to_owned()))
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fits = |(_, bytes): &&(&str, u64)| self.0.is_multiple_of(*bytes);
        match SIZE_UNITS.iter().filter(fits).max_by_key(|(_, bytes)| bytes) {
            Some((unit, bytes)) => write!(f, "{}{unit}", self.0 / bytes),
            None => write!(f, "{} bytes", self.0),
        }
    }
}
