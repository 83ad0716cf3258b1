//! Times as a user writes them.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Timelike as _};

use crate::domain::time::{Span, UnixTime};
use crate::domain::time_zone::TimeZone;

use super::time_zone::machine_time_zone;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a valid time: use now, tomorrow, +1d, -2h, \"2026-06-15 12:00\" (local time), \
     2026-06-15T12:00:00Z or Unix seconds"
)]
pub struct TimeArgError(String);

/// Time as a user writes it; [`read`](Self::read) takes the zone of times without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeArg(WrittenTime);

/// Time, or a duration before now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Since {
    time: WrittenTime,
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WrittenTime {
    Moment(UnixTime),
    /// Time of the clock on the wall.
    Wall(NaiveDateTime),
    /// Time of day, this number of days after today.
    Day(i64, NaiveTime),
    /// Time after now, or before it.
    After(Span),
    Before(Span),
    /// Duration without a sign.
    Duration(Span),
}

impl FromStr for TimeArg {
    type Err = TimeArgError;

    fn from_str(text: &str) -> Result<Self, TimeArgError> {
        written(text).map(Self)
    }
}

impl FromStr for Since {
    type Err = TimeArgError;

    fn from_str(text: &str) -> Result<Self, TimeArgError> {
        Ok(Self { time: written(text)?, text: text.to_owned() })
    }
}

/// Writes the text as it was typed.
impl fmt::Display for Since {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TimeArg {
    /// Resolves the time; a duration without a sign lies ahead. The machine's zone is looked up
    /// only for a time without a zone.
    pub fn read(self, zone: &TimeZone, now: UnixTime) -> anyhow::Result<UnixTime> {
        self.0.resolve(zone, now)
    }
}

impl Since {
    /// Resolves the time; a duration without a sign is an age.
    pub fn read(&self, now: UnixTime) -> anyhow::Result<UnixTime> {
        match self.time {
            WrittenTime::Duration(age) => WrittenTime::Before(age),
            time => time,
        }
        .resolve(&TimeZone::Local, now)
    }
}

impl WrittenTime {
    fn resolve(self, zone: &TimeZone, now: UnixTime) -> anyhow::Result<UnixTime> {
        Ok(match self {
            Self::Moment(time) => time,
            Self::After(span) | Self::Duration(span) => now.plus(span),
            Self::Before(span) => UnixTime(now.0.saturating_sub(span.as_seconds())),
            Self::Wall(wall) => resolve_local(wall, &zone.or_machine(machine_time_zone)?),
            Self::Day(days, time) => {
                let zone = zone.or_machine(machine_time_zone)?;
                let wall = now.0.saturating_add(zone.offset_at(now).unwrap_or(0));
                let midnight = wall - wall.rem_euclid(DAY) + days * DAY;
                let seconds = i64::from(time.num_seconds_from_midnight());
                match DateTime::from_timestamp(midnight + seconds, 0) {
                    Some(wall) => resolve_local(wall.naive_utc(), &zone),
                    None => now,
                }
            }
        })
    }
}

const DAY: i64 = 86_400;

fn written(text: &str) -> Result<WrittenTime, TimeArgError> {
    let trimmed = text.trim();
    let span = |text: &str| text.parse::<Span>().ok();
    let read = match (trimmed.strip_prefix('+'), trimmed.strip_prefix('-')) {
        (Some(ahead), _) => span(ahead).map(WrittenTime::After),
        (_, Some(ago)) => span(ago).map(WrittenTime::Before),
        _ if trimmed.eq_ignore_ascii_case("now") => Some(WrittenTime::After(Span::ZERO)),
        _ => seconds(trimmed)
            .or_else(|| span(trimmed).map(WrittenTime::Duration))
            .or_else(|| rfc3339(trimmed))
            .or_else(|| wall(trimmed))
            .or_else(|| day(trimmed)),
    };
    read.ok_or_else(|| TimeArgError(text.to_owned()))
}

/// Unix seconds. A year is not a time: without the prefix @, they have at least nine digits.
fn seconds(text: &str) -> Option<WrittenTime> {
    let digits = text.strip_prefix('@').or(Some(text).filter(|text| text.len() >= 9))?;
    let seconds = digits.parse().ok().filter(|it| (0..=UnixTime::MAX.0).contains(it))?;
    Some(WrittenTime::Moment(UnixTime(seconds)))
}

/// A leap second is the second that follows it.
fn rfc3339(text: &str) -> Option<WrittenTime> {
    let time = DateTime::parse_from_rfc3339(&text.to_ascii_uppercase()).ok()?;
    let leap = i64::from(time.nanosecond() >= 1_000_000_000);
    Some(WrittenTime::Moment(UnixTime(time.timestamp() + leap)))
}

fn wall(text: &str) -> Option<WrittenTime> {
    let (date, time) = match text.split_once(['T', 't', ' ']) {
        Some((date, time)) => (date, time_of_day(time.trim_start())?),
        None => (text, NaiveTime::MIN),
    };
    let date = NaiveDate::parse_from_str(date, "%Y-%m-%d").ok()?;
    Some(WrittenTime::Wall(date.and_time(time)))
}

/// `today`, `yesterday` or `tomorrow`, at midnight or at another time of the day.
fn day(text: &str) -> Option<WrittenTime> {
    let lower = text.to_ascii_lowercase();
    let (day, time) = lower.split_once(' ').unwrap_or((&lower, "00:00"));
    let days = match day {
        "yesterday" => -1,
        "today" => 0,
        "tomorrow" => 1,
        _ => return None,
    };
    Some(WrittenTime::Day(days, time_of_day(time.trim_start())?))
}

fn time_of_day(text: &str) -> Option<NaiveTime> {
    ["%H:%M", "%H:%M:%S%.f"].iter().find_map(|form| NaiveTime::parse_from_str(text, form).ok())
}

/// A time that the clock shows twice is the first of the two. One that it skips is as long
/// after the change as it would have been without it.
fn resolve_local(wall: NaiveDateTime, zone: &TimeZone) -> UnixTime {
    let wall = wall.and_utc().timestamp();
    let offset = |at: i64| zone.offset_at(UnixTime(at)).unwrap_or(0);
    let (before, after) = (offset(wall - DAY), offset(wall + DAY));
    let shown = [before, after].into_iter().find(|it| offset(wall - it) == *it);
    UnixTime(wall - shown.unwrap_or(before))
}
