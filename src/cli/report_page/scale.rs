//! Axes: the limits of a scale, and its ticks.

use chrono::{DateTime, Datelike as _, NaiveDate};

use crate::domain::time::UnixTime;
use crate::domain::time_zone::TimeZone;
use crate::output::human;

const DAY: i64 = 86_400;

/// Quantity of an axis, which determines how its values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Count,
    Bytes,
    /// In seconds.
    Time,
}

/// Scale from zero to a round number.
#[derive(Debug, Clone, PartialEq)]
pub struct Scale {
    pub unit: Unit,
    /// Value at the end of the scale, above zero.
    pub max: f64,
    /// Values of the ticks, from zero up.
    pub ticks: Vec<f64>,
}

/// Number of intervals between the ticks that a scale has at most.
const MAX_INTERVALS: f64 = 5.0;
/// Ticks of a scale of time from a minute on.
const TIME_STEPS: [f64; 14] = [
    15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1_800.0, 3_600.0, 7_200.0, 14_400.0, 21_600.0,
    43_200.0, 86_400.0,
];

impl Scale {
    /// Returns a scale that holds values up to this one.
    pub fn up_to(largest: f64, unit: Unit) -> Self {
        let least = match unit {
            Unit::Count => 5.0,
            Unit::Bytes => 1_000.0,
            Unit::Time => 0.001,
        };
        let largest = if largest.is_finite() { largest.max(least) } else { least };
        let step = step(largest / MAX_INTERVALS, unit);
        let intervals = (largest / step).ceil().max(1.0);
        let mut ticks = Vec::new();
        let mut place = 0.0;
        while place <= intervals {
            ticks.push(place * step);
            place += 1.0;
        }
        Self { unit, max: intervals * step, ticks }
    }

    /// Place of a value, from 0 to 1.
    pub fn place(&self, value: f64) -> f64 {
        (value / self.max).clamp(0.0, 1.0)
    }

    pub fn label(&self, value: f64) -> String {
        self.unit.label(value)
    }
}

/// The smallest round number that is at least this one.
fn step(least: f64, unit: Unit) -> f64 {
    if unit == Unit::Time && least > 10.0 {
        let days = step(least / 86_400.0, Unit::Count) * 86_400.0;
        return TIME_STEPS.into_iter().find(|step| *step >= least).unwrap_or(days);
    }
    let power = 10_f64.powf(least.log10().floor());
    let round =
        [1.0, 2.0, 5.0, 10.0].into_iter().find(|factor| factor * power >= least * 0.999_999);
    let step = round.unwrap_or(10.0) * power;
    if unit == Unit::Count { step.max(1.0) } else { step }
}

impl Unit {
    /// Short form of a round value, for an axis.
    pub fn label(self, value: f64) -> String {
        match self {
            _ if value == 0.0 => "0".to_owned(),
            Self::Count => count(value),
            Self::Bytes => human::bytes(whole(value)),
            Self::Time => seconds(value),
        }
    }

    /// Exact form of a value.
    pub fn exact(self, value: f64) -> String {
        match self {
            Self::Count => crate::domain::format::format_count(whole(value)),
            Self::Bytes => human::bytes(whole(value)),
            Self::Time => seconds(value),
        }
    }
}

fn seconds(value: f64) -> String {
    human::elapsed(std::time::Duration::try_from_secs_f64(value).unwrap_or_default())
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is in the range")]
pub fn whole(value: f64) -> u64 {
    value.round().clamp(0.0, 9e15) as u64
}

fn count(value: f64) -> String {
    let (scaled, unit) = match value {
        value if value >= 1e9 => (value / 1e9, " G"),
        value if value >= 1e6 => (value / 1e6, " M"),
        value if value >= 1e4 => (value / 1e3, " k"),
        value => return crate::domain::format::format_count(whole(value)),
    };
    let text = format!("{scaled:.1}");
    format!("{}{unit}", text.strip_suffix(".0").unwrap_or(&text))
}

/// Tick of an axis of times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeTick {
    pub at: UnixTime,
    pub label: String,
}

/// Distances between ticks: hours of a day, days, and months.
#[derive(Debug, Clone, Copy)]
enum TimeStep {
    Minutes(i64),
    Days(i64),
    Months(i32),
}

