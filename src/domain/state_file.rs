//! State of a framework's table: the ledger, the lease and the counters, which are
//! in a file of their own, and trouble with that file.

use std::fmt;
use std::path::{Path, PathBuf};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateNotice {
    /// The file was moved here from the directory that was used before.
    Moved { from: PathBuf, to: PathBuf },
    /// The file cannot be used, or could not.
    Trouble(StateProblem),
}

/// State that cannot be used, or that was replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateProblem {
    /// File that holds the state, or would hold it.
    pub file: PathBuf,
    pub fault: StateFault,
    pub loss: StateConsequence,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateFault {
    NoDirectory,
    /// The file is damaged; a run that may write sets it aside under another name.
    Damaged {
        detail: String,
        /// New name of the damaged file, once it was set aside.
        set_aside: Option<PathBuf>,
    },
    Empty,
    /// A newer sessctl wrote the file.
    Newer,
    /// The file belongs to another program.
    Foreign(String),
    /// Another user could have made the directory or the file, or can change it.
    Unsafe {
        /// Directory or file in question.
        path: PathBuf,
        why: UntrustedReason,
    },
    /// The user may not use the directory or the file.
    Denied {
        path: PathBuf,
        /// Effective user of this process.
        user: u32,
    },
    /// Another fault, as a sentence.
    Other(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UntrustedReason {
    Link,
    /// Neither a directory nor, for a file, a regular one.
    Kind,
    /// Owner other than the effective user (the second number) and root.
    Owner(u32, u32),
    /// Permission for all users to write.
    Writable,
    /// Second name of the file, in this or another directory.
    HardLink,
    /// Parent directory that others than root can change.
    Parent,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateConsequence {
    /// The run reads no state: no counters, no ledger.
    NothingRead,
    /// The run's state is in memory: no record, no counters, no lease that other processes see.
    NothingKept,
    /// The run continues with a new file; the content of the old one is lost.
    Content,
}

impl StateProblem {
    /// The fault, on which file: one clause, without the consequence.
    pub fn finding(&self) -> String {
        let file = format!("state file {}", quoted(&self.file));
        match &self.fault {
            StateFault::NoDirectory => {
                format!("there is no directory for the state file {}", quoted(&self.file))
            }
            StateFault::Damaged { detail, set_aside: None } => {
                format!("the {file} is damaged ({detail})")
            }
            StateFault::Damaged { detail, set_aside: Some(aside) } => {
                format!("the {file} was damaged ({detail}) and is now {}", quoted(aside))
            }
            StateFault::Empty => format!("the {file} is empty"),
            StateFault::Newer => format!("a newer version of sessctl wrote the {file}"),
            StateFault::Foreign(found) => format!("the {file} cannot be used: {found}"),
            StateFault::Unsafe { path, why } => {
                format!("the {file} cannot be used: {} {why}", quoted(path))
            }
            StateFault::Denied { path, .. } => {
                format!("the {file} cannot be used: permission denied on {}", quoted(path))
            }
            StateFault::Other(why) => format!("the {file} cannot be used: {why}"),
        }
    }
}

pub(crate) fn quoted(path: &Path) -> String {
    format!("\"{}\"", path.display())
}

impl fmt::Display for StateProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let loss = match self.loss {
            StateConsequence::NothingRead => "the counters and the ledger are missing",
            StateConsequence::NothingKept => {
                "this run is not recorded or counted, and no lease keeps another purge from \
                 running at the same time"
            }
            StateConsequence::Content => {
                "a new file was started without the earlier ledger, counters and lease"
            }
        };
        write!(f, "{}; {loss}", self.finding())
    }
}

impl fmt::Display for UntrustedReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Link => f.write_str("is a symbolic link"),
            Self::Kind => f.write_str("is of the wrong type"),
            Self::Owner(owner, user) => {
                write!(f, "belongs to user {owner}, neither root nor user {user}")
            }
            Self::Writable => f.write_str("is writable by all users"),
            Self::HardLink => f.write_str("has a second hard link"),
            Self::Parent => f.write_str("is in a directory that users other than root can change"),
        }
    }
}
