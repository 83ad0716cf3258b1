//! Giving the space of deleted rows back to the file system.

mod report;

use std::ops::ControlFlow;
use std::thread;
use std::time::{Duration, Instant};

use super::Housekeeper;
use super::run::{COMPACTION, PURGE, Shift};
use super::throttle::Pace;
use crate::domain::error::Result;
use crate::domain::time::UnixTime;
use crate::storage::{Demand, Effort, Leave, LogSize, Released, Space};

pub use report::{CompactRequest, Compacted, Cut};

/// Pages that are given back before the log is worked into the database. Each writes a
/// few pages to the log: itself, and those that point to it.
const UNFOLDED: u64 = 256;
/// Bytes that the log may keep because of a reader. Where space is short, a log of many
/// times that would be a poor bargain.
const LONGEST_LOG: u64 = 16 << 20;
/// How long to wait for readers, and how often to look.
const PATIENCE: Duration = Duration::from_secs(5);
const GLANCE: Duration = Duration::from_millis(20);
/// How often to try to empty the log, in which a moment without readers is enough.
const ATTEMPTS: u32 = 50;

/// What the steps have come to.
#[derive(Debug, Default)]
struct Feat {
    steps: u64,
    longest_hold: Duration,
    /// Pages that were given back since the log was last worked into the database.
    unfolded: u64,
}

impl Housekeeper {
    /// About how many bytes lie in pages that are not full. Only
    /// [`rebuild`](Self::rebuild) gives them back.
    ///
    /// # Errors
    /// Whatever keeps the table from being read.
    pub fn slack(&self) -> Result<u64> {
        self.store.slack()
    }

