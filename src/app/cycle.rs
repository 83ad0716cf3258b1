//! Cycling: ending live sessions now, whatever their state.

use std::ops::ControlFlow;

use super::Housekeeper;
use super::purge::{Stopped, short_of};
use super::tell::Untold;
use crate::domain::error::Result;
use crate::domain::filter::Filter;
use crate::domain::port::{Order, Query, Reach};
use crate::domain::session::{End, EndReason, Key, Session};
use crate::domain::time::UnixTime;

/// Sessions that one write transaction ends: a few milliseconds' work, and on a cluster
/// 100 KiB or so of its log.
const BATCH: usize = 250;

/// What a cycle has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cycled {
    /// Live sessions that it ended.
    pub ended: u64,
    /// Why it stopped early, if it did.
    pub stopped: Option<Stopped>,
    /// Ended sessions of which the listener has not taken note.
    pub untold: Option<Untold>,
}

impl Cycled {
    /// What keeps it from being complete, in words.
    pub fn short_of(&self) -> Option<String> {
        short_of(self.stopped, self.untold.as_ref())
    }
}

impl Housekeeper {
    /// Ends the live sessions that a filter fits, and shows each that it has
    /// ended, after the commit.
    ///
    /// It is done in batches, each in a transaction of its own: when a later
    /// one fails or `go_on` stops it, the earlier ones stand, and calling it
    /// again goes on.
    ///
    /// # Errors
    /// [`Error::Refused`](crate::Error::Refused) if nothing may be deleted; whatever keeps
    /// the table from being read or written.
    pub fn cycle(
        &mut self,
        filter: &Filter,
        now: UnixTime,
        show: &mut dyn FnMut(&Session),
        go_on: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<Cycled> {
        let go_on = &mut |_: &mut Self| Ok(go_on().is_break().then_some(Stopped::Signal));
        self.cycle_until(filter, now, show, go_on)
    }

    /// The same, until an answer that may ask the housekeeper stops it.
    pub(super) fn cycle_until(
        &mut self,
        filter: &Filter,
        now: UnixTime,
        show: &mut dyn FnMut(&Session),
        stop: &mut dyn FnMut(&mut Self) -> Result<Option<Stopped>>,
    ) -> Result<Cycled> {
        self.may_delete()?;
        self.note_peaks(now)?;
        let (mut after, mut ended) = (None, 0);
        loop {
            let (batch, last) = self.next_live(filter, now, after.as_ref(), BATCH)?;
            let done = self.cycle_sessions(&batch, now)?;
            for (session, _) in batch.iter().zip(done).filter(|(_, done)| *done) {
                ended += 1;
                show(session);
            }
            let stopped = if batch.len() < BATCH { None } else { stop(self)? };
            if batch.len() < BATCH || stopped.is_some() {
                return Ok(Cycled { ended, stopped, untold: self.take_untold() });
            }
            after = last;
        }
    }

    /// Shows the sessions that [`cycle`](Self::cycle) would end.
    ///
    /// # Errors
    /// Whatever keeps the table from being read.
    pub fn would_cycle(
        &self,
        filter: &Filter,
        now: UnixTime,
        show: &mut dyn FnMut(&Session),
    ) -> Result<u64> {
        let mut shown = 0;
        self.live(filter, now, None, &mut |session| {
            show(&session);
            shown += 1;
            ControlFlow::Continue(())
        })?;
        Ok(shown)
    }

    /// Ends these sessions, if they are live, and answers for each whether it
    /// was.
    ///
    /// # Errors
    /// [`Error::Refused`](crate::Error::Refused) if nothing may be deleted; whatever keeps
    /// the table from being written.
    pub fn cycle_sessions(&mut self, sessions: &[Session], now: UnixTime) -> Result<Vec<bool>> {
        self.may_delete()?;
        self.end_all(sessions, End { at: now, reason: EndReason::Cycled })
    }

    fn next_live(
        &self,
        filter: &Filter,
        now: UnixTime,
        after: Option<&Key>,
        most: usize,
    ) -> Result<(Vec<Session>, Option<Key>)> {
        let (mut batch, mut last) = (Vec::new(), None);
        self.live(filter, now, after, &mut |session| {
            last = Some(session.key.clone());
            batch.push(session);
            if batch.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        Ok((batch, last))
    }

    /// Visits the live sessions that a filter fits, in key order.
    fn live(
        &self,
        filter: &Filter,
        now: UnixTime,
        after: Option<&Key>,
        visit: &mut dyn FnMut(Session) -> ControlFlow<()>,
    ) -> Result<()> {
        let scope = self.scope(None, now);
        let query = Query { scope, filter, due_only: false, after, order: Order::default() };
        self.store.scan(&query, &mut |session| {
            let fits = session.end.is_none() && filter.matches_client(&session);
            Ok(if fits {
                visit(self.with_name_of_task(session))
            } else {
                ControlFlow::Continue(())
            })
        })
    }

    /// Remembers how many sessions were live before many of them end.
    fn note_peaks(&mut self, now: UnixTime) -> Result<()> {
        let live = self.store.survey(&self.scope(None, now), None, Reach::ALL)?.live;
        self.store.note_peaks(&live)
    }
}
