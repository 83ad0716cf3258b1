//! Exit codes.

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use crate::Error;
use crate::config::ConfigError;
use crate::domain::error::InterruptReason;
use crate::domain::schedule::ScheduleError;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::guard::advice;
use super::interrupt::{Interrupt, Signal};
use super::{context, disk, former};
use crate::output::report::UnsupportedReport;
use crate::output::{UnsupportedFormat, sanitize};

/// How a command that did not fail has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// All done.
    Done,
    /// Work remains.
    StoppedEarly,
    /// The guard let it show what it would do, and would not let it do that.
    Refused,
    /// A session that was asked for is over, or never was.
    NoSession,
    /// Another process is at the same work.
    Busy,
    /// A part of it has failed, and that was said.
    Failed,
    /// It was told to stop.
    Interrupted(Signal),
}

impl Exit {
    /// This, or the other one where that is worse.
    pub fn max_severity(self, other: Self) -> Self {
        let severity = |exit: Self| match exit {
            Self::Done => 0,
            Self::Busy => 1,
            Self::StoppedEarly => 2,
            Self::NoSession => 3,
            Self::Refused => 4,
            Self::Failed => 5,
            Self::Interrupted(_) => 6,
        };
        if severity(other) > severity(self) { other } else { self }
    }
}

/// A mistake in what was typed that the argument parser cannot see.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

impl Usage {
    /// The error for [`anyhow`].
    pub fn error(message: impl Into<String>) -> anyhow::Error {
        Self(message.into()).into()
    }
}

/// Says what went wrong, if anything did, and gives the exit code.
pub fn report(outcome: anyhow::Result<Exit>) -> ExitCode {
    match outcome {
        Ok(exit) => ExitCode::from(code(exit)),
        // `sessctl list | head` has shown what was wanted. A command that changes
        // things asks [`ignore_broken_pipe`] before it comes here.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let guidance = error.downcast_ref::<Error>().and_then(guidance);
            let advice = guidance.map_or_else(String::new, |guidance| format!("; {guidance}"));
            for line in format!("sessctl: {error:#}{advice}").lines() {
                eprint_line(&sanitize::escape(line));
            }
            ExitCode::from(failure(&error))
        }
    }
}

/// Advice on an error of the library, in terms of the command line.
pub fn guidance(error: &Error) -> Option<String> {
    match error {
        Error::Guard(refusal) => Some(advice(refusal)),
        Error::State(problem) => Some(context::advice(problem)),
        Error::DiskFull { at } => Some(advice_on_room(at)),
        Error::LeaseHeld { .. } => Some("retry later or pass --wait".to_owned()),
        Error::Clock(refusal) => {
            Some(format!("if {} is the right time, run again with --accept-clock", refusal.now))
        }
        Error::NotAHandle(_) => Some("`sessctl list` shows handles".to_owned()),
        _ => None,
    }
}

/// Message of an error of the library, with [`guidance`].
pub fn with_guidance(error: &Error) -> String {
    guidance(error).map_or_else(|| error.to_string(), |guidance| format!("{error}; {guidance}"))
}

/// Advice on a file system that is full, with the space that is left.
pub fn advice_on_room(database: &str) -> String {
    let room = disk::folder_of(Path::new(database)).and_then(|folder| disk::place(&folder));
    match room {
        Ok(place) => format!(
            "{} has {} KiB left: free space on its file system, and run the command again",
            place.folder,
            place.free >> 10
        ),
        Err(_) => "free space on its file system, and run the command again".to_owned(),
    }
}

/// The same, but that nobody reads an answer any more is no failure: the exit code
/// of work that is done does not depend on it.
pub fn ignore_broken_pipe(written: anyhow::Result<()>) -> anyhow::Result<()> {
    match written {
        Err(error) if is_broken_pipe(&error) => Ok(()),
        written => written,
    }
}

/// A line on standard error, without the passwords of addresses. Where nobody reads that,
/// there is nobody to tell.
pub fn eprint_line(line: &str) {
    let _ = writeln!(io::stderr(), "{}", redact_credentials(line));
}

/// A text without what stands before the @ of an address, which may be a password.
fn redact_credentials(text: &str) -> Cow<'_, str> {
    if !text.contains("://") || !text.contains('@') {
        return Cow::Borrowed(text);
    }
    let (mut shown, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(begin) = rest.find("://") {
        let (before, address) = rest.split_at(begin + "://".len());
        shown.push_str(before);
        let end = address.find(char::is_whitespace).unwrap_or(address.len());
        rest = match address[..end].rfind('@') {
            Some(at) => {
                shown.push('…');
                &address[at..]
            }
            None => address,
        };
    }
    shown.push_str(rest);
    Cow::Owned(shown)
}

/// Gives the help or the version that was asked for, or says in a line what is
/// wrong with the arguments.
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

/// What to type instead of a console command of another system.
fn instead_of(answer: &clap::Error) -> Option<String> {
    let Some(ContextValue::String(name)) = answer.get(ContextKind::InvalidSubcommand) else {
        return None;
    };
    let instead = former::instead_of(name, std::env::args_os())?;
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
            || cause.is::<UnsupportedReport>()
    });
    if is_usage {
        return 2;
    }
    match error.downcast_ref::<Error>() {
        Some(
            Error::AmbiguousHandle { .. }
            | Error::NotAHandle(_)
            | Error::AmbiguousTable { .. }
            | Error::UnconfirmedProfile { .. },
        ) => 2,
        Some(Error::Guard(_) | Error::Clock(_) | Error::LimitReached(_) | Error::Refused(_)) => 4,
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

/// Whether the reader of the output has gone.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
    })
}

#[cfg(test)]
mod tests {
    use super::redact_credentials;

    #[test]
    fn no_password_of_an_address_is_shown() {
        for (text, shown) in [
            (
                "no database at rqlite://bob:a/b@c@db1:4001, or so",
                "no database at rqlite://…@db1:4001, or so",
            ),
            ("http://db1:4001 and x@y", "http://db1:4001 and x@y"),
            ("'http://a:b@c' http://d 'https://e@f'", "'http://…@c' http://d 'https://…@f'"),
            ("nobody@home", "nobody@home"),
        ] {
            assert_eq!(redact_credentials(text), shown);
        }
    }
}
