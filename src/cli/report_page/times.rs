//! Times and lengths of time as the report writes them.

use chrono::DateTime;

use crate::domain::format::counted;
use crate::domain::time::{Span, UnixTime};
use crate::domain::time_zone::TimeZone;

fn local(at: UnixTime, zone: &TimeZone, form: &str) -> String {
    let wall = at.0.saturating_add(zone.offset_at(at).unwrap_or(0));
    match DateTime::from_timestamp(wall, 0) {
        Some(wall) => wall.format(form).to_string(),
        None => at.to_string(),
    }
}

/// Local time to the minute: `2026-06-15 14:00`.
pub fn minute(at: UnixTime, zone: &TimeZone) -> String {
    local(at, zone, "%Y-%m-%d %H:%M")
}

/// Local day: `2026-06-15`.
pub fn day(at: UnixTime, zone: &TimeZone) -> String {
    local(at, zone, "%Y-%m-%d")
}

/// Local day for people: `15 Jun`.
pub fn short_day(at: UnixTime, zone: &TimeZone) -> String {
    local(at, zone, "%-d %b")
}

/// Offset of the zone from UTC: `UTC+02:00`.
pub fn offset(at: UnixTime, zone: &TimeZone) -> String {
    let offset = zone.offset_at(at).unwrap_or(0);
    let sign = if offset < 0 { '-' } else { '+' };
    let (hours, minutes) = (offset.abs() / 3600, offset.abs() / 60 % 60);
    if offset == 0 { "UTC".to_owned() } else { format!("UTC{sign}{hours:02}:{minutes:02}") }
}

/// Length of time in the largest unit of which it has two, rounded down: `3 hours`, `4 days`; a
/// day and more in days: `1 day`.
pub fn length(span: Span) -> String {
    let seconds = span.as_seconds().unsigned_abs();
    match seconds {
        0..120 => counted(seconds, "second", "seconds"),
        120..7_200 => counted(seconds / 60, "minute", "minutes"),
        7_200..172_800 => counted(seconds / 3_600, "hour", "hours"),
        _ => counted(seconds / 86_400, "day", "days"),
    }
}
