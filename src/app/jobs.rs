//! Jobs: the work that is due by a schedule.

use std::ops::ControlFlow;

use super::run::{Feat, JobRun, key, random_name};
use super::{Cycled, Housekeeper, PurgeRequest, Stopped, Summary};
use crate::domain::error::{Error, Result};
use crate::domain::filter::{Filter, TaskPattern};
use crate::domain::guard::Guard;
use crate::domain::job::{Jitter, Job, Rhythm, Standing, Work};
use crate::domain::port::{Flow, NewRun, RunEnd, RunOutcome, RunQuery, RunRecord};
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
    /// What a purge may end at most.
    pub guard: Guard,
    /// How long the ledger keeps its entries; `None`: for ever.
    pub keep_runs: Option<Span>,
}

/// What became of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
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
        let rhythm = self.rhythm(terms);
        let standing = |job: &Job| {
            let key = key(job, &self.origin.host);
            let account = accounts
                .iter()
                .find(|account| account.name == key.name && account.account == key.account);
            job.standing(account.map(|account| &account.known), rhythm, now)
        };
        Ok(jobs.iter().map(standing).collect())
    }

    fn rhythm<'a>(&'a self, terms: &'a Terms) -> Rhythm<'a> {
        Rhythm { zone: &terms.zone, policies: &self.policies, jitter: terms.jitter }
    }

    /// Runs a job, if it is due at `now`, and enters that in the ledger.
    ///
    /// # Errors
    /// [`Error::Held`] if another run does the same at this
    /// moment; then the job stays due. Otherwise what the work itself fails with;
    /// the ledger has it.
    pub fn run_job(
        &mut self,
        job: &Job,
        terms: &Terms,
        now: UnixTime,
        go_on: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<Ran> {
        let accounts = self.store.jobs(now)?;
        let key = key(job, &self.origin.host);
        let account =
            accounts.iter().find(|known| known.name == key.name && known.account == key.account);
        if !job.enabled {
            // When it is enabled again, it has missed nothing.
            if account.is_some() {
                self.store.forget_job(&job.name)?;
            }
            return Ok(Ran::Disabled);
        }
        let known = account.map(|account| &account.known);
        let due = match job.standing(known, self.rhythm(terms), now) {
            Standing::Due(due) => due,
            standing => {
                if let Standing::Waits { anchor, .. } = standing
                    && known
                        .is_none_or(|known| known.anchor != Some(anchor) || known.spec != key.spec)
                {
                    self.store.note_anchor(&key, anchor)?;
                }
                return Ok(Ran::NotDue(standing));
            }
        };
        let run = JobRun::new(job, &self.origin.host, due, known);
        let ran = if job.runs_on(&self.origin.host) {
            self.do_work(job, run, terms, now, go_on)
        } else {
            self.skip(job, run, now)
        };
        let dropped = terms.keep_runs.map_or(Ok(()), |keep| {
            self.store.drop_runs(UnixTime(now.0.saturating_sub(keep.as_seconds())))
        });
        if matches!(ran, Err(Error::Settled)) {
            let standing = self.standings(std::slice::from_ref(job), terms, now)?[0];
            return Ok(Ran::NotDue(standing));
        }
        // What the work fails with comes first.
        ran.and_then(|ran| dropped.map(|()| ran))
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
                    guard: terms.guard,
                    job: Some(run),
                    ..PurgeRequest::default()
                };
                self.purge(&request, now, &mut |_| go_on()).map(Ran::Purged)
            }
            Work::Cycle(task) => self.cycle_job(task, &run, now, go_on).map(Ran::Cycled),
        }
    }

    /// Ends the live sessions of a task as a run of the ledger. A run that goes on
    /// with one that was cut short leaves those alone who have come back since.
    fn cycle_job(
        &mut self,
        task: &TaskPattern,
        run: &JobRun,
        now: UnixTime,
        go_on: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<Cycled> {
        let lease = format!("cycle {}", run.key.name);
        let mut shift = self.begin(&lease, "cycle", Some(task.as_str()), Some(run), now)?;
        let filter = Filter {
            task: Some(task.clone()),
            states: vec![State::Active, State::Idle, State::Abandoned],
            opened_by: run.due.resumes,
            ..Filter::default()
        };
        let cycled = self.cycle_until(&filter, now, &mut |_| {}, &mut |keeper| {
            let stays = keeper.stay(&mut shift)?;
            let stopped = if stays { Stopped::Signal } else { Stopped::Lease };
            Ok((!stays || go_on().is_break()).then_some(stopped))
        });
        let feat = match &cycled {
            Ok(cycled) => {
                Ok(Feat { ended: cycled.ended, short_of: cycled.short_of(), ..Feat::default() })
            }
            Err(error) => Err(error),
        };
        self.finish(&shift, feat)?;
        cycled
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
