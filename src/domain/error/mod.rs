//! Errors that callers can match on.

mod insufficient_space;
mod interrupt;
mod limit_reached;

use std::error::Error as StdError;
use std::time::Duration;

use super::clock::ClockRefusal;
pub use super::format::format_count;
use super::state_file::StateProblem;
use super::time::{Span, UnixTime};

pub use insufficient_space::InsufficientSpace;
pub use interrupt::InterruptReason;
pub use limit_reached::LimitReached;

/// Result of an operation on a store.
pub type Result<T> = std::result::Result<T, Error>;

/// Reason why an operation failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no database.
    #[error("no database at {at}: {hint}")]
    Missing {
        /// Where it was looked for.
        at: String,
        /// What to do.
        hint: String,
    },
    /// There is something, but no table of sessions that this program knows.
    #[error("{at} is not a sessctl database: {found}")]
    ForeignDatabase {
        /// Where.
        at: String,
        /// What is there instead.
        found: String,
    },
    /// There are several tables that this program knows, or a table that might be one or
    /// the other.
    #[error("cannot tell which table in {at} holds the sessions: {found}")]
    AmbiguousTable {
        /// Where.
        at: String,
        /// What was found, and what to say.
        found: String,
    },
    /// Nothing may be deleted by the profile that was detected, since another one may be
    /// the right one; nothing has changed.
    #[error("{finding}; nothing is deleted until you name the profile: {remedy}")]
    UnconfirmedProfile {
        /// What the rows show, or do not show.
        finding: String,
        /// Which profiles there are, and how to name one.
        remedy: String,
    },
    /// It cannot be done to a framework's table, or to this one; nothing has changed.
    #[error("refused: {0}")]
    Refused(String),
    /// Another program held the database for longer than is worth waiting.
    #[error("{at} is locked by another program; this step changed nothing; try again")]
    Busy {
        /// Which database.
        at: String,
    },
    /// The nodes of a cluster do not get it done at this moment; nothing has changed.
    #[error("{at} is temporarily unavailable: {why}; this step changed nothing; try again")]
    Unavailable {
        /// Which cluster.
        at: String,
        /// What its nodes say.
        why: String,
    },
    /// Whether a step took place is not known: no answer to it has come.
    #[error("outcome unknown: {at} may have applied this step ({why}); check before retrying")]
    OutcomeUnknown {
        /// Which cluster.
        at: String,
        /// What has come instead.
        why: String,
    },
    /// Another process does the same at this moment.
    #[error("another {work} is running ({by}, last heartbeat {ago} ago)")]
    LeaseHeld {
        /// What it does.
        work: String,
        /// Which process.
        by: String,
        /// How long ago it last said so.
        ago: Span,
    },
    /// The job that was to run has been run by another process since it was found
    /// due.
    #[error("another process has already run this job")]
    AlreadyRun,
    /// The database does not accept a change to a row, because of a constraint or of a
    /// trigger; nothing has changed.
    #[error("could not {doing}: {why}")]
    Rejected {
        /// What was being done, to what.
        doing: String,
        /// What the database says.
        why: String,
    },
    /// A statement was interrupted before it came to its end; it has changed nothing.
    #[error("could not {doing}: {}", .cause.sentence(*after))]
    Interrupted {
        /// What was being done, to what.
        doing: String,
        /// Reason for the interruption.
        cause: InterruptReason,
        /// Time that the statement had run.
        after: Duration,
    },
    /// The database is damaged.
    #[error(
        "{at} is corrupt: {detail}; restore it from a backup, or salvage it with `sqlite3 .recover`"
    )]
    Corrupt {
        /// Which database.
        at: String,
        /// What was found.
        detail: String,
    },
    /// The state of a framework's table cannot be read, and it was all that was asked for.
    #[error("could not read the ledger: {}", .0.finding())]
    State(Box<StateProblem>),
    /// A guard's cap forbids the run; nothing has changed.
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
    #[error("could not write to {at}: no space left on the file system")]
    DiskFull {
        /// Which database.
        at: String,
    },
    /// No session has this handle.
    #[error("no session {0}")]
    NoSession(String),
    /// Several sessions have handles that begin like this.
    #[error("{prefix} matches several sessions: {}", handles.join(", "))]
    AmbiguousHandle {
        /// What was given.
        prefix: String,
        /// The handles of some of them.
        handles: Vec<String>,
    },
    /// Not a handle at all.
    #[error("{0:?} is not a valid handle: expected 4 or more hexadecimal digits")]
    NotAHandle(String),
    /// Anything else, and what was being done.
    #[error("could not {doing}")]
    Failed {
        /// What was being done, to what.
        doing: String,
        /// Why it failed.
        source: Box<dyn StdError + Send + Sync>,
    },
}

