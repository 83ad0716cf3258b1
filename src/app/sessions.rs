//! The life of a session: open, touch, close.

use std::time::Duration;

use super::SessionService;
use super::permissions;
use crate::domain::clock::ClockRefusal;
use crate::domain::error::{Error, LimitReached, Result};
use crate::domain::policy::{TimeoutRequest, TouchDecision};
use crate::domain::session::{End, EndReason, Key, Session};
use crate::domain::time::{Span, UnixTime};
use crate::domain::token::Token;
use crate::storage::{EndRequest, LimitScope, NewSession};

/// What a client says when it opens a session.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OpenRequest {
    /// The service.
    pub task: String,
    /// Who; `None` before anyone has logged in.
    pub user: Option<String>,
    /// From where.
    pub client: Option<String>,
    /// The timeout that it would like.
    pub asked: TimeoutRequest,
}

/// An open session, for its client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedSession {
    /// The secret, which exists here alone: the table has its hash.
    pub token: Token,
    /// What people call the session.
    pub handle: String,
    /// The idle timeout that it was granted; `None`: it never times out.
    pub idle_timeout: Option<Span>,
    /// How many sessions ended to make way for it.
    pub evicted: u64,
    /// Why its limits were left out of account, if they were: nothing ends by a clock
    /// that has moved.
    pub clock: Option<ClockRefusal>,
}

/// What became of a touch or a close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TouchOutcome {
    /// The last use has moved.
    Renewed,
    /// The last use is so recent that nothing was written.
    Unchanged,
    /// This close has ended it.
    Closed,
    /// It was over before.
    Ended(EndReason),
    /// It is live, and its row cannot be deleted: rows of another table refer to it, or
    /// the database rejects the deletion.
    Kept,
    /// There is no such session.
    Unknown,
}

impl TouchOutcome {
    /// Whether there was a live session to serve.
    pub fn is_live(self) -> bool {
        matches!(self, Self::Renewed | Self::Unchanged | Self::Closed)
    }
}

/// The outcome for one token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TouchResult {
    /// The handle of the session, also where there is none.
    pub handle: String,
    /// What became of it.
    pub outcome: TouchOutcome,
    /// How many other sessions have ended by the same token.
    pub others: u64,
}

/// What a touch of several sessions has done.
pub(super) struct Touched {
    pub(super) outcomes: Vec<TouchOutcome>,
    /// For how long nobody else could write; `None`: nothing has changed.
    pub(super) hold: Option<Duration>,
}

impl Touched {
    /// The places of those that are to be renewed.
    fn renewals(&self) -> Vec<usize> {
        let numbered = self.outcomes.iter().enumerate();
        let renewals = numbered.filter(|(_, outcome)| **outcome == TouchOutcome::Renewed);
        renewals.map(|(place, _)| place).collect()
    }
}

impl SessionService {
    /// Opens a session, if the limits of its policy and of its licence leave room for it or
    /// can be made to. Where the clock has moved since the last run it opens whatever the
    /// limits, and none makes way.
    ///
    /// # Errors
    /// [`Error::LimitReached`] if a limit keeps it out, [`Error::Refused`] if it is a framework's
    /// table; whatever keeps the row from being
    /// written, or the system from giving random bits.
    pub fn open(&mut self, opening: OpenRequest, now: UnixTime) -> Result<OpenedSession> {
        self.may_open()?;
        let mut bits = [0; 32];
        getrandom::fill(&mut bits).map_err(|e| Error::failed("draw a random token", e))?;
        let token = Token::from_random(bits);
        let id = token.id();
        let policy = self.policies.of(&opening.task);
        let idle_timeout = policy.granted_timeout(opening.asked);
        let session = NewSession {
            key: token.key(),
            user: opening.user,
            task: opening.task,
            client: opening.client,
            created_at: now,
            idle_timeout,
        };
        let has_licence = self.policies.licence_of(&session.task).is_some();
        let is_limited = policy.limit > 0 || policy.user_limit > 0 || has_licence;
        let clock = if is_limited { self.untrusted_clock(now)? } else { None };
        let evicted = if is_limited && clock.is_none() {
            self.open_limited(session)?
        } else {
            permissions::opening(self.store.as_mut())?.insert(&[session])?;
            0
        };
        Ok(OpenedSession { token, handle: handle(&id), idle_timeout, evicted, clock })
    }

    /// Why nothing may end by the clock, if nothing may.
    fn untrusted_clock(&mut self, now: UnixTime) -> Result<Option<ClockRefusal>> {
        match self.must_trust_clock(now) {
            Err(Error::Clock(refusal)) => Ok(Some(refusal)),
            outcome => outcome.map(|()| None),
        }
    }

