//! Error messages and exit codes.

use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::exit::{Exit, Usage, eprint_line, is_broken_pipe};
use super::interrupt::{Interrupt, Signal};
use super::{advice, context, disk_space, guard, legacy};
use crate::Error;
use crate::config::ConfigError;
use crate::domain::error::InterruptReason;
use crate::domain::schedule::ScheduleError;
use crate::output::{UnsupportedFormat, sanitize};

pub fn report(outcome: anyhow::Result<Exit>) -> ExitCode {
    match outcome {
        Ok(exit) => ExitCode::from(code(exit)),
        // `sessctl list | head` has shown enough. Commands that change data have already
        // called `ignore_broken_pipe`.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            for line in format!("sessctl: {}", message(&error)).lines() {
                eprint_line(&sanitize::escape(line));
            }
            ExitCode::from(failure(&error))
        }
    }
}

/// Message of an error, with advice in terms of the command line.
pub fn message(error: &anyhow::Error) -> String {
    let guidance = error.downcast_ref::<Error>().and_then(guidance);
    let advice = guidance.map_or_else(String::new, |guidance| format!("; {guidance}"));
    format!("{error:#}{advice}")
}

/// Advice on an error of the library, in terms of the command line.
fn guidance(error: &Error) -> Option<String> {
    match error {
        Error::Guard(refusal) => Some(guard::advice(refusal)),
        Error::State(problem) => Some(context::advice(problem)),
        Error::DiskFull { at } => Some(disk_space::advice(at)),
        Error::LeaseHeld { .. } => Some("retry later or pass --wait".to_owned()),
        Error::Clock(refusal) => {
            Some(format!("if {} is the right time, run again with --accept-clock", refusal.now))
        }
        Error::Missing { why, .. } => advice::for_absence(why),
        Error::ForeignDatabase { content, .. } => advice::for_content(content),
        Error::AmbiguousTable { .. } => Some("select one with --profile NAME".to_owned()),
        Error::UnconfirmedProfile(doubt) => Some(format!("pass {}", advice::for_doubt(doubt))),
        Error::ValueMismatch { profile, .. } => Some(advice::profile_check(profile)),
        Error::NotAHandle(_) => Some("`sessctl list` shows handles".to_owned()),
        _ => None,
    }
}

/// Message of an error of the library, with advice in options of the command line.
pub fn with_guidance(error: &Error) -> String {
    let message = error.with_causes();
    guidance(error).map_or_else(|| message.clone(), |guidance| format!("{message}; {guidance}"))
}

/// Prints the requested help or version, or one line about invalid arguments.
pub fn report_arguments(answer: &clap::Error) -> ExitCode {
    if !answer.use_stderr() || answer.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    {
        let _ = answer.print();
        return ExitCode::from(if answer.use_stderr() { 2 } else { 0 });
    }
    if let Some(instead) = instead_of(answer) {
        eprint_line(&sanitize::escape(&format!("sessctl: {instead}; see --help")));
        return ExitCode::from(2);
    }
    let text = answer.render().to_string();
    let is_said = |part: &&str| !part.starts_with("Usage:") && !part.starts_with("For more");
    let parts: Vec<&str> = text.split("\n\n").map(str::trim).filter(is_said).collect();
    let sentence = parts.join("; ").replacen("error: ", "", 1);
    let words: Vec<&str> = sentence.split_whitespace().collect();
    eprint_line(&sanitize::escape(&format!("sessctl: {}; see --help", words.join(" "))));
    ExitCode::from(2)
}

/// Replacement for a console command of another system.
fn instead_of(answer: &clap::Error) -> Option<String> {
    let Some(ContextValue::String(name)) = answer.get(ContextKind::InvalidSubcommand) else {
        return None;
    };
    let instead = legacy::instead_of(name, std::env::args_os())?;
    Some(format!("unrecognized subcommand '{name}': {instead}"))
}

const fn code(exit: Exit) -> u8 {
    match exit {
        Exit::Done => 0,
        Exit::StoppedEarly => 3,
        Exit::Refused => 4,
        Exit::NoSession => 5,
        Exit::Failed => 1,
        Exit::Busy => 11,
        Exit::Interrupted(signal) => signal.exit_code(),
    }
}

fn failure(error: &anyhow::Error) -> u8 {
    let is_usage = error.chain().any(|cause| {
        cause.is::<Usage>()
            || cause.is::<ConfigError>()
            || cause.is::<ScheduleError>()
            || cause.is::<UnsupportedFormat>()
    });
    if is_usage {
        return 2;
    }
    match error.downcast_ref::<Error>() {
        Some(
            Error::AmbiguousHandle { .. }
            | Error::NotAHandle(_)
            | Error::AmbiguousTable { .. }
            | Error::UnconfirmedProfile(_),
        ) => 2,
        Some(
            Error::Guard(_)
            | Error::Clock(_)
            | Error::LimitReached(_)
            | Error::Refused(_)
            | Error::ValueMismatch { .. },
        ) => 4,
        Some(Error::NoSession(_)) => 5,
        Some(Error::Missing { .. } | Error::ForeignDatabase { .. }) => 10,
        Some(
            Error::Busy { .. }
            | Error::Unavailable { .. }
            | Error::LeaseHeld { .. }
            | Error::AlreadyRun,
        ) => 11,
        Some(Error::Interrupted { cause, .. }) => {
            let signal = Interrupt::of_process().filter(|_| *cause == InterruptReason::Asked);
            signal.map_or(3, Signal::exit_code)
        }
        Some(Error::OutcomeUnknown { .. }) => 3,
        Some(Error::Corrupt { .. }) => 12,
        Some(
            Error::InsufficientSpace(_)
            | Error::DiskFull { .. }
            | Error::Rejected { .. }
            | Error::State(_)
            | Error::Failed { .. },
        )
        | None => 1,
    }
}
