//! Jobs: work that runs on a schedule.

use std::ops::ControlFlow;

use super::cycle::CycleReport;
use super::purge::{PurgeReport, PurgeRequest};
use super::query::check_handle;
use super::run::JobRun;
use super::service::SessionService;
use crate::domain::error::{Error, Result};
use crate::domain::guard::Guard;
use crate::domain::job::{
    Jitter, Job, JobAction, JobHistory, JobStatus, JobTiming, LateRun, ScheduleContext,
};
use crate::domain::time::{Span, UnixTime};
use crate::domain::time_zone::TimeZone;
use crate::domain::write_limits::WriteLimits;
use crate::storage::{JobKey, JobState, NewJob, RunNote, RunQuery, RunRecord, VisitResult};

const NO_HISTORY: &str = "a cycle with \"every\" needs a record of its last run, which cannot \
                          be stored; nothing was ended; use \"at\" instead, or make the state \
                          file usable";

#[derive(Debug, Clone, PartialEq)]
pub struct JobOptions {
    /// Path of their configuration. Together with the host it identifies a machine among
    /// others with the same jobs.
    pub configuration: String,
    /// Time zone of schedules; a local one must be resolved.
    pub zone: TimeZone,
    pub jitter: Jitter,
    /// Interval between checks for due jobs: a minute under cron, zero in a daemon.
    pub poll: Span,
    pub guard: Guard,
    pub write_limits: WriteLimits,
    /// Retention of runs in the ledger; `None`: unlimited.
    pub keep_runs: Option<Span>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum JobOutcome {
    NotDue(JobStatus),
    Disabled,
    /// Due, but it belongs to another host.
    Skipped,
    /// Not run: a cycle that was missed by more than its job allows.
    TooLate(LateRun),
    Purged(PurgeReport),
    Cycled(CycleReport),
    /// A report was written to the file with this path.
    Reported(String),
}

impl SessionService {
    /// Returns the status of each of these jobs, in their order.
    ///
    /// # Errors
    /// Any error of reading the ledger.
    pub fn job_statuses(
        &self,
        jobs: &[Job],
        options: &JobOptions,
        now: UnixTime,
    ) -> Result<Vec<JobStatus>> {
        Self::ensure_zone_resolved(jobs, options)?;
        let states = self.job_states(options, now)?;
        let with_history = |job: &Job| {
            let history = history_of(&self.job_key(job, options), &states);
            job.job_status(history, self.schedule_context(options), now)
        };
        Ok(jobs.iter().map(with_history).collect())
    }

    /// Sets the jobs of this machine, as far as they are enabled. Adds those that are new
    /// here, and removes all others: if one of these is added again, it has missed no run.
    ///
    /// # Errors
    /// Any error of reading or writing the ledger.
    pub fn set_jobs(&mut self, jobs: &[Job], options: &JobOptions, now: UnixTime) -> Result<()> {
        Self::ensure_zone_resolved(jobs, options)?;
        let states = self.job_states(options, now)?;
        let enabled: Vec<&Job> = jobs.iter().filter(|job| job.enabled).collect();
        let keys: Vec<JobKey> = enabled.iter().map(|job| self.job_key(job, options)).collect();
        let is_new = |key: &JobKey| {
            history_of(key, &states).is_none_or(|history| !history.is_registered(now))
        };
        let added = enabled.iter().zip(&keys).filter(|(_, key)| is_new(key));
        let added: Vec<NewJob> =
            added.map(|(job, key)| self.new_job(job, key, options, now)).collect();
        let present = states.iter().filter(|state| state.history.since.is_some());
        let removed: Vec<JobKey> =
            present.map(|state| state.job.clone()).filter(|job| !keys.contains(job)).collect();
        if added.is_empty() && removed.is_empty() {
            return Ok(());
        }
        self.store.change_jobs(&self.machine(options), &added, &removed, now)
    }

    fn new_job(&self, job: &Job, key: &JobKey, options: &JobOptions, now: UnixTime) -> NewJob {
        let schedule_context = self.schedule_context(options);
        let start = if self.store.is_volatile() {
            job.start_without_history(schedule_context, now)
        } else {
            job.history_start(schedule_context, now)
        };
        NewJob { job: key.clone(), start }
    }

    fn ensure_zone_resolved(jobs: &[Job], options: &JobOptions) -> Result<()> {
        let needs_zone = jobs.iter().any(|job| matches!(job.when, JobTiming::At(_)));
        if needs_zone && options.zone == TimeZone::Local {
            return Err(Error::Refused(
                "the jobs have local times, and the machine's time zone is not resolved".to_owned(),
            ));
        }
        Ok(())
    }

