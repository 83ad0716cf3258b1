//! Values in human-readable form.

use std::borrow::Cow;
use std::time::Duration;

use crate::domain::format::format_count;
use crate::domain::format::group_digits;
use crate::domain::time::Span;

use super::record::Value;
use super::sanitize;

pub fn show(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Absent => Cow::from("-"),
        Value::Text(text) | Value::Named { name: text, .. } => sanitize::escape(text),
        Value::Word(word, _) => sanitize::escape(word),
        Value::Count(count) => Cow::from(format_count(*count)),
        Value::Number(number) => Cow::from(number.to_string()),
        Value::Measure(number) => Cow::from(measure(*number)),
        Value::Flag(flag) => Cow::from(if *flag { "yes" } else { "no" }),
        Value::Span(length) => Cow::from(span(*length)),
        Value::Time(time) => Cow::from(time.to_string()),
    }
}

/// Three digits that count: `0.042`, `3.14`, `27.5`, and whole numbers from
/// a hundred on.
pub fn measure(number: f64) -> String {
    let decimals = match number.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        _ => 3,
    };
    let text = format!("{:.decimals$}", number.abs());
    let (whole, fraction) = text.split_at(text.find('.').unwrap_or(text.len()));
    let sign = if number < 0.0 { "-" } else { "" };
    format!("{sign}{}{fraction}", group_digits(whole))
}

/// `145 MB`, in powers of a thousand, as disks are sold and `df -H` counts.
pub fn bytes(number: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if number < 1_000 {
        return format!("{number} bytes");
    }
    #[expect(clippy::cast_precision_loss, reason = "three of its digits are shown")]
    let (mut size, mut unit) = (number as f64 / 1e3, 0);
    // From 999.5 on, what is rounded to whole ones would have four digits.
    while size >= 999.5 && unit + 1 < UNITS.len() {
        (size, unit) = ((size / 1e3).max(1.0), unit + 1);
    }
    format!("{} {}", measure(size), UNITS[unit])
}

/// Converts to milliseconds, rounded to the microsecond, the resolution of the clock.
pub fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

/// Time that something took: `4.2 ms`, `350 ms`, `23 s`, `4m10s`.
pub fn elapsed(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match time.as_secs() {
        0 if time < Duration::from_millis(100) => format!("{} ms", one_decimal(seconds * 1e3)),
        0 => format!("{} ms", time.as_millis()),
        1..10 => format!("{} s", one_decimal(seconds)),
        whole @ 10..60 => format!("{whole} s"),
        whole => span(Span::seconds(i64::try_from(whole).unwrap_or(i64::MAX))),
    }
}

/// Number with one decimal, unless that is zero.
fn one_decimal(number: f64) -> String {
    let text = format!("{number:.1}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

/// The two largest units, cut short and not rounded: `2h05m`, `3d4h`, `45s`.
pub fn span(length: Span) -> String {
    let seconds = length.as_seconds();
    let (days, hours) = (seconds / 86_400, seconds / 3_600 % 24);
    let (minutes, rest) = (seconds / 60 % 60, seconds % 60);
    match (days, hours, minutes, rest) {
        (0, 0, 0, rest) => format!("{rest}s"),
        (0, 0, minutes, 0) => format!("{minutes}m"),
        (0, 0, minutes, rest) => format!("{minutes}m{rest:02}s"),
        (0, hours, 0, _) => format!("{hours}h"),
        (0, hours, minutes, _) => format!("{hours}h{minutes:02}m"),
        (days, 0, ..) => format!("{days}d"),
        (days, hours, ..) => format!("{days}d{hours}h"),
    }
}

/// Marks a text that was cut.
pub const ELLIPSIS: &str = "...";

/// Maximum number of characters per terminal column: a family emoji has seven in two columns.
/// Without a limit, ten thousand accents on one letter would fit anywhere.
const MAX_CHARS_PER_COLUMN: usize = 4;

/// Cuts a text that has too many characters for this number of columns. Text that is only too
/// wide may pass.
pub fn collapse(mut text: String, columns: usize) -> String {
    let most = columns.saturating_mul(MAX_CHARS_PER_COLUMN);
    if let Some((end, _)) = text.char_indices().nth(most) {
        text.truncate(end);
        text.push_str(ELLIPSIS);
    }
    text
}
