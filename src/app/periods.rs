//! Samples by the period of the local time zone.

use crate::domain::time::{Span, UnixTime};
use crate::domain::time_zone::TimeZone;
use crate::domain::variants::string_enum;
use crate::storage::Sample;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grouping {
    Sample,
    Hour,
    Day,
    /// From Monday on.
    Week,
    Month,
}

string_enum!(Grouping, "period", {
    Sample => "sample",
    Hour => "hour",
    Day => "day",
    Week => "week",
    Month => "month",
});

/// Period, and the samples of it as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    pub start: UnixTime,
    /// `None`: there is none.
    pub sample: Option<Sample>,
}

impl Grouping {
    /// Returns the start of the period of a moment; without a zone, in UTC.
    pub fn start_of(self, moment: UnixTime, zone: &TimeZone) -> UnixTime {
        let wall = moment.0.saturating_add(zone.offset_at(moment).unwrap_or(0));
        let day = wall.div_euclid(DAY);
        let midnight = |day: i64| UnixTime(at_wall(day.saturating_mul(DAY), zone));
        match self {
            Self::Sample => moment,
            Self::Hour => UnixTime(moment.0 - wall.rem_euclid(HOUR)),
            Self::Day => midnight(day),
            // The first day of the era was a Thursday.
            Self::Week => midnight(day - (day + 3).rem_euclid(7)),
            Self::Month => midnight(day - day_of_month(wall)),
        }
    }

    /// Returns the start of the period after the one that starts at a moment.
    fn next(self, start: UnixTime, zone: &TimeZone) -> UnixTime {
        // A moment in the middle of the next period: days have 23 to 25 hours.
        let span = match self {
            Self::Sample => 1,
            Self::Hour => HOUR + HOUR / 2,
            Self::Day => DAY + DAY / 2,
            Self::Week => 7 * DAY + DAY / 2,
            Self::Month => 31 * DAY + DAY / 2,
        };
        let next = self.start_of(start.plus(Span::seconds(span)), zone);
        // Where the clock changes by half an hour, an hour may be a half one.
        next.max(UnixTime(start.0.saturating_add(1)))
    }
}

/// Merges samples by period: from that of the first sample to that of `until`, each period has an
/// entry. Of single samples, each is one.
pub fn periods(
    samples: Vec<Sample>,
    by: Grouping,
    until: UnixTime,
    zone: &TimeZone,
) -> Vec<Period> {
    let mut periods: Vec<Period> = Vec::new();
    for sample in samples {
        let start = by.start_of(middle(&sample), zone);
        fill(&mut periods, by, start, zone);
        match periods.last_mut() {
            // The middle of a merged sample may be before the period of the one before.
            Some(period) if by != Grouping::Sample && start <= period.start => {
                match &mut period.sample {
                    Some(merged) => merged.merge(&sample),
                    none => *none = Some(sample),
                }
            }
            _ => periods.push(Period { start, sample: Some(sample) }),
        }
    }
    if !periods.is_empty() && by != Grouping::Sample {
        fill(&mut periods, by, by.start_of(until, zone).plus(Span::seconds(1)), zone);
    }
    periods
}

/// Adds the periods without samples after the last period and before a moment.
fn fill(periods: &mut Vec<Period>, by: Grouping, before: UnixTime, zone: &TimeZone) {
    if by == Grouping::Sample {
        return;
    }
    while let Some(last) = periods.last() {
        let start = by.next(last.start, zone);
        if start >= before {
            return;
        }
        periods.push(Period { start, sample: None });
    }
}

/// Time that decides about the period of a sample: for a merged one, the middle of its period in
/// UTC, so that a local day has the day in UTC of which it has more.
fn middle(sample: &Sample) -> UnixTime {
    let period = sample.period.as_seconds();
    if period < DAY {
        return sample.at;
    }
    UnixTime(sample.at.0 - sample.at.0.rem_euclid(period) + period / 2)
}

/// Returns the moment at which the wall shows a time, which is in seconds since 1970. If the clock
/// skips it, it is the moment of the change; if the clock shows it twice, the first one.
fn at_wall(wall: i64, zone: &TimeZone) -> i64 {
    let offset = |at: i64| zone.offset_at(UnixTime(at)).unwrap_or(0);
    let (before, after) = (offset(wall - DAY), offset(wall + DAY));
    let shown = [before, after].into_iter().find(|it| offset(wall - it) == *it);
    wall - shown.unwrap_or(before)
}

/// Day of the month of a wall time, from 0.
fn day_of_month(wall: i64) -> i64 {
    use chrono::Datelike as _;
    UnixTime(wall).utc().map_or(0, |time| i64::from(time.day0()))
}
