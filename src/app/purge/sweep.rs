//! The walk of a purge through the table.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::thread;
use std::time::{Duration, Instant};

use super::checkpoint::Upkeep;
use super::guard::stake;
use super::preview::Seen;
use super::report::{Progress, PurgeRequest, Stopped, Summary};
use super::scope;
use crate::app::Housekeeper;
use crate::app::run::{Feat, Shift};
use crate::app::throttle::Pace;
use crate::domain::error::{Error, Result};
use crate::domain::time::UnixTime;
use crate::domain::write_limits::Manners;
use crate::storage::{Census, Interruption, Place, Reach, Settled, Survey};

/// Rows that one look ahead passes, if fewer of them are due.
const LOOK_AHEAD: usize = 20_000;
/// And for each row that the batch has room for, where that is more.
const LOOK_AHEAD_EACH: usize = 10;
/// How long a run that stops early may go on to count what it leaves.
const LAST_LOOK: Duration = Duration::from_secs(1);
/// How long to wait for somebody who reads an older state of the database.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often to see whether he has gone.
const GLANCE: Duration = Duration::from_millis(50);

/// One walk through the table.
pub(super) struct Walk {
    begun: Instant,
    pace: Pace,
    upkeep: Upkeep,
    max_log: u64,
    after: Option<Place>,
    seen: Seen,
    peaks: BTreeMap<String, u64>,
    done: Progress,
    /// When the last batch let go of the lock.
    released: Instant,
    /// Rows that are due and that a batch has been given, and has not settled.
    in_hand: u64,
    /// How long the last look ahead took: the lock will be left alone for that time.
    last_look: Duration,
}

impl Walk {
    /// One that begins with a single row where each deletion reads a whole table.
    pub(super) fn new(manners: &Manners, is_slow: bool) -> Self {
        let pace = if manners.fast { Pace::regardless() } else { Pace::aiming_at(manners.hold.0) };
        Self {
            begun: Instant::now(),
            pace: if is_slow { pace.beginning_with_one() } else { pace },
            upkeep: Upkeep::default(),
            max_log: manners.max_log.0,
            after: None,
            seen: Seen::default(),
            peaks: BTreeMap::new(),
            done: Progress::default(),
            released: Instant::now(),
            in_hand: 0,
            last_look: Duration::ZERO,
        }
    }

    /// How far the next look goes.
    fn reach(&self) -> Reach {
        Reach {
            due: self.pace.rows(),
            rows: LOOK_AHEAD.max(self.pace.rows().saturating_mul(LOOK_AHEAD_EACH)),
            time: self.pace.look(),
            backlog: None,
        }
    }

    /// Result of a batch; `None`: the file system has no space for that many rows, but may
    /// have it for fewer.
    fn fitted(&mut self, settled: Result<Settled>, rows: usize) -> Result<Option<Settled>> {
        match settled {
            Err(Error::DiskFull { .. }) if self.pace.shrink(rows) => Ok(None),
            settled => settled.map(Some),
        }
    }

    /// Takes note of what a look has found.
    fn saw(&mut self, survey: Survey) {
        self.after = survey.last.or(self.after.take());
        self.done.walked = survey.walked;
        self.done.rows += survey.rows;
        let Survey { census, misfit, kept, .. } = survey;
        self.seen.add(Seen { census, misfit, kept });
        for (task, sessions) in survey.sessions {
            *self.peaks.entry(task).or_default() += sessions;
        }
    }

    /// Takes note of a batch of so many rows that were due.
    fn did(&mut self, due: u64, settled: &Settled) {
        self.released = Instant::now();
        self.pace.learn(due, settled);
        self.done.marked += settled.marked;
        self.done.ended += settled.ended;
        self.done.deleted += settled.deleted;
        self.done.batches += 1;
        self.done.last_hold = settled.hold;
        self.done.longest_hold = self.done.longest_hold.max(settled.hold);
    }