impl Error {
    /// An error of the general kind.
    pub fn failed(
        doing: impl Into<String>,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self::Failed { doing: doing.into(), source: source.into() }
    }

    /// Whether the same may go well in a moment.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Busy { .. } | Self::Unavailable { .. } | Self::OutcomeUnknown { .. })
    }

    /// Reports whether the file system is full.
    pub const fn is_disk_full(&self) -> bool {
        matches!(self, Self::DiskFull { .. })
    }

    /// What kept a step from being done at this moment, without advice; `None`: it is not
    /// [passing](Self::is_transient).
    pub fn obstacle(&self) -> Option<String> {
        match self {
            Self::Busy { at } => Some(format!("{at} is locked by another program")),
            Self::Unavailable { at, why } => {
                Some(format!("{at} is temporarily unavailable: {why}"))
            }
            Self::OutcomeUnknown { at, why } => Some(format!("{at} did not respond: {why}")),
            _ => None,
        }
    }

    /// The error and what has caused it, in one sentence.
    pub fn with_causes(&self) -> String {
        let causes =
            std::iter::successors(self.source(), |cause: &&dyn StdError| (*cause).source());
        causes.fold(self.to_string(), |text, cause| format!("{text}: {cause}"))
    }
}

impl InterruptReason {
    /// The end of a sentence on a statement that had run for this long.
    fn sentence(self, after: Duration) -> String {
        let ran = format!("the statement was interrupted after {:.1} s", after.as_secs_f64());
        match self {
            Self::Asked => format!("{ran} because the process was asked to stop"),
            Self::Time => format!("{ran} because the run reached its time limit"),
            Self::Lease => format!("{ran} because the lease of the run was about to expire"),
        }
    }
}

/// A run that would end more sessions than the guard allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuardRefusal {
    /// What it would end, and of what.
    pub stake: RunImpact,
    /// The cap that it exceeds.
    pub cap: GuardLimit,
}

/// What a run would end, against what is in the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunImpact {
    /// What kind of run it is.
    pub work: GuardedRun,
    /// The tasks that are meant, as a pattern; `None`: all.
    pub task: Option<String>,
    /// The sessions of these tasks that have not ended.
    pub sessions: u64,
    /// Those of them that would end.
    pub would_end: u64,
    /// Those of them that were due at the last purge already, which no guard counts.
    pub backlog: u64,
}

/// A kind of run that a guard looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GuardedRun {
    /// A purge, of which none was before that the ledger knows.
    FirstPurge,
    /// A purge; the last one began at this time.
    PurgeSince(UnixTime),
    /// A purge; the last one began at this time and went by other rules.
    PurgeByNewRules(UnixTime),
    /// A cycle, which ends sessions whether they are due or not.
    Cycle,
}

impl GuardedRun {
    /// The moment by which a session must have been due to be a backlog of this run;
    /// `None`: there is no backlog.
    pub const fn backlog_at(self) -> Option<UnixTime> {
        match self {
            Self::PurgeSince(last) => Some(last),
            Self::FirstPurge | Self::PurgeByNewRules(_) | Self::Cycle => None,
        }
    }
}

