use super::runs::{
    JobKey, NewRun, PublishedProgress, RunEnd, RunOrigin, RunProgress, RunQuery, RunRecord,
};
use super::samples::Sample;
use super::visit::VisitResult;
use crate::domain::clock::{ClockReference, ClockStamp};
use crate::domain::error::Result;
use crate::domain::job::JobHistory;
use crate::domain::time::{Span, UnixTime};

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

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJob {
    pub job: JobKey,
    /// Last settled time of its history, if the history begins now.
    pub start: UnixTime,
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

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobState {
    pub job: JobKey,
    pub history: JobHistory,
    /// [Holder](Lease::holder) of the lease of the unfinished run, if any.
    pub holder: Option<String>,
}

/// Renews a lease at this time over a connection of its own, as [`Ledger::renew_lease`] does.
pub type LeaseRenewal = Box<dyn Fn(UnixTime) -> Result<bool> + Send>;

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

    /// The renewal of a lease for another thread, while this one is busy with a statement; `None`:
    /// the ledger is in memory.
    fn lease_renewal(&self, lease: &Lease) -> Result<Option<LeaseRenewal>>;

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
