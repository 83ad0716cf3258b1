//! Argument types shared by several subcommands.

use std::time::Duration;

use crate::domain::filter::AgentPattern;
use crate::domain::task::TaskPattern;
use crate::domain::time::{Span, SpanError};

pub use super::time_arg::{Since, TimeArg};

/// Reads a task name or pattern. An empty one is probably an unset variable of a script.
pub fn task(text: &str) -> Result<TaskPattern, &'static str> {
    if text.is_empty() { Err("use a name, or * for any task") } else { Ok(text.into()) }
}

/// Reads a pattern of agents. An empty one is probably an unset variable of a script.
pub fn agent(text: &str) -> Result<AgentPattern, &'static str> {
    if text.is_empty() { Err("use a text such as '*Firefox/52*'") } else { Ok(text.into()) }
}

pub fn duration(text: &str) -> Result<Duration, SpanError> {
    let span: Span = text.parse()?;
    Ok(Duration::from_secs(span.as_seconds().unsigned_abs()))
}

/// Reads a percentage, with or without its sign.
pub fn percent(text: &str) -> Result<f64, String> {
    text.trim_end_matches('%')
        .parse()
        .ok()
        .filter(|percent| (0.0..=100.0).contains(percent))
        .ok_or_else(|| "use a number from 0 to 100, such as 20".to_owned())
}

/// Reads a number of sessions that are kept. None at all is probably a mistake.
pub fn newest(text: &str) -> Result<usize, &'static str> {
    text.parse()
        .ok()
        .filter(|number| *number > 0)
        .ok_or("use a whole number of at least 1, such as 3")
}

/// Reads a whole number of at least one.
pub fn at_least_one(text: &str) -> Result<u64, &'static str> {
    text.parse()
        .ok()
        .filter(|number| *number > 0)
        .ok_or("use a whole number of at least 1, such as 10")
}
