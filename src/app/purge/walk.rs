//! The walk of a purge through the table.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::thread;
use std::time::{Duration, Instant};

use super::super::Housekeeper;
use super::super::pace::Pace;
use super::super::run::{Feat, Shift};
use super::report::{Progress, PurgeRequest, Stopped, Summary};
use super::upkeep::Upkeep;
use super::{scope, upkeep};
use crate::domain::error::{Error, Result};
use crate::domain::manners::Manners;
use crate::domain::port::{Census, Reach};
use crate::domain::session::Key;
use crate::domain::time::UnixTime;

/// Rows that one look ahead passes, if fewer of them are due.
const LOOK_AHEAD: usize = 20_000;
/// How long a run that stops early may go on to count what it leaves.
const LAST_LOOK: Duration = Duration::from_secs(1);
/// How long to wait for somebody who reads an older state of the database.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often to see whether he has gone.
const GLANCE: Duration = Duration::from_millis(50);

/// One walk through the table.
pub(super) struct Walk {
    pace: Pace,
    upkeep: Upkeep,
    max_log: u64,
    after: Option<Key>,
    seen: Census,
    peaks: BTreeMap<String, u64>,
    done: Progress,
    /// When the last batch let go of the lock.
    released: Instant,
    /// How long the last look ahead took: the lock will be left alone for that time.
    last_look: Duration,
}

impl Walk {
    pub(super) fn new(manners: &Manners) -> Self {
        Self {
            pace: if manners.fast { Pace::regardless() } else { Pace::aiming_at(manners.hold.0) },
            upkeep: Upkeep::default(),
            max_log: manners.max_log.0,
            after: None,
            seen: Census::default(),
            peaks: BTreeMap::new(),
            done: Progress::default(),
            released: Instant::now(),
            last_look: Duration::ZERO,
        }
    }

    /// What the ledger is told of it.
    pub(super) fn feat(&self) -> Feat {
        Feat { marked: self.done.marked, ended: self.done.ended, deleted: self.done.deleted }
    }
}

/// What may end a walk early.
pub(super) struct Limits<'a> {
    until: Option<Instant>,
    go_on: &'a mut dyn FnMut(&Progress) -> ControlFlow<()>,
}

impl Limits<'_> {
    fn check(&mut self, done: &Progress) -> Option<Stopped> {
        if (self.go_on)(done).is_break() {
            return Some(Stopped::Signal);
        }
        self.until.is_some_and(|until| Instant::now() >= until).then_some(Stopped::RunTime)
    }
}

