//! An application that opens, touches and closes sessions, and records what the
//! cluster has acknowledged.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use sessctl::app::TouchOutcome;
use sessctl::domain::session::EndReason;
use sessctl::store::{Access, Location};
use sessctl::{Config, Error, OpenRequest, SessionService, Token, UnixTime, store};

use crate::support::Rng;

/// Pause of a client between two requests.
const THINK_TIME: Duration = Duration::from_millis(5);

/// The state that all threads share.
#[derive(Default)]
pub struct Shared {
    /// Each request has a second of its own, so that a lost touch shows.
    pub clock: AtomicI64,
    pub is_stopped: AtomicBool,
    /// Number of requests of each thread that were answered.
    pub served: [AtomicU64; 3],
}

/// A session whose token the application knows.
pub struct Entry {
    token: Token,
    pub task: String,
    /// The latest use that was acknowledged; `None`: it was there before, long unused.
    pub used: Option<i64>,
    pub closed: bool,
}

/// Requests that were acknowledged to a thread.
#[derive(Default)]
pub struct Acknowledged {
    /// By the ids of the sessions.
    pub sessions: BTreeMap<String, Entry>,
    pub refused: u64,
    pub evicted: u64,
    /// Outcomes that should not have happened.
    pub faults: Vec<String>,
    /// Requests that failed or whose outcome is unknown.
    pub errors: Vec<Error>,
}

/// A thread of the application.
pub struct Application<'a> {
    service: SessionService,
    shared: &'a Shared,
    rng: Rng,
    index: usize,
    acknowledged: Acknowledged,
    /// The ids of sessions that are live as far as is known.
    live: Vec<String>,
}

impl<'a> Application<'a> {
    /// Creates the thread with this index, which contacts the nodes in this order and owns these
    /// existing sessions.
    pub fn new(
        nodes: &str,
        config: &Config,
        shared: &'a Shared,
        index: usize,
        tokens: Vec<Token>,
    ) -> Self {
        let at = Location::parse(nodes.as_ref()).unwrap();
        let service =
            SessionService::new(store::open(&at, Access::Write).unwrap(), config.policies.clone());
        let mut acknowledged = Acknowledged::default();
        for token in tokens {
            let entry = Entry { token, task: "edge".to_owned(), used: None, closed: false };
            acknowledged.sessions.insert(entry.token.id(), entry);
        }
        let live = acknowledged.sessions.keys().cloned().collect();
        Self { service, shared, rng: Rng::seeded(index as u64), index, acknowledged, live }
    }

    /// Serves clients until the experiment is stopped.
    pub fn serve(mut self) -> Acknowledged {
        while !self.shared.is_stopped.load(Ordering::Relaxed) {
            let now = UnixTime(self.shared.clock.fetch_add(1, Ordering::Relaxed));
            if self.live.is_empty() || self.rng.percent(35) {
                self.open(now);
            } else if self.rng.percent(20) {
                self.close(now);
            } else {
                self.touch(now);
            }
            self.shared.served[self.index].fetch_add(1, Ordering::Relaxed);
            thread::park_timeout(THINK_TIME);
        }
        self.acknowledged
    }

    fn open(&mut self, now: UnixTime) {
        let task = self.rng.one_of(&["imap", "imap", "pop3", "http", "http"]);
        let name = format!("user {}", self.rng.between(1, 20));
        let opening = OpenRequest { task: task.into(), user: Some(name), ..OpenRequest::default() };
        match self.service.open(opening, now) {
            Ok(opened) => {
                let (token, used) = (opened.token, Some(now.0));
                self.acknowledged.evicted += opened.evicted;
                self.live.push(token.id());
                let entry = Entry { token, task: task.to_owned(), used, closed: false };
                self.acknowledged.sessions.insert(entry.token.id(), entry);
            }
            Err(Error::LimitReached(_)) if task == "pop3" => self.acknowledged.refused += 1,
            Err(error) => self.acknowledged.errors.push(error),
        }
    }

    fn random_index(&mut self) -> usize {
        let last = i64::try_from(self.live.len()).unwrap() - 1;
        usize::try_from(self.rng.between(0, last)).unwrap()
    }

    fn touch(&mut self, now: UnixTime) {
        let place = self.random_index();
        let entry = self.acknowledged.sessions.get_mut(&self.live[place]).unwrap();
        let outcome = match self.service.touch(std::slice::from_ref(&entry.token), now) {
            Ok(answers) => answers[0].outcome,
            Err(error) => return self.acknowledged.errors.push(error),
        };
        match outcome {
            TouchOutcome::Renewed => entry.used = Some(now.0),
            outcome => self.expect_end(place, outcome),
        }
    }

    fn close(&mut self, now: UnixTime) {
        let place = self.random_index();
        let entry = self.acknowledged.sessions.get_mut(&self.live[place]).unwrap();
        let outcome = match self.service.close(std::slice::from_ref(&entry.token), now) {
            Ok(answers) => answers[0].outcome,
            Err(error) => return self.acknowledged.errors.push(error),
        };
        if outcome == TouchOutcome::Closed {
            entry.closed = true;
            self.live.swap_remove(place);
        } else {
            self.expect_end(place, outcome);
        }
    }

    /// Handles a session that has ended: evicted at the limit, or purged if it was never used.
    fn expect_end(&mut self, place: usize, outcome: TouchOutcome) {
        let id = self.live.swap_remove(place);
        let Entry { task, used, .. } = &self.acknowledged.sessions[&id];
        let may_be = match outcome {
            TouchOutcome::Ended(EndReason::Evicted) => task == "imap",
            TouchOutcome::Ended(EndReason::Expired) => used.is_none(),
            _ => false,
        };
        if !may_be {
            self.acknowledged.faults.push(format!("{task} {id}, used at {used:?}: {outcome:?}"));
        }
    }
}
