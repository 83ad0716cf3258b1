//! Values of other systems in sessctl's notation.

use chrono::{NaiveTime, Timelike};
use jiff::SpanRelativeTo;

use crate::domain::schedule::Schedule;
use crate::domain::time::Span;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Conversion {
    /// The default as it stands, whatever was given.
    Fixed,
    /// The default as a string, whatever was given.
    Text,
    /// A duration: the unit of a bare number, and what to write for 0 and for no end; where
    /// that is empty, they are errors.
    Duration(&'static str, &'static str, &'static str),
    /// A number of sessions, if there is a limit.
    Limit,
    Interval,
    Schedule,
    /// The schedule of a daily job by its hour.
    Hour,
    /// WebSphere's write frequency and interval, as `touch_resolution`.
    WriteFrequency,
    WriteInterval,
    PurgeName,
    /// Nothing; the default says why.
    Nothing,
    /// Nothing; a job for each hour of WebSphere's cleanup takes its place.
    Cleanup,
    /// A job, of which the key is one field.
    Program,
}

pub(super) struct Converted {
    pub(super) toml: String,
    /// A lower rank is more exact.
    pub(super) rank: u8,
    /// The kind of value that was expected, if this is the default.
    pub(super) expected: Option<&'static str>,
}

impl Conversion {
    /// Converts a given value; `any` stands for NAME in the key. Fails with the reason if the
    /// value needs no key.
    pub(super) fn convert(
        self,
        given: &str,
        any: &str,
        default: &'static str,
    ) -> Result<Converted, &'static str> {
        let given = given.trim().to_lowercase();
        let found = match self {
            Self::Nothing => return Err(default),
            Self::Cleanup if is_off(&given) => return Err("the cleanup is off"),
            Self::Cleanup => return Err("replaced by a job for each of the two hours"),
            Self::Limit if is_endless(&given) => return Err("unlimited is the default"),
            Self::WriteFrequency if given.contains("manual") => {
                return Err("no counterpart; the application touches sessions itself");
            }
            Self::Fixed | Self::Text => Some(default.to_owned()),
            Self::PurgeName => Some(format!("purge {}", sanitize(any))),
            _ => self.read(&given),
        };
        let rank = match (self, found.as_deref()) {
            (_, None) => 3,
            (Self::WriteFrequency, Some("10s")) => 2,
            (Self::WriteInterval, _) => 1,
            _ => 0,
        };
        let expected = if found.is_none() { Some(self.expected()) } else { None };
        let text = found.as_deref().unwrap_or(default);
        let is_bare = matches!(self, Self::Fixed | Self::Limit);
        let toml = if is_bare { text.to_owned() } else { format!("\"{text}\"") };
        Ok(Converted { toml, rank, expected })
    }

    fn read(self, given: &str) -> Option<String> {
        match self {
            Self::Duration(unit, zero, endless) => duration(given, unit, zero, endless),
            Self::WriteInterval => duration(given, "s", "0", ""),
            Self::Interval if given == "auto" => Some(given.to_owned()),
            Self::Interval => duration(given, "s", "", ""),
            Self::Limit => {
                given.parse().ok().filter(|limit: &u32| *limit > 0).map(|limit| limit.to_string())
            }
            Self::Schedule => given.parse().ok().map(|schedule: Schedule| schedule.to_string()),
            Self::Hour => time_of_day(given).map(|(hour, minute)| format!("{minute} {hour} *")),
            Self::WriteFrequency if given.contains("time") => Some("10s".to_owned()),
            Self::WriteFrequency if given.contains("end") => Some("0s".to_owned()),
            _ => None,
        }
    }

    fn expected(self) -> &'static str {
        match self {
            Self::Limit => "a number of sessions",
            Self::Interval => "an interval of a second or more",
            Self::Schedule => "a valid schedule",
            Self::Hour => "an hour",
            Self::WriteFrequency => "a write frequency",
            _ => "a duration in whole seconds",
        }
    }
}

fn duration(given: &str, unit: &str, zero: &str, endless: &str) -> Option<String> {
    let rest = given.strip_prefix('-').unwrap_or_default();
    let text = if is_endless(given) || rest.starts_with(|c: char| c.is_ascii_digit()) {
        endless.to_owned()
    } else {
        let (seconds, span) = seconds(given, unit)?;
        Span::seconds(seconds).to_string().parse::<Span>().ok()?;
        let text = format!("{span:#}");
        match seconds {
            0 => zero.to_owned(),
            _ if !text.contains(' ') && !text.ends_with('s') => text,
            _ if seconds < 120 || seconds % 60 > 0 => format!("{seconds}s"),
            _ if seconds % 3_600 > 0 => format!("{}m", seconds / 60),
            _ => format!("{}h", seconds / 3_600),
        }
    };
    Some(text).filter(|text| !text.is_empty())
}

/// Whole seconds of a number that counts `unit`, or of numbers with units.
pub(super) fn seconds(given: &str, unit: &str) -> Option<(i64, jiff::Span)> {
    if given.chars().any(|c| !c.is_alphanumeric() && c != ' ') {
        return None;
    }
    let is_number = given.bytes().all(|byte| byte.is_ascii_digit());
    let unit = if is_number { unit } else { "" };
    let span: jiff::Span = format!("{given}{unit}").to_lowercase().parse().ok()?;
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    (duration.subsec_nanos() == 0 && !span.is_negative()).then_some((duration.as_secs(), span))
}

fn is_endless(given: &str) -> bool {
    ["infinity", "infinite", "forever", "never", "no timeout", "unlimited", "no limit"]
        .contains(&given)
}

pub(super) fn is_off(given: &str) -> bool {
    ["false", "off", "no", "disabled", "0"].contains(&given.to_lowercase().as_str())
}

/// Hour and minute of `3`, `04:00`, `0400`, `4:00 PM` or `16:00:00`.
pub(super) fn time_of_day(text: &str) -> Option<(u32, u32)> {
    let text = text.trim().to_uppercase().replace("A.M.", "AM").replace("P.M.", "PM");
    let digits = text.trim_end_matches(['A', 'P', 'M', ' ']);
    let half = text[digits.len()..].trim();
    let time = match digits.split_at_checked(2) {
        None | Some((_, "")) => format!("{digits}:00{half}"),
        Some((hour, minute)) if digits.len() == 4 && !digits.contains(':') => {
            format!("{hour}:{minute}{half}")
        }
        _ => format!("{digits}{half}"),
    };
    let formats = ["%H:%M", "%H:%M:%S", "%I:%M%p", "%I:%M:%S%p"];
    let time = formats.iter().find_map(|format| NaiveTime::parse_from_str(&time, format).ok())?;
    (time.second() == 0).then_some((time.hour(), time.minute()))
}

/// A name without characters that have a meaning in TOML or on a terminal.
pub(super) fn sanitize(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric() || "-_. ".contains(*c)).collect()
}
