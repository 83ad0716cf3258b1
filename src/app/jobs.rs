//! Jobs: the work that is due by a schedule.

use std::ops::ControlFlow;

use super::run::{Close, Feat, JobRun, key, random_name};
use super::{CycleRequest, Cycled, Housekeeper, PurgeRequest, Stopped, Summary};
use crate::domain::error::{Error, Result};
use crate::domain::filter::{Filter, TaskPattern};
use crate::domain::guard::Guard;
use crate::domain::job::{Jitter, Job, Known, Rhythm, Standing, Work};
use crate::domain::manners::Manners;
use crate::domain::port::{Flow, JobAccount, NewRun, RunEnd, RunOutcome, RunQuery, RunRecord};
use crate::domain::session::State;
use crate::domain::time::{Span, UnixTime};
use crate::domain::zone::Zone;

/// What jobs keep to, beside their own settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Terms {
    /// The zone of schedules.
    pub zone: Zone,
    /// What automatic intervals differ by.
    pub jitter: Jitter,
    /// What a purge may end at most whose job says nothing else.
    pub guard: Guard,
    /// How it treats those who write to the same table.
    pub manners: Manners,
    /// How long the ledger keeps its entries; `None`: for ever.
    pub keep_runs: Option<Span>,
}

/// What became of a job.
#[derive(Debug, Clone, PartialEq)]
pub enum Ran {
    /// Nothing: it is not due.
    NotDue(Standing),
    /// Nothing: it is disabled.
    Disabled,
    /// It was due, but it belongs to another host.
    Skipped,
    /// It has purged.
    Purged(Summary),
    /// It has cycled.
    Cycled(Cycled),
}

impl Housekeeper {
    /// How things stand with each of these jobs, in their order.
    ///
    /// # Errors
    /// Whatever keeps the ledger from being read.
    pub fn standings(&self, jobs: &[Job], terms: &Terms, now: UnixTime) -> Result<Vec<Standing>> {
        let accounts = self.store.jobs(now)?;
        let standing = |job: &Job| {
            let known = self.account_of(job, &accounts);
            job.standing(known, self.rhythm(terms), now)
        };
        Ok(jobs.iter().map(standing).collect())
    }

