//! The keys of a policy: one entry each, for reading, showing and listing them.

use toml::de::DeValue;

use crate::domain::policy::Policy;
use crate::domain::time::Span;

/// A key of `[policy]` and `[policy.TASK]`.
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) read: fn(&mut Policy, &DeValue<'_>) -> Result<(), String>,
    pub(super) show: fn(&Policy) -> String,
}

pub(super) const POLICY: &[Key] = &[
    Key {
        name: "expire",
        read: |policy, value| set(&mut policy.expire, word(value)),
        show: |policy| policy.expire.to_string(),
    },
    Key {
        name: "timeout",
        read: |policy, value| set(&mut policy.timeout, span_or(value, "never")),
        show: |policy| or_never(policy.timeout),
    },
    Key {
        name: "min_timeout",
        read: |policy, value| set(&mut policy.min_timeout, span(value)),
        show: |policy| policy.min_timeout.to_string(),
    },
    Key {
        name: "max_timeout",
        read: |policy, value| set(&mut policy.max_timeout, span_or(value, "never")),
        show: |policy| or_never(policy.max_timeout),
    },
    Key {
        name: "abandoned",
        read: |policy, value| set(&mut policy.abandoned, span(value)),
        show: |policy| policy.abandoned.to_string(),
    },
    Key {
        name: "lifetime",
        read: |policy, value| set(&mut policy.lifetime, span_or(value, "never")),
        show: |policy| or_never(policy.lifetime),
    },
    Key {
        name: "strict",
        read: |policy, value| set(&mut policy.strict, flag(value)),
        show: |policy| policy.strict.to_string(),
    },
    Key {
        name: "touch_resolution",
        read: |policy, value| set(&mut policy.touch_resolution, span(value)),
        show: |policy| policy.touch_resolution.to_string(),
    },
    Key {
        name: "retention",
        read: |policy, value| set(&mut policy.retention, span_or(value, "forever")),
        show: |policy| or_forever(policy.retention),
    },
];

fn set<T>(place: &mut T, value: Result<T, String>) -> Result<(), String> {
    *place = value?;
    Ok(())
}

pub(super) fn or_never(span: Option<Span>) -> String {
    span.map_or_else(|| "never".to_owned(), |span| span.to_string())
}

pub(super) fn or_forever(span: Option<Span>) -> String {
    span.map_or_else(|| "forever".to_owned(), |span| span.to_string())
}

pub(super) fn text<'v>(value: &'v DeValue<'_>) -> Result<&'v str, String> {
    value.as_str().ok_or_else(|| format!("wants text in quotes, not {}", kind(value)))
}

pub(super) fn span(value: &DeValue<'_>) -> Result<Span, String> {
    let DeValue::String(text) = value else {
        return Err(format!("wants a duration in quotes, like \"30m\", not {}", kind(value)));
    };
    text.parse().map_err(|e: crate::domain::time::SpanError| e.to_string())
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

fn word<T: std::str::FromStr<Err: std::fmt::Display>>(value: &DeValue<'_>) -> Result<T, String> {
    text(value)?.parse().map_err(|e: T::Err| e.to_string())
}

fn kind(value: &DeValue<'_>) -> String {
    match value {
        DeValue::Integer(number) => format!("the bare number {}", number.as_str()),
        other => format!("{} {}", article(other.type_str()), other.type_str()),
    }
}

fn article(word: &str) -> &'static str {
    if word.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}
