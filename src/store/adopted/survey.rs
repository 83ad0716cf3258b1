//! The look ahead of a purge in a framework's table.

use std::ops::ControlFlow;
use std::time::Instant;

use super::misfit::misfit;
use super::rows::{INPUTS, Reader};
use super::spread::Spread;
use crate::domain::error::Result;
use crate::domain::policy::Verdict;
use crate::domain::port::{Census, DueRange, Found, Misfit, Place, Reach, Scope, Sighting, Survey};
use crate::domain::profile::{Expiry, Judged, Raw};
use crate::domain::session::EndReason;
use crate::domain::time::UnixTime;
use crate::store::transport::{Columns, Transport};

/// After so many rows it is time to look at the clock.
const CLOCK: u64 = 128;

/// Looks at the rows behind a key, in key order.
pub(super) fn by_key(
    database: &impl Transport,
    reader: &Reader,
    scope: &Scope<'_>,
    after: Option<&Place>,
    reach: Reach,
    spread: &Spread,
) -> Result<Survey> {
    let version = database.version()?;
    let mut tally = Tally::new(scope.now, reach);
    let mut page = |last: Option<&dyn Columns>| {
        let mut sql = reader.select(&reader.seen());
        sql.push(" WHERE TRUE");
        if let (Some(Place::Key(after)), None) = (after, last) {
            sql.push(&format!(" AND {} > ", reader.key)).bind(after);
        }
        reader.in_order(&mut sql, last, false);
        sql
    };
    database.walk(&mut page, &mut |row| {
        tally.see(reader, row);
        // There is no way back to a row whose key cannot be said.
        let key = if tally.is_enough() { reader.key_of(row) } else { None };
        Ok(tally.stop_at(key.map(Place::Key)))
    })?;
    let walked = match &tally.last {
        Some(Place::Key(key)) => spread.share(key),
        _ => 1.0,
    };
    Ok(Survey { walked, version, ..tally.sum_up(reader) })
}

/// What a look has found so far.
pub(super) struct Tally {
    now: UnixTime,
    reach: Reach,
    begun: Instant,
    rows: u64,
    sessions: u64,
    unreadable: u64,
    due: u64,
    seen: Vec<Sighting>,
    misfit: Option<Misfit>,
    pub(super) last: Option<Place>,
}

impl Tally {
    pub(super) fn new(now: UnixTime, reach: Reach) -> Self {
        let (rows, sessions, unreadable, due) = (0, 0, 0, 0);
        let (seen, last, begun) = (Vec::new(), None, Instant::now());
        Self { now, reach, begun, rows, sessions, unreadable, due, seen, misfit: None, last }
    }

    /// Takes note of a row of [`Reader::seen`].
    pub(super) fn see(&mut self, reader: &Reader, row: &dyn Columns) {
        let judged = reader.judge(row);
        if judged == Judged::Session(Expiry::Unknown) && self.misfit.is_none() {
            reader.with_inputs(row, INPUTS, |inputs| self.note_misfit(reader, inputs));
        }
        if self.is_due(judged) {
            self.note_due(reader, row);
        }
    }

    /// Takes note of what keeps a row from being judged, if it is the first such row.
    pub(super) fn note_misfit(&mut self, reader: &Reader, inputs: &[Raw<'_>]) {
        self.misfit = self.misfit.take().or_else(|| misfit(reader, inputs));
    }

    /// Counts a row; answers whether it is due, and then it has not been counted as that.
    pub(super) fn is_due(&mut self, judged: Judged) -> bool {
        self.rows += 1;
        let Judged::Session(expiry) = judged else {
            return false;
        };
        self.sessions += 1;
        self.unreadable += u64::from(expiry == Expiry::Unknown);
        self.is_over(judged)
    }

    /// Whether a row is due.
    pub(super) fn is_over(&self, judged: Judged) -> bool {
        matches!(judged, Judged::Session(expiry) if expiry.is_over(self.now))
    }

    /// Takes note of a row that is due. One that cannot be looked for again as it was,
    /// its id being no text, is one of those that cannot be read.
    pub(super) fn note_due(&mut self, reader: &Reader, row: &dyn Columns) {
        if self.reach.due == usize::MAX {
            // Nobody settles all that there is, and there may be millions of them.
            self.due += 1;
            return;
        }
        match reader.sighting(row) {
            Some(sighting) => {
                self.due += 1;
                self.seen.push(sighting);
            }
            None => self.unreadable += 1,
        }
    }

    pub(super) fn is_enough(&self) -> bool {
        self.due >= self.reach.due as u64
            || self.rows >= self.reach.rows as u64
            || (self.rows.is_multiple_of(CLOCK) && self.begun.elapsed() >= self.reach.time)
    }

    /// Ends the look where there is a place.
    pub(super) fn stop_at(&mut self, place: Option<Place>) -> ControlFlow<()> {
        let is_last = place.is_some();
        self.last = place;
        if is_last { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// What it comes to.
    pub(super) fn sum_up(self, reader: &Reader) -> Survey {
        let task = &reader.profile.task;
        let mut census = Census { unreadable: self.unreadable, ..Census::default() };
        census.count(self.due, true, Verdict::Discard(EndReason::Expired));
        census.count(self.sessions - self.due, true, Verdict::Keep);
        let going = [((task.clone(), EndReason::Expired), self.due)];
        let found = Found { census, going: going.into_iter().collect(), ..Found::default() };
        let ends = self.seen.first().zip(self.seen.last());
        let ends = ends.map(|(first, last)| (first.key.clone(), last.key.clone()));
        Survey {
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
            live: [(task.to_ascii_lowercase(), self.sessions)]
                .into_iter()
                .filter(|(_, sessions)| *sessions > 0)
                .collect(),
            misfit: self.misfit,
            version: None,
        }
    }
}
