//! Copying a table of sessions to another database, from one end of the keys to the
//! other. What both sides have already is left as it is, so that a repetition goes on
//! where the last attempt has stopped, and brings what has changed since.

mod range;
mod report;
mod run;

use std::ops::ControlFlow;
use std::thread;
use std::time::Instant;

use super::SessionService;
use super::permissions::{opening, row_copy, row_copy_mut};
use super::purge::StopReason;
use super::run::{PURGE, held};
use crate::domain::error::{Error, Result};
use crate::domain::time::UnixTime;
use crate::storage::raw_row::{RawRow, TableDiff};
use crate::storage::{Backend, Lease, LeaseHolder, RowRange, RunQuery};

use range::{KeyRange, Tally, counters_to_change};
use run::{CopyAction, CopyRun};

pub use report::{Comparison, CopyProgress, CopyReport, CopyRequest};

/// What a process is told that finds a move at work.
const MOVE: &str = "move";
/// Rows that are read at once from either side, and that one request writes at most. An
/// entry in the log of a cluster had better be small.
const MOST_ROWS: usize = 1_000;
/// Likewise in bytes.
const MOST_BYTES: usize = 256 << 10;

/// Is told how far it is, and says whether to go on.
type GoOn<'a> = &'a mut dyn FnMut(&CopyProgress) -> ControlFlow<()>;

impl SessionService {
    /// Copies rows, counters and the names of tasks from another table to this one, as they are, and
    /// compares both afterwards. The ledger stays behind.
    ///
    /// 1. Both sides are read in key order, and what differs is written in batches that
    ///    hold up others for about as long as asked. What is the same already is left
    ///    alone: a move that was interrupted after any of them is gone on with by
    ///    repeating it.
    /// 2. What is [newer](RawRow::is_newer_than) here, and what is here alone, is left
    ///    alone and counted; with `replace`, it is written over and deleted. A counter
    ///    that is higher here stays likewise.
    /// 3. The source is only read. What is written to it meanwhile shows as a difference
    ///    in the comparison, and the next move brings it.
    ///
    /// No purge and no other move works here at the same time.
    ///
    /// # Errors
    /// [`Error::LeaseHeld`] if one is at work. [`Error::Refused`] if the source is this very
    /// database, or the destination of another move, or a framework's table, or if it is
    /// empty and all sessions here were to be replaced by none; or, without `replace`, if
    /// anything has run here: rows that have gone would come back. In these cases nothing
    /// has changed. And whatever keeps the tables from being read or written, and then
    /// the batches before stand.
    pub fn copy_from(
        &mut self,
        source: &dyn Backend,
        request: &CopyRequest,
        now: UnixTime,
        go_on: GoOn<'_>,
    ) -> Result<CopyReport> {
        let begun = Instant::now();
        let mut journey = CopyRun::new(source, request, go_on);
        let shift = self.acquire_lease(PURGE, MOVE, now)?;
        journey.shift = Some(shift);
        let may = self.may_bring(&journey, now);
        let outcome = may.and_then(|()| self.bring_all(&mut journey));
        let finished = journey.shift.iter().try_for_each(|shift| self.finish_unrecorded(shift));
        // What the work fails with comes first.
        let stopped = outcome.and_then(|stopped| finished.map(|()| stopped))?;
        Ok(CopyReport { stopped, elapsed: begun.elapsed(), ..journey.done })
    }

    /// Compares another table with this one, and changes nothing. What [`copy_from`](Self::copy_from)
    /// would leave alone counts as left alone.
    ///
    /// # Errors
    /// [`Error::Refused`] if one is a framework's, and whatever keeps them from being
    /// read.
    pub fn compare(
        &mut self,
        source: &dyn Backend,
        request: &CopyRequest,
        go_on: GoOn<'_>,
    ) -> Result<CopyReport> {
        let begun = Instant::now();
        let mut journey = CopyRun::new(source, request, go_on);
        let stopped = self.compare_all(&mut journey)?;
        let done = &mut journey.done;
        if let Some(comparison) = done.comparison.as_ref().filter(|_| !request.replace) {
            (done.newer, done.extra) = (comparison.newer, comparison.extra);
        }
        Ok(CopyReport { stopped, elapsed: begun.elapsed(), ..journey.done })
    }

    /// What is asked while nobody else can begin to move anything here.
    fn may_bring(&self, journey: &CopyRun<'_>, now: UnixTime) -> Result<()> {
        let holds =
            |it: &LeaseHolder| Lease::holds(it.renewed_at, now) && !self.is_gone(&it.holder);
        let holding = journey.source.lease_holder(PURGE)?;
        if let Some(holding) = holding.filter(|it| it.work == MOVE && holds(it)) {
            // The lease that was taken just now is there, too.
            if holding.renewed_at == now {
                return Err(Error::Refused(
                    "the source is the destination itself, or that of another move at this moment"
                        .to_owned(),
                ));
            }
            return Err(held(holding, now));
        }
        if !journey.request.replace && self.has_run(now)? {
            return Err(Error::Refused(
                "a purge or a job has run in the destination already: what has gone there since \
                 an earlier pass would come back. If nobody uses it yet, --replace makes it equal \
                 to the source"
                    .to_owned(),
            ));
        }
        let one = RowRange { rows: 1, bytes: 1, ..RowRange::default() };
        let is_empty = |store: &dyn Backend| {
            row_copy(store)?.read_rows(one).map(|portion| portion.rows.is_empty())
        };
        if journey.request.replace && is_empty(journey.source)? && !is_empty(self.store.as_ref())? {
            return Err(Error::Refused(
                "the source holds no session, and to become equal to it the destination would \
                 lose all of its own"
                    .to_owned(),
            ));
        }
        Ok(())
    }