const TIME_TICK_STEPS: [TimeStep; 20] = [
    TimeStep::Minutes(1),
    TimeStep::Minutes(5),
    TimeStep::Minutes(15),
    TimeStep::Minutes(60),
    TimeStep::Minutes(3 * 60),
    TimeStep::Minutes(6 * 60),
    TimeStep::Minutes(12 * 60),
    TimeStep::Days(1),
    TimeStep::Days(2),
    TimeStep::Days(7),
    TimeStep::Days(14),
    TimeStep::Months(1),
    TimeStep::Months(3),
    TimeStep::Months(12),
    TimeStep::Months(60),
    TimeStep::Months(120),
    TimeStep::Months(240),
    TimeStep::Months(600),
    TimeStep::Months(2_400),
    TimeStep::Months(12_000),
];

impl TimeStep {
    const fn seconds(self) -> i64 {
        match self {
            Self::Minutes(minutes) => minutes * 60,
            Self::Days(days) => days * DAY,
            // The shortest number of days that months may have.
            Self::Months(months) => months as i64 * 28 * DAY,
        }
    }
}

/// Ticks at round local times from `from` to `to`, both included, at most `most`.
pub fn time_ticks(from: UnixTime, to: UnixTime, zone: &TimeZone, most: usize) -> Vec<TimeTick> {
    let length = to.since(from).as_seconds();
    let most_ticks = i64::try_from(most).unwrap_or(i64::MAX).max(2);
    let fits = |step: &&TimeStep| length / step.seconds() < most_ticks;
    let step = TIME_TICK_STEPS.iter().find(fits).copied();
    let step = step.unwrap_or(TIME_TICK_STEPS[TIME_TICK_STEPS.len() - 1]);
    let walls = walls(wall(from, zone), wall(to, zone), step);
    let mut ticks: Vec<TimeTick> = Vec::new();
    for wall in walls {
        let at = moment(wall, zone);
        let is_later = ticks.last().is_none_or(|last| last.at < at);
        if from <= at && at <= to && is_later && ticks.len() < most {
            ticks.push(TimeTick { at, label: label(wall, step) });
        }
    }
    ticks
}

/// Seconds of the clock on the wall, as if it were UTC.
fn wall(at: UnixTime, zone: &TimeZone) -> i64 {
    at.0.saturating_add(zone.offset_at(at).unwrap_or(0))
}

/// The first moment at which the clock on the wall shows this time, or would without a change.
pub fn moment(wall: i64, zone: &TimeZone) -> UnixTime {
    let offset = |at: i64| zone.offset_at(UnixTime(at)).unwrap_or(0);
    let (before, after) = (offset(wall - DAY), offset(wall + DAY));
    let shown = [before, after].into_iter().find(|it| offset(wall - it) == *it);
    UnixTime(wall - shown.unwrap_or(before))
}

fn walls(from: i64, to: i64, step: TimeStep) -> Vec<i64> {
    match step {
        TimeStep::Minutes(_) => every(from, to, step.seconds(), 0),
        // Mondays: 1970 began on a Thursday.
        TimeStep::Days(days) if days % 7 == 0 => every(from, to, step.seconds(), 4 * DAY),
        TimeStep::Days(_) => every(from, to, step.seconds(), 0),
        TimeStep::Months(months) => months_between(from, to, months),
    }
}

fn every(from: i64, to: i64, step: i64, phase: i64) -> Vec<i64> {
    let first = from - (from - phase).rem_euclid(step);
    (0..).map(|place| first + place * step).take_while(|wall| *wall <= to).collect()
}

fn months_between(from: i64, to: i64, months: i32) -> Vec<i64> {
    let Some(start) = DateTime::from_timestamp(from, 0) else { return Vec::new() };
    let number = start.year() * 12 + i32::try_from(start.month0()).unwrap_or(0);
    let first = number - number.rem_euclid(months);
    let begin = |number: i32| {
        let month = u32::try_from(number.rem_euclid(12)).unwrap_or(0) + 1;
        let day = NaiveDate::from_ymd_opt(number.div_euclid(12), month, 1)?;
        Some(day.and_hms_opt(0, 0, 0)?.and_utc().timestamp())
    };
    (0..).map_while(|place: i32| begin(first + place * months)).take_while(|at| *at <= to).collect()
}

fn label(wall: i64, step: TimeStep) -> String {
    let Some(time) = DateTime::from_timestamp(wall, 0) else { return String::new() };
    let form = match step {
        TimeStep::Minutes(_) if wall.rem_euclid(DAY) != 0 => "%H:%M",
        TimeStep::Minutes(_) | TimeStep::Days(_) => "%-d %b",
        TimeStep::Months(months) if months >= 12 || time.month() == 1 => "%Y",
        TimeStep::Months(_) => "%b",
    };
    time.format(form).to_string()
}
