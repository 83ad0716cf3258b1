//! The values of other systems in the notation of this one.

use crate::domain::job::Interval;
use crate::domain::schedule::Schedule;
use crate::domain::time::Span;

/// How to write a value that was given to a key of another system.
#[derive(Clone, Copy)]
pub(super) enum Value {
    /// Always this, as it stands.
    Is(&'static str),
    /// A duration.
    Duration(Duration),
    /// A whole number, or else this one.
    Count(&'static str),
    /// The interval of a job, given in seconds.
    Interval,
    /// The schedule of a job, or else this one.
    Times(&'static str),
    /// The hour of a daily job.
    Hour,
    /// WebSphere's write frequency.
    Frequency,
    /// WebSphere's write interval.
    Resolution,
    /// The name of the job that purges a store.
    Store,
}

/// A duration in another system.
#[derive(Clone, Copy)]
pub(super) struct Duration {
    /// What a number without a unit counts.
    unit: char,
    /// The word for a duration without end; empty: there is none.
    endless: &'static str,
    /// What to write for anything else.
    otherwise: &'static str,
}

const fn duration(unit: char, endless: &'static str, otherwise: &'static str) -> Value {
    Value::Duration(Duration { unit, endless, otherwise })
}

pub(super) const fn seconds(otherwise: &'static str) -> Value {
    duration('s', "", otherwise)
}

pub(super) const fn minutes(otherwise: &'static str) -> Value {
    duration('m', "", otherwise)
}

pub(super) const fn hours(otherwise: &'static str) -> Value {
    duration('h', "", otherwise)
}

/// A timeout, which may be "never".
pub(super) const fn never(unit: char, otherwise: &'static str) -> Value {
    duration(unit, "never", otherwise)
}

/// A retention in hours, which may be "forever".
pub(super) const fn forever(otherwise: &'static str) -> Value {
    duration('h', "forever", otherwise)
}

impl Value {
    /// The value in TOML.
    pub(super) fn of(self, given: &str, name: &str) -> String {
        let text = match self {
            Self::Is(value) => return value.to_owned(),
            Self::Count(otherwise) => return count(given).unwrap_or(otherwise).to_owned(),
            Self::Duration(duration) => duration.of(given),
            Self::Interval => interval(given),
            Self::Times(otherwise) => times(given).unwrap_or_else(|| otherwise.to_owned()),
            Self::Hour => format!("0 {} *", hour(given)),
            Self::Frequency => frequency(given).to_owned(),
            Self::Resolution => resolution(given),
            Self::Store => format!("purge {}", harmless(name)),
        };
        format!("\"{text}\"")
    }
}

impl Duration {
    fn of(self, given: &str) -> String {
        match length(given, self.unit) {
            Some(Length::Endless) if !self.endless.is_empty() => self.endless.to_owned(),
            Some(Length::Of(text)) => text,
            _ => self.otherwise.to_owned(),
        }
    }
}

enum Length {
    Endless,
    Of(String),
}

/// A duration as a number, or as numbers with their units, short or in full.
fn length(given: &str, unit: char) -> Option<Length> {
    const ENDLESS: [&str; 6] =
        ["infinity", "infinite", "forever", "never", "no timeout", "unlimited"];
    let given = given.trim().to_lowercase();
    let (digits, rest) =
        given.split_at(given.find(|c: char| !c.is_ascii_digit()).unwrap_or(given.len()));
    if ENDLESS.contains(&given.as_str()) || is_negative(&given) {
        return Some(Length::Endless);
    }
    let compact: String = given.split_whitespace().collect();
    if !rest.is_empty() && compact.parse::<Span>().is_ok() {
        return Some(Length::Of(compact));
    }
    let word = rest.split_whitespace().next().unwrap_or_default();
    let unit = ["seconds", "minutes", "hours", "days", "weeks"]
        .iter()
        .find(|name| name.strip_suffix('s') == Some(word) || **name == word)
        .map_or(unit, |name| name.as_bytes()[0].into());
    let is_whole = word.is_empty() || rest.starts_with(char::is_whitespace);
    let text = shortest(digits.parse().ok()?, unit);
    (is_whole && text.parse::<Span>().is_ok()).then_some(Length::Of(text))
}

fn is_negative(given: &str) -> bool {
    given.strip_prefix('-').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// The same duration in larger units where it is whole and more than one of them.
fn shortest(number: u64, unit: char) -> String {
    match unit {
        _ if number == 0 => "0".to_owned(),
        's' if number >= 120 && number.is_multiple_of(60) => match number / 60 {
            minutes if minutes.is_multiple_of(60) => format!("{}h", minutes / 60),
            minutes => format!("{minutes}m"),
        },
        _ => format!("{number}{unit}"),
    }
}

fn count(given: &str) -> Option<&str> {
    let number = given.split_whitespace().next()?;
    number.parse::<u32>().ok().filter(|number| *number > 0)?;
    Some(number.trim_start_matches('+').trim_start_matches('0'))
}

/// Seconds, as often as a job may run; "auto" where the server would decide by itself.
fn interval(given: &str) -> String {
    let Some(Length::Of(text)) = length(given, 's') else { return "auto".to_owned() };
    match text.parse::<Span>() {
        Ok(Span::ZERO) | Err(_) => "auto".to_owned(),
        Ok(span) if span < Interval::LEAST => Interval::LEAST.to_string(),
        Ok(_) => text,
    }
}

fn times(given: &str) -> Option<String> {
    let schedule: Schedule = given.trim().parse().ok()?;
    Some(schedule.to_string())
}

/// The hour of a day; midnight, if it is none.
fn hour(given: &str) -> u8 {
    let first = given.split_whitespace().next().and_then(|hour| hour.parse().ok());
    first.filter(|hour| *hour < 24).unwrap_or(0)
}

/// The server's own interval is ten seconds.
fn frequency(given: &str) -> &'static str {
    if given.to_lowercase().contains("time") { "10s" } else { "0s" }
}

/// No more than the default bounds of the timeout allow.
fn resolution(given: &str) -> String {
    const MOST: Span = Span::seconds(150);
    match length(given, 's') {
        Some(Length::Of(text)) if text.parse::<Span>().is_ok_and(|span| span <= MOST) => text,
        Some(_) => format!("{}s", MOST.as_seconds()),
        None => "10s".to_owned(),
    }
}

/// A name without what TOML, a schedule or a terminal takes for something else.
pub(super) fn harmless(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric() || "-_. ".contains(*c)).collect()
}