    /// Whether the ledger here has any run, of whatever outcome.
    fn has_run(&self, now: UnixTime) -> Result<bool> {
        let mut has_run = false;
        let latest = RunQuery { limit: Some(1), ..RunQuery::default() };
        self.store.runs(&latest, now, &mut |_| {
            has_run = true;
            Ok(ControlFlow::Break(()))
        })?;
        Ok(has_run)
    }

    fn bring_all(&mut self, journey: &mut CopyRun<'_>) -> Result<Option<StopReason>> {
        if let Some(stopped) = self.copy_all(journey)? {
            return Ok(Some(stopped));
        }
        self.copy_counters(journey)?;
        let names = row_copy(journey.source)?.read_task_names()?;
        row_copy_mut(self.store.as_mut())?.upsert_task_names(&names, journey.request.over())?;
        if journey.request.suit {
            opening(self.store.as_mut())?.sync_indexes(&self.policies)?;
        }
        self.compare_all(journey)
    }

    fn copy_all(&mut self, journey: &mut CopyRun<'_>) -> Result<Option<StopReason>> {
        let mut after = None;
        loop {
            let section = KeyRange::behind(after.as_deref(), journey.source, self.store.as_ref())?;
            let stopped = self.even_out(journey, &section)?;
            journey.came_through(&section);
            let stopped = match stopped {
                None => self.may_go_on_with(journey)?,
                stopped => stopped,
            };
            if stopped.is_some() || section.until.is_none() {
                return Ok(stopped);
            }
            after = section.until;
        }
    }

    /// Writes what differs within a range of keys.
    fn even_out(
        &mut self,
        journey: &mut CopyRun<'_>,
        section: &KeyRange,
    ) -> Result<Option<StopReason>> {
        let mut differences = TableDiff::between(&section.here, &section.there);
        if journey.request.replace {
            differences.older.append(&mut differences.newer);
        } else {
            journey.done.newer += differences.newer.len() as u64;
            journey.done.extra += differences.extra.len() as u64;
            differences.extra.clear();
        }
        let deeds = [
            (CopyAction::Insert, differences.missing),
            (CopyAction::WriteOver, differences.older),
            (CopyAction::Delete, differences.extra),
        ];
        for (deed, rows) in deeds {
            if let Some(stopped) = self.write(journey, deed, &rows)? {
                return Ok(Some(stopped));
            }
        }
        Ok(None)
    }

    /// Writes rows in batches of the right size.
    fn write(
        &mut self,
        journey: &mut CopyRun<'_>,
        deed: CopyAction,
        rows: &[&RawRow],
    ) -> Result<Option<StopReason>> {
        let over = journey.request.over();
        let mut rest = rows;
        while !rest.is_empty() {
            // Right before it writes: it may have slept for long.
            if let Some(stopped) = self.may_go_on_with(journey)? {
                return Ok(Some(stopped));
            }
            let (batch, others) = rest.split_at(fitting(rest, journey.pace.rows()));
            let put = match deed {
                CopyAction::Insert | CopyAction::WriteOver => {
                    row_copy_mut(self.store.as_mut())?.upsert_rows(batch, over)?
                }
                CopyAction::Delete => row_copy_mut(self.store.as_mut())?.remove(batch)?,
            };
            journey.did(deed, batch.len() as u64, &put);
            thread::sleep(journey.pace.pause(journey.released.elapsed()));
            rest = others;
        }
        Ok(None)
    }

    /// Says that it is at work, and asks whether anything ends it.
    fn may_go_on_with(&mut self, journey: &mut CopyRun<'_>) -> Result<Option<StopReason>> {
        if let Some(shift) = &mut journey.shift
            && !self.stay(shift)?
        {
            return Ok(Some(StopReason::Lease));
        }
        let is_enough = (journey.go_on)(&journey.progress).is_break();
        Ok(is_enough.then_some(StopReason::Signal))
    }

    fn copy_counters(&mut self, journey: &mut CopyRun<'_>) -> Result<()> {
        let (here, there) = (
            row_copy(journey.source)?.read_counters()?,
            row_copy(self.store.as_ref())?.read_counters()?,
        );
        let over = journey.request.over();
        let (set, drop) = counters_to_change(&here, &there, over);
        journey.done.counters = (set.len() + drop.len()) as u64;
        row_copy_mut(self.store.as_mut())?.set_counters(&set, &drop, over)
    }

    fn compare_all(&mut self, journey: &mut CopyRun<'_>) -> Result<Option<StopReason>> {
        let written = journey.progress.written;
        journey.progress = CopyProgress { is_comparing: true, written, ..CopyProgress::default() };
        let mut tally = Tally::default();
        let mut after = None;
        loop {
            let section = KeyRange::behind(after.as_deref(), journey.source, self.store.as_ref())?;
            tally.take(&section);
            journey.came_through(&section);
            if section.until.is_none() {
                break;
            }
            if let Some(stopped) = self.may_go_on_with(journey)? {
                return Ok(Some(stopped));
            }
            after = section.until;
        }
        let (here, there) = (
            row_copy(journey.source)?.read_counters()?,
            row_copy(self.store.as_ref())?.read_counters()?,
        );
        let (set, drop) = counters_to_change(&here, &there, journey.request.over());
        journey.done.comparison = Some(tally.comparison((set.len() + drop.len()) as u64));
        Ok(None)
    }
}

/// How many of these rows make up a batch: at least one.
fn fitting(rows: &[&RawRow], most: usize) -> usize {
    let mut bytes = 0;
    let fits = |row: &&&RawRow| {
        bytes += row.size();
        bytes <= MOST_BYTES
    };
    rows.iter().take(most.min(MOST_ROWS)).take_while(fits).count().max(1)
}
