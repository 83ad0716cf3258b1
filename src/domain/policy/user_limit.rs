//! Sessions of a framework's table above the limit of their user.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use crate::domain::profile::{Expiry, SessionTimes, Standing, StricterRules};
use crate::domain::session::Session;
use crate::domain::time::UnixTime;

const HANDLE_BYTES: usize = 12;

/// Order of sessions, the longest unused first: by the last use, or the opening where that is later
/// or the only known time, or else by the expiry; at the same time by the handle. A session without
/// any of these times counts as used last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Recency {
    at: UnixTime,
    handle: [u8; HANDLE_BYTES],
}

impl Recency {
    fn of(times: &SessionTimes, handle: &str) -> Self {
        let at = times.used.max(times.created).or(times.expiry.last_moment());
        let mut start = [0; HANDLE_BYTES];
        start.iter_mut().zip(handle.bytes()).for_each(|(place, byte)| *place = byte);
        Self { at: at.unwrap_or(UnixTime(i64::MAX)), handle: start }
    }
}

/// The live sessions of each user that were used last, up to the limit.
#[derive(Debug)]
pub struct UserSessions {
    rules: StricterRules,
    now: UnixTime,
    users: HashMap<String, Newest>,
}

#[derive(Debug, Default)]
struct Newest {
    /// The longest unused on top.
    kept: BinaryHeap<Reverse<Recency>>,
    exceeds_limit: bool,
}

impl UserSessions {
    pub fn new(rules: StricterRules, now: UnixTime) -> Self {
        Self { rules, now, users: HashMap::new() }
    }

    /// Reports whether a session counts for the limit of its user: it is live by all other rules,
    /// and its expiry can be read.
    pub fn counts(&self, times: &SessionTimes) -> bool {
        let alone = SessionTimes { exceeds_user_limit: false, ..*times };
        times.expiry != Expiry::Unknown && self.rules.standing(&alone, self.now) == Standing::Live
    }

    /// Adds a session that [counts](Self::counts).
    pub fn add(&mut self, user: String, times: &SessionTimes, handle: &str) {
        let newest = self.users.entry(user).or_default();
        newest.kept.push(Reverse(Recency::of(times, handle)));
        if newest.kept.len() as u64 > self.rules.user_limit {
            newest.kept.pop();
            newest.exceeds_limit = true;
        }
    }

    /// Ends the count.
    pub fn into_excess(self) -> UserExcess {
        let above = self.users.into_iter().filter(|(_, newest)| newest.exceeds_limit);
        let oldest_kept = above.filter_map(|(user, newest)| Some((user, newest.kept.peek()?.0)));
        UserExcess { oldest_kept: oldest_kept.collect() }
    }
}

/// For each user above the limit, the longest unused of the sessions that stay.
#[derive(Debug, Clone, Default)]
pub struct UserExcess {
    oldest_kept: HashMap<String, Recency>,
}

impl UserExcess {
    /// Reports whether no user is above the limit.
    pub fn is_empty(&self) -> bool {
        self.oldest_kept.is_empty()
    }

    /// Reports whether a session of a user has been unused for longer than those that stay. A
    /// session that was used after the count never has.
    pub fn includes(&self, user: &str, times: &SessionTimes, handle: &str) -> bool {
        self.oldest_kept.get(user).is_some_and(|oldest| Recency::of(times, handle) < *oldest)
    }

    /// Returns a session, marked if it exceeds the limit of its user.
    #[must_use]
    pub fn mark(&self, session: Session) -> Session {
        let exceeds_user_limit = session
            .user
            .as_deref()
            .zip(session.times())
            .is_some_and(|(user, times)| self.includes(user, &times, &session.handle));
        Session { exceeds_user_limit, ..session }
    }
}
