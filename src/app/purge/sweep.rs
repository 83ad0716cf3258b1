//! The walk of a purge through the table.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::thread;
use std::time::{Duration, Instant};

use super::checkpoint::Checkpointer;
use super::guard::stake;
use super::preview::ScanTotals;
use super::report::{PurgeProgress, PurgeRequest, PurgeSummary, StopReason};
use super::scope;
use crate::app::SessionService;
use crate::app::run::{ActiveRun, RunCounts};
use crate::app::throttle::Throttle;
use crate::domain::error::{Error, InterruptReason, Result};
use crate::domain::time::UnixTime;
use crate::domain::write_limits::WriteLimits;
use crate::storage::{Cursor, DueScan, PurgeBatchResult, PurgeCounts, ScanLimits};

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
pub(super) struct Sweep {
    begun: Instant,
    pace: Throttle,
    upkeep: Checkpointer,
    max_log: u64,
    after: Option<Cursor>,
    seen: ScanTotals,
    peaks: BTreeMap<String, u64>,
    done: PurgeProgress,
    /// When the last batch let go of the lock.
    released: Instant,
    /// Rows that are due and that a batch has been given, and has not settled.
    in_hand: u64,
    /// How long the last look ahead took: the lock will be left alone for that time.
    last_look: Duration,
}

impl Sweep {
    /// One that begins with a single row where each deletion reads a whole table.
    pub(super) fn new(manners: &WriteLimits, is_slow: bool) -> Self {
        let pace =
            if manners.fast { Throttle::regardless() } else { Throttle::aiming_at(manners.hold.0) };
        Self {
            begun: Instant::now(),
            pace: if is_slow { pace.beginning_with_one() } else { pace },
            upkeep: Checkpointer::default(),
            max_log: manners.max_log.0,
            after: None,
            seen: ScanTotals::default(),
            peaks: BTreeMap::new(),
            done: PurgeProgress::default(),
            released: Instant::now(),
            in_hand: 0,
            last_look: Duration::ZERO,
        }
    }

    /// How far the next look goes.
    fn reach(&self) -> ScanLimits {
        ScanLimits {
            due: self.pace.rows(),
            rows: LOOK_AHEAD.max(self.pace.rows().saturating_mul(LOOK_AHEAD_EACH)),
            time: self.pace.look(),
            backlog: None,
        }
    }

    /// Result of a batch; `None`: the file system has no space for that many rows, but may
    /// have it for fewer.
    fn fitted(
        &mut self,
        settled: Result<PurgeBatchResult>,
        rows: usize,
    ) -> Result<Option<PurgeBatchResult>> {
        match settled {
            Err(Error::DiskFull { .. }) if self.pace.shrink(rows) => Ok(None),
            settled => settled.map(Some),
        }
    }

    /// Takes note of what a look has found.
    fn saw(&mut self, survey: DueScan) {
        self.after = survey.last.or(self.after.take());
        self.done.walked = survey.walked;
        self.done.rows += survey.rows;
        let DueScan { census, misfit, kept, .. } = survey;
        self.seen.add(ScanTotals { census, misfit, kept });
        for (task, sessions) in survey.sessions {
            *self.peaks.entry(task).or_default() += sessions;
        }
    }

    /// Takes note of a batch of so many rows that were due.
    fn did(&mut self, due: u64, settled: &PurgeBatchResult) {
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
    pub(super) fn feat(&self) -> RunCounts {
        RunCounts { marked: self.done.marked, ended: self.done.ended, deleted: self.done.deleted }
    }
}

/// What a step has come to.
enum SweepStep {
    /// There may be more rows.
    Continue,
    /// These were the last.
    Finished,
    /// It has lost its lease, and done nothing.
    LeaseLost,
}

/// What may end a walk early.
pub(super) struct PurgeLimits<'a> {
    pub(super) until: Option<Instant>,
    go_on: &'a mut dyn FnMut(&PurgeProgress) -> ControlFlow<()>,
}

