//! The look ahead of a purge in a framework's table.

use std::ops::ControlFlow;
use std::time::Instant;

use super::diagnose::distribution::KeyDistribution;
use super::held::Held;
use super::misfit::misfit;
use super::reader::{INPUTS, TableReader};
use crate::domain::error::Result;
use crate::domain::policy::Verdict;
use crate::domain::profile::{Expiry, RowStatus, SqlValueRef};
use crate::domain::session::{EndReason, Key};
use crate::domain::time::UnixTime;
use crate::storage::{
    Cursor, DueCounts, DueRange, DueScan, PolicyContext, PurgeCounts, RowSnapshot, ScanLimits,
    UnreadableValue,
};
use crate::store::database::{Database, RowRef};
use crate::store::statement::bare;

/// After so many rows it is time to look at the clock.
const CLOCK: u64 = 128;

/// Looks at the rows behind a key, in key order.
pub(super) fn by_key(
    database: &impl Database,
    reader: &TableReader,
    scope: &PolicyContext<'_>,
    after: Option<&Cursor>,
    reach: ScanLimits,
    spread: &KeyDistribution,
    held: &Held<'_>,
) -> Result<DueScan> {
    let version = database.version()?;
    let mut tally = ScanCounter::new(scope, reach, held);
    let mut page = |last: Option<&dyn RowRef>| {
        let mut sql = reader.select(&reader.seen());
        sql.push(" WHERE TRUE");
        if let (Some(Cursor::Key(after)), None) = (after, last) {
            sql.push(&format!(" AND {} > ", reader.key)).bind_lossless(bare(after));
        }
        reader.in_order(&mut sql, last, false);
        sql
    };
    database.query_pages(&mut page, &mut |row| {
        tally.see(reader, row);
        let key = if tally.is_enough() { reader.key_of(row) } else { None };
        Ok(tally.stop_at(key.map(Cursor::Key)))
    })?;
    let walked = match &tally.last {
        Some(Cursor::Key(key)) => spread.share(key),
        _ => 1.0,
    };
    Ok(DueScan { walked, version, ..tally.sum_up(database, reader, held)? })
}

/// What a look has found so far.
pub(super) struct ScanCounter {
    now: UnixTime,
    /// The last moment that is not in the future.
    present: UnixTime,
    reach: ScanLimits,
    begun: Instant,
    rows: u64,
    sessions: u64,
    unreadable: u64,
    future: u64,
    due: u64,
    /// Those of them that were over before, where somebody wants to know.
    backlog: u64,
    seen: Vec<RowSnapshot>,
    /// Of a look that only counts: the rows that are due, if some of them may be kept.
    due_keys: Option<Vec<Key>>,
    misfit: Option<UnreadableValue>,
    pub(super) last: Option<Cursor>,
}

impl ScanCounter {
    pub(super) fn new(scope: &PolicyContext<'_>, reach: ScanLimits, held: &Held<'_>) -> Self {
        Self {
            now: scope.now,
            present: scope.present(),
            reach,
            begun: Instant::now(),
            rows: 0,
            sessions: 0,
            unreadable: 0,
            future: 0,
            due: 0,
            backlog: 0,
            seen: Vec::new(),
            due_keys: (reach.due == usize::MAX && held.is_possible()).then(Vec::new),
            misfit: None,
            last: None,
        }
    }

    /// Takes note of a row of [`TableReader::seen`].
    pub(super) fn see(&mut self, reader: &TableReader, row: &dyn RowRef) {
        if reader.is_new(row) {
            self.rows += 1;
            return;
        }
        let judged = reader.with_inputs(row, INPUTS, |inputs| self.due(reader, inputs));
        if let Some(judged) = judged {
            self.note_due(reader, row, judged);
        }
    }

