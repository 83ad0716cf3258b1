//! Columns that several listings show, and warnings about them.

use crate::domain::format::format_count;
use crate::domain::time::UnixTime;
use crate::output::record::{Column, Metric, MetricKind, Value};

pub type Labels = &'static [(&'static str, &'static str)];

pub const fn gauge(name: &'static str, help: &'static str, labels: Labels) -> Metric {
    Metric { name, help, kind: MetricKind::Gauge, divisor: 1.0, labels }
}

pub const fn total(name: &'static str, help: &'static str, labels: Labels) -> Metric {
    Metric { name, help, kind: MetricKind::Counter, divisor: 1.0, labels }
}

pub const fn state(name: &'static str, labels: Labels) -> Column {
    Column::row(name, name).metric(gauge(
        "sessctl_sessions",
        "Sessions in the table, by state.",
        labels,
    ))
}

pub const fn ended(name: &'static str, title: &'static str, labels: Labels) -> Column {
    let help = "Sessions that have ended, by reason.";
    Column::row(name, title).metric(total("sessctl_sessions_ended_total", help, labels))
}

pub const TASK: Column = Column::row("task", "task");
pub const LIVE: Column = Column::row("live", "live");
pub const ACTIVE: Column = state("active", &[("state", "active")]);
pub const IDLE: Column = state("idle", &[("state", "idle")]);
pub const ABANDONED: Column = state("abandoned", &[("state", "abandoned")]);
pub const EXPIRED_NOW: Column = state("expired", &[("state", "expired")]);
pub const ENDED: Column = state("ended", &[("state", "ended")]);
pub const OLDEST: Column = Column::row("oldest_idle_seconds", "oldest").metric(gauge(
    "sessctl_session_oldest_idle_seconds",
    "Longest idle time of a session that has not ended.",
    &[],
));
pub const PEAK: Column = Column::row("peak", "peak").metric(gauge(
    "sessctl_sessions_peak",
    "Largest number of open (not ended) sessions observed at the same time.",
    &[],
));
pub const OPENED: Column = Column::row("opened", "opened").metric(total(
    "sessctl_sessions_opened_total",
    "Sessions that were opened.",
    &[],
));
pub const CLOSED: Column = ended("ended_closed", "closed", &[("reason", "closed")]);
pub const EXPIRED: Column = ended("ended_expired", "expired", &[("reason", "expired")]);
pub const ENDED_ABANDONED: Column =
    ended("ended_abandoned", "abandoned", &[("reason", "abandoned")]);
pub const EVICTED: Column = ended("ended_evicted", "evicted", &[("reason", "evicted")]);
pub const CYCLED: Column = ended("ended_cycled", "cycled", &[("reason", "cycled")]);
pub const LIFETIME: Column = ended("ended_lifetime", "aged out", &[("reason", "lifetime")]);
pub const DELETED: Column = Column::row("deleted", "deleted").metric(total(
    "sessctl_sessions_deleted_total",
    "Rows of ended sessions that were deleted.",
    &[],
));
pub const REFUSED: Column = Column::row("refused", "refused").metric(total(
    "sessctl_sessions_refused_total",
    "Sessions that were refused.",
    &[],
));

pub const FUTURE: Column = Column::row("future", "future").metric(gauge(
    "sessctl_sessions_future",
    "Rows that were used, opened or marked in the future.",
    &[],
));

/// Number of expired sessions, which is unknown by user for a framework's table.
pub fn expired(sessions: u64, is_adopted: bool) -> Value {
    if is_adopted && sessions == 0 { Value::Absent } else { Value::Count(sessions) }
}

pub fn idle_since(last_use: Option<UnixTime>, now: UnixTime) -> Value {
    Value::span(last_use.map(|last_use| now.since(last_use)))
}

pub fn future_rows_warning(rows: u64) -> Option<String> {
    let were = match rows {
        0 => return None,
        1 => "1 row was".to_owned(),
        rows => format!("{} rows were", format_count(rows)),
    };
    Some(format!(
        "{were} used, opened or marked in the future: the clock was ahead then, or it is behind now"
    ))
}
