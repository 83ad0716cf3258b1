//! Opening, touching and closing sessions.

use std::time::Duration;

use super::capabilities;
use super::recording::RunEntry;
use super::service::SessionService;
use crate::domain::clock::ClockRefusal;
use crate::domain::error::{Error, LimitReached, Result};
use crate::domain::policy::{TimeoutRequest, TouchDecision};
use crate::domain::session::{End, EndReason, Session, SessionKey};
use crate::domain::time::{Span, UnixTime};
use crate::domain::token::Token;
use crate::storage::{EndRequest, LimitScope, NewSession};

/// Request of a client to open a session.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OpenRequest {
    /// Task of the session.
    pub task: String,
    /// User; `None`: nobody has logged in.
    pub user: Option<String>,
    /// Address or name of the client.
    pub client: Option<String>,
    /// Program of the client, such as the text of the header User-Agent.
    pub agent: Option<String>,
    /// Requested idle timeout.
    pub timeout: TimeoutRequest,
}

/// A newly opened session, for its client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedSession {
    /// Secret token, of which the table stores only a hash.
    pub token: Token,
    /// Public name of the session.
    pub handle: String,
    /// Granted idle timeout; `None`: it never times out.
    pub idle_timeout: Option<Span>,
    /// Number of sessions that were evicted for it.
    pub evicted: u64,
    /// Reason why its limits were ignored: no session ends by a clock that has moved.
    pub clock: Option<ClockRefusal>,
}

/// Outcome of a touch or a close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TouchOutcome {
    /// The last use was updated.
    Renewed,
    /// The last use is recent enough: nothing was written.
    Unchanged,
    /// The close has ended it.
    Closed,
    /// The session had ended before.
    Ended(EndReason),
    /// Live: its row cannot be deleted, as others refer to it or the database rejects that.
    Kept,
    /// No session has this token.
    Unknown,
}

impl TouchOutcome {
    /// Reports whether there was a live session.
    pub fn is_live(self) -> bool {
        matches!(self, Self::Renewed | Self::Unchanged | Self::Closed)
    }
}

/// Result for one token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TouchResult {
    /// Handle of the session, even if there is none.
    pub handle: String,
    /// Outcome for the session.
    pub outcome: TouchOutcome,
    /// Number of other sessions that the same token has ended.
    pub others: u64,
}

pub(super) struct Touched {
    pub(super) outcomes: Vec<TouchOutcome>,
    /// Time that it held the write lock; `None`: nothing has changed.
    pub(super) hold: Option<Duration>,
}

impl Touched {
    fn to_renew(&self) -> Vec<usize> {
        let numbered = self.outcomes.iter().enumerate();
        let to_renew = numbered.filter(|(_, outcome)| **outcome == TouchOutcome::Renewed);
        to_renew.map(|(index, _)| index).collect()
    }
}

impl SessionService {
    /// Opens a session, if the limits of its policy and licence allow it or sessions can be
    /// evicted. If the clock has moved since the last run, it ignores the limits and evicts none.
    ///
    /// # Errors
    /// [`Error::LimitReached`] if a limit is reached, [`Error::Refused`] in a framework table,
    /// and any error of writing the row or of drawing random bits.
    pub fn open(&mut self, request: OpenRequest, now: UnixTime) -> Result<OpenedSession> {
        self.ensure_can_open()?;
        let mut bits = [0; 32];
        getrandom::fill(&mut bits).map_err(|e| Error::failed("generate a random token", e))?;
        let token = Token::from_random(bits);
        let handle = token.digest().handle();
        let policy = self.policies.for_task(&request.task);
        let idle_timeout = policy.granted_timeout(request.timeout);
        let session = NewSession {
            key: token.key(),
            user: request.user,
            task: request.task,
            client: request.client,
            agent: request.agent,
            created_at: now,
            idle_timeout,
        };
        let has_licence = self.policies.licence_of(&session.task).is_some();
        let is_limited = policy.limit > 0 || policy.user_limit > 0 || has_licence;
        let clock = if is_limited { self.untrusted_clock(now)? } else { None };
        let evicted = if is_limited && clock.is_none() {
            self.open_limited(session)?
        } else {
            capabilities::session_opener(self.store.as_mut())?.insert(&[session])?;
            0
        };
        Ok(OpenedSession { token, handle, idle_timeout, evicted, clock })
    }

    /// Returns the reason why the clock is not trusted; `None`: it is.
    fn untrusted_clock(&mut self, now: UnixTime) -> Result<Option<ClockRefusal>> {
        match self.ensure_clock_trusted(now) {
            Err(Error::Clock(refusal)) => Ok(Some(refusal)),
            outcome => outcome.map(|()| None),
        }
    }