    /// Opens a session where there is a limit, and answers how many others have
    /// ended for it.
    fn open_limited(&mut self, session: NewSession) -> Result<u64> {
        let policy = self.policies.of(&session.task);
        let limits = [policy.limit, policy.user_limit];
        let tell = self.bell.is_heard();
        let opening = permissions::opening(self.store.as_mut())?;
        let admission = opening.open_limited(&session, &self.policies, tell)?;
        self.ring(admission.told);
        self.bell.miss(admission.untold, session.created_at);
        let licence = self.policies.licence_of(&session.task);
        let (limit, user, licence) = match (admission.outcome, licence) {
            (Ok(()), _) => return Ok(admission.ended),
            (Err(LimitScope::Licence), Some(licence)) => {
                (licence.limit, None, Some(licence.clone()))
            }
            (Err(LimitScope::Task | LimitScope::Licence), _) => (limits[0], None, None),
            (Err(LimitScope::User), _) => (limits[1], session.user, None),
        };
        let task = self.store.task_names()?.of(session.task);
        Err(LimitReached { task, limit, user, licence }.into())
    }

    /// Tells of each token's session that it has been used at `now`.
    ///
    /// The sessions are read first, and what needs no change is not written: a
    /// call in which nothing changes takes no write lock.
    ///
    /// # Errors
    /// [`Error::Refused`] in a framework's table. Whatever keeps the table from being read
    /// or written; then no touch of this call has taken place.
    pub fn touch(&mut self, tokens: &[Token], now: UnixTime) -> Result<Vec<TouchResult>> {
        let keys: Vec<Key> = tokens.iter().map(Token::key).collect();
        let outcomes = self.touch_keys(&keys, now)?.outcomes;
        Ok(answers(tokens.iter().map(|token| token.digest().handle()), outcomes))
    }

    /// The same for the sessions with these keys.
    pub(super) fn touch_keys(&mut self, keys: &[Key], now: UnixTime) -> Result<Touched> {
        self.may_touch()?;
        let mut touched = self.decide_touches(keys, now)?;
        let renewals = touched.renewals();
        if renewals.is_empty() {
            return Ok(touched);
        }
        let due: Vec<Key> = renewals.iter().map(|place| keys[*place].clone()).collect();
        let renewed = permissions::opening(self.store.as_mut())?.touch_rows(&due, now)?;
        touched.hold = Some(renewed.hold);
        for (place, done) in renewals.into_iter().zip(renewed.done) {
            if !done {
                touched.outcomes[place] = self.refusal_reason(&keys[place])?;
            }
        }
        Ok(touched)
    }

    /// What is to become of a touch of each of these sessions. Nobody is turned away but
    /// after a look that misses nothing.
    fn decide_touches(&self, keys: &[Key], now: UnixTime) -> Result<Touched> {
        let outcome = |session: Option<Session>| match session {
            None => TouchOutcome::Unknown,
            Some(session) => match self.policies.of(&session.task).touch(&session, now) {
                TouchDecision::Refuse(reason) => TouchOutcome::Ended(reason),
                TouchDecision::Unchanged => TouchOutcome::Unchanged,
                TouchDecision::Renew => TouchOutcome::Renewed,
            },
        };
        let mut outcomes: Vec<TouchOutcome> =
            self.store.find(keys)?.into_iter().map(outcome).collect();
        let numbered = outcomes.iter().enumerate();
        let refused = numbered.filter(|(_, outcome)| !outcome.is_live());
        let refused: Vec<usize> = refused.map(|(place, _)| place).collect();
        let doubtful: Vec<Key> = refused.iter().map(|place| keys[*place].clone()).collect();
        for (place, session) in refused.into_iter().zip(self.reread_linearizable(&doubtful)?) {
            outcomes[place] = outcome(session);
        }
        Ok(Touched { outcomes, hold: None })
    }

    /// The sessions with these keys, by a look that misses nothing, if the one before may
    /// have; else none.
    fn reread_linearizable(&self, keys: &[Key]) -> Result<Vec<Option<Session>>> {
        let is_needless = keys.is_empty() || self.store.is_linearizable();
        if is_needless { Ok(Vec::new()) } else { self.store.find_linearizable(keys) }
    }

    /// Ends each token's session, as its user asks: all live ones where several have the
    /// same token. What is over does not hide them, and is left as it is.
    ///
    /// There is one answer for each token, with the handle of the first session that it
    /// has ended, or else of the first that was found.
    ///
    /// # Errors
    /// [`Error::Refused`] where no session [can be closed](Self::may_close). Whatever keeps
    /// the table from being read or written; then no close of this call has taken place.
    pub fn close(&mut self, tokens: &[Token], now: UnixTime) -> Result<Vec<TouchResult>> {
        self.may_close()?;
        let found = self.store.by_tokens(tokens)?;
        let closed = self.close_found(found, now)?;
        let answer = |(token, closed): (&Token, Closed)| TouchResult {
            handle: closed.handle.unwrap_or_else(|| token.digest().handle()),
            outcome: closed.outcome,
            others: closed.others,
        };
        Ok(tokens.iter().zip(closed).map(answer).collect())
    }

    /// The same for the sessions with these keys.
    pub(super) fn close_keys(&mut self, keys: &[Key], now: UnixTime) -> Result<Vec<TouchOutcome>> {
        self.must_be_own("a digest does not lead to its rows, but a token may")?;
        let found = self.store.find_linearizable(keys)?.into_iter();
        let found = found.map(|session| session.into_iter().collect()).collect();
        let closed = self.close_found(found, now)?;
        Ok(closed.into_iter().map(|closed| closed.outcome).collect())
    }

