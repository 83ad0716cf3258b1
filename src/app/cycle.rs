//! Cycling: ending sessions now, whatever their state.

use std::ops::ControlFlow;

use super::SessionService;
use super::notify::MissedNotifications;
use super::purge::{StopReason, incomplete_reason, rejected};
use super::run::random_name;
use crate::domain::error::{Error, GuardRefusal, GuardedRun, InterruptReason, Result, RunImpact};
use crate::domain::filter::{Filter, TaskPattern};
use crate::domain::guard::Guard;
use crate::domain::policy::Policies;
use crate::domain::session::{End, EndReason, Key, Session};
use crate::domain::time::{Span, UnixTime};
use crate::storage::{
    KeptRows, NewRun, Order, RunEnd, RunOutcome, ScanLimits, ScanResult, SessionQuery,
    UnindexedTable,
};

/// Sessions that one write transaction ends: a few milliseconds' work, and on a cluster
/// 100 KiB or so of its log.
const BATCH: usize = 250;

/// Sessions that clients may open during a cycle, besides as many as there were.
const SPARE: u64 = 100_000;
const INSERTED: &str =
    "rows are inserted as fast as sessions end; look for a trigger that inserts them";

/// What a cycle is to do.
#[derive(Debug, Clone, Default)]
pub struct CycleRequest {
    /// Which sessions end.
    pub filter: Filter,
    /// How many of them may end at most.
    pub guard: Guard,
}

/// What a cycle has done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cycled {
    /// Sessions that it ended.
    pub ended: u64,
    /// Number of these whose rows were deleted at once: their retention is zero, or they are
    /// of a framework's table.
    pub deleted: u64,
    /// Why it stopped early, if it did.
    pub stopped: Option<StopReason>,
    /// What it found the database to be, if that stopped it.
    pub obstacle: Option<String>,
    /// Ended sessions of which the listener has not taken note.
    pub untold: Option<MissedNotifications>,
    /// Live sessions that it left alone although they may have been meant: it was to end
    /// those of a user, and the user of these cannot be read.
    pub unreadable_users: u64,
    /// Sessions of a framework's table that are still live, because other rows refer to
    /// them or the database does not let them go.
    pub kept: KeptRows,
}

impl Cycled {
    /// What keeps it from being complete, in words.
    pub fn incomplete_reason(&self) -> Option<String> {
        let kept = match self.kept.referenced_rows() {
            0 => None,
            1 => Some("1 session was kept, since other rows refer to it".to_owned()),
            rows => Some(format!("{rows} sessions were kept, since other rows refer to them")),
        };
        let reasons: Vec<String> = kept.into_iter().chain(rejected(&self.kept)).collect();
        let kept = Some(reasons.join("; ")).filter(|reasons| !reasons.is_empty());
        incomplete_reason(self.stopped, self.obstacle.as_deref(), self.untold.as_ref(), kept)
    }
}

