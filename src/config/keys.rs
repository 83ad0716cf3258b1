//! Keys of a table: one declaration for reading, showing and listing each of them.

use std::fmt::Display;
use std::str::FromStr;

use toml::de::DeValue;

use super::error::Result;
use super::values::{command, count, flag, name, parsed, percent, span, span_or, text};
use crate::domain::time::Span;

/// A key that sets a part of a `T`.
pub(super) struct ConfigKey<T> {
    pub(super) name: &'static str,
    pub(super) read: fn(&mut T, &DeValue<'_>) -> Result<(), String>,
    /// Formats the value as the file writes it, without quotes.
    pub(super) show: fn(&T) -> String,
}

pub(super) struct KeyFormat<T> {
    pub(super) read: fn(&DeValue<'_>) -> Result<T, String>,
    pub(super) show: fn(&T) -> String,
}

/// A [`ConfigKey`]: its name, the field that it sets, and its [`KeyFormat`].
macro_rules! key {
    ($name:literal, $($field:ident).+, $format:expr) => {
        $crate::config::keys::ConfigKey {
            name: $name,
            read: |target, value| {
                target.$($field).+ = ($format.read)(value)?;
                Ok(())
            },
            show: |target| ($format.show)(&target.$($field).+),
        }
    };
}
pub(super) use key;

/// Text that may be blank; shown as nothing if it is not set.
pub(super) const TEXT: KeyFormat<Option<String>> = KeyFormat {
    read: |value| text(value).map(|text| Some(text.to_owned())),
    show: |text| text.clone().unwrap_or_default(),
};
pub(super) const NAME: KeyFormat<Option<String>> =
    KeyFormat { read: |value| name(value).map(Some), show: TEXT.show };
pub(super) const FLAG: KeyFormat<bool> = KeyFormat { read: flag, show: bool::to_string };
pub(super) const COUNT: KeyFormat<u64> = KeyFormat { read: count, show: u64::to_string };
pub(super) const PERCENT: KeyFormat<f64> = KeyFormat { read: percent, show: f64::to_string };
pub(super) const SPAN: KeyFormat<Span> = KeyFormat { read: span, show: Span::to_string };
pub(super) const NEVER: KeyFormat<Option<Span>> =
    KeyFormat { read: |value| span_or(value, "never"), show: |span| show_span_or(*span, "never") };
pub(super) const FOREVER: KeyFormat<Option<Span>> = KeyFormat {
    read: |value| span_or(value, "forever"),
    show: |span| show_span_or(*span, "forever"),
};
/// A program and its arguments; shown as nothing if it is not set.
pub(super) const COMMAND: KeyFormat<Vec<String>> = KeyFormat {
    read: command,
    show: |words| if words.is_empty() { String::new() } else { format!("{words:?}") },
};

pub(super) const fn parsed_format<T: FromStr<Err: Display> + Display>() -> KeyFormat<T> {
    KeyFormat { read: parsed, show: T::to_string }
}

pub(super) fn show_span_or(span: Option<Span>, none: &str) -> String {
    span.map_or_else(|| none.to_owned(), |span| span.to_string())
}