    fn account_of<'a>(&self, job: &Job, accounts: &'a [JobAccount]) -> Option<&'a Known> {
        let key = key(job, &self.origin.host);
        let is_its =
            |account: &&JobAccount| account.name == key.name && account.account == key.account;
        accounts.iter().find(is_its).map(|account| &account.known)
    }

    fn rhythm<'a>(&'a self, terms: &'a Terms) -> Rhythm<'a> {
        Rhythm { zone: &terms.zone, policies: &self.policies, jitter: terms.jitter }
    }

    /// The first run of a job later than a moment, if those until then take place in
    /// time, and take none.
    pub fn first_run_after(
        &self,
        job: &Job,
        standing: &Standing,
        terms: &Terms,
        moment: UnixTime,
    ) -> Option<UnixTime> {
        job.first_run_after(standing, self.rhythm(terms), moment)
    }

    /// Runs a job, if it is due at `now`, and enters that in the ledger.
    ///
    /// # Errors
    /// [`Error::Held`] if another run does the same at this
    /// moment; then the job stays due. [`Error::Clock`] if the clock has moved since the
    /// last run; then the ledger knows nothing of it. Otherwise what the work itself fails with;
    /// the ledger has it.
    pub fn run_job(
        &mut self,
        job: &Job,
        terms: &Terms,
        now: UnixTime,
        go_on: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<Ran> {
        // Before the ledger learns of a time that may be wrong.
        self.must_trust_clock(now)?;
        let accounts = self.store.jobs(now)?;
        let known = self.account_of(job, &accounts);
        if !job.enabled {
            // When it is enabled again, it has missed nothing.
            if known.is_some() {
                self.store.forget_job(&job.name)?;
            }
            return Ok(Ran::Disabled);
        }
        let due = match job.standing(known, self.rhythm(terms), now) {
            Standing::Due(due) => due,
            standing => return self.leave(job, known, standing),
        };
        let run = JobRun::new(job, &self.origin.host, due, known, self.rhythm(terms));
        let ran = if job.runs_on(&self.origin.host) {
            self.do_work(job, run, terms, now, go_on)
        } else {
            self.skip(job, run, now)
        };
        if matches!(ran, Err(Error::Settled)) {
            // Another process was quicker.
            return Ok(Ran::NotDue(self.standings(std::slice::from_ref(job), terms, now)?[0]));
        }
        // What has come of the work counts; entries that are left now, the next run drops.
        let _ = self.drop_runs(terms.keep_runs, now);
        ran
    }

    /// Leaves a job that is not due, with its anchor in the ledger.
    fn leave(&mut self, job: &Job, known: Option<&Known>, standing: Standing) -> Result<Ran> {
        let before = known.and_then(|known| known.anchor_of(job));
        if let Standing::Waits { anchor, .. } = standing
            && before != Some(anchor)
        {
            self.store.note_anchor(&key(job, &self.origin.host), before, anchor)?;
        }
        Ok(Ran::NotDue(standing))
    }

    /// Drops entries of the ledger that began longer ago than it is to keep them;
    /// `None`: none.
    ///
    /// # Errors
    /// Whatever keeps the ledger from being written; but not what is over in a moment, as
    /// the next run drops them as well.
    pub fn drop_runs(&mut self, keep: Option<Span>, now: UnixTime) -> Result<()> {
        let Some(keep) = keep else { return Ok(()) };
        match self.store.drop_runs(UnixTime(now.0.saturating_sub(keep.as_seconds()))) {
            Err(error) if error.is_passing() => Ok(()),
            dropped => dropped,
        }
    }

    fn do_work(
        &mut self,
        job: &Job,
        run: JobRun,
        terms: &Terms,
        now: UnixTime,
        go_on: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<Ran> {
        match &job.work {
            Work::Purge(task) => {
                let request = PurgeRequest {
                    task: task.clone(),
                    guard: job.caps.or(terms.guard),
                    manners: terms.manners,
                    job: Some(run),
                    ..PurgeRequest::default()
                };
                self.purge(&request, now, &mut |_| go_on()).map(Ran::Purged)
            }
            Work::Cycle(task) => {
                let guard = job.caps.or(Guard::default());
                self.cycle_job(task, guard, &run, now, go_on).map(Ran::Cycled)
            }
        }
    }

    /// Ends the sessions of a task as a run of the ledger. A run that goes on
    /// with one that was cut short leaves those alone who have come back since.
    /// One that a signal has stopped is not settled: the job is due again.
    fn cycle_job(
        &mut self,
        task: &TaskPattern,
        guard: Guard,
        run: &JobRun,
        now: UnixTime,
        go_on: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<Cycled> {
        let opened_by = self.first_attempt(run, now)?;
        let lease = format!("cycle {}", run.key.name);
        let mut shift = self.begin(&lease, "cycle", Some(task.as_str()), Some(run), now)?;
        let filter = Filter {
            task: Some(task.clone()),
            states: State::NOT_ENDED.to_vec(),
            opened_by,
            ..Filter::default()
        };
        let request = CycleRequest { filter, guard };
        let mut ended = 0;
        let cycled = self.cycle_until(&request, now, &mut |_| ended += 1, &mut |keeper| {
            let stays = keeper.stay(&mut shift)?;
            let stopped = if stays { Stopped::Signal } else { Stopped::Lease };
            Ok((!stays || go_on().is_break()).then_some(stopped))
        });
        let close = match &cycled {
            Ok(cycled) => Close::of(cycled.stopped, cycled.short_of()),
            Err(error) => Close::Failed(error),
        };
        let finished = self.finish(&shift, Feat { ended, ..Feat::default() }, close);
        // What the work fails with comes first.
        cycled.and_then(|cycled| finished.map(|()| cycled))
    }

    /// When the first of the runs began that were cut short and that this one
    /// completes, if any was.
    fn first_attempt(&self, run: &JobRun, now: UnixTime) -> Result<Option<UnixTime>> {
        let mut first = run.due.resumes;
        let query = RunQuery { job: Some(run.key.name.clone()), ..RunQuery::default() };
        self.store.runs(&query, now, &mut |earlier| {
            if earlier.outcome == RunOutcome::Skipped {
                // Another host has left the job to this one.
                return Ok(ControlFlow::Continue(()));
            }
            let is_cut_short = matches!(earlier.outcome, RunOutcome::Partial | RunOutcome::Lost);
            if earlier.planned != run.due.planned || !is_cut_short {
                return Ok(ControlFlow::Break(()));
            }
            first = Some(earlier.started);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(first)
    }

    /// Enters in the ledger that a job is another host's.
    fn skip(&mut self, job: &Job, run: JobRun, now: UnixTime) -> Result<Ran> {
        let host = job.host.as_deref().unwrap_or_default();
        let end = RunEnd {
            finished: now,
            outcome: RunOutcome::Skipped,
            reason: Some(format!("it runs on {host}, and this is {}", self.origin.host)),
            marked: 0,
            ended: 0,
            deleted: 0,
            anchor: Some(if run.counts_from_end { now } else { run.due.planned }),
        };
        let run = NewRun {
            job: Some(run.key),
            work: job.work.verb().to_owned(),
            task: job.work.task().map(|task| task.as_str().to_owned()),
            planned: run.due.planned,
            started: now,
            anchor: run.anchor,
            missed: run.due.missed,
            origin: self.origin.clone(),
        };
        self.store.enter(&random_name()?, &run, &end)?;
        Ok(Ran::Skipped)
    }

    /// Visits runs of the ledger, the latest first.
    ///
    /// # Errors
    /// Whatever keeps the ledger from being read, and what the visitor answers.
    pub fn runs(
        &self,
        query: &RunQuery,
        now: UnixTime,
        visit: &mut dyn FnMut(RunRecord) -> Flow,
    ) -> Result<()> {
        self.store.runs(query, now, visit)
    }
}