impl PurgeLimits<'_> {
    fn check(&mut self, done: &PurgeProgress) -> Option<StopReason> {
        if (self.go_on)(done).is_break() {
            return Some(StopReason::Signal);
        }
        self.until.is_some_and(|until| Instant::now() >= until).then_some(StopReason::RunTime)
    }
}

impl SessionService {
    /// Walks through the table, and says what has come of it.
    pub(super) fn walk(
        &mut self,
        walk: &mut Sweep,
        shift: &mut ActiveRun,
        request: &PurgeRequest,
        now: UnixTime,
        go_on: &mut dyn FnMut(&PurgeProgress) -> ControlFlow<()>,
    ) -> Result<PurgeSummary> {
        let until = request.run_time.and_then(|time| walk.begun.checked_add(time));
        let mut limits = PurgeLimits { until, go_on };
        self.limit_statements(until);
        let stopped = self.with_log_kept(|service| {
            let stopped = service.settle_all(walk, shift, request, now, &mut limits)?;
            walk.upkeep.at_last(service.store.wal())?;
            Ok(stopped)
        })?;
        self.store.limit_statements(None);
        walk.done.log_peak = walk.upkeep.peak;
        match self.store.record_peaks(&walk.peaks) {
            // The work is done; a figure that was not noted does not undo it.
            Err(error) if error.is_transient() || error.is_disk_full() => {}
            noted => noted?,
        }
        let left = self.left_behind(walk, request, now, stopped)?;
        Ok(self.sum_up(walk, left, stopped, None))
    }

    /// What a run says that an obstacle has stopped: what it has done stays done.
    pub(super) fn broken_off(
        &mut self,
        walk: &mut Sweep,
        request: &PurgeRequest,
        now: UnixTime,
        (stopped, obstacle): (StopReason, String),
    ) -> PurgeSummary {
        let stopped = Some(stopped);
        let left = self.left_behind(walk, request, now, stopped);
        // Where not even a look is possible, nobody knows.
        self.sum_up(walk, left.unwrap_or_default(), stopped, Some(obstacle))
    }

    /// The summary of a run in which a statement did not come to its end in time. The next
    /// look would most likely take as long.
    pub(super) fn interrupted(
        &mut self,
        walk: &mut Sweep,
        cause: InterruptReason,
        obstacle: String,
    ) -> PurgeSummary {
        let stopped = match cause {
            InterruptReason::Asked => StopReason::Signal,
            InterruptReason::Time => StopReason::RunTime,
            InterruptReason::Lease => StopReason::Lease,
        };
        walk.seen.kept.add(self.store.take_kept());
        let in_hand = walk.in_hand;
        let census = PurgeCounts { would_end: in_hand, due: in_hand, ..PurgeCounts::default() };
        let left = ScanTotals { census, ..ScanTotals::default() };
        self.sum_up(walk, (left, false), Some(stopped), Some(obstacle))
    }

    /// What has come of a run that has left this behind, all of which was counted or not.
    fn sum_up(
        &mut self,
        walk: &mut Sweep,
        (left, counted): (ScanTotals, bool),
        stopped: Option<StopReason>,
        obstacle: Option<String>,
    ) -> PurgeSummary {
        let (due, still_due) = (left.census.due, left.census.would_end);
        walk.seen.add(left);
        let ScanTotals { census, misfit, kept } = std::mem::take(&mut walk.seen);
        PurgeSummary {
            done: walk.done,
            live: census.sessions.saturating_sub(walk.done.ended + still_due),
            remaining: due,
            counted,
            elapsed: walk.begun.elapsed(),
            // What stops a run that has nothing left has not stopped it.
            stopped: stopped.filter(|_| due > 0 || !counted),
            obstacle,
            untold: self.take_missed_notifications(),
            unreadable: census.unreadable,
            future: census.future,
            misfit,
            kept,
        }
    }