    /// Returns the identity of a job in the ledger. A job that is tied to a host is recorded
    /// for each host separately: where it is skipped, it has not run for the others.
    fn job_key(&self, job: &Job, options: &JobOptions) -> JobKey {
        let host_scope = job.host.as_ref().map_or_else(String::new, |_| self.origin.host.clone());
        JobKey { name: job.name.clone(), host_scope, spec: job.spec(&options.zone) }
    }

    /// Returns the state of all jobs. A run whose process has exited does not count as running.
    fn job_states(&self, options: &JobOptions, now: UnixTime) -> Result<Vec<JobState>> {
        let mut states = self.store.jobs(&self.machine(options), now)?;
        for JobState { history, holder, .. } in &mut states {
            if let (Some(run), Some(holder)) = (&mut history.unfinished, holder) {
                run.is_alive &= !self.is_gone(holder);
            }
        }
        Ok(states)
    }

    fn machine(&self, options: &JobOptions) -> String {
        format!("{}:{}", self.origin.host, options.configuration)
    }

    fn schedule_context<'a>(&'a self, options: &'a JobOptions) -> ScheduleContext<'a> {
        ScheduleContext {
            zone: &options.zone,
            policies: &self.policies,
            jitter: options.jitter,
            poll: options.poll,
        }
    }

    /// Returns the first run of a job after `moment`, if earlier runs are on time and take no time.
    pub fn first_run_after(
        &self,
        job: &Job,
        status: &JobStatus,
        options: &JobOptions,
        moment: UnixTime,
    ) -> Option<UnixTime> {
        job.first_run_after(status, self.schedule_context(options), moment)
    }

