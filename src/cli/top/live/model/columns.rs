//! The lists of the view: their columns, and the orders in which they can be.

use crate::storage::SortKey;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    Tasks,
    Users,
    Sessions,
    Jobs,
}

impl List {
    pub const ALL: [Self; 4] = [Self::Tasks, Self::Users, Self::Sessions, Self::Jobs];
}

/// A column of a list.
#[derive(Debug, Clone, Copy)]
pub struct ListColumn {
    /// Column of the record.
    pub name: &'static str,
    pub title: &'static str,
    /// Rank by which columns are left out where there is no room, the largest first; those of rank
    /// 0 always stay.
    pub rank: u8,
    pub width: Width,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// That of its widest cell.
    Content,
    /// Text that may be cut to this many columns.
    Text(u16),
    /// Sparkline of this many columns.
    Trend(u16),
}

const fn column(name: &'static str, title: &'static str, rank: u8) -> ListColumn {
    ListColumn { name, title, rank, width: Width::Content }
}

const fn text(name: &'static str, title: &'static str, rank: u8, least: u16) -> ListColumn {
    ListColumn { name, title, rank, width: Width::Text(least) }
}

/// Name of the column with the sparkline.
pub const TREND: &str = "trend";
/// Name of the column with the time until the next run.
pub const COUNTDOWN: &str = "next_at";
/// Name of the column with the time until a session expires.
pub const EXPIRES: &str = "expires_at";

const TASKS: &[ListColumn] = &[
    text("task", "task", 0, 10),
    column("live", "live", 0),
    ListColumn { name: TREND, title: "trend", rank: 2, width: Width::Trend(12) },
    column("active", "active", 3),
    column("idle", "idle", 4),
    column("abandoned", "abandoned", 5),
    column("expired", "expired", 0),
    column("ended", "ended", 7),
    column("unreadable", "unreadable", 6),
    column("oldest_idle_seconds", "oldest", 1),
    column("peak", "peak", 8),
];

const USERS: &[ListColumn] = &[
    text("user", "user", 0, 12),
    column("sessions", "sessions", 0),
    column("active", "active", 2),
    column("idle", "idle", 3),
    column("abandoned", "abandoned", 5),
    column("expired", "expired", 1),
    column("tasks", "tasks", 6),
    column("oldest_idle_seconds", "oldest idle", 4),
];

const SESSIONS: &[ListColumn] = &[
    column("handle", "handle", 0),
    text("user", "user", 0, 8),
    text("task", "task", 3, 6),
    column("state", "state", 1),
    column("idle_seconds", "idle", 0),
    column("idle_timeout", "timeout", 6),
    column(EXPIRES, "expires", 5),
    text("client", "client", 2, 10),
    text("agent", "agent", 7, 10),
];

const JOBS: &[ListColumn] = &[
    text("job", "job", 0, 10),
    column("do", "do", 3),
    text("task", "task", 4, 6),
    text("when", "when", 2, 8),
    column(COUNTDOWN, "next", 0),
    column("outcome", "last run", 1),
    text("note", "note", 5, 12),
];

/// An order of a list.
#[derive(Debug, Clone, Copy)]
pub struct ListOrder {
    pub column: &'static str,
    /// The largest first.
    pub is_descending: bool,
    pub title: &'static str,
    /// The order in which the table is read.
    pub read: Option<SortKey>,
}

const fn order(column: &'static str, is_descending: bool, title: &'static str) -> ListOrder {
    ListOrder { column, is_descending, title, read: None }
}

const fn read(
    column: &'static str,
    is_descending: bool,
    title: &'static str,
    key: SortKey,
) -> ListOrder {
    ListOrder { column, is_descending, title, read: Some(key) }
}

const TASK_ORDERS: &[ListOrder] = &[
    order("live", true, "live"),
    order("expired", true, "expired"),
    order("oldest_idle_seconds", true, "oldest"),
    order("task", false, "task"),
];

const USER_ORDERS: &[ListOrder] = &[
    order("sessions", true, "sessions"),
    order("oldest_idle_seconds", true, "oldest idle"),
    order("expired", true, "expired"),
    order("user", false, "user"),
];

const SESSION_ORDERS: &[ListOrder] = &[
    read("idle_seconds", true, "idle", SortKey::Idle),
    read("user", false, "user", SortKey::User),
    read("task", false, "task", SortKey::Task),
    read("state", false, "state", SortKey::State),
    read("client", false, "client", SortKey::Client),
    read("created_at", false, "created", SortKey::Created),
    read(EXPIRES, false, "expires", SortKey::Expires),
    read("handle", false, "handle", SortKey::Handle),
];

const JOB_ORDERS: &[ListOrder] = &[
    order(COUNTDOWN, false, "next"),
    order("job", false, "job"),
    order("outcome", false, "last run"),
];

impl List {
    pub const fn title(self) -> &'static str {
        match self {
            Self::Tasks => "Tasks",
            Self::Users => "Users",
            Self::Sessions => "Sessions",
            Self::Jobs => "Jobs",
        }
    }

    pub const fn columns(self) -> &'static [ListColumn] {
        match self {
            Self::Tasks => TASKS,
            Self::Users => USERS,
            Self::Sessions => SESSIONS,
            Self::Jobs => JOBS,
        }
    }

    pub const fn orders(self) -> &'static [ListOrder] {
        match self {
            Self::Tasks => TASK_ORDERS,
            Self::Users => USER_ORDERS,
            Self::Sessions => SESSION_ORDERS,
            Self::Jobs => JOB_ORDERS,
        }
    }
}
