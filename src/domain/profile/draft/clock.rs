//! Finding the clock by which times without a zone were written.

use super::candidate::TimeCandidate;
use super::names::TimeHint;
use crate::domain::profile::timestamp::{SECOND, Timestamp};
use crate::domain::time::UnixTime;
use crate::domain::time_zone::TimeZone;

const MINUTE: i128 = 60 * SECOND;
const HOUR: i128 = 60 * MINUTE;

/// Time that may pass between the last use and now in a table that is in use.
const RECENT: i128 = 10 * MINUTE;
/// Difference of two clocks that are meant to be the same.
pub(super) const SKEW: i128 = 2 * MINUTE;
/// The clock of the zone farthest to the east, relative to UTC.
const EAST: i128 = 14 * HOUR;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Clock {
    Utc,
    /// A clock that is this many nanoseconds ahead of UTC.
    Ahead(i128),
    Unknown,
}

impl Clock {
    /// Judges by the newest of these times, which are in the past, and were read as UTC.
    ///
    /// 1. Minutes before now: they are in UTC. A clock that is behind UTC cannot show it; one that is
    ///    ahead only if the table has not been used for exactly that long, and then sessions
    ///    live longer.
    /// 2. After now, and minutes before now by the clock of a zone: they are by that clock.
    /// 3. Otherwise the clock is unknown.
    fn of(newest: Timestamp, now: UnixTime) -> Self {
        let ahead = newest.0 - Timestamp::from(now).0;
        if (-RECENT..=SKEW).contains(&ahead) {
            return Self::Utc;
        }
        let by = |step: i128| (ahead + step - 1).div_euclid(step) * step;
        let offset = if by(HOUR) - ahead <= RECENT { by(HOUR) } else { by(HOUR / 4) };
        if ahead > 0 && offset <= EAST { Self::Ahead(offset) } else { Self::Unknown }
    }
}

#[derive(Debug, Clone)]
pub(super) struct ClockEvidence {
    pub(super) clock: Clock,
    pub(super) sentence: String,
    /// Zone in the west by whose clock the newest time would be minutes before now.
    pub(super) west: Option<&'static str>,
}

/// Finds the clock of a table by its times without a zone that are not named as the end.
pub(super) fn of_table(candidates: &[TimeCandidate], now: UnixTime) -> ClockEvidence {
    let of_past = candidates.iter().filter(|candidate| {
        let is_past = matches!(candidate.hint, Some(TimeHint::Used | TimeHint::Created));
        candidate.values.is_zoneless && is_past
    });
    let newest = of_past.filter_map(|candidate| Some((candidate.values.newest()?, candidate)));
    if let Some((newest, candidate)) = newest.max_by_key(|(newest, _)| *newest) {
        return evidence(candidate, newest, now);
    }
    let of_any = candidates.iter().filter(|candidate| {
        candidate.values.is_zoneless && candidate.hint != Some(TimeHint::Expires)
    });
    let newest = of_any.filter_map(|candidate| Some((candidate.values.newest()?, candidate)));
    match newest.max_by_key(|(newest, _)| *newest) {
        Some((newest, candidate)) if Clock::of(newest, now) == Clock::Utc => {
            evidence(candidate, newest, now)
        }
        _ => ClockEvidence {
            clock: Clock::Unknown,
            sentence: "no value tells by which clock these times were written".to_owned(),
            west: None,
        },
    }
}

/// Finds the clock of numbers that usually count UTC, but local time in some programs.
pub(super) fn of_numbers(candidate: &TimeCandidate, now: UnixTime) -> Option<ClockEvidence> {
    let is_past = matches!(candidate.hint, Some(TimeHint::Used | TimeHint::Created));
    let newest = candidate.values.newest().filter(|_| is_past)?;
    let found = evidence(candidate, newest, now);
    matches!(found.clock, Clock::Ahead(_)).then_some(found)
}

fn evidence(candidate: &TimeCandidate, newest: Timestamp, now: UnixTime) -> ClockEvidence {
    let clock = Clock::of(newest, now);
    let ahead = newest.0 - Timestamp::from(now).0;
    let west = western(-ahead).filter(|_| clock == Clock::Unknown);
    let west = west.and_then(|offset| Some((offset, zone_with(-offset, now)?)));
    let is = if ahead > 0 { "ahead of" } else { "behind" };
    let (name, length) = (candidate.label(), length(ahead.abs()));
    let meaning = match (&clock, west) {
        (_, Some((offset, zone))) => format!(
            "so either no session has been used since, or these times are by a clock that is {} \
             behind UTC, such as that of {zone}",
            self::length(offset)
        ),
        (Clock::Utc, None) => "so these times are in UTC".to_owned(),
        (Clock::Ahead(offset), None) => format!(
            "so these times are by a clock that is {} ahead of UTC, such as that of {}",
            self::length(*offset),
            zone_with(*offset, now).unwrap_or("a zone in the east")
        ),
        (Clock::Unknown, None) => {
            "so it is unknown by which clock these times were written".to_owned()
        }
    };
    let sentence = format!("the newest {name}, read as UTC, is {length} {is} now, {meaning}");
    ClockEvidence { clock, sentence, west: west.map(|(_, zone)| zone) }
}

/// Distance of a clock in the west from UTC if this time, so long before now, is minutes ago.
fn western(behind: i128) -> Option<i128> {
    let offset = behind.div_euclid(HOUR) * HOUR;
    ((2 * HOUR..=10 * HOUR).contains(&offset) && behind - offset <= RECENT).then_some(offset)
}

/// A well-known zone whose clock is this many nanoseconds ahead of UTC; behind it if negative.
pub(super) fn zone_with(offset: i128, now: UnixTime) -> Option<&'static str> {
    const ZONES: &[&str] = &[
        "Europe/Berlin",
        "Europe/London",
        "Europe/Helsinki",
        "Europe/Istanbul",
        "Asia/Dubai",
        "Asia/Karachi",
        "Asia/Kolkata",
        "Asia/Kathmandu",
        "Asia/Dhaka",
        "Asia/Bangkok",
        "Asia/Shanghai",
        "Asia/Tokyo",
        "Australia/Adelaide",
        "Australia/Sydney",
        "Pacific/Noumea",
        "Pacific/Auckland",
        "Asia/Tehran",
        "Asia/Kabul",
        "Asia/Yangon",
        "America/New_York",
        "America/Chicago",
        "America/Denver",
        "America/Los_Angeles",
        "America/Sao_Paulo",
        "America/Halifax",
        "America/Anchorage",
        "Pacific/Honolulu",
        "America/Noronha",
    ];
    let has = |name: &&&str| {
        let zone: Option<TimeZone> = name.parse().ok();
        zone.and_then(|zone| zone.offset_at(now)).map(i128::from) == Some(offset / SECOND)
    };
    ZONES.iter().find(has).copied()
}

/// A length in its largest unit and the next one: `2d 3h`, `59m`.
pub(super) fn length(nanoseconds: i128) -> String {
    let seconds = nanoseconds / SECOND;
    let [days, hours, minutes] = [86_400, 3_600, 60].map(|unit| seconds / unit);
    let of_hours = |text: String, minutes| {
        if minutes == 0 { text } else { format!("{text} {minutes}m") }
    };
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m"),
        (730.., _, _) => format!("{} years", days / 365),
        (0, _, _) => of_hours(format!("{hours}h"), minutes % 60),
        (_, _, _) if hours % 24 == 0 => format!("{days}d"),
        _ => format!("{days}d {}h", hours % 24),
    }
}
