//! `sessctl show stat` of a framework's table.

use crate::domain::profile::Profile;
use crate::domain::session::EndReason;
use crate::domain::time::UnixTime;
use crate::storage::TaskStats;

use super::columns::{self, gauge, idle_since};
use crate::domain::format::{format_count, permille};
use crate::output::record::{Column, Record, Schema, Value, Visibility};

const PROFILE: Column = Column::detail("profile", "profile");
const TABLE: Column = Column::row("table", "table");
const SESSIONS: Column = Column::row("sessions", "sessions");
const LIVE: Column = Column::row("live", "live").metric(gauge(
    "sessctl_sessions",
    "Sessions in the table, by state.",
    &[("state", "active")],
));
const EXPIRED: Column = Column::row("expired", "expired").metric(gauge(
    "sessctl_sessions",
    "Sessions in the table, by state.",
    &[("state", "expired")],
));
const PERCENT: Column = Column::row("expired_percent", "expired %");
const UNREADABLE: Column = Column::row("unreadable", "unreadable").metric(gauge(
    "sessctl_sessions_unreadable",
    "Rows whose times cannot be read.",
    &[],
));

/// Schema of the figures of a framework's table, where opened sessions are not counted.
pub static STAT: Schema = Schema::many(
    "tasks",
    &[
        columns::TASK,
        PROFILE,
        TABLE,
        SESSIONS,
        LIVE,
        EXPIRED,
        PERCENT,
        UNREADABLE,
        columns::OLDEST.at(Visibility::Detail),
        columns::PEAK.at(Visibility::Detail),
        columns::CLOSED.at(Visibility::Detail),
        columns::EXPIRED.at(Visibility::Detail),
        columns::EVICTED.at(Visibility::Detail),
        columns::CYCLED.at(Visibility::Detail),
        columns::LIFETIME.at(Visibility::Detail),
        columns::DELETED,
        columns::FUTURE.at(Visibility::Detail),
    ],
)
.with_label("task");

/// Percentage of expired sessions with one decimal, rounded down: 100 means all.
pub fn percent(stat: &TaskStats) -> Option<f64> {
    let permille = permille(stat.expired, stat.sessions())?;
    #[expect(clippy::cast_precision_loss, reason = "it is no more than a thousand")]
    Some(permille as f64 / 10.0)
}

pub fn record(stat: &TaskStats, profile: &Profile, now: UnixTime) -> Record {
    let ended_by = |reason| Value::Count(stat.ended_by.get(&reason).copied().unwrap_or(0));
    let values = vec![
        Value::text(Some(stat.task.as_str())),
        Value::word(profile.name.clone()),
        Value::text(Some(profile.table.as_str())),
        Value::Count(stat.sessions()),
        Value::Count(stat.live_total()),
        Value::Count(stat.expired),
        match percent(stat) {
            // Not as little as can be measured, but none.
            Some(0.0) => Value::Count(0),
            percent => percent.map_or(Value::Absent, Value::Measure),
        },
        Value::Count(stat.unreadable),
        idle_since(stat.oldest_use, now),
        Value::Count(stat.peak),
        ended_by(EndReason::Closed),
        ended_by(EndReason::Expired),
        ended_by(EndReason::Evicted),
        ended_by(EndReason::Cycled),
        ended_by(EndReason::Lifetime),
        Value::Count(stat.deleted),
        Value::Count(stat.future),
    ];
    Record::new([stat.task.as_str(), "sessions"], values)
}

pub fn heading(stats: &[TaskStats], profile: &Profile) -> String {
    let Profile { table, title, name, .. } = profile;
    let all = match stats.iter().map(TaskStats::sessions).sum() {
        0 => "no sessions".to_owned(),
        1 => "1 session".to_owned(),
        all => format!("{} sessions", format_count(all)),
    };
    let percent = match stats {
        [stat] => percent(stat).map(|percent| format!(", {} % expired", percent.floor())),
        _ => None,
    };
    let percent = percent.unwrap_or_default();
    format!("{table} is a table of {title} (profile {name}): {all}{percent}")
}
