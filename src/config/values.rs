//! Readers of TOML values. Their errors describe the value that is expected.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use toml::de::{DeInteger, DeValue};

use super::error::Result;
use crate::domain::profile::SqlValue;
use crate::domain::time::{Span, SpanError};
use crate::domain::variants::invalid_value;

pub(super) fn text<'v>(value: &'v DeValue<'_>) -> Result<&'v str, String> {
    value.as_str().ok_or_else(|| format!("must be a string in quotes, not {}", describe(value)))
}

/// Text that is not blank.
pub(super) fn name(value: &DeValue<'_>) -> Result<String, String> {
    match text(value)? {
        blank if blank.trim().is_empty() => Err("must not be empty".to_owned()),
        name => Ok(name.to_owned()),
    }
}

pub(super) fn parsed<T: FromStr<Err: Display>>(value: &DeValue<'_>) -> Result<T, String> {
    text(value)?.parse().map_err(|e: T::Err| e.to_string())
}

pub(super) fn command(value: &DeValue<'_>) -> Result<Vec<String>, String> {
    const EXPECTED: &str =
        "must be a program and its arguments, like [\"/usr/local/bin/notify\", \"-v\"]";
    let Some(words) = value.as_array() else {
        return Err(format!("{EXPECTED}, not {}", describe(value)));
    };
    let words = words.iter().map(|word| text(word.get_ref()).map(str::to_owned));
    let words: Vec<String> = words.collect::<Result<_, _>>()?;
    match words.first() {
        Some(program) if !program.trim().is_empty() => Ok(words),
        _ => Err(format!("{EXPECTED}; the program is missing")),
    }
}

pub(super) fn span(value: &DeValue<'_>) -> Result<Span, String> {
    let DeValue::String(text) = value else {
        let found = describe(value);
        return Err(format!("must be a duration in quotes, like \"30m\", not {found}"));
    };
    text.parse().map_err(|e: SpanError| e.to_string())
}

pub(super) fn span_within(
    value: &DeValue<'_>,
    range: &RangeInclusive<Span>,
) -> Result<Span, String> {
    let (min, max) = (range.start(), range.end());
    match span(value)? {
        span if range.contains(&span) => Ok(span),
        span => Err(format!("must be between {min} and {max}, not {span}")),
    }
}

/// A duration, or the word that stands for none.
pub(super) fn span_or(value: &DeValue<'_>, none: &str) -> Result<Option<Span>, String> {
    match value.as_str() {
        Some(text) if text == none => Ok(None),
        _ => span(value).map(Some).map_err(|error| format!("{error}; or use \"{none}\"")),
    }
}

pub(super) fn at_least(span: Span, min: Span) -> Result<Span, String> {
    if span < min { Err(format!("must be at least {min}, not {span}")) } else { Ok(span) }
}

pub(super) fn flag(value: &DeValue<'_>) -> Result<bool, String> {
    value.as_bool().ok_or_else(|| format!("must be true or false, not {}", describe(value)))
}

fn number<'v>(value: &'v DeValue<'v>) -> Result<&'v DeInteger<'v>, String> {
    value.as_integer().ok_or_else(|| format!("must be an integer, not {}", describe(value)))
}

pub(super) fn count(value: &DeValue<'_>) -> Result<u64, String> {
    let number = number(value)?;
    u64::from_str_radix(number.as_str(), number.radix())
        .map_err(|_| "must be an integer of 0 or more".to_owned())
}

pub(super) fn integer(value: &DeValue<'_>) -> Result<i64, String> {
    let number = number(value)?;
    i64::from_str_radix(number.as_str(), number.radix())
        .map_err(|_| format!("{number} is out of range for a 64-bit integer"))
}

pub(super) fn percent(value: &DeValue<'_>) -> Result<f64, String> {
    const EXPECTED: &str = "must be a number from 0 to 100";
    let number = match value {
        DeValue::Integer(number) => {
            u8::from_str_radix(number.as_str(), number.radix()).ok().map(f64::from)
        }
        DeValue::Float(number) => number.as_str().parse().ok(),
        _ => return Err(format!("{EXPECTED}, not {}", describe(value))),
    };
    let number = number.filter(|percent| (0.0..=100.0).contains(percent));
    number.ok_or_else(|| EXPECTED.to_owned())
}

/// Reads one of some words as what it stands for; `what` they are is named in the error.
pub(super) fn choice<T: Clone>(
    what: &str,
    known: &[(&str, T)],
) -> impl Fn(&DeValue<'_>) -> Result<T, String> {
    move |value| {
        let word = text(value)?;
        let found = known.iter().find(|(name, _)| *name == word);
        found
            .map(|(_, meaning)| meaning.clone())
            .ok_or_else(|| invalid_value(word, what, &words(known)))
    }
}

/// The words of a choice, with quotes around blanks.
pub(super) fn words<T>(known: &[(&str, T)]) -> String {
    let quoted = |name: &str| match name.trim() {
        "" => format!("{name:?}"),
        name => name.to_owned(),
    };
    known.iter().map(|(name, _)| quoted(name)).collect::<Vec<_>>().join(", ")
}

/// An array of at least one value.
pub(super) fn list<T>(
    value: &DeValue<'_>,
    example: &str,
    read: impl FnMut(&DeValue<'_>) -> Result<T, String>,
) -> Result<Vec<T>, String> {
    match value.as_array() {
        Some(items) if items.is_empty() => {
            Err(format!("must have at least one item, like {example}"))
        }
        Some(items) => items.iter().map(toml::Spanned::get_ref).map(read).collect(),
        None => Err(format!("must be an array, like {example}, not {}", describe(value))),
    }
}

/// A value, or an array of at least one.
pub(super) fn one_or_more<T>(
    value: &DeValue<'_>,
    example: &str,
    mut read: impl FnMut(&DeValue<'_>) -> Result<T, String>,
) -> Result<Vec<T>, String> {
    match value {
        DeValue::Array(_) => list(value, example, read),
        one => Ok(vec![read(one)?]),
    }
}

pub(super) fn sql_value(value: &DeValue<'_>) -> Result<SqlValue, String> {
    match value {
        DeValue::Integer(_) => integer(value).map(SqlValue::Integer),
        DeValue::String(text) => Ok(SqlValue::Text(text.as_bytes().to_vec())),
        // SQLite stores booleans as integers.
        DeValue::Boolean(is_true) => Ok(SqlValue::Integer((*is_true).into())),
        DeValue::Float(number) => {
            let number = number.as_str().parse().map(SqlValue::Real);
            number.map_err(|_| "must be a number that SQLite can store".to_owned())
        }
        _ => Err(format!("must be a number or a string, not {}", describe(value))),
    }
}

pub(super) fn sql_values(value: &DeValue<'_>) -> Result<Vec<SqlValue>, String> {
    list(value, "[-1]", sql_value)
}

/// The type of a value, for messages, and the value of an integer.
pub(super) fn describe(value: &DeValue<'_>) -> String {
    let article = |word: &str| if word.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    match value {
        DeValue::Integer(number) => format!("the integer {}", number.as_str()),
        other => format!("{} {}", article(other.type_str()), other.type_str()),
    }
}