    /// Opens a session under a limit, and returns the number of evicted sessions.
    fn open_limited(&mut self, session: NewSession) -> Result<u64> {
        let policy = self.policies.for_task(&session.task);
        let limits = [policy.limit, policy.user_limit];
        let is_enabled = self.notifier.is_enabled();
        let opening = capabilities::session_opener(self.store.as_mut())?;
        let admission = opening.open_limited(&session, &self.policies, is_enabled)?;
        self.notify(admission.ended_sessions);
        self.notifier.record_missed(admission.unreported, session.created_at);
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

    /// Updates the last use of each token's session to `now`.
    ///
    /// Sessions are read first and written only if they change: a call that changes nothing
    /// takes no write lock.
    ///
    /// # Errors
    /// [`Error::Refused`] in a framework table. Any error of reading or writing the table;
    /// then nothing has changed.
    pub fn touch(&mut self, tokens: &[Token], now: UnixTime) -> Result<Vec<TouchResult>> {
        let keys: Vec<SessionKey> = tokens.iter().map(Token::key).collect();
        let outcomes = self.touch_keys(&keys, now)?.outcomes;
        Ok(results(tokens.iter().map(|token| token.digest().handle()), outcomes))
    }

    pub(super) fn touch_keys(&mut self, keys: &[SessionKey], now: UnixTime) -> Result<Touched> {
        self.ensure_can_touch()?;
        let mut touched = self.decide_touches(keys, now)?;
        let to_renew = touched.to_renew();
        if to_renew.is_empty() {
            return Ok(touched);
        }
        let due: Vec<SessionKey> = to_renew.iter().map(|index| keys[*index].clone()).collect();
        let renewed = capabilities::session_opener(self.store.as_mut())?.touch_rows(&due, now)?;
        touched.hold = Some(renewed.timing.hold);
        for (index, done) in to_renew.into_iter().zip(renewed.done) {
            if !done {
                touched.outcomes[index] = self.refusal_reason(&keys[index])?;
            }
        }
        Ok(touched)
    }

    /// Decides the touch of each of these sessions. A refusal is confirmed by a linearizable read.
    fn decide_touches(&self, keys: &[SessionKey], now: UnixTime) -> Result<Touched> {
        let outcome = |session: Option<Session>| match session {
            None => TouchOutcome::Unknown,
            Some(session) => match self.policies.for_task(&session.task).touch(&session, now) {
                TouchDecision::Refuse(reason) => TouchOutcome::Ended(reason),
                TouchDecision::Unchanged => TouchOutcome::Unchanged,
                TouchDecision::Renew => TouchOutcome::Renewed,
            },
        };
        let mut outcomes: Vec<TouchOutcome> =
            self.store.find(keys)?.into_iter().map(outcome).collect();
        let numbered = outcomes.iter().enumerate();
        let refused = numbered.filter(|(_, outcome)| !outcome.is_live());
        let refused: Vec<usize> = refused.map(|(index, _)| index).collect();
        let doubtful: Vec<SessionKey> = refused.iter().map(|index| keys[*index].clone()).collect();
        for (index, session) in refused.into_iter().zip(self.reread_linearizable(&doubtful)?) {
            outcomes[index] = outcome(session);
        }
        Ok(Touched { outcomes, hold: None })
    }

    /// Rereads the sessions linearizably; returns none if the first read was linearizable.
    fn reread_linearizable(&self, keys: &[SessionKey]) -> Result<Vec<Option<Session>>> {
        let is_needless = keys.is_empty() || self.store.is_linearizable();
        if is_needless { Ok(Vec::new()) } else { self.store.find_linearizable(keys) }
    }

    /// Closes each token's session at the request of its user; all live ones where several
    /// have the same token. Sessions that have ended are left alone.
    ///
    /// Each token has one result, with the handle of the first session that was closed, or
    /// else of the first that was found.
    ///
    /// # Errors
    /// [`Error::Refused`] where no session [can be closed](Self::ensure_can_close). Any error
    /// of reading or writing the table; then nothing has changed.
    pub fn close(&mut self, tokens: &[Token], now: UnixTime) -> Result<Vec<TouchResult>> {
        self.ensure_can_close()?;
        let found = self.store.by_tokens(tokens)?;
        let closed = self.close_found(found, now)?;
        let result = |(token, closed): (&Token, Closed)| TouchResult {
            handle: closed.handle.unwrap_or_else(|| token.digest().handle()),
            outcome: closed.outcome,
            others: closed.others,
        };
        Ok(tokens.iter().zip(closed).map(result).collect())
    }

    pub(super) fn close_keys(
        &mut self,
        keys: &[SessionKey],
        now: UnixTime,
    ) -> Result<Vec<TouchOutcome>> {
        self.ensure_native("its rows cannot be found by the digest of a token, only by the token")?;
        let found = self.store.find_linearizable(keys)?.into_iter();
        let found = found.map(|session| session.into_iter().collect()).collect();
        let closed = self.close_found(found, now)?;
        Ok(closed.into_iter().map(|closed| closed.outcome).collect())
    }

    fn close_found(&mut self, found: Vec<Vec<Session>>, now: UnixTime) -> Result<Vec<Closed>> {
        let is_live = |session: &&Session| end_reason(session, now).is_none();
        let live: Vec<Session> = found.iter().flatten().filter(is_live).cloned().collect();
        let end = End { at: now, reason: EndReason::Closed };
        let mut done = self.close_sessions(&live, end)?.into_iter();
        let mut all = Vec::with_capacity(found.len());
        for sessions in found {
            let (live, past): (Vec<&Session>, Vec<&Session>) = sessions.iter().partition(is_live);
            let done: Vec<bool> = live.iter().map(|_| done.next() == Some(true)).collect();
            all.push(self.closed(&live, &done, &past, now)?);
        }
        Ok(all)
    }

    fn closed(
        &self,
        live: &[&Session],
        done: &[bool],
        past: &[&Session],
        now: UnixTime,
    ) -> Result<Closed> {
        let ended = live.iter().zip(done).filter(|(_, done)| **done).map(|(session, _)| *session);
        let ended: Vec<&Session> = ended.collect();
        // A live session that could not be closed takes precedence.
        for (session, _) in live.iter().zip(done).filter(|(_, done)| !**done) {
            match self.refusal_reason(&session.key)? {
                TouchOutcome::Unknown if !ended.is_empty() => {}
                outcome => return Ok(Closed::of(Some(session), outcome, ended.len() as u64)),
            }
        }
        Ok(match (ended.as_slice(), past) {
            ([first, others @ ..], _) => {
                Closed::of(Some(first), TouchOutcome::Closed, others.len() as u64)
            }
            ([], [first, ..]) => {
                let reason = end_reason(first, now).unwrap_or(EndReason::Expired);
                Closed::of(Some(first), TouchOutcome::Ended(reason), 0)
            }
            ([], []) => Closed::of(None, TouchOutcome::Unknown, 0),
        })
    }

    /// Ends sessions, in a run if one records them, and notifies the hooks of those that were
    /// live. Takes no lock for none.
    pub(super) fn end_sessions(
        &mut self,
        sessions: &[Session],
        end: End,
        entry: Option<&mut RunEntry>,
    ) -> Result<Vec<bool>> {
        if sessions.is_empty() {
            return Ok(Vec::new());
        }
        let end_requests: Vec<EndRequest> =
            sessions.iter().map(|session| self.end_request(session, end)).collect();
        let done = match entry {
            Some(entry) => self.end_recorded(&end_requests, sessions, entry)?,
            None => self.store.end(&end_requests)?,
        };
        if self.notifier.is_enabled() {
            let ended = sessions.iter().zip(&done).filter(|(_, done)| **done);
            let ended: Vec<Session> =
                ended.map(|(session, _)| Session { end: Some(end), ..session.clone() }).collect();
            self.notify(ended);
        }
        Ok(done)
    }

    fn end_request(&self, session: &Session, end: End) -> EndRequest {
        let keep_row = self.policies.for_task(&session.task).retention != Some(Span::ZERO);
        EndRequest { key: session.key.clone(), end, keep_row }
    }

    /// Returns the state of a session that was live in the first read.
    fn refusal_reason(&self, key: &SessionKey) -> Result<TouchOutcome> {
        let session = self.store.find_linearizable(std::slice::from_ref(key))?.pop().flatten();
        Ok(match session.map(|session| session.end) {
            Some(Some(end)) => TouchOutcome::Ended(end.reason),
            // Only a framework table keeps a row that was to be deleted.
            Some(None) if self.profile().is_some() => TouchOutcome::Kept,
            _ => TouchOutcome::Unknown,
        })
    }
}

struct Closed {
    handle: Option<String>,
    outcome: TouchOutcome,
    others: u64,
}

impl Closed {
    fn of(session: Option<&Session>, outcome: TouchOutcome, others: u64) -> Self {
        Self { handle: session.map(|session| session.handle.clone()), outcome, others }
    }
}

/// Returns the reason why a session is not live. In a native table, a due session can still
/// be closed until a purge has ended it; in a framework table, the application rejects it.
fn end_reason(session: &Session, now: UnixTime) -> Option<EndReason> {
    let is_due = session.expiry.is_some_and(|expiry| expiry.is_expired(now));
    session.end.map(|end| end.reason).or_else(|| is_due.then_some(EndReason::Expired))
}

fn results(
    handles: impl IntoIterator<Item = String>,
    outcomes: Vec<TouchOutcome>,
) -> Vec<TouchResult> {
    let result = |(handle, outcome)| TouchResult { handle, outcome, others: 0 };
    handles.into_iter().zip(outcomes).map(result).collect()
}