    /// Counts a row, and takes note of what keeps the first such row from being judged;
    /// answers what it is if it is due, and then it has not been counted as that.
    pub(super) fn due(
        &mut self,
        reader: &TableReader,
        inputs: &[SqlValueRef<'_>],
    ) -> Option<RowStatus> {
        self.rows += 1;
        let judged = reader.profile.judge(inputs);
        let RowStatus::Session(expiry) = judged else {
            return None;
        };
        self.sessions += 1;
        if expiry == Expiry::Unknown {
            self.unreadable += 1;
            self.misfit = self.misfit.take().or_else(|| misfit(reader, inputs));
        }
        self.future += u64::from(reader.profile.is_after(self.present, inputs));
        Some(judged).filter(|judged| self.is_over(*judged))
    }

    /// Whether a row is due.
    pub(super) fn is_over(&self, judged: RowStatus) -> bool {
        matches!(judged, RowStatus::Session(expiry) if expiry.is_over(self.now))
    }

    /// Takes note of a row that is due.
    pub(super) fn note_due(&mut self, reader: &TableReader, row: &dyn RowRef, judged: RowStatus) {
        // Nobody settles all that there is, and there may be millions of them.
        if self.reach.due == usize::MAX {
            if let Some(keys) = &mut self.due_keys {
                keys.extend(reader.key_of(row));
            }
        } else {
            let Some(sighting) = reader.sighting(row) else {
                self.unreadable += 1;
                return;
            };
            self.seen.push(sighting);
        }
        self.due += 1;
        self.backlog += u64::from(self.was_over(judged));
    }

    /// Whether a row that is due was that already at the moment that is asked for. Of one
    /// that is over without a time, nobody can say since when.
    fn was_over(&self, judged: RowStatus) -> bool {
        let RowStatus::Session(expiry @ Expiry::At { .. }) = judged else {
            return false;
        };
        self.reach.backlog.is_some_and(|at| expiry.is_over(at))
    }

    pub(super) fn is_enough(&self) -> bool {
        self.due >= self.reach.due as u64
            || self.rows >= self.reach.rows as u64
            || (self.rows.is_multiple_of(CLOCK) && self.begun.elapsed() >= self.reach.time)
    }

    /// Ends the look where there is a place.
    pub(super) fn stop_at(&mut self, place: Option<Cursor>) -> ControlFlow<()> {
        let is_last = place.is_some();
        self.last = place;
        if is_last { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// What it comes to. Of what is due, a look that only counts leaves out what would be
    /// kept.
    pub(super) fn sum_up(
        mut self,
        database: &impl Database,
        reader: &TableReader,
        held: &Held<'_>,
    ) -> Result<DueScan> {
        let keys = self.due_keys.take().unwrap_or_default();
        let kept = held.among(database, reader, &keys)?.1;
        self.due -= kept.rows().min(self.due);
        // What others refer to stays due from one run to the next.
        self.backlog = self.backlog.saturating_sub(kept.rows()).min(self.due);
        let task = &reader.profile.task;
        let mut census = PurgeCounts {
            unreadable: self.unreadable,
            future: self.future,
            ..PurgeCounts::default()
        };
        let expired = Verdict::Discard(EndReason::Expired);
        census.count(self.backlog, false, expired, true);
        census.count(self.due - self.backlog, false, expired, false);
        census.count(self.sessions - self.due, false, Verdict::Keep, false);
        let going = [((task.clone(), EndReason::Expired), self.due)];
        let found =
            DueCounts { census, going: going.into_iter().collect(), ..DueCounts::default() };
        let ends = self.seen.first().zip(self.seen.last());
        let ends = ends.map(|(first, last)| (first.key.clone(), last.key.clone()));
        Ok(DueScan {
            last: self.last,
            walked: 1.0,
            rows: self.rows,
            due: ends.map(|(first, last)| DueRange {
                first,
                last,
                found: Some(found),
                seen: self.seen,
            }),
            census,
            sessions: [(task.to_ascii_lowercase(), self.sessions)]
                .into_iter()
                .filter(|(_, sessions)| *sessions > 0)
                .collect(),
            misfit: self.misfit,
            version: None,
            kept,
        })
    }
}