    /// Gives the pages that are free now back to the file system, in short write
    /// transactions with pauses of the same length, so that the application goes on.
    /// It can be stopped after any of them.
    ///
    /// A database that was not made for steps stays as it is.
    ///
    /// # Errors
    /// [`Error::Held`](crate::Error::Held) if a purge or another compaction is at work,
    /// and [`Error::Refused`](crate::Error::Refused) if it is a framework's; then nothing
    /// has changed. And whatever keeps the pages from being moved; the
    /// steps before stand.
    pub fn compact(
        &mut self,
        request: &CompactRequest,
        now: UnixTime,
        go_on: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<Compacted> {
        self.may_compact()?;
        let begun = Instant::now();
        let before = self.store.space()?;
        let mut feat = Feat::default();
        if !before.steps_possible {
            let stopped = Some(Cut::NoSteps).filter(|_| before.free_pages > 0);
            return Ok(compacted(before, before, &feat, begun, stopped));
        }
        let mut shift = self.begin_unrecorded(PURGE, COMPACTION, now)?;
        let mut watch = Watch { begun, run_time: request.run_time, go_on };
        // What a commit would do about the log is done between the steps.
        let outcome = self.with_log_kept(|keeper| {
            keeper.step_by_step(&mut feat, &mut shift, request, &mut watch)
        });
        let finished = self.finish_unrecorded(&shift);
        // What the work fails with comes first.
        let stopped = outcome.and_then(|stopped| finished.map(|()| stopped))?;
        self.empty_log(watch.go_on)?;
        let after = self.store.space()?;
        // What stops a run that has nothing left has not stopped it.
        let stopped = stopped.filter(|_| after.free_pages > 0).or_else(|| overhang(&after));
        Ok(compacted(before, after, &feat, begun, stopped))
    }

    fn step_by_step(
        &mut self,
        feat: &mut Feat,
        shift: &mut Shift,
        request: &CompactRequest,
        watch: &mut Watch<'_>,
    ) -> Result<Option<Cut>> {
        let mut pace = Pace::aiming_at(request.hold.0);
        // More may become free meanwhile: that is for the next time, or there would be
        // no end to it.
        let mut left = self.store.space()?.free_pages;
        while left > 0 {
            if !self.stay(shift)? {
                return Ok(Some(Cut::Lease));
            }
            let released = self.release_some(&mut pace, feat, left)?;
            if released.pages == 0 {
                break;
            }
            left = left.saturating_sub(released.pages);
            let cut = match watch.cut() {
                None => self.keep_log_short(feat, shift, watch)?,
                cut => cut,
            };
            if cut.is_some() {
                return Ok(cut);
            }
            // Whoever has waited for the lock gets it now.
            thread::sleep(released.hold.min(PATIENCE));
        }
        Ok(None)
    }

    fn release_some(&mut self, pace: &mut Pace, feat: &mut Feat, left: u64) -> Result<Released> {
        let most = usize::try_from(left).unwrap_or(usize::MAX);
        let released = self.store.release(pace.rows().min(most))?;
        if released.pages > 0 {
            pace.learn(released.pages, &released);
            feat.steps += 1;
            feat.unfolded += released.pages;
            feat.longest_hold = feat.longest_hold.max(released.hold);
        }
        Ok(released)
    }

    /// Works the log into the database once in a while. Where a reader is in the way and
    /// the log has become long, it waits for the reader, and then gives up.
    fn keep_log_short(
        &mut self,
        feat: &mut Feat,
        shift: &mut Shift,
        watch: &mut Watch<'_>,
    ) -> Result<Option<Cut>> {
        if feat.unfolded < UNFOLDED {
            return Ok(None);
        }
        feat.unfolded = 0;
        let begun = Instant::now();
        let is_too_long = |size: LogSize| size.pending > LONGEST_LOG;
        while self.store.move_log(Effort::Gentle)?.is_some_and(is_too_long) {
            if begun.elapsed() >= PATIENCE {
                return Ok(Some(Cut::Reader));
            }
            if !self.stay(shift)? {
                return Ok(Some(Cut::Lease));
            }
            if let Some(cut) = watch.cut() {
                return Ok(Some(cut));
            }
            thread::sleep(GLANCE);
        }
        Ok(None)
    }

    /// Works the log into the database and empties it, if there is a moment for that.
    fn empty_log(&mut self, go_on: &mut dyn FnMut() -> ControlFlow<()>) -> Result<()> {
        for _ in 0..ATTEMPTS {
            let log = self.store.move_log(Effort::Cut)?;
            if log.is_none_or(|log| log.bytes == 0) || go_on().is_break() {
                break;
            }
            thread::sleep(GLANCE);
        }
        Ok(())
    }

    /// Writes the whole database anew, without any free space, and in such a way that
    /// from then on [`compact`](Self::compact) has a use. Nobody else can write until it
    /// is done.
    ///
    /// `room` is asked before anything happens whether the disk has what it takes; `leave`
    /// is asked now and then whether to leave off, and then nothing has changed.
    ///
    /// # Errors
    /// [`Error::Held`](crate::Error::Held) if a purge or a compaction is at work,
    /// [`Error::Refused`](crate::Error::Refused) if it is a framework's, what `room`
    /// answers, and whatever keeps the database from being written. Nothing has
    /// changed then.
    pub fn rebuild(
        &mut self,
        run_time: Option<Duration>,
        now: UnixTime,
        room: &mut dyn FnMut(&Demand) -> Result<()>,
        mut leave: Leave,
    ) -> Result<Compacted> {
        self.may_compact()?;
        let begun = Instant::now();
        let is_up = move || run_time.is_some_and(|limit| begun.elapsed() >= limit);
        let before = self.store.space()?;
        let shift = self.begin_unrecorded(PURGE, COMPACTION, now)?;
        let go_on = &mut || ControlFlow::Continue(());
        let outcome = self.empty_log(go_on).and_then(|()| {
            room(&self.store.demand()?)?;
            let working = Instant::now();
            let done = self.store.rebuild(Box::new(move || is_up() || leave()))?;
            Ok((done, working.elapsed()))
        });
        let finished = self.finish_unrecorded(&shift);
        let (done, longest_hold) = outcome.and_then(|done| finished.map(|()| done))?;
        self.empty_log(go_on)?;
        let after = self.store.space()?;
        let feat = Feat { steps: u64::from(done), longest_hold, unfolded: 0 };
        let cut = if is_up() { Cut::RunTime } else { Cut::Signal };
        let stopped = if done { overhang(&after) } else { Some(cut) };
        Ok(compacted(before, after, &feat, begun, stopped))
    }
}

/// What may end the work early.
struct Watch<'a> {
    begun: Instant,
    run_time: Option<Duration>,
    go_on: &'a mut dyn FnMut() -> ControlFlow<()>,
}

impl Watch<'_> {
    fn cut(&mut self) -> Option<Cut> {
        if (self.go_on)().is_break() {
            return Some(Cut::Signal);
        }
        Some(Cut::RunTime)
            .filter(|_| self.run_time.is_some_and(|limit| self.begun.elapsed() >= limit))
    }
}

/// A file that is longer than its database will be cut when a reader lets it.
fn overhang(after: &Space) -> Option<Cut> {
    Some(Cut::Reader).filter(|_| after.overhang() > 0)
}

fn compacted(
    before: Space,
    after: Space,
    feat: &Feat,
    begun: Instant,
    stopped: Option<Cut>,
) -> Compacted {
    let Feat { steps, longest_hold, .. } = *feat;
    Compacted { before, after, steps, longest_hold, elapsed: begun.elapsed(), stopped }
}
