//! The record of runs, and the leases that keep two of them apart.

use super::sessions::VisitResult;
use crate::domain::clock::{ClockReference, ClockStamp};
use crate::domain::error::Result;
use crate::domain::job::JobHistory;
use crate::domain::session::words;
use crate::domain::time::{Span, UnixTime};

/// The right of one run to do something that no other may do at the same time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// What the right is to; there is one holder for each name.
    pub name: String,
    /// Which run has it: a text that no other run ever has. That of work that the ledger
    /// has no record of begins with what it does and a colon. It may end in an @ and a
    /// name of the process, which has neither character.
    pub holder: String,
}

impl Lease {
    /// A lease that was not renewed for longer than this is free: its holder has
    /// died, or its machine sleeps.
    pub const TERM: Span = Span::seconds(60);

    /// So is one that was renewed further in the future than this, by a clock that has
    /// been set back since. Less means nothing: the clocks of two machines differ, and
    /// whoever asks may have waited for the database since it looked at its own.
    pub const SLACK: Span = Span::seconds(10);

    /// When leases that hold at `now` were last renewed: from the first to the second
    /// of these, both included.
    pub const fn renewed_between(now: UnixTime) -> (UnixTime, UnixTime) {
        (UnixTime(now.0.saturating_sub(Self::TERM.as_seconds())), now.plus(Self::SLACK))
    }

    /// The name of the process that a holder says it is; `None`: it says nothing, as that
    /// of an older version.
    pub fn process(holder: &str) -> Option<&str> {
        holder.split_once('@').map(|(_, process)| process)
    }

    /// Whether a lease that was last renewed then holds at `now`.
    pub fn holds(renewed_at: UnixTime, now: UnixTime) -> bool {
        let (oldest, youngest) = Self::renewed_between(now);
        (oldest..=youngest).contains(&renewed_at)
    }
}

/// Where a run takes place.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunOrigin {
    /// The name of the machine.
    pub host: String,
    /// The process.
    pub pid: u32,
    /// The program's version.
    pub version: String,
    /// Name of the user whose privileges it has; empty: unknown.
    pub user: String,
}

/// Entries that the ledger keeps at least, whatever their age.
pub const FEWEST_KEPT: usize = 100;

/// A job that a run belongs to, as the ledger keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobKey {
    /// Its name.
    pub name: String,
    /// The host that keeps an account of its own, of a job that is tied to
    /// one; empty: all share one.
    pub account: String,
    /// Its [specification](crate::domain::job::Job::spec).
    pub spec: String,
}

/// A job that a machine takes up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJob {
    /// The job.
    pub job: JobKey,
    /// The anchor of its history, if that begins now.
    pub start: UnixTime,
}

/// A run that is about to begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRun {
    /// Its job; `None`: somebody has started it by hand, or by cron.
    pub job: Option<JobKey>,
    /// What it does: `purge` or `cycle`.
    pub work: String,
    /// The tasks that are meant, as a pattern; `None`: all.
    pub task: Option<String>,
    /// Fingerprint of the rules that a purge goes by; empty for other work.
    pub rules: String,
    /// When it should have begun.
    pub planned: UnixTime,
    /// When it begins.
    pub started: UnixTime,
    /// The anchor of its job by which it was found due. Where the ledger has
    /// another by now, somebody has been faster.
    pub anchor: Option<UnixTime>,
    /// How many earlier runs it makes up.
    pub missed: u64,
    /// Where.
    pub origin: RunOrigin,
}

/// Whether a run could begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartResult {
    /// It has the lease and is in the ledger.
    Started,
    /// Another run has the lease.
    LeaseHeld(LeaseHolder),
    /// Its job has been run since it was found due.
    AlreadyRun,
}

/// Who has a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseHolder {
    /// See [`Lease::holder`].
    pub holder: String,
    /// What its holder does.
    pub work: String,
    /// Where its holder runs, if the ledger knows.
    pub by: Option<RunOrigin>,
    /// When it was last renewed.
    pub renewed_at: UnixTime,
}

/// How a run came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RunOutcome {
    /// It is at work.
    Running,
    /// All is done.
    Done,
    /// It stopped early, or a hook was not told of everything.
    Partial,
    /// The guard has kept it from doing anything.
    Refused,
    /// It was not its turn: the job belongs to another host, or it is a cycle that was
    /// missed by more than it may be late.
    Skipped,
    /// An error ended it.
    Failed,
    /// Its process died, or lost its lease, before it could say anything.
    Lost,
}

words!(RunOutcome, "outcome of a run", {
    Running => "running",
    Done => "done",
    Partial => "partial",
    Refused => "refused",
    Skipped => "skipped",
    Failed => "failed",
    Lost => "lost",
});

/// What a run has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunEnd {
    /// When it ended.
    pub finished: UnixTime,
    /// How it came out.
    pub outcome: RunOutcome,
    /// Why it stopped early, or what went wrong.
    pub reason: Option<String>,
    /// Live sessions that it marked.
    pub marked: u64,
    /// Sessions that it ended.
    pub ended: u64,
    /// Rows that it deleted.
    pub deleted: u64,
    /// The anchor that its job has now; `None`: the one that it had before, and the run is
    /// still to be completed.
    pub anchor: Option<UnixTime>,
}

