//! Settings of a policy.

use crate::domain::time::Span;
use crate::domain::variants::string_enum;

/// Condition under which a purge ends an unused session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpiryMode {
    /// The session is unused for longer than its own timeout.
    Timeout,
    /// The session is unused for longer than that and than the policy's `abandoned`.
    Abandoned,
    /// Two checks, `delay` or more apart, find the session unused.
    TwoPass,
    /// Never: only a lifetime, a close, a cycle or an eviction ends it.
    Never,
}

string_enum!(ExpiryMode, "expiry mode", {
    Timeout => "timeout",
    Abandoned => "abandoned",
    TwoPass => "two-pass",
    Never => "never",
});

/// Rule for a session that would open above a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OverflowPolicy {
    /// Evict the session that has been idle for the longest, which is unused beyond its own
    /// timeout; refuse if none is idle.
    EvictIdle,
    /// Evict the session that has been unused for the longest, in any state.
    EvictLru,
    Refuse,
}

string_enum!(OverflowPolicy, "overflow policy", {
    EvictIdle => "evict-idle",
    EvictLru => "evict-lru",
    Refuse => "refuse",
});

/// Timeout by which open sessions are evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimeoutBasis {
    /// The one that each session was granted when it opened.
    #[default]
    Granted,
    /// The one that the policy grants to a session that requests none.
    Policy,
    /// The one that the policy grants to a session that requests what it was granted.
    Bounds,
}

/// The rules for the sessions of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Condition under which a purge ends an unused session.
    pub expire: ExpiryMode,
    /// Idle timeout of a new session that requests none; `None`: none.
    pub timeout: Option<Span>,
    /// Timeout by which open sessions are evaluated: another than the granted one in a preview of
    /// a changed policy.
    pub basis: TimeoutBasis,
    /// Minimum timeout, whatever a session requests.
    pub min_timeout: Span,
    /// Maximum timeout; `None`: any, including none.
    pub max_timeout: Option<Span>,
    /// Unused for longer than this and than its own timeout, a session is abandoned.
    pub abandoned: Span,
    /// Maximum age of a session; `None`: any.
    pub lifetime: Option<Span>,
    /// Two-pass: how old a mark must be for the session to end.
    pub delay: Span,
    /// Maximum number of sessions of the task that have not ended; zero: any.
    pub limit: u64,
    /// Maximum number of such sessions of each user in the task; zero: any.
    pub user_limit: u64,
    /// Rule at a limit.
    pub when_full: OverflowPolicy,
    /// Refuse a touch after the timeout even before a purge has ended the session.
    pub strict: bool,
    /// A touch this soon after the last one writes nothing.
    pub touch_resolution: Span,
    /// Time for which the row of an ended session is kept; zero: none; `None`: forever.
    pub retention: Option<Span>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            expire: ExpiryMode::Timeout,
            timeout: Some(Span::minutes(30)),
            basis: TimeoutBasis::Granted,
            min_timeout: Span::minutes(5),
            max_timeout: Some(Span::hours(1)),
            abandoned: Span::hours(2),
            lifetime: None,
            delay: Span::hours(24),
            limit: 0,
            user_limit: 0,
            when_full: OverflowPolicy::EvictIdle,
            strict: true,
            touch_resolution: Span::ZERO,
            retention: Some(Span::hours(24)),
        }
    }
}
