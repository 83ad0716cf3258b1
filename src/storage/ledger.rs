use std::time::Duration;

use super::samples::Sample;
use super::visit::VisitResult;
use crate::domain::clock::{ClockReference, ClockStamp};
use crate::domain::error::Result;
use crate::domain::job::JobHistory;
use crate::domain::time::{Span, UnixTime};
use crate::domain::variants::string_enum;

/// Exclusive right of a run to an activity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Name of the activity; each name has at most one holder.
    pub name: String,
    /// Unique text of the run. For an activity that the ledger does not record, it begins with
    /// the kind of work and a colon. It may end in `@` and the name of the process, which
    /// contains neither character.
    pub holder: String,
}

impl Lease {
    /// Time after its last renewal at which a lease expires: its holder has died, or its
    /// machine is suspended.
    pub const TERM: Span = Span::seconds(60);

    /// Tolerated clock skew. A lease renewed further in the future was renewed before its clock
    /// was set back, and has expired. A smaller difference means nothing: clocks of two
    /// machines differ, and the process may have waited for the database since it read its own.
    pub const CLOCK_SKEW: Span = Span::seconds(10);

    /// Range of renewal times, both included, of the leases that hold at `now`.
    pub const fn renewed_between(now: UnixTime) -> (UnixTime, UnixTime) {
        (UnixTime(now.0.saturating_sub(Self::TERM.as_seconds())), now.plus(Self::CLOCK_SKEW))
    }

    /// Name of the process in the text of a holder; `None` for holders of older versions.
    pub fn process(holder: &str) -> Option<&str> {
        holder.split_once('@').map(|(_, process)| process)
    }

