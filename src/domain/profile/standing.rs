//! Standing of a session by the rules of its framework and the stricter ones: the reference for the
//! store.

use super::definition::Profile;
use super::expiry::Expiry;
use super::stricter::{StricterRule, StricterRules};
use super::value::SqlValueRef;
use crate::domain::time::{Span, UnixTime};

/// Facts about a session that [`StricterRules::standing`] decides by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionTimes {
    /// Expiry by the rules of the framework.
    pub expiry: Expiry,
    pub used: Option<UnixTime>,
    pub created: Option<UnixTime>,
    /// Set if the user has [`user_limit`](StricterRules::user_limit) live sessions that were
    /// used later.
    pub exceeds_user_limit: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Live,
    /// The application accepts the session, and the next purge ends it.
    Due(StricterRule),
    /// Over by the framework's rules; the next purge deletes the row.
    Expired,
    /// Over by the framework's rules, but the retention of the row has not passed.
    Retained,
}

impl StricterRules {
    /// Decides on a session of a framework's table.
    ///
    /// 1. A session whose [expiry](Expiry::Unknown) cannot be read is live, whatever the rules
    ///    say: its row is kept.
    /// 2. A session that is over by the framework's rules is *expired* when `retention` has passed
    ///    since the second of its expiry: at `expiry + retention` and later. Until then it is
    ///    *retained*, without a limit to the retention forever. If no time says when it ended,
    ///    its last use, or else its opening, counts as its end; if neither is known, it is expired
    ///    at once.
    /// 3. Retention never revives: a session that was due by rule 4 or 5 before it was over is
    ///    expired at once.
    /// 4. A session that the framework accepts is due by `timeout` when it has been unused for
    ///    longer than that: at `used + timeout` it is still valid, a second later it is not.
    /// 5. One to which this does not apply is due by `lifetime` when it was opened longer than
    ///    that ago, with the same boundary.
    /// 6. One to which neither applies is due by `user_limit` if it exceeds that.
    ///
    /// A rule does not apply if the time that it needs is unknown.
    pub fn standing(&self, times: &SessionTimes, now: UnixTime) -> Standing {
        if times.expiry == Expiry::Unknown {
            return Standing::Live;
        }
        if times.expiry.is_expired(now) {
            let goes = self.row_end(times).is_some_and(|end| end <= now);
            return if goes { Standing::Expired } else { Standing::Retained };
        }
        let past = |until: Option<UnixTime>| until.is_some_and(|until| until < now);
        if past(self.timeout_end(times)) {
            Standing::Due(StricterRule::Timeout)
        } else if past(self.lifetime_end(times)) {
            Standing::Due(StricterRule::Lifetime)
        } else if times.exceeds_user_limit {
            Standing::Due(StricterRule::UserLimit)
        } else {
            Standing::Live
        }
    }

    /// Moment from which a purge deletes the row of a session that is over by the framework's
    /// rules; for one that it deletes at once, a moment before any other. `None`: never.
    pub fn row_end(&self, times: &SessionTimes) -> Option<UnixTime> {
        const AT_ONCE: UnixTime = UnixTime(i64::MIN);
        if self.was_due_before_expiry(times) {
            return Some(AT_ONCE);
        }
        let retention = self.retention?;
        let end = times.expiry.last_moment().or(times.used).or(times.created);
        let end = end.filter(|_| retention > Span::ZERO);
        Some(end.map_or(AT_ONCE, |end| end.plus(retention)))
    }

    /// Time until which the row of a session is kept after it is over; `None`: it goes at once,
    /// or never.
    pub fn kept_until(&self, times: &SessionTimes) -> Option<UnixTime> {
        self.row_end(times).filter(|end| end.0 > i64::MIN)
    }

    /// Last moment at which a session is valid without further use; `None`: there is none, or it
    /// is unknown.
    pub fn last_moment(&self, times: &SessionTimes) -> Option<UnixTime> {
        if matches!(times.expiry, Expiry::Unknown | Expiry::Expired) {
            return None;
        }
        let own = [self.timeout_end(times), self.lifetime_end(times)];
        own.into_iter().flatten().chain(times.expiry.last_moment()).min()
    }

    /// Rule that ends a session earlier than the framework does if it is not used again.
    pub fn earliest_rule(&self, times: &SessionTimes) -> Option<StricterRule> {
        let last = self.last_moment(times)?;
        if times.expiry.last_moment().is_some_and(|end| end <= last) {
            return None;
        }
        let is_timeout = self.timeout_end(times) == Some(last);
        Some(if is_timeout { StricterRule::Timeout } else { StricterRule::Lifetime })
    }

    fn timeout_end(&self, times: &SessionTimes) -> Option<UnixTime> {
        Some(times.used?.plus(self.timeout?))
    }

    fn lifetime_end(&self, times: &SessionTimes) -> Option<UnixTime> {
        Some(times.created?.plus(self.lifetime?))
    }

    fn was_due_before_expiry(&self, times: &SessionTimes) -> bool {
        let own = [self.timeout_end(times), self.lifetime_end(times)];
        let own = own.into_iter().flatten().min();
        own.zip(times.expiry.last_moment()).is_some_and(|(own, end)| own < end)
    }
}

impl Profile {
    /// Facts about the session of a row with these [inputs](Profile::inputs), for its
    /// [`stricter`](Profile::stricter) rules.
    pub fn session_times(&self, expiry: Expiry, inputs: &[SqlValueRef<'_>]) -> SessionTimes {
        SessionTimes {
            expiry,
            used: self.time(self.used, inputs),
            created: self.time(self.created, inputs),
            exceeds_user_limit: false,
        }
    }
}
