//! When a session ends, and when its row goes: the reference for every store.

use std::collections::BTreeMap;

use super::session::{EndReason, Session, State, words};
use super::time::{Span, UnixTime};

/// What makes a purge end a session that nobody uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expire {
    /// Being unused for longer than the session's own timeout.
    Timeout,
    /// Nothing: only a lifetime, a close or a cycle ends it.
    Never,
}

words!(Expire, "way to expire", {
    Timeout => "timeout",
    Never => "never",
});

/// The rules for the sessions of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// What ends a session that nobody uses.
    pub expire: Expire,
    /// The idle timeout of a new session that asks for nothing; `None`: none.
    pub timeout: Option<Span>,
    /// The least timeout that a session is granted, whatever it asks for.
    pub min_timeout: Span,
    /// The longest timeout that a session is granted; `None`: any, also none.
    pub max_timeout: Option<Span>,
    /// Unused for longer than this, and than its own timeout, a session counts
    /// as abandoned.
    pub abandoned: Span,
    /// How long a session may be open at all; `None`: for ever.
    pub lifetime: Option<Span>,
    /// Whether a touch after the timeout is refused even before a purge has
    /// ended the session.
    pub strict: bool,
    /// A touch this soon after the last one writes nothing.
    pub touch_resolution: Span,
    /// How long the row of an ended session is kept; zero: not at all; `None`:
    /// for ever.
    pub retention: Option<Span>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            expire: Expire::Timeout,
            timeout: Some(Span::minutes(30)),
            min_timeout: Span::minutes(5),
            max_timeout: Some(Span::hours(1)),
            abandoned: Span::hours(2),
            lifetime: None,
            strict: true,
            touch_resolution: Span::ZERO,
            retention: Some(Span::hours(24)),
        }
    }
}

/// What a purge does with a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    Keep,
    /// It ends, and its row is kept for as long as the retention says.
    End(EndReason),
    /// It ends and its row goes in the same step: the retention is zero.
    Discard(EndReason),
    /// It has ended before, and now its row goes.
    Delete,
}

/// What becomes of a touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TouchRuling {
    /// The time of the last use moves.
    Renew,
    /// The last use is so recent that nothing is written.
    Unchanged,
    /// The session is over, for this reason.
    Refuse(EndReason),
}

impl Policy {
    /// What a purge at `now` does with a session of this policy.
    ///
    /// 1. A row whose session has ended goes when `retention` has passed since
    ///    the end: at `ended_at + retention` and later. Without a limit to the
    ///    retention it stays.
    /// 2. A live session is *expired*, under `expire = "timeout"`, when it has
    ///    been unused for longer than its own `idle_timeout`: at
    ///    `last_used_at + idle_timeout` it is still valid, a second later it is
    ///    not. Without a timeout it never is; a timeout of zero makes it
    ///    expired as soon as a second has passed.
    /// 3. A live session that is not expired is over its *lifetime* when it was
    ///    opened longer than `lifetime` ago, with the same boundary.
    /// 4. A session that ends under a retention of zero loses its row at once.
    ///
    /// A last use that lies in the future counts as no time ago.
    pub fn verdict(&self, session: &Session, now: UnixTime) -> Verdict {
        if let Some(end) = session.end {
            return match self.retention {
                Some(retention) if end.at.plus(retention) <= now => Verdict::Delete,
                _ => Verdict::Keep,
            };
        }
        match self.due(session, now) {
            None => Verdict::Keep,
            Some(reason) if self.retention == Some(Span::ZERO) => Verdict::Discard(reason),
            Some(reason) => Verdict::End(reason),
        }
    }

    /// Why a live session is over, if it is: rules 2 and 3 of
    /// [`verdict`](Self::verdict).
    pub fn due(&self, session: &Session, now: UnixTime) -> Option<EndReason> {
        let idle_limit = match self.expire {
            Expire::Timeout => session.idle_timeout,
            Expire::Never => None,
        };
        let past = |since: UnixTime, limit: Option<Span>| {
            limit.is_some_and(|limit| since.plus(limit) < now)
        };
        if past(session.last_used_at, idle_limit) {
            Some(EndReason::Expired)
        } else if past(session.created_at, self.lifetime) {
            Some(EndReason::Lifetime)
        } else {
            None
        }
    }