impl Housekeeper {
    /// Walks through the table, and says what has come of it.
    pub(super) fn walk(
        &mut self,
        walk: &mut Walk,
        shift: &mut Shift,
        request: &PurgeRequest,
        now: UnixTime,
        go_on: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<Summary> {
        let begun = Instant::now();
        let until = request.run_time.and_then(|time| begun.checked_add(time));
        let mut limits = Limits { until, go_on };
        self.store.keep_log(true)?;
        let stopped = self.settle_all(walk, shift, request, now, &mut limits);
        let kept = self.store.keep_log(false);
        let stopped = stopped?;
        kept?;
        match self.store.note_peaks(&walk.peaks) {
            // The work is done; a figure that was not noted does not undo it.
            Err(Error::Busy { .. }) => {}
            noted => noted?,
        }
        let (left, counted) = self.left_behind(walk, request, now, stopped)?;
        Ok(Summary {
            done: walk.done,
            live: (walk.seen.live + left.live).saturating_sub(walk.done.ended),
            remaining: left.due,
            counted,
            elapsed: begun.elapsed(),
            // What stops a run that has nothing left has not stopped it.
            stopped: stopped.filter(|_| left.due > 0 || !counted),
            untold: self.take_untold(),
        })
    }

    /// Settles batch after batch, up to the end of the table or to a limit.
    fn settle_all(
        &mut self,
        walk: &mut Walk,
        shift: &mut Shift,
        request: &PurgeRequest,
        now: UnixTime,
        limits: &mut Limits<'_>,
    ) -> Result<Option<Stopped>> {
        if request.guard.is_set() {
            match self.count_for(shift, request, now, limits)? {
                ControlFlow::Continue(census) => request.guard.check(&census)?,
                ControlFlow::Break(stopped) => return Ok(Some(stopped)),
            }
        }
        loop {
            // Right before it writes: it may have slept for long.
            if !self.stay(shift)? {
                return Ok(Some(Stopped::Lease));
            }
            if !self.step(walk, request, now)? {
                self.upkeep_at_last(walk)?;
                return Ok(None);
            }
            let stopped = limits.check(&walk.done);
            if stopped.is_some() {
                return Ok(stopped);
            }
            if let Some(stopped) = self.keep_log_small(walk, shift, limits)? {
                return Ok(Some(stopped));
            }
            thread::sleep(walk.pace.pause(walk.released.elapsed() + walk.last_look));
        }
    }

    /// Says that the run is at work, and asks whether anything ends it.
    pub(super) fn may_go_on(
        &mut self,
        shift: &mut Shift,
        done: &Progress,
        limits: &mut Limits<'_>,
    ) -> Result<Option<Stopped>> {
        Ok(if self.stay(shift)? { limits.check(done) } else { Some(Stopped::Lease) })
    }

    /// Looks at the next rows and settles those that are due. Answers whether there may
    /// be more.
    fn step(&mut self, walk: &mut Walk, request: &PurgeRequest, now: UnixTime) -> Result<bool> {
        let begun = Instant::now();
        let reach = Reach { due: walk.pace.rows(), rows: LOOK_AHEAD, time: walk.pace.look() };
        let scope = scope(&self.policies, request, now);
        let survey = self.store.survey(&scope, walk.after.as_ref(), reach)?;
        walk.last_look = begun.elapsed();
        let is_last = survey.last.is_none();
        walk.after = survey.last.or(walk.after.take());
        walk.done.walked = survey.walked;
        walk.done.rows += survey.rows;
        walk.seen.add(survey.census);
        for (task, live) in survey.live {
            *walk.peaks.entry(task).or_default() += live;
        }
        let Some(due) = survey.due else {
            return Ok(!is_last);
        };
        walk.pace.notice(survey.version);
        let settled = self.store.settle(&scope, &due, self.bell.is_heard())?;
        walk.released = Instant::now();
        walk.pace.learn(survey.census.due, &settled);
        walk.done.marked += settled.marked;
        walk.done.ended += settled.ended;
        walk.done.deleted += settled.deleted;
        walk.done.batches += 1;
        walk.done.last_hold = settled.hold;
        walk.done.longest_hold = walk.done.longest_hold.max(settled.hold);
        self.bell.ring(&settled.told, &self.policies);
        Ok(!is_last)
    }

    /// Moves the log into the database step by step. Where somebody keeps it from being
    /// used again, the purge slows down; once it is as large as it may be, it waits for
    /// him for a while, and then gives up.
    fn keep_log_small(
        &mut self,
        walk: &mut Walk,
        shift: &mut Shift,
        limits: &mut Limits<'_>,
    ) -> Result<Option<Stopped>> {
        let (log, brake) = walk.upkeep.after_batch(self.store.as_mut(), walk.pace.is_gentle())?;
        walk.done.log_peak = walk.upkeep.peak;
        if log < walk.max_log {
            thread::sleep(brake);
            return Ok(None);
        }
        let begun = Instant::now();
        while upkeep::is_stuck(self.store.as_mut())? {
            if let Some(stopped) = self.may_go_on(shift, &walk.done, limits)? {
                return Ok(Some(stopped));
            }
            if begun.elapsed() >= PATIENCE {
                return Ok(Some(Stopped::Log));
            }
            thread::sleep(GLANCE);
        }
        Ok(None)
    }

    /// What is in the log at the end need not wait for the application.
    fn upkeep_at_last(&mut self, walk: &mut Walk) -> Result<()> {
        if walk.done.batches > 0 {
            upkeep::shrink(self.store.as_mut())?;
        }
        Ok(())
    }

    /// What lies beyond the point where a run stopped, and whether all of it was
    /// counted.
    fn left_behind(
        &self,
        walk: &Walk,
        request: &PurgeRequest,
        now: UnixTime,
        stopped: Option<Stopped>,
    ) -> Result<(Census, bool)> {
        if stopped.is_none() {
            return Ok((Census::default(), true));
        }
        let scope = scope(&self.policies, request, now);
        self.count_behind(&scope, walk.after.as_ref(), LAST_LOOK)
    }
}
