//! The purge: one bounded run that ends and deletes what is due.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::Housekeeper;
use super::pace::Pace;
use super::run::{Feat, JobRun, Shift};
use super::tell::Untold;
use crate::domain::error::{Error, GuardRefusal, Result};
use crate::domain::filter::{Filter, TaskPattern};
use crate::domain::guard::Guard;
use crate::domain::policy::Verdict;
use crate::domain::port::{Census, Flow, Order, Query, Reach, Scope};
use crate::domain::session::{Key, Session, words};
use crate::domain::time::UnixTime;

/// Rows that one look ahead passes, if fewer of them are due.
const LOOK_AHEAD: usize = 20_000;

/// The lease of the one purge that is at work.
const LEASE: &str = "purge";

/// What a purge is to do.
#[derive(Debug, Clone)]
pub struct PurgeRequest {
    /// The tasks that are meant; `None`: all.
    pub task: Option<TaskPattern>,
    /// What it may end at most.
    pub guard: Guard,
    /// When to stop with work left; `None`: not before it is done.
    pub run_time: Option<Duration>,
    /// For how long one write transaction may hold up the application.
    pub hold: Duration,
    /// The job that it is a run of; `None`: of none.
    pub job: Option<JobRun>,
}

impl Default for PurgeRequest {
    fn default() -> Self {
        Self {
            task: None,
            guard: Guard::default(),
            run_time: None,
            hold: Duration::from_millis(2),
            job: None,
        }
    }
}

/// Why a purge stopped before its work was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// Its time was up.
    RunTime,
    /// It was asked to.
    Signal,
    /// It would have ended more than the guard allows, and has done nothing.
    Guard,
    /// It was stopped for so long that another purge has taken over.
    Lease,
}

words!(Stopped, "reason to stop", {
    RunTime => "run-time",
    Signal => "signal",
    Guard => "guard",
    Lease => "lease",
});

/// What a purge has done so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Live sessions that it marked as unused.
    pub marked: u64,
    /// Live sessions that it ended.
    pub ended: u64,
    /// Rows that it deleted.
    pub deleted: u64,
    /// Write transactions.
    pub batches: u64,
    /// The longest time for which one of them held up others.
    pub longest_hold: Duration,
}

/// What a purge has done in all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// What it has done; in a dry run, what it would do.
    pub done: Progress,
    /// Live sessions that are left.
    pub live: u64,
    /// Rows that are due and left for the next run.
    pub remaining: u64,
    /// How long it took.
    pub elapsed: Duration,
    /// Why it stopped early, if it did.
    pub stopped: Option<Stopped>,
    /// Ended sessions of which the listener has not taken note.
    pub untold: Option<Untold>,
}

impl Summary {
    /// That of a run which the guard has kept from doing anything.
    pub fn refused(refusal: &GuardRefusal) -> Self {
        Self {
            done: Progress::default(),
            live: refusal.live,
            remaining: refusal.would_end,
            elapsed: Duration::ZERO,
            stopped: Some(Stopped::Guard),
            untold: None,
        }
    }

    /// What the ledger is told.
    fn feat(&self) -> Feat {
        Feat {
            marked: self.done.marked,
            ended: self.done.ended,
            deleted: self.done.deleted,
            short_of: self.short_of(),
            // What a signal has cut short is not settled: it goes on with the next
            // run of its job.
            resumes: self.stopped == Some(Stopped::Signal),
        }
    }

    /// What keeps it from being complete, in words.
    pub fn short_of(&self) -> Option<String> {
        short_of(self.stopped, self.untold.as_ref())
    }
}

/// Why a run is not complete, if it is not.
pub(super) fn short_of(stopped: Option<Stopped>, untold: Option<&Untold>) -> Option<String> {
    let reasons = [stopped.map(|why| format!("stopped by {why}")), untold.map(Untold::to_string)];
    let reasons: Vec<String> = reasons.into_iter().flatten().collect();
    Some(reasons.join("; ")).filter(|reasons| !reasons.is_empty())
}

/// What a purge would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The figures.
    pub summary: Summary,
    /// Rows that it would change in any way.
    pub due: u64,
    /// Whether the guard would let it.
    pub guard: std::result::Result<(), GuardRefusal>,
}