    /// Settles batch after batch, up to the end of the table or to a limit.
    fn settle_all(
        &mut self,
        walk: &mut Sweep,
        shift: &mut ActiveRun,
        request: &PurgeRequest,
        now: UnixTime,
        limits: &mut PurgeLimits<'_>,
    ) -> Result<Option<StopReason>> {
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
                SweepStep::Continue => {}
                SweepStep::Finished => {
                    // Whoever looks on sees the end, too; nothing is left to be stopped.
                    let _ = (limits.go_on)(&walk.done);
                    return Ok(None);
                }
                SweepStep::LeaseLost => return Ok(Some(StopReason::Lease)),
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
        shift: &mut ActiveRun,
        done: &PurgeProgress,
        limits: &mut PurgeLimits<'_>,
    ) -> Result<Option<StopReason>> {
        Ok(if self.stay(shift)? { limits.check(done) } else { Some(StopReason::Lease) })
    }

    /// Looks at the next rows and settles those that are due.
    fn step(
        &mut self,
        walk: &mut Sweep,
        shift: &mut ActiveRun,
        request: &PurgeRequest,
        now: UnixTime,
        limits: &PurgeLimits<'_>,
    ) -> Result<SweepStep> {
        let begun = Instant::now();
        self.limit_statements(limits.until);
        let ahead = scope(&self.policies, request, now);
        let survey = self.store.scan_due(&ahead, walk.after.as_ref(), walk.reach())?;
        walk.last_look = begun.elapsed();
        // Right before it writes: it may have slept for long.
        if !self.stay(shift)? {
            return Ok(SweepStep::LeaseLost);
        }
        self.limit_statements(limits.until);
        walk.pace.notice(survey.version);
        if let Some(range) = &survey.due {
            let asked = walk.pace.rows();
            let due = usize::try_from(survey.census.due).map_or(asked, |due| due.min(asked));
            let scope = scope(&self.policies, request, now);
            let settled = self.store.apply_purge(&scope, range, self.bell.is_heard());
            if let Err(error @ Error::Interrupted { .. }) = settled {
                walk.in_hand = survey.census.due;
                walk.saw(survey);
                return Err(error);
            }
            let Some(settled) = walk.fitted(settled, due)? else {
                return Ok(SweepStep::Continue);
            };
            walk.seen.kept.add(self.store.take_kept());
            walk.did(survey.census.due, &settled);
            let is_cut_short = settled.is_cut_short;
            self.bell.miss(settled.untold, now);
            self.ring(settled.told);
            if is_cut_short {
                // The next look finds what is left of these rows.
                walk.pace.shrink(due);
                return Ok(SweepStep::Continue);
            }
        }
        let step = if survey.last.is_none() { SweepStep::Finished } else { SweepStep::Continue };
        walk.saw(survey);
        Ok(step)
    }

    /// Moves the log into the database step by step. Where somebody keeps it from being
    /// used again, the purge slows down; once it is as large as it may be, it waits for
    /// him for a while, and then gives up.
    fn keep_log_small(
        &mut self,
        walk: &mut Sweep,
        shift: &mut ActiveRun,
        limits: &mut PurgeLimits<'_>,
    ) -> Result<Option<StopReason>> {
        let (is_gentle, is_cramped) = (walk.pace.is_gentle(), walk.pace.is_cramped());
        let (log, brake) = walk.upkeep.after_batch(self.store.wal(), is_gentle, is_cramped)?;
        walk.done.log_peak = walk.upkeep.peak;
        walk.note_hold();
        if log < walk.max_log {
            thread::sleep(brake);
            return Ok(None);
        }
        let begun = Instant::now();
        while walk.upkeep.is_stuck(self.store.wal())? {
            walk.note_hold();
            if let Some(stopped) = self.may_go_on(shift, &walk.done, limits)? {
                return Ok(Some(stopped));
            }
            if begun.elapsed() >= PATIENCE {
                return Ok(Some(StopReason::Log));
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
        walk: &Sweep,
        request: &PurgeRequest,
        now: UnixTime,
        stopped: Option<StopReason>,
    ) -> Result<(ScanTotals, bool)> {
        if stopped.is_none() {
            return Ok((ScanTotals::default(), true));
        }
        let scope = scope(&self.policies, request, now);
        self.count_behind(&scope, walk.after.as_ref(), LAST_LOOK)
    }
}