    /// The same for the sessions that were found for each token.
    fn close_found(&mut self, found: Vec<Vec<Session>>, now: UnixTime) -> Result<Vec<Closed>> {
        let is_live = |session: &&Session| why_over(session, now).is_none();
        let live: Vec<Session> = found.iter().flatten().filter(is_live).cloned().collect();
        let end = End { at: now, reason: EndReason::Closed };
        let mut done = self.end_sessions(&live, end)?.into_iter();
        let mut all = Vec::with_capacity(found.len());
        for sessions in found {
            let (live, over): (Vec<&Session>, Vec<&Session>) = sessions.iter().partition(is_live);
            let done: Vec<bool> = live.iter().map(|_| done.next() == Some(true)).collect();
            all.push(self.closed(&live, &done, &over, now)?);
        }
        Ok(all)
    }

    /// What became of one token: of its live sessions, and of those that are over.
    fn closed(
        &self,
        live: &[&Session],
        done: &[bool],
        over: &[&Session],
        now: UnixTime,
    ) -> Result<Closed> {
        let ended = live.iter().zip(done).filter(|(_, done)| **done).map(|(session, _)| *session);
        let ended: Vec<&Session> = ended.collect();
        // What could not be ended although it is live is what people have to know of.
        for (session, _) in live.iter().zip(done).filter(|(_, done)| !**done) {
            match self.refusal_reason(&session.key)? {
                TouchOutcome::Unknown if !ended.is_empty() => {}
                outcome => return Ok(Closed::of(Some(session), outcome, ended.len() as u64)),
            }
        }
        Ok(match (ended.as_slice(), over) {
            ([first, others @ ..], _) => {
                Closed::of(Some(first), TouchOutcome::Closed, others.len() as u64)
            }
            ([], [first, ..]) => {
                let reason = why_over(first, now).unwrap_or(EndReason::Expired);
                Closed::of(Some(first), TouchOutcome::Ended(reason), 0)
            }
            ([], []) => Closed::of(None, TouchOutcome::Unknown, 0),
        })
    }

    /// Ends sessions, and tells of those that were live until then; with none to
    /// end, takes no lock.
    pub(super) fn end_sessions(&mut self, sessions: &[Session], end: End) -> Result<Vec<bool>> {
        if sessions.is_empty() {
            return Ok(Vec::new());
        }
        let endings: Vec<EndRequest> =
            sessions.iter().map(|session| self.ending(session, end)).collect();
        let done = self.store.end(&endings)?;
        if self.bell.is_heard() {
            let ended = sessions.iter().zip(&done).filter(|(_, done)| **done);
            let ended: Vec<Session> =
                ended.map(|(session, _)| Session { end: Some(end), ..session.clone() }).collect();
            self.ring(ended);
        }
        Ok(done)
    }

    /// The end that a session of this policy gets.
    fn ending(&self, session: &Session, end: End) -> EndRequest {
        let keep_row = self.policies.of(&session.task).retention != Some(Span::ZERO);
        EndRequest { key: session.key.clone(), end, keep_row }
    }

    /// What has become of a session that was live a moment ago.
    fn refusal_reason(&self, key: &Key) -> Result<TouchOutcome> {
        let session = self.store.find_linearizable(std::slice::from_ref(key))?.pop().flatten();
        Ok(match session.map(|session| session.end) {
            Some(Some(end)) => TouchOutcome::Ended(end.reason),
            // Only a framework's table keeps a row that was to be deleted.
            Some(None) if self.profile().is_some() => TouchOutcome::Kept,
            _ => TouchOutcome::Unknown,
        })
    }
}

/// What a close has done for one token.
struct Closed {
    /// Of a session; `None`: there is none.
    handle: Option<String>,
    outcome: TouchOutcome,
    others: u64,
}

impl Closed {
    fn of(session: Option<&Session>, outcome: TouchOutcome, others: u64) -> Self {
        Self { handle: session.map(|session| session.handle.clone()), outcome, others }
    }
}

/// Why a session is over, if it is. In a table of sessctl's own, one that is due can
/// still be closed until a purge has ended it; in a framework's, the application does not
/// serve it any more.
fn why_over(session: &Session, now: UnixTime) -> Option<EndReason> {
    let is_due = session.expiry.is_some_and(|expiry| expiry.is_over(now));
    session.end.map(|end| end.reason).or_else(|| is_due.then_some(EndReason::Expired))
}

fn answers(
    handles: impl IntoIterator<Item = String>,
    outcomes: Vec<TouchOutcome>,
) -> Vec<TouchResult> {
    let answer = |(handle, outcome)| TouchResult { handle, outcome, others: 0 };
    handles.into_iter().zip(outcomes).map(answer).collect()
}

fn handle(id: &str) -> String {
    id[..id.len().min(12)].to_owned()
}
