//! The values of other systems in the notation of this one.

use crate::domain::schedule::Schedule;
use crate::domain::time::Span;

/// How to write a value that was given to a key of another system.
#[derive(Clone, Copy)]
pub(super) enum Value {
    /// Always this, as it stands.
    Is(&'static str),
    /// A duration.
    Duration(Duration),
    /// The number of sessions that a licence allows, or else this one.
    Count(&'static str),
    /// The interval of a job, given in seconds.
    Interval,
    /// The schedule of a job, or else this one.
    Times(&'static str),
    /// The hour of a daily job.
    Hour,
    /// WebSphere's write frequency.
    Frequency,
    /// The name of the job that purges a store.
    Store,
}

/// A value in TOML, and how sure it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Known(String),
    /// A value that a more exact key replaces.
    Usual(String),
    /// The default, and what the given value should have been.
    Default(String, &'static str),
    /// Nothing to write, and why.
    Nothing(&'static str),
}

/// A duration in another system.
#[derive(Clone, Copy)]
pub(super) struct Duration {
    /// What a number without a unit counts.
    unit: &'static str,
    /// The word for a duration without end; empty: there is none.
    endless: &'static str,
    zero: Zero,
    /// What to write for anything else.
    otherwise: &'static str,
}

/// What a duration of 0 means.
#[derive(Clone, Copy)]
enum Zero {
    NoTime,
    Endless,
    Mistake,
}

const fn duration(
    unit: &'static str,
    endless: &'static str,
    zero: Zero,
    otherwise: &'static str,
) -> Value {
    Value::Duration(Duration { unit, endless, zero, otherwise })
}

pub(super) const fn milliseconds(otherwise: &'static str) -> Value {
    duration("ms", "", Zero::Mistake, otherwise)
}

pub(super) const fn seconds(otherwise: &'static str) -> Value {
    duration("s", "", Zero::Mistake, otherwise)
}

pub(super) const fn hours(otherwise: &'static str) -> Value {
    duration("h", "", Zero::NoTime, otherwise)
}

/// An interval of writes in seconds.
pub(super) const fn resolution(otherwise: &'static str) -> Value {
    duration("s", "", Zero::NoTime, otherwise)
}

/// A timeout, which is "never" for 0 and less.
pub(super) const fn never(unit: &'static str, otherwise: &'static str) -> Value {
    duration(unit, "never", Zero::Endless, otherwise)
}

/// A retention in hours, which may be "forever".
pub(super) const fn forever(otherwise: &'static str) -> Value {
    duration("h", "forever", Zero::NoTime, otherwise)
}

impl Value {
    pub(super) fn of(self, given: &str, name: &str) -> Answer {
        use Answer::{Default, Known};
        let quoted = |text: &str| format!("\"{text}\"");
        let given = given.trim();
        let or = |found: Option<String>, otherwise: &str, what| match found {
            Some(text) => Known(quoted(&text)),
            None => Default(quoted(otherwise), what),
        };
        match self {
            Self::Is(value) => Known(value.to_owned()),
            Self::Duration(duration) => {
                or(duration.of(given), duration.otherwise, "a duration in whole seconds")
            }
            Self::Count(_) if is_endless(given) => Answer::Nothing("no limit, so nothing to write"),
            Self::Count(otherwise) => match given.parse::<u32>() {
                Ok(number) if number > 0 => Known(number.to_string()),
                _ => Default(otherwise.to_owned(), "a number of sessions"),
            },
            Self::Interval => or(interval(given), "auto", "an interval of a second or more"),
            Self::Times(otherwise) => {
                let schedule = given.parse::<Schedule>().ok();
                or(schedule.map(|s| s.to_string()), otherwise, "a valid schedule")
            }
            Self::Hour => {
                let time = clock(given).map(|(hour, minute)| format!("{minute} {hour} *"));
                or(time, "0 0 *", "an hour")
            }
            Self::Frequency => frequency(given),
            Self::Store => Known(quoted(&format!("purge {}", harmless(name)))),
        }
    }
}

impl Duration {
    fn of(self, given: &str) -> Option<String> {
        let is_endless = is_endless(given) || is_negative(given);
        let length = if is_endless { None } else { Some(length(given, self.unit)?) };
        match (length.as_deref(), self.zero) {
            (None, _) | (Some("0"), Zero::Endless) => {
                Some(self.endless).filter(|word| !word.is_empty()).map(str::to_owned)
            }
            (Some("0"), Zero::Mistake) => None,
            _ => length,
        }
    }
}

fn is_endless(given: &str) -> bool {
    const WORDS: [&str; 7] =
        ["infinity", "infinite", "forever", "never", "no timeout", "unlimited", "no limit"];
    WORDS.contains(&given.to_lowercase().as_str())
}

fn is_negative(given: &str) -> bool {
    given.strip_prefix('-').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// The units of a duration, by their names, in milliseconds.
const UNITS: &[(&[&str], char, u64)] = &[
    (&["ms", "msec", "msecs", "millisecond", "milliseconds"], 's', 1),
    (&["s", "sec", "secs", "second", "seconds"], 's', 1_000),
    (&["m", "min", "mins", "minute", "minutes"], 'm', 60_000),
    (&["h", "hr", "hrs", "hour", "hours"], 'h', 3_600_000),
    (&["d", "day", "days"], 'd', 86_400_000),
    (&["w", "week", "weeks"], 'w', 604_800_000),
];

/// A duration of whole seconds: a number, which counts `unit`, or numbers with their units.
pub(super) fn length(given: &str, unit: &str) -> Option<String> {
    let given = given.trim().to_lowercase();
    let (mut rest, mut total, mut parts) = (given.as_str(), 0_u64, Vec::new());
    while !rest.is_empty() {
        let (number, behind) = split(rest, |c| c.is_ascii_digit());
        let (word, behind) = split(behind, char::is_alphabetic);
        // A number alone has no other beside it.
        let word = if word.is_empty() && number.len() == given.len() { unit } else { word };
        let (_, short, length) = UNITS.iter().find(|(names, ..)| names.contains(&word))?;
        let number: u64 = number.parse().ok()?;
        total = total.checked_add(number.checked_mul(*length)?)?;
        parts.push(format!("{number}{short}"));
        rest = behind;
    }
    let seconds = Some(total / 1_000).filter(|_| total.is_multiple_of(1_000))?;
    let text = match parts.as_slice() {
        [] => return None,
        _ if total == 0 => "0".to_owned(),
        [part] if !part.ends_with('s') => part.clone(),
        _ => shortest(seconds),
    };
    text.parse::<Span>().ok()?;
    Some(text)
}

/// What a text begins with, and what is behind that and blanks.
fn split(text: &str, is_wanted: impl Fn(char) -> bool) -> (&str, &str) {
    let (found, rest) = text.split_at(text.find(|c| !is_wanted(c)).unwrap_or(text.len()));
    (found, rest.trim_start())
}

/// Seconds in larger units where these are whole and more than one of them.
fn shortest(seconds: u64) -> String {
    match seconds {
        _ if seconds < 120 || !seconds.is_multiple_of(60) => format!("{seconds}s"),
        _ if seconds.is_multiple_of(3_600) => format!("{}h", seconds / 3_600),
        _ => format!("{}m", seconds / 60),
    }
}

fn interval(given: &str) -> Option<String> {
    if given == "auto" {
        return Some(given.to_owned());
    }
    length(given, "s").filter(|text| text != "0")
}

/// The server's own interval is ten seconds.
fn frequency(given: &str) -> Answer {
    match given.to_lowercase() {
        text if text.contains("time") => Answer::Usual("\"10s\"".to_owned()),
        text if text.contains("end") => Answer::Known("\"0s\"".to_owned()),
        text if text.contains("manual") => {
            Answer::Nothing("no counterpart; the application touches")
        }
        _ => Answer::Default("\"0s\"".to_owned(), "a write frequency"),
    }
}

/// A time of day, as an hour and a minute: `3`, `04:00`, `0400`, `4:00 PM` or `16:00:00`.
pub(super) fn clock(text: &str) -> Option<(u32, u32)> {
    let text = text.trim().to_lowercase().replace("a.m.", "am").replace("p.m.", "pm");
    let half = ["am", "pm"].into_iter().find(|half| text.ends_with(half));
    let digits = half.map_or(text.as_str(), |half| text.trim_end_matches(half)).trim_end();
    let numbers = match digits.len() {
        4 if !digits.contains(':') => vec![&digits[..2], &digits[2..]],
        _ => digits.split(':').collect(),
    };
    let is_number =
        |text: &&str| matches!(text.len(), 1 | 2) && text.bytes().all(|b| b.is_ascii_digit());
    if numbers.len() > 3 || !numbers.iter().all(is_number) {
        return None;
    }
    let number = |at: usize| numbers.get(at).map_or(Some(0), |text| text.parse::<u32>().ok());
    let (hour, minute, second) = (number(0)?, number(1)?, number(2)?);
    let hour = match half {
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some(half) => hour % 12 + if half == "pm" { 12 } else { 0 },
        None => hour,
    };
    (hour < 24 && minute < 60 && second == 0).then_some((hour, minute))
}

/// A name without what TOML, a schedule or a terminal takes for something else.
pub(super) fn harmless(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric() || "-_. ".contains(*c)).collect()
}
