//! The purge: one bounded run that marks, ends and deletes what is due.

mod report;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::Housekeeper;
use super::pace::Pace;
use super::run::{Close, Feat, Shift};
use crate::domain::error::{Error, Result};
use crate::domain::filter::{Filter, TaskPattern};
use crate::domain::policy::{Policies, Verdict};
use crate::domain::port::{Census, Flow, Order, Query, Reach, Scope};
use crate::domain::session::{Key, Session};
use crate::domain::time::UnixTime;

pub(super) use report::short_of;
pub use report::{Plan, Progress, PurgeRequest, Stopped, Summary};

/// Rows that one look ahead passes, if fewer of them are due.
const LOOK_AHEAD: usize = 20_000;

/// The lease of the one purge that is at work.
const LEASE: &str = "purge";

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
        let mut walk = Walk::new(request.hold);
        let outcome = self.walk(&mut walk, &mut shift, request, now, go_on);
        let close = match &outcome {
            Ok(summary) => Close::of(summary.stopped, summary.short_of()),
            Err(error) => Close::Failed(error),
        };
        let finished = self.finish(&shift, walk.feat(), close);
        // What the work fails with comes first.
        outcome.and_then(|summary| finished.map(|()| summary))
    }

    fn walk(
        &mut self,
        walk: &mut Walk,
        shift: &mut Shift,
        request: &PurgeRequest,
        now: UnixTime,
        go_on: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<Summary> {
        let begun = Instant::now();
        if request.guard.is_set() {
            let census = self.store.census(&scope(&self.policies, request, now), None)?;
            request.guard.check(&census)?;
        }
        let stopped = loop {
            if !self.stay(shift)? {
                break Some(Stopped::Lease);
            }
            if !self.step(walk, request, now)? {
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
        let left = self.left_behind(walk, request, now, stopped)?;
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

    /// Looks at the next rows and settles those that are due. Answers whether
    /// there were any rows.
    fn step(&mut self, walk: &mut Walk, request: &PurgeRequest, now: UnixTime) -> Result<bool> {
        let reach = Reach { due: walk.pace.rows(), rows: LOOK_AHEAD };
        let scope = scope(&self.policies, request, now);
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
        let settled = self.store.settle(&scope, &range, self.bell.is_heard())?;
        walk.pace.learn(survey.census.due, settled.hold);
        walk.done.marked += settled.marked;
        walk.done.ended += settled.ended;
        walk.done.deleted += settled.deleted;
        walk.done.batches += 1;
        walk.done.longest_hold = walk.done.longest_hold.max(settled.hold);
        self.bell.ring(&settled.told, &self.policies);
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
        self.store.census(&scope(&self.policies, request, now), walk.after.as_ref())
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

/// The scope of a purge, whose job may have planned it.
fn scope<'a>(policies: &'a Policies, request: &'a PurgeRequest, now: UnixTime) -> Scope<'a> {
    let planned = request.job.as_ref().map(|job| job.due.planned);
    Scope { policies, now, planned, task: request.task.as_ref() }
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

    /// What the ledger is told of it.
    fn feat(&self) -> Feat {
        Feat { marked: self.done.marked, ended: self.done.ended, deleted: self.done.deleted }
    }
}
