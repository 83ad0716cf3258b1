//! Answers to arguments that cannot be parsed: what is wrong, and what to type instead.

mod commands;
mod console_commands;
mod options;
pub mod overview;
mod similar;
mod typed;
mod values;

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, Error};

pub use similar::nearest;
use typed::TypedCommand;

/// Answer to arguments, of which the first is the program's name. `root` is the whole command
/// line, already built.
pub fn answer(error: &Error, root: &Command, args: &[OsString]) -> String {
    let words: Vec<String> =
        args.iter().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    let typed = TypedCommand::of(root, &words);
    match error.kind() {
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            if typed.path.is_empty() {
                overview::commands(root)
            } else {
                overview::members(&typed)
            }
        }
        ErrorKind::InvalidSubcommand => {
            let word = text(error, ContextKind::InvalidSubcommand).unwrap_or_default();
            commands::unknown(&word, &typed, root)
        }
        ErrorKind::UnknownArgument => {
            let word = text(error, ContextKind::InvalidArg).unwrap_or_default();
            options::unknown(&word, &typed, root)
        }
        ErrorKind::MissingRequiredArgument => values::missing(error, &typed),
        ErrorKind::ArgumentConflict => values::conflict(error),
        _ => values::invalid(error).unwrap_or_else(|| other(error, &typed)),
    }
}

/// The parser's own words, on one line.
fn other(error: &Error, typed: &TypedCommand) -> String {
    let text = error.render().to_string();
    let is_said = |part: &&str| !part.starts_with("Usage:") && !part.starts_with("For more");
    let parts: Vec<&str> = text.split("\n\n").map(str::trim).filter(is_said).collect();
    let words: Vec<&str> = parts.iter().flat_map(|part| part.split_whitespace()).collect();
    format!("{}; see {}", words.join(" ").trim_start_matches("error: "), typed.help())
}

fn text(error: &Error, kind: ContextKind) -> Option<String> {
    texts(error, kind).into_iter().next()
}

fn texts(error: &Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        _ => Vec::new(),
    }
}

/// List in prose: `a, b or c`.
fn any_of(words: &[String]) -> String {
    joined(words, "or")
}

fn joined(words: &[String], last: &str) -> String {
    match words {
        [] => String::new(),
        [word] => word.clone(),
        [others @ .., word] => format!("{} {last} {word}", others.join(", ")),
    }
}
