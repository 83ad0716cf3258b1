//! Priorities of the lines on standard error, for the journal of systemd.

use std::env;
use std::io;
use std::os::fd::AsFd;
use std::sync::OnceLock;

use rustix::fs::fstat;

/// Priority of a line, with the number that syslog gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    Error = 3,
    Warning = 4,
    Notice = 5,
    Info = 6,
}

static IS_MARKED: OnceLock<bool> = OnceLock::new();

/// Begins each line with its priority from now on, wherever standard error leads: a parent process
/// passes the lines on. Without effect after the first line.
pub fn mark_lines() {
    let _ = IS_MARKED.set(true);
}

/// Reports whether lines begin with their priority: standard error leads to the journal, or
/// [`mark_lines`] was called.
fn is_marked() -> bool {
    *IS_MARKED.get_or_init(|| {
        let stream = env::var("JOURNAL_STREAM").unwrap_or_default();
        let file = fstat(io::stderr().as_fd());
        file.is_ok_and(|file| names_file(&stream, file.st_dev, file.st_ino))
    })
}

/// Reports whether a value of `JOURNAL_STREAM` names this file: a child whose standard error leads
/// elsewhere inherits the variable, too.
pub fn names_file(stream: &str, device: u64, inode: u64) -> bool {
    let numbers = stream.split_once(':').map(|(device, inode)| (device.parse(), inode.parse()));
    numbers == Some((Ok(device), Ok(inode)))
}

impl Priority {
    const ALL: [Self; 4] = [Self::Error, Self::Warning, Self::Notice, Self::Info];

    /// Priority of the message about a command that ends with this exit code. Incomplete and busy
    /// runs are continued by the next ones.
    pub const fn of_exit_code(code: u8) -> Self {
        match code {
            0 => Self::Notice,
            3 | 11 | 129 | 130 | 143 => Self::Warning,
            _ => Self::Error,
        }
    }

    /// Beginning of a line; empty where nobody reads it.
    pub fn mark(self) -> &'static str {
        if is_marked() { self.prefix() } else { "" }
    }

    const fn prefix(self) -> &'static str {
        match self {
            Self::Error => "<3>",
            Self::Warning => "<4>",
            Self::Notice => "<5>",
            Self::Info => "<6>",
        }
    }

    /// Splits a line of a process that [marks](mark_lines) its lines. A line without a mark, such
    /// as one of a hook, is a notice.
    pub fn split(line: &str) -> (Self, &str) {
        let marked = |priority: Self| Some((priority, line.strip_prefix(priority.prefix())?));
        Self::ALL.into_iter().find_map(marked).unwrap_or((Self::Notice, line))
    }
}