    pub fn holds(renewed_at: UnixTime, now: UnixTime) -> bool {
        let (oldest, youngest) = Self::renewed_between(now);
        (oldest..=youngest).contains(&renewed_at)
    }
}

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
pub struct NewJob {
    pub job: JobKey,
    /// Last settled time of its history, if the history begins now.
    pub start: UnixTime,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRun {
    /// Job of the run; `None` for a run started by hand or by cron.
    pub job: Option<JobKey>,
    /// Kind of work: `purge`, `cycle` or `close`.
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

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartResult {
    Started,
    LeaseHeld(LeaseHolder),
    /// The job has been run since it was found due.
    AlreadyRun,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseHolder {
    /// See [`Lease::holder`].
    pub holder: String,
    pub work: String,
    /// Origin of the holder, if the ledger has it.
    pub by: Option<RunOrigin>,
    pub renewed_at: UnixTime,
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
    /// Reports whether the [process](Lease::process) of an unfinished run is known to have
    /// exited. Without it, only the lease decides.
    pub is_gone: Option<fn(&str) -> bool>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobState {
    pub job: JobKey,
    pub history: JobHistory,
    /// [Holder](Lease::holder) of the lease of the unfinished run, if any.
    pub holder: Option<String>,
}

/// Ledger of runs, and leases that prevent concurrent runs.
///
/// Each method that writes is one atomic batch; a method that fails has changed nothing.
pub trait Ledger {
    /// True for a ledger in memory, used because the persistent one is not available: it has no
    /// history, and other processes do not see it.
    fn is_volatile(&self) -> bool {
        false
    }

    /// Name of the database of the ledger, which need not exist.
    fn ledger_name(&self) -> String;

    /// Takes a lease and inserts the run, if the lease is free when the run starts and the job
    /// still has the last settled time by which it was found due. Unfinished runs under the same
    /// lease become lost.
    ///
    /// A job of the same name and work, but with a different schedule, may have run for this
    /// planned time; the run then counts as done, unless it resumes one. Once a run has begun,
    /// its planned time stays due until it completes.
    fn start_run(&mut self, lease: &Lease, run: &NewRun) -> Result<StartResult>;

    /// Takes a lease, if it is free at `now`, for work that the ledger does not record.
    fn take_lease(&mut self, lease: &Lease, now: UnixTime) -> Result<StartResult>;

    /// Takes the right to say something at `now`, unless somebody took it within the last `span`.
    fn claim_notice(&mut self, subject: &str, now: UnixTime, span: Span) -> Result<bool>;

    /// Remembers a number of things that remain. Reports whether it is news: it is larger than the
    /// one that was remembered, or none was. A `partial` number replaces only a smaller one.
    fn remember_count(
        &mut self,
        subject: &str,
        count: u64,
        partial: bool,
        now: UnixTime,
    ) -> Result<bool>;

    /// Holder of a lease, or the last holder that did not release it.
    fn lease_holder(&self, lease: &str) -> Result<Option<LeaseHolder>>;

    fn drop_lease(&mut self, lease: &Lease) -> Result<()>;

    /// Releases the lease of an ended process, and marks its unfinished run as lost.
    fn release_lease(&mut self, lease: &Lease) -> Result<()>;

    /// Reports whether the holder still has the lease, and it has not [expired](Lease::holds).
    /// Publishes the progress of its purge, if any.
    fn renew_lease(
        &mut self,
        lease: &Lease,
        now: UnixTime,
        progress: Option<&PublishedProgress>,
    ) -> Result<bool>;

    /// Ends the run that has this lease, and releases the lease. A run that has lost its lease
    /// still records its result, but does not change the last settled time of its job.
    fn finish_run(&mut self, lease: &Lease, job: Option<&JobKey>, end: &RunEnd) -> Result<()>;

    /// Adds ended sessions to a run, and inserts the run if the ledger does not have it.
    fn record_progress(&mut self, progress: &RunProgress<'_>) -> Result<()>;

    /// Records the end of a run without a lease, and inserts the run if the ledger has no
    /// [progress](Self::record_progress) of it.
    fn record_end(&mut self, holder: &str, run: &NewRun, end: &RunEnd) -> Result<()>;

    /// Inserts a run that did not take place, under a unique name, if its job still has the
    /// last settled time of the run. Reports whether it was inserted.
    fn insert_run(&mut self, holder: &str, run: &NewRun, end: &RunEnd) -> Result<bool>;

    /// Sets the last settled time of a job without a run, if the last settled time has not changed.
    fn set_last_settled(
        &mut self,
        job: &JobKey,
        known: Option<UnixTime>,
        last_settled_at: UnixTime,
    ) -> Result<()>;

    /// Registers jobs of a machine at `now`, and removes others. A new history begins for a
    /// job without one; a history that all machines have removed is kept for a day, so that no
    /// planned time runs twice.
    fn change_jobs(
        &mut self,
        machine: &str,
        added: &[NewJob],
        removed: &[JobKey],
        now: UnixTime,
    ) -> Result<()>;

    fn jobs(&self, machine: &str, now: UnixTime) -> Result<Vec<JobState>>;

    /// Latest first. An unfinished run is running at `now` if its lease holds, and lost otherwise.
    fn runs(
        &self,
        query: &RunQuery,
        now: UnixTime,
        visit: &mut dyn FnMut(RunRecord) -> VisitResult,
    ) -> Result<()>;

    /// Deletes at most a few hundred runs that started more than `keep` ago. The latest
    /// [`MIN_KEPT_RUNS`] stay. A run is old only relative to the oldest of these, because `now`
    /// may come from a wrong clock.
    fn drop_runs(&mut self, keep: Span, now: UnixTime) -> Result<()>;

    /// Samples of the times from `since` to `until`, the earliest first.
    fn samples(&self, since: UnixTime, until: UnixTime) -> Result<Vec<Sample>>;

    /// Stores a sample, unless there is one of the span `unless_within` before it, and merges it
    /// into one of the same second. Merges some of those that are older than a week by the hour,
    /// and than 90 days by the day, and deletes some that are older than two years. Ages are
    /// counted from one of the last samples, because the clock may be wrong.
    fn record_sample(&mut self, sample: &Sample, unless_within: Option<Span>) -> Result<()>;

    /// Adds samples of any times.
    fn add_samples(&mut self, samples: &[Sample]) -> Result<()>;

    fn clock_reference(&self, host: &str) -> Result<Option<ClockReference>>;

    /// Records the clocks at a run that trusts them, and clears any jump.
    fn set_clock_reference(&mut self, host: &str, last: &ClockStamp) -> Result<()>;

    /// Records the clocks at the first sight of a jump, if the reference is still `from`.
    fn record_clock_jump(&mut self, host: &str, from: &ClockStamp, jump: &ClockStamp)
    -> Result<()>;
}
