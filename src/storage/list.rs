//! Which sessions to visit, and in which order.

use super::context::PolicyContext;
use crate::domain::filter::Filter;
use crate::domain::session::{Key, words};

/// Which sessions to visit, and in which order.
#[derive(Debug, Clone, Copy)]
pub struct SessionQuery<'a> {
    /// The rules and the moment that states are judged by. Its task is not
    /// regarded: the filter has its own.
    pub scope: PolicyContext<'a>,
    /// Which sessions.
    pub filter: &'a Filter,
    /// Only those that a purge would change.
    pub due_only: bool,
    /// Only those behind this key; for visits in order of the key.
    pub after: Option<&'a Key>,
    /// In which order.
    pub order: Order,
}

/// What a visit has come across besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ScanResult {
    /// Sessions that may have been meant: the filter asks for a user, theirs cannot be
    /// read, and they fit in all else.
    pub unreadable_users: u64,
}

/// An order, the key deciding between equals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Order {
    /// By what.
    pub by: SortKey,
    /// The other way round.
    pub reverse: bool,
}

/// What sessions can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SortKey {
    /// The key, and so the handle: the one order that needs no sorting.
    #[default]
    Handle,
    /// By user, those without one first.
    User,
    /// By task.
    Task,
    /// By client.
    Client,
    /// By state: active, idle, abandoned, expired, ended.
    State,
    /// The one that has been unused for the longest first.
    Idle,
    /// The oldest first.
    Created,
    /// The one that was used first, first.
    LastUsed,
    /// The one that expires first, first; those that never do, last.
    Expires,
    /// The one that ended first, first; live ones last.
    Ended,
}

words!(SortKey, "field to sort by", {
    Handle => "handle",
    User => "user",
    Task => "task",
    Client => "client",
    State => "state",
    Idle => "idle",
    Created => "created",
    LastUsed => "last-used",
    Expires => "expires",
    Ended => "ended",
});