/// A run of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRecord {
    /// Its number; later runs have higher ones.
    pub id: i64,
    /// The name of its job.
    pub job: Option<String>,
    /// See [`NewRun::work`].
    pub work: String,
    /// See [`NewRun::task`].
    pub task: Option<String>,
    /// See [`NewRun::rules`].
    pub rules: String,
    /// See [`NewRun::planned`].
    pub planned: UnixTime,
    /// See [`NewRun::started`].
    pub started: UnixTime,
    /// See [`NewRun::missed`].
    pub missed: u64,
    /// See [`NewRun::origin`].
    pub origin: RunOrigin,
    /// When it ended; `None` if it has not, or died.
    pub finished: Option<UnixTime>,
    /// How it came out.
    pub outcome: RunOutcome,
    /// See [`RunEnd::reason`].
    pub reason: Option<String>,
    /// See [`RunEnd::marked`].
    pub marked: u64,
    /// See [`RunEnd::ended`].
    pub ended: u64,
    /// See [`RunEnd::deleted`].
    pub deleted: u64,
}

/// Which runs to visit.
#[derive(Debug, Clone, Default)]
pub struct RunQuery {
    /// Those of this job.
    pub job: Option<String>,
    /// Those that were not all well: partial, refused, failed, lost.
    pub failures: bool,
    /// At most so many.
    pub limit: Option<u64>,
    /// Answers whether the [process](Lease::process) of a run that has not ended is known
    /// to be gone. `None`: the lease alone says it.
    pub is_gone: Option<fn(&str) -> bool>,
}

/// What the ledger has of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobState {
    /// Which job.
    pub job: JobKey,
    /// What decides when it is due.
    pub known: JobHistory,
    /// The [holder](Lease::holder) of the lease of the run that has not ended, if there is
    /// one.
    pub holder: Option<String>,
}

/// The record of runs, and the leases that keep two of them apart.
///
/// As with [`Sessions`](super::Sessions), a method that writes is one atomic list
/// of statements, and one that fails has changed nothing.
#[expect(clippy::missing_errors_doc, reason = "they are the same for all, as said above")]
pub trait Ledger {
    /// Whether this is known to be a ledger in memory, which begins without a history and
    /// which no other process sees: the lasting one cannot be used.
    fn is_volatile(&self) -> bool {
        false
    }

    /// Takes a lease for a run and enters the run, if the lease is free at the time
    /// at which the run begins, and its job still has the anchor by which it was found
    /// due. Other runs under the same lease that have not ended are lost from then on.
    ///
    /// A job of the same name that does the same, but has other times besides, may have
    /// run for this very time: that settles it, unless it is a run that goes on. From when
    /// a run begins, its planned time is to be completed.
    fn start_run(&mut self, lease: &Lease, run: &NewRun) -> Result<StartResult>;

    /// Takes a lease, if it is free at `now`, for work that the ledger has no record of.
    fn take_lease(&mut self, lease: &Lease, now: UnixTime) -> Result<StartResult>;

    /// Who has a lease, or had it last without giving it back.
    fn lease_holder(&self, lease: &str) -> Result<Option<LeaseHolder>>;

    /// Gives back a lease that was taken so.
    fn drop_lease(&mut self, lease: &Lease) -> Result<()>;

    /// Releases the lease of a holder whose process has ended, and marks its unfinished run
    /// as lost.
    fn release_lease(&mut self, lease: &Lease) -> Result<()>;

    /// Says that the holder of a lease is at work at `now`. Answers whether it
    /// still has it, and it is not [over](Lease::holds).
    fn renew_lease(&mut self, lease: &Lease, now: UnixTime) -> Result<bool>;

    /// Ends the run that has this lease, and gives it back. A run that has lost
    /// its lease meanwhile tells what it has done all the same, but leaves the anchor
    /// of its job alone.
    fn finish_run(&mut self, lease: &Lease, job: Option<&JobKey>, end: &RunEnd) -> Result<()>;

    /// Enters a run that did not take place, under a name that no other run has,
    /// if its job still has the anchor that the run says. Answers whether it is in the
    /// ledger.
    fn insert_run(&mut self, holder: &str, run: &NewRun, end: &RunEnd) -> Result<bool>;

    /// Sets the anchor of a job, without a run, if it has none but the known one.
    fn set_last_settled(
        &mut self,
        job: &JobKey,
        known: Option<UnixTime>,
        anchor: UnixTime,
    ) -> Result<()>;

    /// Takes up jobs on a machine at `now`, and gives up others there. A history that no
    /// machine has had begins anew; one that has been given up by all is kept for a day,
    /// so that no time runs twice.
    fn change_jobs(
        &mut self,
        machine: &str,
        taken_up: &[NewJob],
        given_up: &[JobKey],
        now: UnixTime,
    ) -> Result<()>;

    /// What is known of all jobs at `now`, and of the part that a machine has in them.
    fn jobs(&self, machine: &str, now: UnixTime) -> Result<Vec<JobState>>;

    /// Visits runs, the latest first. One that has not ended is running at `now`
    /// if its lease holds, and lost if not.
    fn runs(
        &self,
        query: &RunQuery,
        now: UnixTime,
        visit: &mut dyn FnMut(RunRecord) -> VisitResult,
    ) -> Result<()>;

    /// Drops runs that began longer ago than `keep`, a few hundred at most. The youngest
    /// [`FEWEST_KEPT`] stay, and a run counts as old only if the oldest of these began so
    /// much later: `now` alone may come from a wrong clock.
    fn drop_runs(&mut self, keep: Span, now: UnixTime) -> Result<()>;

    /// What is known of the clock of a machine; `None`: nothing yet.
    fn clock_reference(&self, host: &str) -> Result<Option<ClockReference>>;

    /// Sets what its clocks were at a run that may go by them, and forgets any jump.
    fn set_clock_reference(&mut self, host: &str, last: &ClockStamp) -> Result<()>;

    /// Sets what they were when a jump from this reference was first seen, if it is still
    /// the one.
    fn record_clock_jump(&mut self, host: &str, from: &ClockStamp, jump: &ClockStamp)
    -> Result<()>;
}
