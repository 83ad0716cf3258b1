//! Limits of write transactions.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Limits of the write transactions of a run, in favor of other writers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriteLimits {
    /// Target duration of one write transaction while other connections are active. If a commit
    /// alone takes that long, it is twice the time of a commit, or up to four times with a rollback
    /// journal.
    /// `None`: [`HoldLimit::DEFAULT`].
    pub hold: Option<HoldLimit>,
    /// Target duration while no other connection is active; `None`: [`hold`](Self::hold) if that is
    /// set, otherwise 100 ms with a write-ahead log and 300 ms without.
    pub hold_alone: Option<HoldLimit>,
    /// Assume that there are no other writers, and use the fastest batches.
    pub fast: bool,
    /// Maximum size of the write-ahead log while a reader of an older snapshot blocks its reuse.
    pub max_log: ByteSize,
    /// Size at which the write-ahead log is checkpointed while no other connection is active.
    pub log_alone: ByteSize,
}

const ALONE_WITH_LOG: Duration = Duration::from_millis(100);
const ALONE_WITHOUT_LOG: Duration = Duration::from_millis(300);

impl WriteLimits {
    /// Sets the target duration of all write transactions.
    #[must_use]
    pub fn with_hold(self, hold: HoldLimit) -> Self {
        Self { hold: Some(hold), hold_alone: Some(hold), ..self }
    }

    /// Target duration while other connections are active.
    pub fn hold(&self) -> HoldLimit {
        self.hold.unwrap_or(HoldLimit::DEFAULT)
    }

    /// Target duration while no other connection is active.
    pub fn hold_alone(&self, has_log: bool) -> Duration {
        match self.hold_alone.or(self.hold) {
            Some(HoldLimit(alone)) => alone,
            None if has_log => ALONE_WITH_LOG,
            None => ALONE_WITHOUT_LOG,
        }
    }
}

impl Default for WriteLimits {
    fn default() -> Self {
        Self {
            hold: None,
            hold_alone: None,
            fast: false,
            max_log: ByteSize(64 << 20),
            log_alone: ByteSize(256 << 20),
        }
    }
}

/// Maximum duration of a write transaction: from 100 µs to 10 s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoldLimit(pub Duration);

impl HoldLimit {
    /// Target duration of a write transaction that delays others little.
    pub const DEFAULT: Self = Self(Duration::from_millis(2));
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a valid duration: use 100us to 10s, such as 2ms, 500us or 1s")]
pub struct HoldLimitError(String);

const HOLD_UNITS: [(&str, u64); 3] = [("us", 1), ("ms", 1_000), ("s", 1_000_000)];

impl FromStr for HoldLimit {
    type Err = HoldLimitError;

    fn from_str(text: &str) -> Result<Self, HoldLimitError> {
        let limits = Duration::from_micros(100)..=Duration::from_secs(10);
        parse(text, &HOLD_UNITS)
            .map(Duration::from_micros)
            .filter(|hold| limits.contains(hold))
            .map(Self)
            .ok_or_else(|| HoldLimitError(text.to_owned()))
    }
}

impl fmt::Display for HoldLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = u64::try_from(self.0.as_micros()).unwrap_or(u64::MAX);
        let (number, unit) = in_largest_unit(micros, &HOLD_UNITS).unwrap_or((micros, "us"));
        write!(f, "{number}{unit}")
    }
}

/// A number of bytes, 1 MiB or more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteSize(pub u64);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a valid size: use 1MiB or more, such as 64MiB, 100MB or 1GiB")]
pub struct ByteSizeError(String);

const SIZE_UNITS: [(&str, u64); 4] =
    [("MiB", 1 << 20), ("GiB", 1 << 30), ("MB", 1_000_000), ("GB", 1_000_000_000)];

impl FromStr for ByteSize {
    type Err = ByteSizeError;

    fn from_str(text: &str) -> Result<Self, ByteSizeError> {
        parse(text, &SIZE_UNITS)
            .filter(|bytes| *bytes >= 1 << 20)
            .map(Self)
            .ok_or_else(|| ByteSizeError(text.to_owned()))
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match in_largest_unit(self.0, &SIZE_UNITS) {
            Some((number, unit)) => write!(f, "{number}{unit}"),
            None => write!(f, "{} bytes", self.0),
        }
    }
}

fn parse(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    units.iter().find_map(|(unit, size)| {
        let number: u64 = text.strip_suffix(unit)?.trim_end().parse().ok()?;
        number.checked_mul(*size)
    })
}

/// Whole number of the largest unit that divides an amount.
fn in_largest_unit<'u>(amount: u64, units: &[(&'u str, u64)]) -> Option<(u64, &'u str)> {
    let divisors = units.iter().filter(|(_, size)| amount.is_multiple_of(*size));
    divisors.max_by_key(|(_, size)| *size).map(|(unit, size)| (amount / size, *unit))
}
