//! The purge: one bounded run that ends and deletes what is due.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::Housekeeper;
use super::pace::Pace;
use crate::domain::error::{Error, GuardRefusal, Result};
use crate::domain::filter::{Filter, TaskPattern};
use crate::domain::guard::Guard;
use crate::domain::policy::Verdict;
use crate::domain::port::{Census, Flow, Order, Query, Reach, Scope};
use crate::domain::session::{Key, Session, words};
use crate::domain::time::UnixTime;

/// Rows that one look ahead passes, if fewer of them are due.
const LOOK_AHEAD: usize = 20_000;

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
}

impl Default for PurgeRequest {
    fn default() -> Self {
        Self { task: None, guard: Guard::default(), run_time: None, hold: Duration::from_millis(2) }
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
}

words!(Stopped, "reason to stop", {
    RunTime => "run-time",
    Signal => "signal",
    Guard => "guard",
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
        }
    }
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
    /// Ends and deletes what is due at `now`.
    ///
    /// The table is walked once in key order: the next rows that are due are
    /// found without a lock, then settled in a write transaction that judges
    /// them anew. It can be stopped after any batch, by `go_on` or by a crash,
    /// and the next run finds what is left.
    ///
    /// # Errors
    /// [`Error::Guard`] if it would end more than the guard
    /// allows, and then nothing has changed; and whatever keeps the table from
    /// being read or written, and then the batches before stand.
    pub fn purge(
        &mut self,
        request: &PurgeRequest,
        now: UnixTime,
        go_on: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<Summary> {
        let begun = Instant::now();
        if request.guard.is_set() {
            let census = self.sessions.census(&self.scope(request.task.as_ref(), now), None)?;
            request.guard.check(&census)?;
        }
        let mut walk = Walk::new(request.hold);
        let stopped = loop {
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
        match self.sessions.note_peaks(&walk.peaks) {
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
        })
    }

    /// Looks at the next rows and settles those that are due. Answers whether
    /// there were any rows.
    fn step(&mut self, walk: &mut Walk, request: &PurgeRequest, now: UnixTime) -> Result<bool> {
        let scope = Scope { policies: &self.policies, now, task: request.task.as_ref() };
        let reach = Reach { due: walk.pace.rows(), rows: LOOK_AHEAD };
        let survey = self.sessions.survey(&scope, walk.after.as_ref(), reach)?;
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
        let settled = self.sessions.settle(&scope, &range)?;
        walk.pace.learn(survey.census.due, settled.hold);
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
        let scope = self.scope(request.task.as_ref(), now);
        self.sessions.census(&scope, walk.after.as_ref())
    }

    /// What [`purge`](Self::purge) would do at `now`, in figures.
    ///
    /// # Errors
    /// Whatever keeps the table from being read.
    pub fn plan(&self, request: &PurgeRequest, now: UnixTime) -> Result<Plan> {
        let begun = Instant::now();
        let census = self.sessions.census(&self.scope(request.task.as_ref(), now), None)?;
        let done = Progress {
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
        self.sessions.scan(&query, &mut |session| {
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
