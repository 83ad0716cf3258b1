//! Errors that callers can match on.

mod denial;
mod foreign;
mod guard;
mod insufficient_space;
mod interrupt;
mod limit_reached;
mod missing_attributes;
mod unknown_user;

use std::error::Error as StdError;
use std::time::Duration;

use super::clock::ClockRefusal;
use super::format::format_count;
use super::profile::DetectionDoubt;
use super::state_file::StateProblem;
use super::time::Span;

pub use denial::Denial;
pub use foreign::{Absence, FileKind, ForeignContent, NextStep, TableProfile};
pub use guard::{ExceededLimit, GuardRefusal, GuardedRun, RunImpact};
pub use insufficient_space::InsufficientSpace;
pub use interrupt::InterruptReason;
pub use limit_reached::LimitReached;
pub use missing_attributes::{Attribute, MissingAttributes};
pub use unknown_user::{UnknownUser, UnknownUsers};

/// Result of an operation on a store.
pub type Result<T> = std::result::Result<T, Error>;

/// Reason why an operation failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no database.
    #[error("no database at \"{at}\"{why}")]
    Missing {
        /// Path or address.
        at: String,
        /// Reason, as far as it is known.
        why: Absence,
    },
    /// The database has no session table that sessctl knows.
    #[error("\"{at}\" cannot be used: {found}")]
    ForeignDatabase {
        /// Path or address.
        at: String,
        /// Finding.
        found: String,
        /// Content of the database, as far as it suggests a remedy.
        content: ForeignContent,
    },
    /// There are several tables that this program knows.
    #[error("cannot tell which table in \"{at}\" holds the sessions: {found}")]
    AmbiguousTable {
        /// Path or address.
        at: String,
        /// Tables that were found, each with its profile.
        found: String,
        /// Names of the tables.
        tables: Vec<String>,
    },
    /// Several profiles fit a table.
    #[error("cannot tell whose table {table} in \"{at}\" is: {found}")]
    AmbiguousProfile {
        /// Path or address.
        at: String,
        /// Name of the table.
        table: String,
        /// Profiles that fit, each with what it is for.
        found: String,
        /// Names of the profiles.
        profiles: Vec<String>,
    },
    /// The table lacks columns of its profile; nothing has changed.
    #[error("refused: {found}")]
    ColumnMismatch {
        /// Path or address.
        at: String,
        /// Name of the table.
        table: String,
        /// Finding.
        found: String,
    },
    /// Nothing may be deleted by the profile that was detected, since another one may be
    /// the right one; nothing has changed.
    #[error("{}; nothing is deleted until you name the profile", .0.finding)]
    UnconfirmedProfile(Box<DetectionDoubt>),
    /// The operation is not possible on this table; nothing has changed.
    #[error("refused: {0}")]
    Refused(String),
    /// The database is a replica, which accepts no writes; nothing has changed.
    #[error(
        "refused: \"{at}\" is a replica of LiteFS, which only its primary may write to{}",
        named(primary)
    )]
    Replica {
        /// Database.
        at: String,
        /// Host name of the primary; empty if it is unknown.
        primary: String,
    },
    /// The profile of a table does not allow sessions to be selected by token.
    #[error("refused: {0}")]
    Unselectable(String),
    /// Sessions were selected by what the table does not have.
    #[error("{0}")]
    MissingAttributes(MissingAttributes),
    /// A framework's table has one task, and another was selected.
    #[error("the table {table:?} has no sessions of task {task:?}; its only task is {only:?}")]
    OtherTask {
        /// Name of the table.
        table: String,
        /// Selected task.
        task: String,
        /// Task of the table.
        only: String,
    },
    /// The destination of a move has a run in its ledger; nothing has changed.
    #[error(
        "refused: a purge or a job has already run in the destination, and a move would bring \
         back what was deleted there since an earlier pass"
    )]
    DestinationHasRuns,
    /// Too many values of a table do not match its profile; nothing has changed.
    #[error("refused: {found}")]
    ValueMismatch {
        /// Name of the profile.
        profile: String,
        /// Name of the table.
        table: String,
        /// Finding.
        found: String,
    },
    /// Another program holds the lock of the database.
    #[error("\"{at}\" is locked by another program; this step changed nothing; try again")]
    Busy {
        /// Database.
        at: String,
    },
    /// Another program uses a file that is to be rebuilt.
    #[error(
        "\"{at}\" is in use by another program, whose writes would fail while the file is rebuilt; \
         nothing was changed"
    )]
    InUse {
        /// Database.
        at: String,
    },
    /// The nodes of a cluster cannot do it now; nothing has changed.
    #[error("\"{at}\" is temporarily unavailable: {why}; this step changed nothing; try again")]
    Unavailable {
        /// Addresses of the cluster.
        at: String,
        /// Messages of the nodes.
        why: String,
    },
    /// No response to a step has arrived, so it may or may not have been applied.
    #[error("outcome unknown: \"{at}\" may have applied this step ({why}); check before retrying")]
    OutcomeUnknown {
        /// Addresses of the cluster.
        at: String,
        /// Event that took the place of the response.
        why: String,
    },
    /// Another process holds the lease for this kind of run.
    #[error("a {work} of this database is already running ({by}, last heartbeat {ago} ago)")]
    LeaseHeld {
        /// Kind of the run.
        work: String,
        /// Process that holds the lease.
        by: String,
        /// Time since its last heartbeat.
        ago: Span,
    },
    /// Another process has run the job since it was found due.
    #[error("another process has already run the job")]
    AlreadyRun,
    /// The database does not accept a change to a row, because of a constraint or of a
    /// trigger; nothing has changed.
    #[error("could not {doing}: {why}")]
    Rejected {
        /// Operation and its object.
        doing: String,
        /// Message of the database.
        why: String,
    },
    /// A statement was interrupted before it came to its end; it has changed nothing.
    #[error("could not {doing}: {}", .cause.sentence(*after))]
    Interrupted {
        /// Operation and its object.
        doing: String,
        /// Reason for the interruption.
        cause: InterruptReason,
        /// Time that the statement had run.
        after: Duration,
    },
    /// The nodes of a cluster deny the request.
    #[error("could not query \"{at}\": {why}")]
    Denied {
        /// Addresses of the cluster.
        at: String,
        /// Messages of the nodes.
        why: String,
        /// Reason, as far as it suggests a remedy.
        denial: Denial,
    },
    /// The database is damaged.
    #[error(
        "\"{at}\" is corrupt: {detail}; restore it from a backup, or salvage it with \
         `sqlite3 .recover`"
    )]
    Corrupt {
        /// Database.
        at: String,
        /// Finding.
        detail: String,
    },
    /// The state of a framework's table cannot be read, and nothing else was requested.
    #[error("could not read the ledger: {}", .0.finding())]
    State(Box<StateProblem>),
    /// A guard refuses the run; nothing has changed.
    #[error(transparent)]
    Guard(#[from] GuardRefusal),
    /// The clock has moved since the last run; nothing was ended.
    #[error("{0}; nothing was ended")]
    Clock(ClockRefusal),
    /// A limit keeps a session from opening; the refusal has been counted.
    #[error(transparent)]
    LimitReached(#[from] LimitReached),
    /// The disk has no room for a rebuild; nothing has changed.
    #[error(transparent)]
    InsufficientSpace(#[from] InsufficientSpace),
    /// The file system of a database is full; nothing was changed by this step.
    #[error("could not write to \"{at}\": no space left on the file system")]
    DiskFull {
        /// Database.
        at: String,
    },
    /// There is no session with this handle.
    #[error("no session with handle {0}")]
    NoSession(String),
    /// Nobody knows these users.
    #[error("{0}")]
    UnknownUsers(UnknownUsers),
    /// An archive has no such session.
    #[error("no {what} in {archive}{}", unknown.as_ref().map_or_else(String::new, |it| format!("; {it}")))]
    NotArchived {
        /// Session that was looked for.
        what: String,
        /// Paths of the archives.
        archive: String,
        /// User that nobody knows.
        unknown: Option<Box<UnknownUser>>,
    },
    /// Several sessions have handles that begin like this.
    #[error("handle {prefix} is ambiguous: it matches{} {}", among(*is_truncated), handles.join(", "))]
    AmbiguousHandle {
        /// Prefix that was given.
        prefix: String,
        /// The handles of some of them.
        handles: Vec<String>,
        /// True if there are more.
        is_truncated: bool,
    },
    /// The text is the id of one user and the name of others.
    #[error(
        "user {user:?} is ambiguous: it is the id of {}, and the name of the user with the id {}",
        name.as_ref().map_or_else(|| "a user without a name".to_owned(), |name| format!("user {name:?}")),
        ids.iter().map(|id| format!("{id:?}")).collect::<Vec<_>>().join(" and ")
    )]
    AmbiguousUser {
        /// The text.
        user: String,
        /// Name of the user with this id.
        name: Option<String>,
        /// Ids of the users with this name.
        ids: Vec<String>,
    },
    /// The text is not a handle.
    #[error("{0:?} is not a valid handle: expected 4 or more hexadecimal digits")]
    NotAHandle(String),
    /// Any other error, with the operation that failed.
    #[error("could not {doing}")]
    Failed {
        /// Operation and its object.
        doing: String,
        /// Cause.
        source: Box<dyn StdError + Send + Sync>,
    },
}

