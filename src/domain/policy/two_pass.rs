//! Times of purges under the two-pass policy.

use super::rules::Policy;
use crate::domain::time::{Span, UnixTime};

/// Tolerance for the age of a mark if the delay is in whole days: the hour that a day lacks
/// when clocks are set forward.
const TOLERANCE: Span = Span::hours(1);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PurgeTime {
    now: UnixTime,
    planned: UnixTime,
}

impl PurgeTime {
    /// Unplanned check.
    pub const fn at(now: UnixTime) -> Self {
        Self { now, planned: now }
    }

    pub fn planned(planned: UnixTime, now: UnixTime) -> Self {
        Self { now, planned: planned.min(now) }
    }

    pub const fn now(self) -> UnixTime {
        self.now
    }
}

impl Policy {
    /// Nominal time of a check under the two-pass policy, with which it marks sessions and from
    /// which it counts the age of marks.
    ///
    /// This is the planned time, so that two daily checks are 24 hours apart whenever cron
    /// actually starts them. For a check that is late by more than a 24th of `delay`, or by
    /// more than an hour, it is the time at which the check runs: a session that was used in
    /// between leaves no other trace.
    pub fn nominal_time(&self, check: PurgeTime) -> UnixTime {
        let max_lateness = Span::seconds(self.delay.as_seconds() / 24).min(TOLERANCE);
        if check.now.since(check.planned) <= max_lateness { check.planned } else { check.now }
    }

    /// Latest mark that ends its session at a check: one of the [minimum age](Self::mark_min_age).
    pub fn mark_cutoff(&self, check: PurgeTime) -> UnixTime {
        UnixTime(self.nominal_time(check).0.saturating_sub(self.mark_min_age().as_seconds()))
    }

    /// Minimum age of a mark that ends its session: `delay`. If that is a whole number of
    /// days, an hour less is enough, so that a day of 23 hours counts as a day; any other
    /// delay is exact, and with a daily check 25 hours end at the third check.
    pub fn mark_min_age(&self) -> Span {
        let is_in_days = self.delay.as_seconds() % Span::days(1).as_seconds() == 0;
        let tolerance = if is_in_days && self.delay > Span::ZERO { TOLERANCE } else { Span::ZERO };
        Span::seconds(self.delay.as_seconds() - tolerance.as_seconds())
    }
}
