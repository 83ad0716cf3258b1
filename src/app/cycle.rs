//! Cycling: ending live sessions now, whatever their state.

use std::ops::ControlFlow;

use super::Housekeeper;
use super::purge::{Stopped, rejected, short_of};
use super::tell::Untold;
use crate::domain::error::Result;
use crate::domain::filter::Filter;
use crate::domain::port::{Kept, Order, Query, Reach, Scanned, Unindexed};
use crate::domain::session::{End, EndReason, Key, Session};
use crate::domain::time::UnixTime;

/// Sessions that one write transaction ends: a few milliseconds' work, and on a cluster
/// 100 KiB or so of its log.
const BATCH: usize = 250;

/// What a cycle has done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cycled {
    /// Live sessions that it ended.
    pub ended: u64,
    /// Why it stopped early, if it did.
    pub stopped: Option<Stopped>,
    /// Ended sessions of which the listener has not taken note.
    pub untold: Option<Untold>,
    /// Live sessions that it left alone although they may have been meant: it was to end
    /// those of a user, and the user of these cannot be read.
    pub unreadable_users: u64,
    /// Sessions of a framework's table that are still live, because other rows refer to
    /// them or the database does not let them go.
    pub kept: Kept,
}

impl Cycled {
    /// What keeps it from being complete, in words.
    pub fn short_of(&self) -> Option<String> {
        let kept = match self.kept.referenced_rows() {
            0 => None,
            1 => Some("1 session was kept, since other rows refer to it".to_owned()),
            rows => Some(format!("{rows} sessions were kept, since other rows refer to them")),
        };
        let reasons: Vec<String> = kept.into_iter().chain(rejected(&self.kept)).collect();
        let kept = Some(reasons.join("; ")).filter(|reasons| !reasons.is_empty());
        short_of(self.stopped, self.untold.as_ref(), kept)
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
        let (mut after, mut ended, mut unreadable_users) = (None, 0, 0);
        loop {
            let (batch, last, scanned) = self.next_live(filter, now, after.as_ref(), BATCH)?;
            unreadable_users += scanned.unreadable_users;
            let done = self.cycle_sessions(&batch, now)?;
            for (session, _) in batch.iter().zip(done).filter(|(_, done)| *done) {
                ended += 1;
                show(session);
            }
            let stopped = if batch.len() < BATCH { None } else { stop(self)? };
            if batch.len() < BATCH || stopped.is_some() {
                let (untold, kept) = (self.take_untold(), self.take_kept());
                return Ok(Cycled { ended, stopped, untold, kept, unreadable_users });
            }
            after = last;
        }
    }

    /// Shows the sessions that [`cycle`](Self::cycle) would end, and answers what it would
    /// have done.
    ///
    /// # Errors
    /// Whatever keeps the table from being read.
    pub fn would_cycle(
        &self,
        filter: &Filter,
        now: UnixTime,
        show: &mut dyn FnMut(&Session),
    ) -> Result<Cycled> {
        let (mut after, mut cycled) = (None, Cycled::default());
        loop {
            let (batch, last, scanned) = self.next_live(filter, now, after.as_ref(), BATCH)?;
            let (ends, kept) = self.would_end(&batch)?;
            cycled.ended += ends.len() as u64;
            cycled.unreadable_users += scanned.unreadable_users;
            cycled.kept.add(kept);
            ends.into_iter().for_each(&mut *show);
            if batch.len() < BATCH {
                return Ok(cycled);
            }
            after = last;
        }
    }

    /// Those of these sessions that [`cycle_sessions`](Self::cycle_sessions) would end, and
    /// what would be kept.
    ///
    /// # Errors
    /// Whatever keeps the table from being read.
    pub fn would_end<'s>(&self, sessions: &'s [Session]) -> Result<(Vec<&'s Session>, Kept)> {
        let keys: Vec<Key> = sessions.iter().map(|session| session.key.clone()).collect();
        let (are_kept, kept) = self.store.would_keep(&keys)?;
        let ends = sessions.iter().zip(are_kept).filter(|(_, is_kept)| !is_kept);
        Ok((ends.map(|(session, _)| session).collect(), kept))
    }

    /// What was to end since this was asked last, and was kept.
    pub fn take_kept(&mut self) -> Kept {
        self.store.take_kept()
    }

    /// Tables that each deletion of a session reads as a whole, for lack of an index.
    ///
    /// # Errors
    /// Whatever keeps the schema from being read.
    pub fn unindexed(&self) -> Result<Vec<Unindexed>> {
        self.store.unindexed()
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
    ) -> Result<(Vec<Session>, Option<Key>, Scanned)> {
        let (mut batch, mut last) = (Vec::new(), None);
        let scanned = self.live(filter, now, after, &mut |session| {
            last = Some(session.key.clone());
            batch.push(session);
            if batch.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        Ok((batch, last, scanned))
    }

    /// Visits the live sessions that a filter fits, in key order.
    fn live(
        &self,
        filter: &Filter,
        now: UnixTime,
        after: Option<&Key>,
        visit: &mut dyn FnMut(Session) -> ControlFlow<()>,
    ) -> Result<Scanned> {
        let scope = self.scope(None, now);
        let query = Query { scope, filter, due_only: false, after, order: Order::default() };
        self.store.scan(&query, &mut |session| {
            let fits = session.end.is_none() && filter.matches_client(&session);
            Ok(if fits { visit(session) } else { ControlFlow::Continue(()) })
        })
    }

    /// Remembers how many sessions were live before many of them end.
    fn note_peaks(&mut self, now: UnixTime) -> Result<()> {
        let live = self.store.survey(&self.scope(None, now), None, Reach::ALL)?.live;
        self.store.note_peaks(&live)
    }
}