impl SessionService {
    /// Ends the sessions that a filter fits and that have not ended, live or due, and
    /// shows each that it has ended, after the commit.
    ///
    /// It is done in batches, each in a transaction of its own: when a later
    /// one fails or `go_on` stops it, the earlier ones stand, and calling it
    /// again goes on.
    ///
    /// # Errors
    /// [`Error::Guard`] if it would end more than the guard allows: nothing has ended
    /// then, and the ledger has the refusal. [`Error::Refused`] if nothing may be deleted;
    /// whatever keeps the table from being read or written.
    pub fn cycle(
        &mut self,
        request: &CycleRequest,
        now: UnixTime,
        show: &mut dyn FnMut(&Session),
        go_on: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<Cycled> {
        let go_on = &mut |_: &mut Self| Ok(go_on().is_break().then_some(StopReason::Signal));
        let cycled = self.cycle_until(request, now, show, go_on);
        let task = request.filter.task.as_ref();
        match &cycled {
            Err(Error::Guard(refusal)) => self.enter_refusal(task, refusal, now),
            Ok(Cycled { ended: 0, .. }) | Err(_) => {}
            Ok(cycled) => {
                let counts = [cycled.ended, cycled.deleted];
                self.observe_cycle(task, counts, cycled.incomplete_reason(), now);
            }
        }
        cycled
    }

    /// The same, until an answer that may ask the housekeeper stops it. A refusal is
    /// the caller's to enter in the ledger.
    pub(super) fn cycle_until(
        &mut self,
        request: &CycleRequest,
        now: UnixTime,
        show: &mut dyn FnMut(&Session),
        stop: &mut dyn FnMut(&mut Self) -> Result<Option<StopReason>>,
    ) -> Result<Cycled> {
        let CycleRequest { filter, guard } = request;
        self.may_delete()?;
        let sessions = self.record_peaks(now)?;
        if guard.is_set() {
            let would_end = self.preview_cycle(filter, now, &mut |_| {})?.ended;
            guard.check(stake(would_end, sessions))?;
        }
        let (mut after, mut ended, mut deleted) = (None, 0, 0);
        let (mut unreadable_users, mut seen) = (0, 0);
        let mut most = BATCH;
        loop {
            let (batch, last, scanned) = self.next_unended(filter, now, after.as_ref(), most)?;
            let (done, obstacle) = match self.end_cycled(&batch, now) {
                Err(Error::DiskFull { .. }) if batch.len() > 1 => {
                    most = batch.len() / 2;
                    continue;
                }
                Err(error @ Error::Interrupted { cause: InterruptReason::Asked, .. }) => {
                    (Vec::new(), Some(format!("it {error}")))
                }
                done => (done?, None),
            };
            unreadable_users += scanned.unreadable_users;
            for (session, _) in batch.iter().zip(done).filter(|(_, done)| *done) {
                ended += 1;
                deleted += u64::from(discards(&self.policies, session));
                show(session);
            }
            seen += batch.len() as u64;
            let stopped = if obstacle.is_some() {
                Some(StopReason::Signal)
            } else if batch.len() < most {
                None
            } else if seen > sessions.saturating_mul(2).saturating_add(SPARE) {
                return Err(Error::failed("come to the end of the sessions", INSERTED));
            } else {
                stop(self)?
            };
            if batch.len() < most || stopped.is_some() {
                let (untold, kept) = (self.take_missed_notifications(), self.take_kept());
                return Ok(Cycled {
                    ended,
                    deleted,
                    stopped,
                    obstacle,
                    untold,
                    unreadable_users,
                    kept,
                });
            }
            after = last;
        }
    }

    /// Shows the sessions that [`cycle`](Self::cycle) would end, and answers what it would
    /// have done.
    ///
    /// # Errors
    /// Whatever keeps the table from being read.
    pub fn preview_cycle(
        &self,
        filter: &Filter,
        now: UnixTime,
        show: &mut dyn FnMut(&Session),
    ) -> Result<Cycled> {
        let (mut after, mut cycled) = (None, Cycled::default());
        loop {
            let (batch, last, scanned) = self.next_unended(filter, now, after.as_ref(), BATCH)?;
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

    /// Whether the table has ever held a task that matches.
    ///
    /// # Errors
    /// Whatever keeps the table from being read.
    pub fn knows_task(&self, task: &TaskPattern) -> Result<bool> {
        Ok(self.store.task_names()?.has(task))
    }

    /// Those of these sessions that [`cycle_sessions`](Self::cycle_sessions) would end, and
    /// what would be kept.
    ///
    /// # Errors
    /// Whatever keeps the table from being read.
    pub fn would_end<'s>(&self, sessions: &'s [Session]) -> Result<(Vec<&'s Session>, KeptRows)> {
        let keys: Vec<Key> = sessions.iter().map(|session| session.key.clone()).collect();
        let (are_kept, kept) = self.store.check_references(&keys)?;
        let ends = sessions.iter().zip(are_kept).filter(|(_, is_kept)| !is_kept);
        Ok((ends.map(|(session, _)| session).collect(), kept))
    }

    /// What was to end since this was asked last, and was kept.
    pub fn take_kept(&mut self) -> KeptRows {
        self.store.take_kept()
    }

    /// Tables that each deletion of a session reads as a whole, for lack of an index.
    ///
    /// # Errors
    /// Whatever keeps the schema from being read.
    pub fn unindexed(&self) -> Result<Vec<UnindexedTable>> {
        self.store.unindexed()
    }

    /// Whether a guard lets a cycle end so many sessions.
    ///
    /// # Errors
    /// Whatever keeps the table from being read.
    pub fn may_cycle(
        &self,
        would_end: u64,
        guard: Guard,
        now: UnixTime,
    ) -> Result<std::result::Result<(), GuardRefusal>> {
        if !guard.is_set() {
            return Ok(Ok(()));
        }
        let survey = self.store.scan_due(&self.scope(None, now), None, ScanLimits::ALL)?;
        Ok(guard.check(stake(would_end, survey.census.sessions)))
    }

    /// Ends these sessions, if they have not ended, and answers for each whether it
    /// has.
    ///
    /// # Errors
    /// As for [`cycle`](Self::cycle).
    pub fn cycle_sessions(
        &mut self,
        sessions: &[Session],
        guard: Guard,
        now: UnixTime,
    ) -> Result<Vec<bool>> {
        self.may_delete()?;
        if let Err(refusal) = self.may_cycle(sessions.len() as u64, guard, now)? {
            self.enter_refusal(None, &refusal, now);
            return Err(refusal.into());
        }
        let ended = self.end_cycled(sessions, now)?;
        let done = sessions.iter().zip(&ended).filter(|(_, has_ended)| **has_ended);
        let counts = done.fold([0, 0], |[ended, deleted], (session, _)| {
            [ended + 1, deleted + u64::from(discards(&self.policies, session))]
        });
        if counts[0] > 0 {
            self.observe_cycle(None, counts, None, now);
        }
        Ok(ended)
    }

    /// Tells the observer of runs of a cycle, which the ledger has no run for.
    fn observe_cycle(
        &mut self,
        task: Option<&TaskPattern>,
        [ended, deleted]: [u64; 2],
        short_of: Option<String>,
        now: UnixTime,
    ) {
        let outcome = if short_of.is_none() { RunOutcome::Done } else { RunOutcome::Partial };
        let end = RunEnd {
            finished: now,
            outcome,
            reason: short_of,
            marked: 0,
            ended,
            deleted,
            anchor: None,
        };
        self.observe("cycle", task.map(TaskPattern::as_str), None, &end);
    }

    fn end_cycled(&mut self, sessions: &[Session], now: UnixTime) -> Result<Vec<bool>> {
        self.end_sessions(sessions, End { at: now, reason: EndReason::Cycled })
    }

    /// Enters a cycle in the ledger that its guard has kept from ending anything. That it
    /// was refused comes first, whatever becomes of the entry.
    fn enter_refusal(&mut self, task: Option<&TaskPattern>, refusal: &GuardRefusal, now: UnixTime) {
        let run = NewRun {
            job: None,
            work: "cycle".to_owned(),
            task: task.map(|task| task.as_str().to_owned()),
            rules: String::new(),
            planned: now,
            started: now,
            anchor: None,
            missed: 0,
            origin: self.origin(),
        };
        let end = RunEnd {
            finished: now,
            outcome: RunOutcome::Refused,
            reason: Some(refusal.to_string()),
            marked: 0,
            ended: 0,
            deleted: 0,
            anchor: None,
        };
        let _ = random_name().and_then(|name| self.store.insert_run(&name, &run, &end));
    }

    fn next_unended(
        &self,
        filter: &Filter,
        now: UnixTime,
        after: Option<&Key>,
        most: usize,
    ) -> Result<(Vec<Session>, Option<Key>, ScanResult)> {
        let (mut batch, mut last) = (Vec::new(), None);
        let scanned = self.unended(filter, now, after, &mut |session| {
            last = Some(session.key.clone());
            batch.push(session);
            if batch.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        let batch = batch.into_iter().map(|session| self.named(session)).collect::<Result<_>>()?;
        Ok((batch, last, scanned))
    }

    /// Visits the sessions that a filter fits and that have not ended, in key order.
    fn unended(
        &self,
        filter: &Filter,
        now: UnixTime,
        after: Option<&Key>,
        visit: &mut dyn FnMut(Session) -> ControlFlow<()>,
    ) -> Result<ScanResult> {
        let scope = self.scope(None, now);
        let query = SessionQuery { scope, filter, due_only: false, after, order: Order::default() };
        self.store.scan(&query, &mut |session| {
            let fits = session.end.is_none() && filter.matches_client(&session);
            Ok(if fits { visit(session) } else { ControlFlow::Continue(()) })
        })
    }

    /// Remembers how many sessions there were before many of them end, and answers how
    /// many in all.
    fn record_peaks(&mut self, now: UnixTime) -> Result<u64> {
        let survey = self.store.scan_due(&self.scope(None, now), None, ScanLimits::ALL)?;
        match self.store.record_peaks(&survey.sessions) {
            // A figure that was not noted keeps nothing from ending.
            Err(error) if error.is_disk_full() => {}
            noted => noted?,
        }
        Ok(survey.census.sessions)
    }
}

/// Checks whether the row of a session is deleted when it is ended.
pub(super) fn discards(policies: &Policies, session: &Session) -> bool {
    session.expiry.is_some() || policies.of(&session.task).retention == Some(Span::ZERO)
}

/// What a cycle would end, for its guard: all sessions of the table count.
fn stake(would_end: u64, sessions: u64) -> RunImpact {
    RunImpact { work: GuardedRun::Cycle, task: None, sessions, would_end, backlog: 0 }
}
