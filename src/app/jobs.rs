//! Jobs: the work that is due by a schedule.

use std::ops::ControlFlow;

use super::cycle::discards;
use super::run::{JobRun, RunCounts, RunResult, key};
use super::{CycleRequest, Cycled, PurgeRequest, PurgeSummary, SessionService, StopReason};
use crate::domain::error::{Error, Result};
use crate::domain::filter::{Filter, TaskPattern};
use crate::domain::guard::Guard;
use crate::domain::job::{
    Jitter, Job, JobAction, JobHistory, JobStatus, JobTiming, LateRun, ScheduleContext,
};
use crate::domain::session::{Session, State};
use crate::domain::time::{Span, UnixTime};
use crate::domain::time_zone::TimeZone;
use crate::domain::write_limits::WriteLimits;
use crate::storage::{JobKey, JobState, NewJob, RunQuery, RunRecord, VisitResult};

/// Why a cycle with an interval does not run where no history can be kept.
const WITHOUT_HISTORY: &str = "a cycle with an interval needs the record of its last run, and \
                               that cannot be kept here; nothing was ended; give the job fixed \
                               times with at, or make the state file usable";

/// What jobs keep to, beside their own settings.
#[derive(Debug, Clone, PartialEq)]
pub struct JobOptions {
    /// The configuration that they come from, by its path. Together with the host it
    /// tells a machine from others that have the same jobs.
    pub configuration: String,
    /// The zone of schedules; a local one is to be resolved.
    pub zone: TimeZone,
    /// What automatic intervals differ by.
    pub jitter: Jitter,
    /// Time between the calls that look for due jobs: a minute under cron, zero in a
    /// process that stays.
    pub poll: Span,
    /// What a purge may end at most whose job says nothing else.
    pub guard: Guard,
    /// How it treats those who write to the same table.
    pub manners: WriteLimits,
    /// How long the ledger keeps its entries; `None`: for ever.
    pub keep_runs: Option<Span>,
}

/// What became of a job.
#[derive(Debug, Clone, PartialEq)]
pub enum JobOutcome {
    /// Nothing: it is not due.
    NotDue(JobStatus),
    /// Nothing: it is disabled.
    Disabled,
    /// It was due, but it belongs to another host.
    Skipped,
    /// Nothing: a cycle that was missed by more than its job allows.
    TooLate(LateRun),
    /// It has purged.
    Purged(PurgeSummary),
    /// It has cycled.
    Cycled(Cycled),
}

impl SessionService {
    /// How things stand with each of these jobs, in their order.
    ///
    /// # Errors
    /// Whatever keeps the ledger from being read.
    pub fn job_statuses(
        &self,
        jobs: &[Job],
        terms: &JobOptions,
        now: UnixTime,
    ) -> Result<Vec<JobStatus>> {
        Self::must_know_zone(jobs, terms)?;
        let accounts = self.accounts(terms, now)?;
        let standing = |job: &Job| {
            let known = known(&self.key(job, terms), &accounts);
            job.job_status(known, self.rhythm(terms), now)
        };
        Ok(jobs.iter().map(standing).collect())
    }

    /// Makes these the jobs of this machine, as far as they are enabled. It takes up those
    /// that are new here, and gives up all others: when one of those comes back, it has
    /// missed nothing.
    ///
    /// # Errors
    /// Whatever keeps the ledger from being read or written.
    pub fn set_jobs(&mut self, jobs: &[Job], terms: &JobOptions, now: UnixTime) -> Result<()> {
        Self::must_know_zone(jobs, terms)?;
        let accounts = self.accounts(terms, now)?;
        let enabled: Vec<&Job> = jobs.iter().filter(|job| job.enabled).collect();
        let keys: Vec<JobKey> = enabled.iter().map(|job| self.key(job, terms)).collect();
        let is_new = |key: &JobKey| known(key, &accounts).is_none_or(|had| !had.has_joined(now));
        let taken_up = enabled.iter().zip(&keys).filter(|(_, key)| is_new(key));
        let taken_up: Vec<NewJob> =
            taken_up.map(|(job, key)| self.taken_up(job, key, terms, now)).collect();
        let had = accounts.iter().filter(|account| account.known.since.is_some());
        let given_up: Vec<JobKey> =
            had.map(|account| account.job.clone()).filter(|job| !keys.contains(job)).collect();
        if taken_up.is_empty() && given_up.is_empty() {
            return Ok(());
        }
        self.store.change_jobs(&self.machine(terms), &taken_up, &given_up, now)
    }

    fn taken_up(&self, job: &Job, key: &JobKey, terms: &JobOptions, now: UnixTime) -> NewJob {
        let rhythm = self.rhythm(terms);
        let start = if self.store.is_volatile() {
            job.start_without_history(rhythm, now)
        } else {
            job.history_start(rhythm, now)
        };
        NewJob { job: key.clone(), start }
    }

