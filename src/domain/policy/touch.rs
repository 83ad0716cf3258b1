//! The use of a session: its timeout, its state, its touches and its last valid moment.

use super::rules::{ExpiryMode, Policy, TimeoutBasis};
use super::two_pass::PurgeTime;
use crate::domain::session::{EndReason, Session, SessionState};
use crate::domain::time::{Span, UnixTime};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TouchDecision {
    Renew,
    /// Write nothing: the last use is too recent, or irrelevant, to be written.
    Unchanged,
    Refuse(EndReason),
}

/// Timeout that a new session requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimeoutRequest {
    /// The timeout of the policy.
    #[default]
    Nothing,
    Never,
    For(Span),
}

impl Policy {
    /// The requested timeout, or else `timeout`, within [`min_timeout`, `max_timeout`].
    pub fn granted_timeout(&self, asked: TimeoutRequest) -> Option<Span> {
        let wanted = match asked {
            TimeoutRequest::Nothing => self.timeout,
            TimeoutRequest::Never => None,
            TimeoutRequest::For(span) => Some(span),
        };
        match (wanted, self.max_timeout) {
            (None, most) => most,
            (Some(wanted), most) => {
                let capped = most.map_or(wanted, |most| wanted.min(most));
                Some(capped.max(self.min_timeout))
            }
        }
    }

    /// Timeout by which a session is evaluated, according to its [basis](Policy::basis): the granted
    /// one, or that which the policy grants to it now.
    pub fn timeout_of(&self, session: &Session) -> Option<Span> {
        let granted = session.idle_timeout;
        match self.basis {
            TimeoutBasis::Granted => granted,
            TimeoutBasis::Policy => self.granted_timeout(TimeoutRequest::Nothing),
            TimeoutBasis::Bounds => {
                self.granted_timeout(granted.map_or(TimeoutRequest::Never, TimeoutRequest::For))
            }
        }
    }

    /// Last moment at which a live session is valid without further use; under the two-pass
    /// policy the first moment at which a check ends it, when its mark has its [minimum
    /// age](Self::mark_min_age). `None`: there is none, or it has no mark that
    /// [counts](Session::mark).
    pub fn expires_at(&self, session: &Session) -> Option<UnixTime> {
        if let Some(times) = session.times() {
            return session.stricter.last_moment(&times);
        }
        let idle = match self.expire {
            ExpiryMode::TwoPass => session.mark().map(|mark| mark.plus(self.mark_min_age())),
            _ => self.idle_limit(session).and_then(|span| Some(session.last_used_at?.plus(span))),
        };
        let lifetime = self.lifetime.and_then(|span| Some(session.created_at?.plus(span)));
        match (idle, lifetime) {
            (Some(idle), Some(lifetime)) => Some(idle.min(lifetime)),
            (idle, lifetime) => idle.or(lifetime),
        }
    }

    /// The session's state at `now`.
    ///
    /// 1. Ended, if it has ended by then.
    /// 2. Expired if a check at `now` would end it as `expired` or `lifetime`: see
    ///    [`due`](Self::due). One that is due as `abandoned` keeps that state.
    /// 3. Otherwise active while it has been unused for no longer than its own
    ///    timeout; always, without one.
    /// 4. Abandoned when it has been unused for longer than both its timeout
    ///    and `abandoned`; idle in between.
    /// 5. Under `expire = "two-pass"`, where only marks tell of use: idle with a
    ///    mark that [counts](Session::mark), active without.
    /// 6. A session of a framework's table is expired if it is over by the framework's rules or
    ///    due by the stricter ones of the
    ///    configuration, and else active.
    ///
    /// Under `expire = "timeout"` no session is therefore idle or abandoned: once it
    /// has outstayed its timeout, it is due.
    pub fn state(&self, session: &Session, now: UnixTime) -> SessionState {
        if session.has_ended(now) {
            return SessionState::Ended;
        }
        let due = self.due(session, PurgeTime::at(now));
        if due.is_some_and(|reason| reason != EndReason::Abandoned) {
            return SessionState::Expired;
        }
        if session.expiry.is_some() {
            return SessionState::Active;
        }
        let idle = session.idle(now).unwrap_or(Span::ZERO);
        match (self.expire, self.timeout_of(session)) {
            (ExpiryMode::TwoPass, _) if session.mark().is_some() => SessionState::Idle,
            (ExpiryMode::TwoPass, _) | (_, None) => SessionState::Active,
            (_, Some(timeout)) if idle > timeout.max(self.abandoned) => SessionState::Abandoned,
            (_, Some(timeout)) if idle > timeout => SessionState::Idle,
            (_, Some(_)) => SessionState::Active,
        }
    }

    /// Reports whether the session is live at `now`: neither ended nor [due](Self::due) to end.
    pub fn is_live(&self, session: &Session, now: UnixTime) -> bool {
        !session.has_ended(now) && self.due(session, PurgeTime::at(now)).is_none()
    }

    /// Reports whether the application itself would refuse the session at `now`, without any
    /// purge:
    ///
    /// 1. A session that has ended.
    /// 2. A session of a framework's table that is over by the framework's own rules. What a
    ///    policy adds to these concerns only sessctl: the application still accepts the session.
    /// 3. In sessctl's own table, under `strict`, a session that is [over](Self::end_reason). A
    ///    mark alone refuses nothing, and neither does a timeout under `strict = false`.
    pub fn refuses_touch(&self, session: &Session, now: UnixTime) -> bool {
        match session.expiry {
            _ if session.has_ended(now) => true,
            Some(expiry) => expiry.is_expired(now),
            None => self.strict && self.end_reason(session, now).is_some(),
        }
    }

    /// Decides on a touch at `now`.
    ///
    /// 1. An ended session refuses it, with the reason of its end.
    /// 2. So does, under `strict`, a session that is [over](Self::end_reason). A mark
    ///    alone refuses nothing.
    /// 3. Under `expire = "two-pass"` a touch writes only if there is a mark to
    ///    clear: nothing else is asked of such a session.
    /// 4. Otherwise a touch less than a second, or no more than `touch_resolution`, after the last
    ///    use writes nothing, unless there is a mark to clear.
    /// 5. Every other touch renews the session.
    pub fn touch(&self, session: &Session, now: UnixTime) -> TouchDecision {
        if let Some(end) = session.end {
            return TouchDecision::Refuse(end.reason);
        }
        if let Some(reason) = self.end_reason(session, now).filter(|_| self.strict) {
            return TouchDecision::Refuse(reason);
        }
        let recent = session.idle(now).is_some_and(|idle| idle <= self.touch_resolution);
        if session.marked_at.is_none() && (recent || self.expire == ExpiryMode::TwoPass) {
            TouchDecision::Unchanged
        } else {
            TouchDecision::Renew
        }
    }
}
