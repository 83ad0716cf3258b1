//! Moments as finely as frameworks write them.

use crate::domain::time::{Span, UnixTime};

/// A moment: nanoseconds since 1970-01-01T00:00:00Z, negative before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub i128);

pub(super) const SECOND: i128 = 1_000_000_000;

impl Timestamp {
    /// Second that contains the timestamp.
    pub fn second(self) -> UnixTime {
        let seconds = self.0.div_euclid(SECOND);
        UnixTime(i64::try_from(seconds).unwrap_or(if seconds < 0 { i64::MIN } else { i64::MAX }))
    }

    #[must_use]
    pub fn plus(self, span: Span) -> Self {
        Self(self.0.saturating_add(i128::from(span.as_seconds()) * SECOND))
    }
}

impl From<UnixTime> for Timestamp {
    /// The beginning of the second.
    fn from(time: UnixTime) -> Self {
        Self(i128::from(time.0) * SECOND)
    }
}
