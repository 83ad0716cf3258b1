//! The kinds of values that keys take.

use toml::de::DeValue;

use crate::domain::time::{Span, SpanError};

pub(super) fn text<'v>(value: &'v DeValue<'_>) -> Result<&'v str, String> {
    value.as_str().ok_or_else(|| format!("wants text in quotes, not {}", kind(value)))
}

/// Text that says something.
pub(super) fn name(value: &DeValue<'_>) -> Result<String, String> {
    match text(value)? {
        blank if blank.trim().is_empty() => Err("wants text that is not empty".to_owned()),
        name => Ok(name.to_owned()),
    }
}

/// A program and its arguments.
pub(super) fn command(value: &DeValue<'_>) -> Result<Vec<String>, String> {
    let wanted = "wants a program and its arguments, like [\"/usr/local/bin/tell\", \"-v\"]";
    let Some(words) = value.as_array() else {
        return Err(format!("{wanted}, not {}", kind(value)));
    };
    let words = words.iter().map(|word| text(word.get_ref()).map(str::to_owned));
    let words: Vec<String> = words.collect::<Result<_, _>>()?;
    match words.first() {
        Some(program) if !program.trim().is_empty() => Ok(words),
        _ => Err(format!("{wanted}; it names no program")),
    }
}

pub(super) fn span(value: &DeValue<'_>) -> Result<Span, String> {
    let DeValue::String(text) = value else {
        return Err(format!("wants a duration in quotes, like \"30m\", not {}", kind(value)));
    };
    text.parse().map_err(|e: SpanError| e.to_string())
}

/// A duration that is neither shorter nor longer than these.
pub(super) fn span_within(value: &DeValue<'_>, [least, most]: [Span; 2]) -> Result<Span, String> {
    let span = span(value)?;
    if (least..=most).contains(&span) {
        Ok(span)
    } else {
        Err(format!("{span} is not between {least} and {most}"))
    }
}

pub(super) fn span_or(value: &DeValue<'_>, none: &str) -> Result<Option<Span>, String> {
    match value.as_str() {
        Some(text) if text == none => Ok(None),
        _ => span(value).map(Some).map_err(|fault| format!("{fault}; or \"{none}\"")),
    }
}

pub(super) fn flag(value: &DeValue<'_>) -> Result<bool, String> {
    value.as_bool().ok_or_else(|| format!("wants true or false, not {}", kind(value)))
}

/// A whole number that is not negative.
pub(super) fn count(value: &DeValue<'_>) -> Result<u64, String> {
    let DeValue::Integer(number) = value else {
        return Err(format!("wants a whole number, not {}", kind(value)));
    };
    u64::from_str_radix(number.as_str(), number.radix())
        .map_err(|_| "wants a whole number of 0 or more".to_owned())
}

pub(super) fn percent(value: &DeValue<'_>) -> Result<f64, String> {
    let number = match value {
        DeValue::Integer(number) => {
            u8::from_str_radix(number.as_str(), number.radix()).ok().map(f64::from)
        }
        DeValue::Float(number) => number.as_str().parse().ok(),
        _ => return Err(format!("wants a number from 0 to 100, not {}", kind(value))),
    };
    number
        .filter(|percent| (0.0..=100.0).contains(percent))
        .ok_or_else(|| "wants a number from 0 to 100".to_owned())
}

/// One of some words, and what it stands for.
pub(super) fn choice<T: Clone>(
    value: &DeValue<'_>,
    what: &str,
    known: &[(&str, T)],
) -> Result<T, String> {
    let word = text(value)?;
    let found = known.iter().find(|(name, _)| *name == word);
    found.map(|(_, meant)| meant.clone()).ok_or_else(|| {
        let shown = |name: &str| match name.trim() {
            "" => format!("{name:?}"),
            name => name.to_owned(),
        };
        let names: Vec<String> = known.iter().map(|(name, _)| shown(name)).collect();
        format!("{word:?} is no {what}: it is one of {}", names.join(", "))
    })
}

/// A list of one value or more.
pub(super) fn list<T>(
    value: &DeValue<'_>,
    example: &str,
    read: impl FnMut(&DeValue<'_>) -> Result<T, String>,
) -> Result<Vec<T>, String> {
    match value.as_array() {
        Some(items) if items.is_empty() => Err(format!("wants at least one, like {example}")),
        Some(items) => items.iter().map(toml::Spanned::get_ref).map(read).collect(),
        None => Err(format!("wants a list, like {example}, not {}", kind(value))),
    }
}

/// A whole number, which may be negative.
pub(super) fn whole(value: &DeValue<'_>) -> Result<i64, String> {
    let DeValue::Integer(number) = value else {
        return Err(format!("wants a whole number, not {}", kind(value)));
    };
    i64::from_str_radix(number.as_str(), number.radix())
        .map_err(|_| format!("{number} is beyond 64 bits"))
}

pub(super) fn word<T: std::str::FromStr<Err: std::fmt::Display>>(
    value: &DeValue<'_>,
) -> Result<T, String> {
    text(value)?.parse().map_err(|e: T::Err| e.to_string())
}

pub(super) fn kind(value: &DeValue<'_>) -> String {
    match value {
        DeValue::Integer(number) => format!("the bare number {}", number.as_str()),
        other => format!("{} {}", article(other.type_str()), other.type_str()),
    }
}

fn article(word: &str) -> &'static str {
    if word.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}
