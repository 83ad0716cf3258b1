//! Argument types shared by several subcommands.

use std::fmt;
use std::time::Duration;

use crate::domain::filter::AgentPattern;
use crate::domain::task::TaskPattern;
use crate::domain::time::{Span, UnixTime};
use crate::domain::time_zone::TimeZone;
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};

use super::exit::Usage;
use super::time_zone::machine_time_zone;

/// Time as a user writes it; [`read`](Self::read) takes the time zone for times without one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeArg(String);

impl From<&str> for TimeArg {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl TimeArg {
    /// Reads RFC 3339, a date and time of that zone, or unix seconds. The machine's zone is
    /// resolved only for a time without a zone.
    pub fn read(&self, zone: &TimeZone) -> anyhow::Result<UnixTime> {
        let text = self.0.trim();
        // A year is not a time: without the prefix @, seconds have at least nine digits.
        let digits = text.strip_prefix('@').or(Some(text).filter(|text| text.len() >= 9));
        let seconds = digits.and_then(|digits| digits.parse().ok());
        if let Some(seconds) = seconds.filter(|seconds| (0..=UnixTime::MAX.0).contains(seconds)) {
            return Ok(UnixTime(seconds));
        }
        if let Ok(time) = DateTime::parse_from_rfc3339(text) {
            return Ok(UnixTime(time.timestamp()));
        }
        ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]
            .iter()
            .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
            .or_else(|| Some(text.parse::<NaiveDate>().ok()?.and_time(NaiveTime::MIN)))
            .ok_or_else(|| {
                Usage::error(format!(
                    "{text:?} is not a valid time: use 2026-06-15T12:00:00Z, \"2026-06-15 12:00\" \
                     (local time), or Unix seconds"
                ))
            })
            .and_then(|wall| Ok(resolve_local(wall, &zone.or_machine(machine_time_zone)?)))
    }
}

/// Time, or a duration before now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Since(String);

/// Writes the text as it was typed.
impl fmt::Display for Since {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for Since {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl Since {
    pub fn read(&self, now: UnixTime) -> anyhow::Result<UnixTime> {
        match self.0.trim().parse::<Span>() {
            Ok(ago) => Ok(UnixTime(now.0.saturating_sub(ago.as_seconds()))),
            Err(_) => TimeArg::from(self.0.as_str()).read(&TimeZone::Local),
        }
    }
}

fn resolve_local(wall: NaiveDateTime, zone: &TimeZone) -> UnixTime {
    let wall = wall.and_utc().timestamp();
    let less_offset = |at: i64| wall - zone.offset_at(UnixTime(at)).unwrap_or(0);
    // The offset that holds there is known only once the moment is; the one at
    // the first guess is at most a few hours off.
    UnixTime(less_offset(less_offset(wall)))
}

/// Reads a task name or pattern. An empty one is probably an unset variable of a script.
pub fn task(text: &str) -> Result<TaskPattern, &'static str> {
    if text.is_empty() {
        Err("the task is empty; pass a name, or * for any task")
    } else {
        Ok(text.into())
    }
}

/// Reads a pattern of agents. An empty one is probably an unset variable of a script.
pub fn agent(text: &str) -> Result<AgentPattern, &'static str> {
    if text.is_empty() {
        Err("the pattern is empty; pass a text such as '*Firefox/52*'")
    } else {
        Ok(text.into())
    }
}

pub fn duration(text: &str) -> Result<Duration, String> {
    let span: Span = text.parse().map_err(|e: crate::domain::time::SpanError| e.to_string())?;
    Ok(Duration::from_secs(span.as_seconds().unsigned_abs()))
}

/// Reads a percentage, with or without its sign.
pub fn percent(text: &str) -> Result<f64, String> {
    text.trim_end_matches('%')
        .parse()
        .ok()
        .filter(|percent| (0.0..=100.0).contains(percent))
        .ok_or_else(|| "use a number from 0 to 100".to_owned())
}