    /// Makes sure that the times of jobs can be told.
    fn must_know_zone(jobs: &[Job], terms: &JobOptions) -> Result<()> {
        let needs_zone = jobs.iter().any(|job| matches!(job.when, JobTiming::At(_)));
        if needs_zone && terms.zone == TimeZone::Local {
            return Err(Error::Refused(
                "the jobs have local times, and the machine's time zone has not been resolved"
                    .to_owned(),
            ));
        }
        Ok(())
    }

    fn key(&self, job: &Job, terms: &JobOptions) -> JobKey {
        key(job, &terms.zone, &self.origin.host)
    }

    /// History of all jobs. A run whose process is gone does not count as running.
    fn accounts(&self, terms: &JobOptions, now: UnixTime) -> Result<Vec<JobState>> {
        let mut accounts = self.store.jobs(&self.machine(terms), now)?;
        for JobState { known, holder, .. } in &mut accounts {
            if let (Some(run), Some(holder)) = (&mut known.unfinished, holder) {
                run.is_alive &= !self.is_gone(holder);
            }
        }
        Ok(accounts)
    }

    /// What tells this machine, with its configuration, from others.
    fn machine(&self, terms: &JobOptions) -> String {
        format!("{}:{}", self.origin.host, terms.configuration)
    }

    fn rhythm<'a>(&'a self, terms: &'a JobOptions) -> ScheduleContext<'a> {
        ScheduleContext {
            zone: &terms.zone,
            policies: &self.policies,
            jitter: terms.jitter,
            poll: terms.poll,
        }
    }

    /// The first run of a job later than a moment, if those until then take place in
    /// time, and take none.
    pub fn first_run_after(
        &self,
        job: &Job,
        standing: &JobStatus,
        terms: &JobOptions,
        moment: UnixTime,
    ) -> Option<UnixTime> {
        job.first_run_after(standing, self.rhythm(terms), moment)
    }

