use std::time::Duration;

use crate::domain::time::UnixTime;
use crate::domain::variants::string_enum;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunOrigin {
    pub host: String,
    pub pid: u32,
    pub version: String,
    /// Name of the effective user; empty if unknown.
    pub user: String,
    pub invoker: Invoker,
}

impl RunOrigin {
    /// Name of the person who started the run, as far as known.
    pub fn person(&self) -> &str {
        let Invoker { sudo_user, login_user } = &self.invoker;
        sudo_user.as_ref().or(login_user.as_ref()).unwrap_or(&self.user)
    }
}

/// Users behind the user whose privileges a run has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Invoker {
    /// User who called sudo.
    pub sudo_user: Option<String>,
    /// User who logged in, as the kernel has recorded it.
    pub login_user: Option<String>,
}

/// Description of a run by its caller.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunNote {
    /// Sessions that the run is for, in the words of the caller; `None`: all.
    pub selection: Option<String>,
    /// Reason for the run.
    pub why: Option<String>,
}

/// Minimum number of entries that the ledger keeps, whatever their age.
pub const MIN_KEPT_RUNS: usize = 100;

/// Maximum number of ended sessions that the ledger names for each run.
pub const MAX_NAMED_SESSIONS: usize = 1_000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobKey {
    pub name: String,
    /// Host to which the job is tied, with a history of its own; empty if all hosts share one.
    pub host_scope: String,
    /// The [specification](crate::domain::job::Job::spec) of the job.
    pub spec: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRun {
    /// Job of the run; `None` for a run started by hand or by cron.
    pub job: Option<JobKey>,
    /// Kind of work: `purge`, `cycle`, `close`, `restore` or `report`.
    pub work: String,
    /// Pattern of the tasks in scope; `None` for all.
    pub task: Option<String>,
    pub note: RunNote,
    /// Fingerprint of the rules of a purge; empty for other work.
    pub rules: String,
    pub planned: UnixTime,
    pub started: UnixTime,
    /// Last settled time of the job by which the run was found due. If the ledger has another by
    /// now, a different process was faster.
    pub last_settled_at: Option<UnixTime>,
    /// Number of missed runs that it replaces.
    pub missed: u64,
    pub origin: RunOrigin,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RunOutcome {
    Running,
    Done,
    /// Stopped early, or a hook missed notifications.
    Partial,
    /// Refused by the guard before any change.
    Refused,
    /// Skipped: the job belongs to another host, or a missed cycle is too late.
    Skipped,
    Failed,
    /// The process died, or lost the lease, before it recorded a result.
    Lost,
}

string_enum!(RunOutcome, "outcome of a run", {
    Running => "running",
    Done => "done",
    Partial => "partial",
    Refused => "refused",
    Skipped => "skipped",
    Failed => "failed",
    Lost => "lost",
});

impl RunOutcome {
    /// End of a sentence about a run.
    pub const fn predicate(self) -> &'static str {
        match self {
            Self::Running => "is running",
            Self::Done => "completed",
            Self::Partial => "was incomplete",
            Self::Refused => "was refused",
            Self::Skipped => "was skipped",
            Self::Failed => "failed",
            Self::Lost => "was lost",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunEnd {
    pub finished: UnixTime,
    pub outcome: RunOutcome,
    /// Reason for stopping early, or error.
    pub reason: Option<String>,
    pub marked: u64,
    pub ended: u64,
    pub deleted: u64,
    /// New last settled time of the job; `None` to keep the old one, because the run is incomplete.
    pub last_settled_at: Option<UnixTime>,
}

/// Sessions that a batch of a run has ended, for the ledger.
#[derive(Debug, Clone, Copy)]
pub struct RunProgress<'a> {
    /// Unique text of the run.
    pub holder: &'a str,
    /// Description of the run, which the ledger may not have yet.
    pub run: &'a NewRun,
    /// Outcome of the run if nothing follows.
    pub outcome: RunOutcome,
    pub at: UnixTime,
    pub sessions: &'a [EndedSession],
}

/// Session that a run has ended, or restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedSession {
    pub handle: String,
    pub user: Option<String>,
    /// True if its row was deleted at once.
    pub is_deleted: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct RunRecord {
    pub id: i64,
    pub job: Option<String>,
    pub work: String,
    pub task: Option<String>,
    pub note: RunNote,
    pub rules: String,
    pub planned: UnixTime,
    pub started: UnixTime,
    pub missed: u64,
    pub origin: RunOrigin,
    /// Time of the end; `None` for a run that is running or lost.
    pub finished: Option<UnixTime>,
    pub outcome: RunOutcome,
    pub reason: Option<String>,
    pub marked: u64,
    /// Ended sessions; of a restore, restored ones.
    pub ended: u64,
    pub deleted: u64,
    /// Number of these sessions that the ledger names, at most [`MAX_NAMED_SESSIONS`].
    pub named: u64,
    /// State of an unfinished purge; `None` for other runs.
    pub heartbeat: Option<Heartbeat>,
}

/// State of a purge at the last renewal of its lease. The record of the run has its counts.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Heartbeat {
    pub at: UnixTime,
    /// Share of the key range that it has swept, in `[0, 1]`.
    pub fraction: f64,
    /// Time that its last write transaction blocked other writers.
    pub last_hold: Duration,
    pub longest_hold: Duration,
    /// Length of the write-ahead log in bytes.
    pub log_bytes: u64,
}

/// Progress of a purge that other processes can see.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PublishedProgress {
    pub marked: u64,
    pub ended: u64,
    pub deleted: u64,
    /// Its time is that of the renewal.
    pub heartbeat: Heartbeat,
}

impl RunRecord {
    /// The reason behind a statement of the outcome, which the reason of a refusal repeats.
    pub fn cause(&self) -> Option<&str> {
        let reason = self.reason.as_deref()?;
        let is_refused = self.outcome == RunOutcome::Refused;
        Some(reason.strip_prefix("refused: ").filter(|_| is_refused).unwrap_or(reason))
    }
}

#[derive(Debug, Clone, Default)]
pub struct RunQuery {
    pub job: Option<String>,
    /// Kind of work.
    pub work: Option<String>,
    /// Only runs that have ended or restored a session whose handle begins with this, in lower
    /// case.
    pub session: Option<String>,
    /// Only runs that have ended or restored a session of one of these users; empty: any.
    pub users: Vec<String>,
    /// Only unsuccessful runs: partial, refused, failed or lost.
    pub failures: bool,
    pub limit: Option<u64>,
    /// Reports whether the [process](super::Lease::process) of an unfinished run is known to have
    /// exited. Without it, only the lease decides.
    pub is_gone: Option<fn(&str) -> bool>,
}
