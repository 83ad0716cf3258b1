//! Decision of a purge on a session: the reference for every store.

use super::rules::{ExpiryMode, Policy};
use super::touch::TimeoutRequest;
use super::two_pass::PurgeTime;
use crate::domain::session::{EndReason, Session};
use crate::domain::time::{Span, UnixTime};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Keep,
    /// Mark the session as unused, with this moment.
    Mark(UnixTime),
    /// End the session, and keep its row for the retention.
    End(EndReason),
    /// End the session and delete its row in the same step: the retention is zero.
    Discard(EndReason),
    /// Delete the row of a session that has ended before.
    Delete,
}

impl Policy {
    /// Decides on a session of this policy.
    ///
    /// 1. A row whose session has ended goes when `retention` has passed since the end: at
    ///    `ended_at + retention` and later. Without a limit to the retention it stays.
    /// 2. Under `expire = "timeout"` a session that has not ended is *expired* when it has been
    ///    unused for longer than its own `idle_timeout`: at `last_used_at + idle_timeout` it is
    ///    still valid, a second later it is not. Without a timeout it never is; a timeout of zero
    ///    makes it expired as soon as a second has passed.
    ///    A policy with another [basis](Policy::basis) has its own timeout in the place of
    ///    `idle_timeout`, here and in rule 3.
    /// 3. Under `expire = "abandoned"` it is *abandoned* when it has been unused
    ///    for longer than both its own `idle_timeout` and `abandoned`, with the
    ///    same boundary. Without a timeout it never is.
    /// 4. Under `expire = "two-pass"` it is *expired* when its mark is `delay` old, to the
    ///    second, at the [time of the check](Self::nominal_time); at delays of whole days [an
    ///    hour may be missing](Self::mark_min_age). A mark that is older than the last use or
    ///    the opening of the session [does not count](Session::mark).
    /// 5. A session that has not ended and to which none of these applies is over its *lifetime*
    ///    when it was opened longer than `lifetime` ago, with the boundary of rule 2.
    /// 6. A session that ends under a retention of zero loses its row at once.
    /// 7. Under `expire = "two-pass"` a live session that does not end and has no mark that counts
    ///    is marked with the time of the check, or with that of its last use or opening where that
    ///    is later. A mark that counts stays as it is until a touch clears it.
    ///
    /// A last use, a mark or an opening in the future counts as of now. A rule does not apply
    /// if the time that it needs is unknown.
    ///
    /// None of this applies to a session of a framework's table, which has rules of its
    /// own: its row goes once it is over by the framework's rules, or due by the stricter ones of
    /// the configuration.
    pub fn verdict(&self, session: &Session, check: PurgeTime) -> Verdict {
        if let Some(end) = session.end {
            return match self.retention {
                Some(retention) if end.at.plus(retention) <= check.now() => Verdict::Delete,
                _ => Verdict::Keep,
            };
        }
        if let Some(standing) = session.standing(check.now()) {
            return standing.deletion_reason().map_or(Verdict::Keep, Verdict::Discard);
        }
        match self.due(session, check) {
            Some(reason) if self.retention == Some(Span::ZERO) => Verdict::Discard(reason),
            Some(reason) => Verdict::End(reason),
            None if self.expire == ExpiryMode::TwoPass && session.mark().is_none() => {
                let check = self.nominal_time(check);
                Verdict::Mark(session.last_known_use().map_or(check, |used| used.max(check)))
            }
            None => Verdict::Keep,
        }
    }

    /// Reason for which a check ends a session that has not ended, if any: rules 2 to 5 of
    /// [`verdict`](Self::verdict).
    pub fn due(&self, session: &Session, check: PurgeTime) -> Option<EndReason> {
        let is_old_enough = |mark| mark <= self.mark_cutoff(check);
        if self.expire == ExpiryMode::TwoPass && session.mark().is_some_and(is_old_enough) {
            return Some(EndReason::Expired);
        }
        self.end_reason(session, check.now())
    }

    /// Reason for which a session that has not ended is over, regardless of its mark: rules
    /// 2, 3 and 5 of [`verdict`](Self::verdict).
    pub fn end_reason(&self, session: &Session, now: UnixTime) -> Option<EndReason> {
        if let Some(standing) = session.standing(now) {
            return standing.end_reason();
        }
        let past = |since: Option<UnixTime>, limit: Option<Span>| {
            since.zip(limit).is_some_and(|(since, limit)| since.plus(limit) < now)
        };
        if past(session.last_used_at, self.idle_limit(session)) {
            Some(match self.expire {
                ExpiryMode::Abandoned => EndReason::Abandoned,
                _ => EndReason::Expired,
            })
        } else if past(session.created_at, self.lifetime) {
            Some(EndReason::Lifetime)
        } else {
            None
        }
    }

    pub(super) fn idle_limit(&self, session: &Session) -> Option<Span> {
        self.idle_limit_with(self.timeout_of(session))
    }

    /// Timeout of a session that requests none, and the time after which it is due because it is
    /// unused.
    pub fn default_idle_limits(&self) -> (Option<Span>, Option<Span>) {
        let timeout = self.granted_timeout(TimeoutRequest::Nothing);
        (timeout, self.idle_limit_with(timeout))
    }

    fn idle_limit_with(&self, timeout: Option<Span>) -> Option<Span> {
        match self.expire {
            ExpiryMode::Timeout => timeout,
            ExpiryMode::Abandoned => timeout.map(|span| span.max(self.abandoned)),
            ExpiryMode::TwoPass | ExpiryMode::Never => None,
        }
    }
}
