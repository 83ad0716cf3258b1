//! The settings of a policy.

use crate::domain::time::Span;
use crate::domain::variants::string_enum;

/// What makes a purge end a session that nobody uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpiryMode {
    /// Being unused for longer than the session's own timeout.
    Timeout,
    /// Being unused for longer than that and than the policy's `abandoned`.
    Abandoned,
    /// Being found unused by two checks that lie `delay` or more apart.
    TwoPass,
    /// Nothing: only a lifetime, a close, a cycle or an eviction ends it.
    Never,
}

string_enum!(ExpiryMode, "expiry mode", {
    Timeout => "timeout",
    Abandoned => "abandoned",
    TwoPass => "two-pass",
    Never => "never",
});

/// What becomes of a session that would open above a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OverflowPolicy {
    /// It takes the place of the session that has been idle, which is unused beyond its
    /// own timeout, for the
    /// longest; with no idle one it is refused.
    EvictIdle,
    /// It takes the place of the session that has been unused for the longest,
    /// whatever its state.
    EvictLru,
    /// It is refused.
    Refuse,
}

string_enum!(OverflowPolicy, "overflow policy", {
    EvictIdle => "evict-idle",
    EvictLru => "evict-lru",
    Refuse => "refuse",
});

/// The rules for the sessions of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// What ends a session that nobody uses.
    pub expire: ExpiryMode,
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
    /// Two-pass: how old a mark must be for the session to end.
    pub delay: Span,
    /// How many sessions of the task there may be that have not ended; zero: any number.
    pub limit: u64,
    /// The same for the sessions of each user in the task.
    pub user_limit: u64,
    /// What happens at a limit.
    pub when_full: OverflowPolicy,
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
            expire: ExpiryMode::Timeout,
            timeout: Some(Span::minutes(30)),
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
