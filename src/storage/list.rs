use super::context::PolicyContext;
use crate::domain::filter::Filter;
use crate::domain::session::SessionKey;
use crate::domain::variants::string_enum;

#[derive(Debug, Clone, Copy)]
pub struct SessionQuery<'a> {
    /// Rules and time that decide the states. Its task is ignored in favor of the filter.
    pub scope: PolicyContext<'a>,
    pub filter: &'a Filter,
    /// True for only the sessions that a purge would change.
    pub due_only: bool,
    /// Cursor: only sessions after this key, in key order.
    pub after: Option<&'a SessionKey>,
    pub order: Order,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ScanResult {
    /// Sessions that match the filter except for the user, which is unreadable.
    pub unreadable_users: u64,
}

/// Sort order, with the key as tie-breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Order {
    pub by: SortKey,
    pub reverse: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SortKey {
    /// Key, and thus handle; needs no sorting.
    #[default]
    Handle,
    /// User; sessions without one first.
    User,
    Task,
    Client,
    /// Agent, in full.
    Agent,
    /// State: active, idle, abandoned, expired, ended.
    State,
    /// Last use, longest unused first.
    Idle,
    /// Age, oldest first.
    Created,
    /// Last use, earliest first.
    LastUsed,
    /// Expiry, earliest first; sessions that never expire last.
    Expires,
    /// End, earliest first; live sessions last.
    Ended,
}

string_enum!(SortKey, "field to sort by", {
    Handle => "handle",
    User => "user",
    Task => "task",
    Client => "client",
    Agent => "agent",
    State => "state",
    Idle => "idle",
    Created => "created",
    LastUsed => "last-used",
    Expires => "expires",
    Ended => "ended",
});