impl Housekeeper {
    /// Marks, ends and deletes what is due at `now`.
    ///
    /// The table is walked once in key order: the next rows that are due are
    /// found without a lock, then settled in a write transaction that judges
    /// them anew. It can be stopped after any batch, by `go_on` or by a crash,
    /// and the next run finds what is left. One purge works on a table at a
    /// time, and the ledger has a record of each.
    ///
    /// # Errors
    /// [`Error::Held`] if another purge is at work. [`Error::Guard`] if it would
    /// end more than the guard allows. In both cases nothing has changed. And
    /// whatever keeps the table from being read or written, and then the batches
    /// before stand.
    pub fn purge(
        &mut self,
        request: &PurgeRequest,
        now: UnixTime,
        go_on: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<Summary> {
        let task = request.task.as_ref().map(TaskPattern::as_str);
        let mut shift = self.begin(LEASE, "purge", task, request.job.as_ref(), now)?;
        let outcome = self.purge_on(&mut shift, request, now, go_on);
        let feat = match &outcome {
            Ok(summary) => Ok(summary.feat()),
            Err(error) => Err(error),
        };
        self.finish(&shift, feat)?;
        outcome
    }

    fn purge_on(
        &mut self,
        shift: &mut Shift,
        request: &PurgeRequest,
        now: UnixTime,
        go_on: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<Summary> {
        let begun = Instant::now();
        if request.guard.is_set() {
            let census = self.store.census(&self.purge_scope(request, now), None)?;
            request.guard.check(&census)?;
        }
        let mut walk = Walk::new(request.hold);
        let stopped = loop {
            if !self.stay(shift)? {
                break Some(Stopped::Lease);
            }
            if !self.step(&mut walk, request, now)? {
                break None;
            }
            if go_on(&walk.done).is_break() {
                break Some(Stopped::Signal);
            }
            if request.run_time.is_some_and(|limit| begun.elapsed() >= limit) {
                break Some(Stopped::RunTime);
            }
        };
        match self.store.note_peaks(&walk.peaks) {
            // The work is done; a figure that was not noted does not undo it.
            Err(Error::Busy { .. }) => {}
            noted => noted?,
        }
        let left = self.left_behind(&walk, request, now, stopped)?;
        Ok(Summary {
            done: walk.done,
            live: (walk.seen.live + left.live).saturating_sub(walk.done.ended),
            remaining: left.due,
            elapsed: begun.elapsed(),
            // What stops a run that has nothing left has not stopped it.
            stopped: stopped.filter(|_| left.due > 0),
            untold: self.take_untold(),
        })
    }

    /// The scope of a purge, whose job may have planned it.
    fn purge_scope<'a>(&'a self, request: &'a PurgeRequest, now: UnixTime) -> Scope<'a> {
        let planned = request.job.as_ref().map(|job| job.due.planned);
        Scope { planned, ..self.scope(request.task.as_ref(), now) }
    }

    /// Looks at the next rows and settles those that are due. Answers whether
    /// there were any rows.
    fn step(&mut self, walk: &mut Walk, request: &PurgeRequest, now: UnixTime) -> Result<bool> {
        let reach = Reach { due: walk.pace.rows(), rows: LOOK_AHEAD };
        let scope = self.purge_scope(request, now);
        let survey = self.store.survey(&scope, walk.after.as_ref(), reach)?;
        let Some(last) = survey.last else {
            return Ok(false);
        };
        walk.after = Some(last);
        walk.seen.add(survey.census);
        for (task, live) in survey.live {
            *walk.peaks.entry(task).or_default() += live;
        }
        let Some(range) = survey.due else {
            return Ok(true);
        };
        // The same scope; only these fields are borrowed.
        let scope = Scope {
            policies: &self.policies,
            now,
            planned: request.job.as_ref().map(|job| job.due.planned),
            task: request.task.as_ref(),
        };
        let settled = self.store.settle(&scope, &range, self.bell.is_heard())?;
        self.bell.ring(&settled.told, &self.policies);
        walk.pace.learn(survey.census.due, settled.hold);
        walk.done.marked += settled.marked;
        walk.done.ended += settled.ended;
        walk.done.deleted += settled.deleted;
        walk.done.batches += 1;
        walk.done.longest_hold = walk.done.longest_hold.max(settled.hold);
        Ok(true)
    }

    /// What lies beyond the point where a run stopped.
    fn left_behind(
        &self,
        walk: &Walk,
        request: &PurgeRequest,
        now: UnixTime,
        stopped: Option<Stopped>,
    ) -> Result<Census> {
        if stopped.is_none() {
            return Ok(Census::default());
        }
        self.store.census(&self.purge_scope(request, now), walk.after.as_ref())
    }

    /// What [`purge`](Self::purge) would do at `now`, in figures.
    ///
    /// # Errors
    /// Whatever keeps the table from being read.
    pub fn plan(&self, request: &PurgeRequest, now: UnixTime) -> Result<Plan> {
        let begun = Instant::now();
        let census = self.store.census(&self.scope(request.task.as_ref(), now), None)?;
        let done = Progress {
            marked: census.would_mark,
            ended: census.would_end,
            deleted: census.would_delete,
            ..Progress::default()
        };
        let guard = request.guard.check(&census);
        Ok(Plan {
            summary: Summary {
                done,
                live: census.live - census.would_end,
                remaining: 0,
                elapsed: begun.elapsed(),
                stopped: guard.is_err().then_some(Stopped::Guard),
                untold: None,
            },
            due: census.due,
            guard,
        })
    }

    /// Visits each session that [`purge`](Self::purge) would change at `now`,
    /// with what it would do, in key order and in flat memory.
    ///
    /// # Errors
    /// Whatever keeps the table from being read, and what the visitor answers.
    pub fn due(
        &self,
        task: Option<&TaskPattern>,
        now: UnixTime,
        visit: &mut dyn FnMut(Session, Verdict) -> Flow,
    ) -> Result<()> {
        let scope = self.scope(task, now);
        let filter = Filter { task: task.cloned(), ..Filter::default() };
        let query =
            Query { scope, filter: &filter, due_only: true, after: None, order: Order::default() };
        self.store.scan(&query, &mut |session| {
            let verdict = scope.verdict(&session);
            visit(session, verdict)
        })
    }
}

/// One walk through the table.
struct Walk {
    pace: Pace,
    after: Option<Key>,
    seen: Census,
    peaks: BTreeMap<String, u64>,
    done: Progress,
}

impl Walk {
    fn new(hold: Duration) -> Self {
        Self {
            pace: Pace::aiming_at(hold),
            after: None,
            seen: Census::default(),
            peaks: BTreeMap::new(),
            done: Progress::default(),
        }
    }
}