    /// What looking after the log has kept others from counts as a hold, too: only from
    /// then on has the lock been left alone.
    fn note_hold(&mut self) {
        if let Some(hold) = self.upkeep.take_hold() {
            self.released = Instant::now();
            self.done.longest_hold = self.done.longest_hold.max(hold);
        }
    }

    /// Whether it has changed anything.
    pub(super) fn has_done_something(&self) -> bool {
        self.done.marked + self.done.ended + self.done.deleted > 0
    }

    /// What the ledger is told of it.
    pub(super) fn feat(&self) -> Feat {
        Feat { marked: self.done.marked, ended: self.done.ended, deleted: self.done.deleted }
    }
}

/// What a step has come to.
enum Step {
    /// There may be more rows.
    More,
    /// These were the last.
    Last,
    /// It has lost its lease, and done nothing.
    Late,
}

/// What may end a walk early.
pub(super) struct Limits<'a> {
    pub(super) until: Option<Instant>,
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
        let until = request.run_time.and_then(|time| walk.begun.checked_add(time));
        let mut limits = Limits { until, go_on };
        self.limit_statements(until);
        let stopped = self.with_log_kept(|keeper| {
            let stopped = keeper.settle_all(walk, shift, request, now, &mut limits)?;
            walk.upkeep.at_last(keeper.store.as_mut())?;
            Ok(stopped)
        })?;
        self.store.limit_statements(None);
        walk.done.log_peak = walk.upkeep.peak;
        match self.store.note_peaks(&walk.peaks) {
            // The work is done; a figure that was not noted does not undo it.
            Err(error) if error.is_passing() || error.is_for_want_of_room() => {}
            noted => noted?,
        }
        let left = self.left_behind(walk, request, now, stopped)?;
        Ok(self.sum_up(walk, left, stopped, None))
    }

    /// What a run says that an obstacle has stopped: what it has done stays done.
    pub(super) fn broken_off(
        &mut self,
        walk: &mut Walk,
        request: &PurgeRequest,
        now: UnixTime,
        (stopped, obstacle): (Stopped, String),
    ) -> Summary {
        let stopped = Some(stopped);
        let left = self.left_behind(walk, request, now, stopped);
        // Where not even a look is possible, nobody knows.
        self.sum_up(walk, left.unwrap_or_default(), stopped, Some(obstacle))
    }

    /// The summary of a run in which a statement did not come to its end in time. The next
    /// look would most likely take as long.
    pub(super) fn interrupted(
        &mut self,
        walk: &mut Walk,
        cause: Interruption,
        obstacle: String,
    ) -> Summary {
        let stopped = match cause {
            Interruption::Asked => Stopped::Signal,
            Interruption::Time => Stopped::RunTime,
            Interruption::Lease => Stopped::Lease,
        };
        walk.seen.kept.add(self.store.take_kept());
        let in_hand = walk.in_hand;
        let census = Census { would_end: in_hand, due: in_hand, ..Census::default() };
        let left = Seen { census, ..Seen::default() };
        self.sum_up(walk, (left, false), Some(stopped), Some(obstacle))
    }

    /// What has come of a run that has left this behind, all of which was counted or not.
    fn sum_up(
        &mut self,
        walk: &mut Walk,
        (left, counted): (Seen, bool),
        stopped: Option<Stopped>,
        obstacle: Option<String>,
    ) -> Summary {
        let (due, still_due) = (left.census.due, left.census.would_end);
        walk.seen.add(left);
        let Seen { census, misfit, kept } = std::mem::take(&mut walk.seen);
        Summary {
            done: walk.done,
            live: census.sessions.saturating_sub(walk.done.ended + still_due),
            remaining: due,
            counted,
            elapsed: walk.begun.elapsed(),
            // What stops a run that has nothing left has not stopped it.
            stopped: stopped.filter(|_| due > 0 || !counted),
            obstacle,
            untold: self.take_untold(),
            unreadable: census.unreadable,
            future: census.future,
            misfit,
            kept,
        }
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
            let work = self.baseline(request, now)?;
            match self.count_for(shift, request, now, work.backlog_at(), limits)? {
                ControlFlow::Continue(census) => {
                    request.guard.check(stake(request, &census, work))?;
                }
                ControlFlow::Break(stopped) => return Ok(Some(stopped)),
            }
        }
        loop {
            match self.step(walk, shift, request, now, limits)? {
                Step::More => {}
                Step::Last => {
                    // Whoever looks on sees the end, too; nothing is left to be stopped.
                    let _ = (limits.go_on)(&walk.done);
                    return Ok(None);
                }
                Step::Late => return Ok(Some(Stopped::Lease)),
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

    /// Looks at the next rows and settles those that are due.
    fn step(
        &mut self,
        walk: &mut Walk,
        shift: &mut Shift,
        request: &PurgeRequest,
        now: UnixTime,
        limits: &Limits<'_>,
    ) -> Result<Step> {
        let begun = Instant::now();
        self.limit_statements(limits.until);
        let ahead = scope(&self.policies, request, now);
        let survey = self.store.survey(&ahead, walk.after.as_ref(), walk.reach())?;
        walk.last_look = begun.elapsed();
        // Right before it writes: it may have slept for long.
        if !self.stay(shift)? {
            return Ok(Step::Late);
        }
        self.limit_statements(limits.until);
        walk.pace.notice(survey.version);
        if let Some(range) = &survey.due {
            let asked = walk.pace.rows();
            let due = usize::try_from(survey.census.due).map_or(asked, |due| due.min(asked));
            let scope = scope(&self.policies, request, now);
            let settled = self.store.settle(&scope, range, self.bell.is_heard());
            if let Err(error @ Error::Interrupted { .. }) = settled {
                walk.in_hand = survey.census.due;
                walk.saw(survey);
                return Err(error);
            }
            let Some(settled) = walk.fitted(settled, due)? else {
                return Ok(Step::More);
            };
            walk.seen.kept.add(self.store.take_kept());
            walk.did(survey.census.due, &settled);
            let is_cut_short = settled.is_cut_short;
            self.bell.miss(settled.untold, now);
            self.ring(settled.told);
            if is_cut_short {
                // The next look finds what is left of these rows.
                walk.pace.shrink(due);
                return Ok(Step::More);
            }
        }
        let step = if survey.last.is_none() { Step::Last } else { Step::More };
        walk.saw(survey);
        Ok(step)
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
        let (is_gentle, is_cramped) = (walk.pace.is_gentle(), walk.pace.is_cramped());
        let (log, brake) = walk.upkeep.after_batch(self.store.as_mut(), is_gentle, is_cramped)?;
        walk.done.log_peak = walk.upkeep.peak;
        walk.note_hold();
        if log < walk.max_log {
            thread::sleep(brake);
            return Ok(None);
        }
        let begun = Instant::now();
        while walk.upkeep.is_stuck(self.store.as_mut())? {
            walk.note_hold();
            if let Some(stopped) = self.may_go_on(shift, &walk.done, limits)? {
                return Ok(Some(stopped));
            }
            if begun.elapsed() >= PATIENCE {
                return Ok(Some(Stopped::Log));
            }
            thread::sleep(GLANCE);
        }
        walk.note_hold();
        Ok(None)
    }

    /// What lies beyond the point where a run stopped, and whether all of it was
    /// counted.
    fn left_behind(
        &self,
        walk: &Walk,
        request: &PurgeRequest,
        now: UnixTime,
        stopped: Option<Stopped>,
    ) -> Result<(Seen, bool)> {
        if stopped.is_none() {
            return Ok((Seen::default(), true));
        }
        let scope = scope(&self.policies, request, now);
        self.count_behind(&scope, walk.after.as_ref(), LAST_LOOK)
    }
}