    /// Runs a job if it is due at `now`, and records the run in the ledger. Adds a job that is new
    /// to this machine, and removes one that is disabled, like [`set_jobs`](Self::set_jobs).
    ///
    /// # Errors
    /// [`Error::LeaseHeld`] if another process runs it now; then the job stays due.
    /// [`Error::Refused`] if it is a cycle with an interval and its history cannot be stored.
    /// [`Error::Clock`] if the clock has moved since the last run; then the ledger does not
    /// record it. Any error of the work itself, which the ledger records.
    pub fn run_job(
        &mut self,
        job: &Job,
        options: &JobOptions,
        now: UnixTime,
        go_on: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<JobOutcome> {
        // Before a wrong time is recorded in the ledger.
        self.ensure_clock_trusted(now)?;
        Self::ensure_zone_resolved(std::slice::from_ref(job), options)?;
        let was_volatile = self.store.is_volatile();
        let outcome = self.run_if_due(job, options, now, go_on);
        // The history can be read but not written: the job would be due with each call.
        let has_lost_history = self.store.is_volatile() && !was_volatile;
        if has_lost_history && matches!(outcome, Ok(JobOutcome::NotDue(_))) {
            return self.run_if_due(job, options, now, go_on);
        }
        outcome
    }

    fn run_if_due(
        &mut self,
        job: &Job,
        options: &JobOptions,
        now: UnixTime,
        go_on: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<JobOutcome> {
        let key = self.job_key(job, options);
        let Some(history) = self.add_job(job, &key, options, now)? else {
            return Ok(JobOutcome::Disabled);
        };
        if self.store.is_volatile() && job.needs_history(self.schedule_context(options)) {
            return Err(Error::Refused(NO_HISTORY.to_owned()));
        }
        let status = job.job_status(Some(&history), self.schedule_context(options), now);
        let (due, late) = match status {
            JobStatus::Due(due) => (due, None),
            JobStatus::TooLate(late) => (late.due, Some(late)),
            status => return self.record_not_due(&key, &history, status),
        };
        let run = JobRun::new(job, key, due, history.last_settled_at);
        let outcome = match late {
            _ if !job.runs_on(&self.origin.host) => self.skip_other_host(job, &run, now),
            Some(late) => self.skip_too_late(job, &run, late, now),
            None => self.run_action(job, run, options, now, go_on),
        };
        if matches!(outcome, Err(Error::AlreadyRun)) {
            // Another process ran it first.
            return Ok(JobOutcome::NotDue(
                self.job_statuses(std::slice::from_ref(job), options, now)?[0],
            ));
        }
        // The outcome of the work matters; the next run drops the remaining entries.
        let _ = self.drop_runs(options.keep_runs, now);
        outcome
    }

    /// Adds a job to this machine, and returns its history; `None`: it was disabled and is removed.
    fn add_job(
        &mut self,
        job: &Job,
        key: &JobKey,
        options: &JobOptions,
        now: UnixTime,
    ) -> Result<Option<JobHistory>> {
        let machine = self.machine(options);
        let history = history_of(key, &self.job_states(options, now)?).cloned().unwrap_or_default();
        if !job.enabled {
            if history.since.is_some() {
                self.store.change_jobs(&machine, &[], std::slice::from_ref(key), now)?;
            }
            return Ok(None);
        }
        if history.is_registered(now) {
            return Ok(Some(history));
        }
        let new_job = self.new_job(job, key, options, now);
        self.store.change_jobs(&machine, &[new_job], &[], now)?;
        Ok(history_of(key, &self.job_states(options, now)?).cloned())
    }

    /// Records the last settled time of a job that is not due.
    fn record_not_due(
        &mut self,
        key: &JobKey,
        history: &JobHistory,
        status: JobStatus,
    ) -> Result<JobOutcome> {
        if let JobStatus::Scheduled { last_settled_at, .. } = status
            && history.last_settled_at != Some(last_settled_at)
        {
            self.store.set_last_settled(key, history.last_settled_at, last_settled_at)?;
        }
        Ok(JobOutcome::NotDue(status))
    }

    /// Drops runs from the ledger that started longer ago than their retention; `None`: none.
    ///
    /// # Errors
    /// Any error of writing the ledger, except for transient ones: the next run drops them as well.
    pub fn drop_runs(&mut self, keep: Option<Span>, now: UnixTime) -> Result<()> {
        let Some(keep) = keep else { return Ok(()) };
        match self.store.drop_runs(keep, now) {
            Err(error) if error.is_transient() || error.is_disk_full() => Ok(()),
            dropped => dropped,
        }
    }

    fn run_action(
        &mut self,
        job: &Job,
        run: JobRun,
        options: &JobOptions,
        now: UnixTime,
        go_on: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<JobOutcome> {
        match &job.work {
            JobAction::Purge(task) => {
                let request = PurgeRequest {
                    task: task.clone(),
                    guard: job.limits.or(options.guard),
                    write_limits: options.write_limits,
                    note: job_note(job),
                    job: Some(run),
                    ..PurgeRequest::default()
                };
                self.purge(&request, now, &mut |_| go_on()).map(JobOutcome::Purged)
            }
            JobAction::Cycle(task) => {
                let guard = job.limits.or(Guard::default());
                let run = (&run, &job_note(job));
                self.cycle_job(task, &job.selection, guard, run, now, go_on).map(JobOutcome::Cycled)
            }
            JobAction::Report(report) => {
                if go_on().is_break() {
                    return Ok(JobOutcome::NotDue(JobStatus::Due(run.due)));
                }
                self.report_job(report, &run, &job_note(job), now).map(JobOutcome::Reported)
            }
        }
    }

    /// Returns the name of the database of the ledger, which need not exist.
    pub fn ledger_name(&self) -> String {
        self.store.ledger_name()
    }

    /// Visits runs of the ledger, the latest first. A run whose process has exited is lost.
    ///
    /// # Errors
    /// [`Error::NotAHandle`]. Any error of reading the ledger, and the error of the visitor.
    pub fn runs(
        &self,
        query: &RunQuery,
        now: UnixTime,
        visit: &mut dyn FnMut(RunRecord) -> VisitResult,
    ) -> Result<()> {
        query.session.as_deref().map_or(Ok(()), check_handle)?;
        let session = query.session.as_ref().map(|handle| handle.to_ascii_lowercase());
        let is_gone = Some(self.processes.is_gone);
        let query = RunQuery { session, is_gone, ..query.clone() };
        self.store.runs(&query, now, visit)
    }
}

/// Description of the runs of a job: its selection by its keys, and its reason.
pub(super) fn job_note(job: &Job) -> RunNote {
    let task = job.work.task().map(|task| format!("task = {:?}", task.as_str()));
    let others = Some(job.selection.canonical()).filter(|others| !others.is_empty());
    let selection = task.into_iter().chain(others).collect::<Vec<_>>().join(", ");
    RunNote { selection: Some(selection).filter(|text| !text.is_empty()), why: job.why.clone() }
}

fn history_of<'a>(key: &JobKey, states: &'a [JobState]) -> Option<&'a JobHistory> {
    states.iter().find(|state| state.job == *key).map(|state| &state.history)
}