/// The two caps of a guard.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum GuardLimit {
    /// A share of the sessions, in percent.
    Percent(f64),
    /// A number of sessions.
    Rows(u64),
}

impl Eq for GuardLimit {}

impl RunImpact {
    /// The sessions that a guard counts: those that would end, less the backlog.
    pub const fn counted(&self) -> u64 {
        self.would_end.saturating_sub(self.backlog)
    }
}

impl GuardRefusal {
    /// The figures, and what they mean: `it would end 6 of …`.
    pub fn finding(&self) -> String {
        let RunImpact { work, task, sessions, .. } = &self.stake;
        let counted = self.stake.counted();
        // Rounded down, so that nothing short of all of them reads as 100 %.
        let permille = u128::from(counted) * 1000 / u128::from((*sessions).max(1));
        let whose = task.as_ref().map_or_else(String::new, |task| format!(" of {task}"));
        let cap = match self.cap {
            GuardLimit::Percent(percent) => format!("max_percent = {percent}"),
            GuardLimit::Rows(rows) => format!("max_rows = {}", format_count(rows)),
        };
        let context = match work {
            GuardedRun::FirstPurge => {
                "; no earlier purge is on record, so this may be a backlog".to_owned()
            }
            GuardedRun::PurgeSince(last) => format!("; {}", self.since(*last)),
            GuardedRun::PurgeByNewRules(last) => format!(
                "; the rules have changed since the last purge ({last}), so none of these count as \
                 a backlog"
            ),
            GuardedRun::Cycle => String::new(),
        };
        format!(
            "it would end {} of {} sessions{whose} in the table ({}.{} %), more than {cap}{context}",
            format_count(counted),
            format_count(*sessions),
            permille / 10,
            permille % 10,
        )
    }

    fn since(&self, last: UnixTime) -> String {
        let live = format!("all of these were live at the last purge ({last}) or opened after it");
        match self.stake.backlog {
            0 => live,
            backlog => {
                format!("{live}; {} that were due by then do not count", format_count(backlog))
            }
        }
    }
}

impl StdError for GuardRefusal {}

impl std::fmt::Display for GuardRefusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let work = match self.stake.work {
            GuardedRun::Cycle => "cycle",
            _ => "purge",
        };
        write!(f, "the guard refuses this {work}: {}", self.finding())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(work: GuardedRun, would_end: u64, backlog: u64, cap: GuardLimit) -> String {
        let stake = RunImpact { work, task: None, sessions: 98_120, would_end, backlog };
        GuardRefusal { stake, cap }.to_string()
    }

    #[test]
    fn a_refusal_never_rounds_up_to_all_of_them() {
        assert_eq!(
            said(GuardedRun::Cycle, 98_112, 0, GuardLimit::Percent(50.0)),
            "the guard refuses this cycle: it would end 98,112 of 98,120 sessions in the table \
             (99.9 %), more than max_percent = 50"
        );
    }

    #[test]
    fn a_refusal_tells_a_backlog_from_sessions_that_were_live_a_moment_ago() {
        let cap = GuardLimit::Rows(1_000);
        let last = GuardedRun::PurgeSince(UnixTime(1_781_524_800));
        insta::assert_snapshot!(said(GuardedRun::FirstPurge, 49_060, 0, cap), @"the guard refuses this purge: it would end 49,060 of 98,120 sessions in the table (50.0 %), more than max_rows = 1,000; no earlier purge is on record, so this may be a backlog");
        insta::assert_snapshot!(said(last, 49_060, 0, cap), @"the guard refuses this purge: it would end 49,060 of 98,120 sessions in the table (50.0 %), more than max_rows = 1,000; all of these were live at the last purge (2026-06-15T12:00:00Z) or opened after it");
        insta::assert_snapshot!(said(last, 49_060, 39_248, cap), @"the guard refuses this purge: it would end 9,812 of 98,120 sessions in the table (10.0 %), more than max_rows = 1,000; all of these were live at the last purge (2026-06-15T12:00:00Z) or opened after it; 39,248 that were due by then do not count");
    }
}
