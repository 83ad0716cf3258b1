//! Times as text by a pattern.

use std::fmt::Write as _;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Timelike as _};

use super::form::Encoding;
use super::{local, number};
use crate::domain::profile::timestamp::Timestamp;
use crate::domain::profile::value::SqlValueRef;
use crate::domain::time::UnixTime;
use crate::domain::time_zone::TimeZone;

/// Letters of patterns that stand for an offset from UTC.
const OFFSET: [char; 2] = ['z', '+'];

/// Letters of patterns that stand for a time of day, or a part of one.
const TIME: [char; 16] =
    ['H', 'k', 'I', 'l', 'M', 'S', 'f', 'P', 'p', 'T', 'R', 'r', 'X', 'c', 's', '+'];

pub(super) fn read(pattern: &str, zone: &TimeZone, value: SqlValueRef<'_>) -> Option<Timestamp> {
    let text = value.text()?;
    if has(pattern, &OFFSET) {
        let time = DateTime::parse_from_str(text, pattern).ok()?;
        return moment(time.timestamp(), time.nanosecond());
    }
    let time = match NaiveDateTime::parse_from_str(text, pattern) {
        Ok(time) => time,
        // An incomplete time does not stand for midnight.
        Err(_) if has(pattern, &TIME) => return None,
        Err(_) => NaiveDate::parse_from_str(text, pattern).ok()?.and_time(NaiveTime::MIN),
    };
    moment(local::unix(time.and_utc().timestamp(), zone), time.nanosecond())
}

/// Moment within a second. Leap seconds are excluded, and so are implausible times: digits of
/// another kind may look like a date.
fn moment(second: i64, nanoseconds: u32) -> Option<Timestamp> {
    let is_leap = nanoseconds >= 1_000_000_000;
    let moment = Timestamp(Timestamp::from(UnixTime(second)).0 + i128::from(nanoseconds));
    Some(moment).filter(|moment| !is_leap && number::is_plausible(*moment))
}

fn has(pattern: &str, letters: &[char]) -> bool {
    let is_flag = |c: &char| "-_0:#.369".contains(*c);
    let mut rest = pattern.chars();
    while rest.by_ref().any(|c| c == '%') {
        if rest.by_ref().find(|c| !is_flag(c)).is_some_and(|letter| letters.contains(&letter)) {
            return true;
        }
    }
    false
}

impl Encoding {
    pub fn has_offset(pattern: &str) -> bool {
        has(pattern, &OFFSET)
    }

    /// Reports whether texts of a pattern can be read: they hold a day at least, and an
    /// unambiguous time of day if any.
    pub fn is_complete(pattern: &str) -> bool {
        const DAY: i64 = 86_400;
        const AFTERNOON: UnixTime = UnixTime(1_795_455_939);
        let mut text = String::new();
        let written = AFTERNOON.utc().map(|time| write!(text, "{}", time.format(pattern)));
        let moment = read(pattern, &TimeZone::UTC, SqlValueRef::Text(text.as_bytes()));
        let passed = moment.map(|moment| AFTERNOON.0 - moment.second().0);
        written == Some(Ok(())) && passed.is_some_and(|passed| (0..DAY).contains(&passed))
    }
}