impl Error {
    /// Creates an error of the general kind.
    pub fn failed(
        doing: impl Into<String>,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self::Failed { doing: doing.into(), source: source.into() }
    }

    /// Reports whether a retry may succeed.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Busy { .. } | Self::Unavailable { .. } | Self::OutcomeUnknown { .. })
    }

    /// Reports whether the operation is not possible on this table.
    pub const fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::Refused(_)
                | Self::Replica { .. }
                | Self::Unselectable(_)
                | Self::DestinationHasRuns
                | Self::ColumnMismatch { .. }
                | Self::ValueMismatch { .. }
        )
    }

    /// Reports whether the file system is full.
    pub const fn is_disk_full(&self) -> bool {
        matches!(self, Self::DiskFull { .. })
    }

    /// Obstacle to a step, without advice; `None`: the error is not
    /// [transient](Self::is_transient).
    pub fn obstacle(&self) -> Option<String> {
        match self {
            Self::Busy { at } => Some(format!("\"{at}\" is locked by another program")),
            Self::Unavailable { at, why } => {
                Some(format!("\"{at}\" is temporarily unavailable: {why}"))
            }
            Self::OutcomeUnknown { at, why } => Some(format!("\"{at}\" did not respond: {why}")),
            _ => None,
        }
    }

    /// The error with its causes, in one sentence.
    pub fn with_causes(&self) -> String {
        let causes =
            std::iter::successors(self.source(), |cause: &&dyn StdError| (*cause).source());
        causes.fold(self.to_string(), |text, cause| format!("{text}: {cause}"))
    }
}

fn named(primary: &str) -> String {
    if primary.is_empty() { String::new() } else { format!(", \"{primary}\"") }
}

const fn among(is_truncated: bool) -> &'static str {
    if is_truncated { ", among others," } else { "" }
}
