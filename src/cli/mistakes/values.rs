//! Values that cannot be read, and arguments that are missing or contradict each other.

use std::error::Error as _;
use std::num::{IntErrorKind, ParseIntError};

use clap::Error;
use clap::error::{ContextKind, ErrorKind};

use super::typed::TypedCommand;
use super::{any_of, text, texts};

/// Message about the value of an option: `invalid --limit "x": use a whole number such as 50`.
pub fn invalid(error: &Error) -> Option<String> {
    let usage = text(error, ContextKind::InvalidArg)?;
    let name = name(&usage);
    if error.kind() == ErrorKind::TooManyValues {
        return Some(format!("{name} takes no value"));
    }
    let value = text(error, ContextKind::InvalidValue).unwrap_or_default();
    let choices = texts(error, ContextKind::ValidValue);
    let advice = match error.source() {
        Some(source) => match source.downcast_ref::<ParseIntError>() {
            Some(number) => whole_number(number),
            None => advice(&source.to_string(), &value),
        },
        None if !choices.is_empty() => format!("use {}", any_of(&choices)),
        None if value.is_empty() => format!("use {usage}"),
        None => return None,
    };
    if value.is_empty() && error.source().is_none() {
        return Some(format!("{name} needs a value: {advice}"));
    }
    Some(format!("invalid {name} {value:?}: {advice}"))
}

/// Message about arguments without which the command does not know what to do.
pub fn missing(error: &Error, typed: &TypedCommand) -> String {
    let names: Vec<String> =
        texts(error, ContextKind::InvalidArg).iter().map(|name| alternatives(name)).collect();
    let command = typed.name();
    format!("\"{command}\" needs {}; see {}", names.join(" and "), typed.help())
}

/// Message about two arguments that exclude each other.
pub fn conflict(error: &Error) -> String {
    let first = text(error, ContextKind::InvalidArg).unwrap_or_default();
    let others: Vec<String> =
        texts(error, ContextKind::PriorArg).iter().map(|other| name(other)).collect();
    let first = name(&first);
    match others.as_slice() {
        [] => format!("{first} cannot be given twice"),
        [other] if *other == first => format!("{first} cannot be given twice"),
        others => format!("{first} and {} exclude each other", any_of(others)),
    }
}

/// Name of an argument without its value: `--limit`, `TASK`.
fn name(usage: &str) -> String {
    let first = usage.split_whitespace().next().unwrap_or_default();
    let first = first.split('=').next().unwrap_or_default().trim_end_matches('.');
    first.trim_matches(|c| "[]<>".contains(c)).to_owned()
}

/// Alternatives of a group, which its usage puts between bars: `<TASK|--user <USER>|--all>`.
fn alternatives(usage: &str) -> String {
    let group = usage.strip_prefix('<').and_then(|inner| inner.strip_suffix('>'));
    let Some(inner) = group.filter(|inner| inner.contains('|')) else {
        return name(usage);
    };
    let depths = inner.chars().scan(0_i32, |depth, c| {
        *depth += i32::from(c == '<') - i32::from(c == '>');
        Some((c, *depth))
    });
    let split: String =
        depths.map(|(c, depth)| if c == '|' && depth == 0 { '\n' } else { c }).collect();
    any_of(&split.lines().map(name).collect::<Vec<_>>())
}

fn whole_number(error: &ParseIntError) -> String {
    match error.kind() {
        IntErrorKind::PosOverflow => "the number is too large; use one such as 50".to_owned(),
        _ => "use a whole number such as 50".to_owned(),
    }
}

/// Advice from a message that repeats the value and may say what it is not.
fn advice(message: &str, value: &str) -> String {
    let quoted = format!("{value:?} ");
    let Some(rest) = message.strip_prefix(&quoted) else {
        return message.to_owned();
    };
    if let Some((_, valid)) = rest.split_once("; valid values: ") {
        let words: Vec<String> = valid.split(", ").map(str::to_owned).collect();
        return format!("use {}", any_of(&words));
    }
    match rest.strip_prefix("is not a valid ").and_then(|rest| rest.split_once(": ")) {
        Some((_, advice)) => advice.to_owned(),
        None => format!("it {rest}"),
    }
}
