//! Outcomes of commands, exit codes, and errors in arguments.

use std::borrow::Cow;
use std::io::{self, Write};

use super::interrupt::{Interrupt, Signal};
use super::priority::Priority;
use crate::Error;
use crate::config::ConfigError;
use crate::domain::error::InterruptReason;
use crate::domain::health::ServiceStatus;
use crate::domain::schedule::ScheduleError;
use crate::output::UnsupportedFormat;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Done,
    /// Work remains.
    StoppedEarly,
    /// A dry run succeeded, but the guard would refuse the run.
    Refused,
    /// A requested session has ended or never existed.
    NoSession,
    /// Another process is doing the same work.
    Busy,
    /// A part of the configuration cannot be used, which was reported.
    Misconfigured,
    /// A part of the work failed, which was reported.
    Failed,
    /// A part of the work failed because the database is corrupt, which was reported.
    Corrupt,
    Interrupted(Signal),
    /// The worst exit code of several databases.
    Worst(u8),
    /// Result of a check for a monitor.
    Status(ServiceStatus),
}

impl Exit {
    /// The outcome of two parts: that with the [`worst_code`].
    pub fn max_severity(self, other: Self) -> Self {
        let [own, others] = [self, other].map(exit_code);
        if own == others || worst_code(own, others) == own { self } else { other }
    }
}

/// Exit codes, the worst first. Any other code, such as that of a signal, is worse than these.
const BY_SEVERITY: [u8; 9] = [12, 1, 2, 10, 11, 4, 5, 3, 0];

/// The worse one of two exit codes.
pub fn worst_code(one: u8, other: u8) -> u8 {
    let severity = |code: u8| BY_SEVERITY.iter().position(|known| *known == code);
    if severity(other) < severity(one) { other } else { one }
}

pub const fn exit_code(exit: Exit) -> u8 {
    match exit {
        Exit::Done => 0,
        Exit::StoppedEarly => 3,
        Exit::Refused => 4,
        Exit::NoSession => 5,
        Exit::Failed => 1,
        Exit::Corrupt => 12,
        Exit::Misconfigured => 2,
        Exit::Busy => 11,
        Exit::Interrupted(signal) => signal.exit_code(),
        Exit::Status(status) => status.code(),
        Exit::Worst(code) => code,
    }
}

pub fn exit_code_of_error(error: &anyhow::Error) -> u8 {
    let is_usage = error.chain().any(|cause| {
        cause.is::<Usage>()
            || cause.is::<ConfigError>()
            || cause.is::<ScheduleError>()
            || cause.is::<UnsupportedFormat>()
    });
    if is_usage { 2 } else { error.downcast_ref().map_or(1, exit_code_of_library_error) }
}

pub fn exit_code_of_library_error(error: &Error) -> u8 {
    match error {
        Error::AmbiguousHandle { .. }
        | Error::AmbiguousUser { .. }
        | Error::NotAHandle(_)
        | Error::MissingAttributes(_)
        | Error::OtherTask { .. }
        | Error::AmbiguousTable { .. }
        | Error::AmbiguousProfile { .. }
        | Error::UnconfirmedProfile(_) => 2,
        Error::Guard(_)
        | Error::Clock(_)
        | Error::LimitReached(_)
        | Error::Refused(_)
        | Error::Replica { .. }
        | Error::Unselectable(_)
        | Error::DestinationHasRuns
        | Error::ColumnMismatch { .. }
        | Error::ValueMismatch { .. } => 4,
        Error::NoSession(_) | Error::UnknownUsers(_) | Error::NotArchived { .. } => 5,
        Error::Missing { .. } | Error::ForeignDatabase { .. } => 10,
        Error::Busy { .. }
        | Error::InUse { .. }
        | Error::Unavailable { .. }
        | Error::LeaseHeld { .. }
        | Error::AlreadyRun => 11,
        Error::Interrupted { cause, .. } => {
            let signal = Interrupt::of_process().filter(|_| *cause == InterruptReason::Asked);
            signal.map_or(3, Signal::exit_code)
        }
        Error::OutcomeUnknown { .. } => 3,
        Error::Corrupt { .. } => 12,
        Error::InsufficientSpace(_)
        | Error::DiskFull { .. }
        | Error::Rejected { .. }
        | Error::Denied { .. }
        | Error::State(_)
        | Error::Failed { .. } => 1,
    }
}

/// Error in the arguments that the argument parser cannot detect.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

impl Usage {
    pub fn error(message: impl Into<String>) -> anyhow::Error {
        Self(message.into()).into()
    }
}

/// Treats a closed pipe as success: the exit code of work that is done does not depend on its
/// reader.
pub fn ignore_broken_pipe(written: anyhow::Result<()>) -> anyhow::Result<()> {
    match written {
        Err(error) if is_broken_pipe(&error) => Ok(()),
        written => written,
    }
}

/// Prints a line to standard error, with the passwords in addresses redacted, and in the journal
/// with its priority. Failures are ignored.
pub fn eprint_line(priority: Priority, line: &str) {
    let _ = writeln!(io::stderr(), "{}{}", priority.mark(), redact_credentials(line));
}

/// Removes the part before the @ of each address, which may be a password.
pub fn redact_credentials(text: &str) -> Cow<'_, str> {
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

pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
    })
}