    /// Runs a job, if it is due at `now`, and enters that in the ledger. A job that is new
    /// to this machine is taken up, and one that is disabled is given up, as by
    /// [`set_jobs`](Self::set_jobs).
    ///
    /// # Errors
    /// [`Error::LeaseHeld`] if another run does the same at this
    /// moment; then the job stays due. [`Error::Refused`] if it is a cycle with an interval,
    /// and no history of it can be kept. [`Error::Clock`] if the clock has moved since the
    /// last run; then the ledger knows nothing of it. Otherwise what the work itself fails with;
    /// the ledger has it.
    pub fn run_job(
        &mut self,
        job: &Job,
        terms: &JobOptions,
        now: UnixTime,
        go_on: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<JobOutcome> {
        // Before the ledger learns of a time that may be wrong.
        self.must_trust_clock(now)?;
        Self::must_know_zone(std::slice::from_ref(job), terms)?;
        let was_volatile = self.store.is_volatile();
        let ran = self.run_if_due(job, terms, now, go_on);
        // The history by which it was due can be read and not be written: it would be due
        // with each call.
        let has_lost_history = self.store.is_volatile() && !was_volatile;
        if has_lost_history && matches!(ran, Ok(JobOutcome::NotDue(_))) {
            return self.run_if_due(job, terms, now, go_on);
        }
        ran
    }

    fn run_if_due(
        &mut self,
        job: &Job,
        terms: &JobOptions,
        now: UnixTime,
        go_on: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<JobOutcome> {
        let key = self.key(job, terms);
        let Some(known) = self.take_up(job, &key, terms, now)? else {
            return Ok(JobOutcome::Disabled);
        };
        if self.store.is_volatile() && job.needs_history(self.rhythm(terms)) {
            return Err(Error::Refused(WITHOUT_HISTORY.to_owned()));
        }
        let standing = job.job_status(Some(&known), self.rhythm(terms), now);
        let (due, late) = match standing {
            JobStatus::Due(due) => (due, None),
            JobStatus::TooLate(late) => (late.due, Some(late)),
            standing => return self.leave(&key, &known, standing),
        };
        let run = JobRun::new(job, key, due, known.anchor);
        let ran = match late {
            _ if !job.runs_on(&self.origin.host) => self.leave_to_its_host(job, run, now),
            Some(late) => self.skip_too_late(job, run, late, now),
            None => self.do_work(job, run, terms, now, go_on),
        };
        if matches!(ran, Err(Error::AlreadyRun)) {
            // Another process was quicker.
            return Ok(JobOutcome::NotDue(
                self.job_statuses(std::slice::from_ref(job), terms, now)?[0],
            ));
        }
        // What has come of the work counts; entries that are left now, the next run drops.
        let _ = self.drop_runs(terms.keep_runs, now);
        ran
    }

    /// What is known of a job, once this machine has taken it up; `None`: it is disabled,
    /// and given up.
    fn take_up(
        &mut self,
        job: &Job,
        key: &JobKey,
        terms: &JobOptions,
        now: UnixTime,
    ) -> Result<Option<JobHistory>> {
        let machine = self.machine(terms);
        let had = known(key, &self.accounts(terms, now)?).cloned().unwrap_or_default();
        if !job.enabled {
            if had.since.is_some() {
                self.store.change_jobs(&machine, &[], std::slice::from_ref(key), now)?;
            }
            return Ok(None);
        }
        if had.has_joined(now) {
            return Ok(Some(had));
        }
        let taken_up = self.taken_up(job, key, terms, now);
        self.store.change_jobs(&machine, &[taken_up], &[], now)?;
        Ok(known(key, &self.accounts(terms, now)?).cloned())
    }

    /// Leaves a job that is not due, with its anchor in the ledger.
    fn leave(
        &mut self,
        key: &JobKey,
        known: &JobHistory,
        standing: JobStatus,
    ) -> Result<JobOutcome> {
        if let JobStatus::Scheduled { anchor, .. } = standing
            && known.anchor != Some(anchor)
        {
            self.store.set_last_settled(key, known.anchor, anchor)?;
        }
        Ok(JobOutcome::NotDue(standing))
    }

    /// Drops entries of the ledger that began longer ago than it is to keep them;
    /// `None`: none.
    ///
    /// # Errors
    /// Whatever keeps the ledger from being written; but not what is over in a moment, as
    /// the next run drops them as well.
    pub fn drop_runs(&mut self, keep: Option<Span>, now: UnixTime) -> Result<()> {
        let Some(keep) = keep else { return Ok(()) };
        match self.store.drop_runs(keep, now) {
            Err(error) if error.is_transient() || error.is_disk_full() => Ok(()),
            dropped => dropped,
        }
    }

    fn do_work(
        &mut self,
        job: &Job,
        run: JobRun,
        terms: &JobOptions,
        now: UnixTime,
        go_on: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<JobOutcome> {
        match &job.work {
            JobAction::Purge(task) => {
                let request = PurgeRequest {
                    task: task.clone(),
                    guard: job.caps.or(terms.guard),
                    manners: terms.manners,
                    job: Some(run),
                    ..PurgeRequest::default()
                };
                self.purge(&request, now, &mut |_| go_on()).map(JobOutcome::Purged)
            }
            JobAction::Cycle(task) => {
                let guard = job.caps.or(Guard::default());
                self.cycle_job(task, guard, &run, now, go_on).map(JobOutcome::Cycled)
            }
        }
    }

    /// Ends the sessions of a task as a run of the ledger. A run that goes on with one
    /// that was cut short leaves those alone that were opened after its planned time.
    fn cycle_job(
        &mut self,
        task: &TaskPattern,
        guard: Guard,
        run: &JobRun,
        now: UnixTime,
        go_on: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<Cycled> {
        let lease = format!("cycle {}", run.key.name);
        let mut shift = self.start_run(&lease, "cycle", Some(task.as_str()), Some(run), now)?;
        let filter = Filter {
            task: Some(task.clone()),
            states: State::NOT_ENDED.to_vec(),
            opened_by: run.due.resumes.then_some(run.due.planned),
            ..Filter::default()
        };
        let request = CycleRequest { filter, guard };
        let policies = self.policies.clone();
        let mut counts = RunCounts::default();
        let count = &mut |session: &Session| {
            counts.ended += 1;
            counts.deleted += u64::from(discards(&policies, session));
        };
        let cycled = self.cycle_until(&request, now, count, &mut |service| {
            let stays = service.stay(&mut shift)?;
            let stopped = if stays { StopReason::Signal } else { StopReason::Lease };
            Ok((!stays || go_on().is_break()).then_some(stopped))
        });
        let cycled = cycled.or_else(|error| self.cut_short(counts, error));
        let close = match &cycled {
            Ok(cycled) => RunResult::of(cycled.stopped, cycled.incomplete_reason()),
            Err(error) => RunResult::Failed(error),
        };
        let finished = self.finish_run(&shift, counts, close);
        // What the work fails with comes first; what it has done, it has done.
        cycled.and_then(|cycled| match finished {
            Err(error) if cycled.stopped == Some(StopReason::Busy) && error.is_transient() => {
                Ok(cycled)
            }
            finished => finished.map(|()| cycled),
        })
    }

    /// What a cycle has done that an obstacle has stopped.
    fn cut_short(&mut self, counts: RunCounts, error: Error) -> Result<Cycled> {
        let Some(obstacle) = error.obstacle() else { return Err(error) };
        let (stopped, obstacle) = (Some(StopReason::Busy), Some(obstacle));
        let (untold, kept) = (self.take_missed_notifications(), self.take_kept());
        let RunCounts { ended, deleted, .. } = counts;
        Ok(Cycled { ended, deleted, stopped, obstacle, untold, kept, ..Cycled::default() })
    }

    /// Visits runs of the ledger, the latest first. One whose process is gone is lost.
    ///
    /// # Errors
    /// Whatever keeps the ledger from being read, and what the visitor answers.
    pub fn runs(
        &self,
        query: &RunQuery,
        now: UnixTime,
        visit: &mut dyn FnMut(RunRecord) -> VisitResult,
    ) -> Result<()> {
        let query = RunQuery { is_gone: Some(self.processes.is_gone), ..query.clone() };
        self.store.runs(&query, now, visit)
    }
}

fn known<'a>(key: &JobKey, accounts: &'a [JobState]) -> Option<&'a JobHistory> {
    accounts.iter().find(|account| account.job == *key).map(|account| &account.known)
}