    /// The last moment at which a live session is valid if nobody uses it any
    /// more; `None`: there is none.
    pub fn expires_at(&self, session: &Session) -> Option<UnixTime> {
        let idle = match self.expire {
            Expire::Timeout => session.idle_timeout.map(|span| session.last_used_at.plus(span)),
            Expire::Never => None,
        };
        let lifetime = self.lifetime.map(|span| session.created_at.plus(span));
        match (idle, lifetime) {
            (Some(idle), Some(lifetime)) => Some(idle.min(lifetime)),
            (idle, lifetime) => idle.or(lifetime),
        }
    }

    /// The session's state at `now`.
    ///
    /// 1. Ended, if it has ended by then.
    /// 2. Active while it has been unused for no longer than its own timeout;
    ///    always, without one.
    /// 3. Abandoned when it has been unused for longer than both its timeout
    ///    and `abandoned`; idle in between.
    pub fn state(&self, session: &Session, now: UnixTime) -> State {
        if !session.is_live(now) {
            return State::Ended;
        }
        let idle = now.since(session.last_used_at);
        match session.idle_timeout {
            Some(timeout) if idle > timeout && idle > self.abandoned => State::Abandoned,
            Some(timeout) if idle > timeout => State::Idle,
            _ => State::Active,
        }
    }

    /// What becomes of a touch at `now`.
    ///
    /// 1. An ended session refuses it, with the reason of its end.
    /// 2. So does, under `strict`, a session that the next purge would end.
    /// 3. A touch less than a second, or no more than `touch_resolution`, after
    ///    the last use writes nothing, unless it has a mark to clear.
    /// 4. Every other touch renews the session.
    pub fn touch(&self, session: &Session, now: UnixTime) -> TouchRuling {
        if let Some(end) = session.end {
            return TouchRuling::Refuse(end.reason);
        }
        if let Some(reason) = self.due(session, now).filter(|_| self.strict) {
            return TouchRuling::Refuse(reason);
        }
        let recent = now.since(session.last_used_at) <= self.touch_resolution;
        if recent && session.marked_at.is_none() {
            TouchRuling::Unchanged
        } else {
            TouchRuling::Renew
        }
    }

    /// The timeout that a new session gets: what it asks for, or `timeout`,
    /// within [`min_timeout`, `max_timeout`].
    pub fn grant(&self, asked: Asked) -> Option<Span> {
        let wanted = match asked {
            Asked::Nothing => self.timeout,
            Asked::Never => None,
            Asked::For(span) => Some(span),
        };
        match (wanted, self.max_timeout) {
            (None, most) => most,
            (Some(wanted), most) => {
                let capped = most.map_or(wanted, |most| wanted.min(most));
                Some(capped.max(self.min_timeout))
            }
        }
    }
}

/// The timeout that a new session asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Asked {
    /// It leaves that to the policy.
    #[default]
    Nothing,
    /// It would rather never time out.
    Never,
    /// So much.
    For(Span),
}

/// The policy of every task: its own, or the one for all others.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Policies {
    /// For the tasks that have none of their own.
    pub default: Policy,
    /// What every retention was cut to, for those who ask; `None`: nothing.
    pub retention_cap: Option<Span>,
    tasks: BTreeMap<String, Policy>,
}

impl Policies {
    /// The same policy for all tasks.
    pub fn same_for_all(policy: Policy) -> Self {
        Self { default: policy, ..Self::default() }
    }

    /// Gives a task a policy of its own.
    pub fn insert(&mut self, task: &str, policy: Policy) {
        self.tasks.insert(task.to_ascii_lowercase(), policy);
    }

    /// The policy of a task, whose name matches without regard to ASCII case.
    pub fn of(&self, task: &str) -> &Policy {
        if self.tasks.is_empty() {
            return &self.default;
        }
        self.tasks.get(&task.to_ascii_lowercase()).unwrap_or(&self.default)
    }

    /// The tasks with a policy of their own, in lower case.
    pub fn named(&self) -> impl Iterator<Item = (&str, &Policy)> {
        self.tasks.iter().map(|(task, policy)| (task.as_str(), policy))
    }

    /// All policies, the default first.
    pub fn all(&self) -> impl Iterator<Item = &Policy> {
        std::iter::once(&self.default).chain(self.tasks.values())
    }
}
