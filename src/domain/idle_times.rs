//! Distribution of the times for which sessions have been unused.

use super::clock::CLOCK_SKEW;
use super::policy::{ExpiryMode, Policy};
use super::profile::Profile;
use super::session::Session;
use super::time::{Span, UnixTime};

/// Sessions of a task that have not ended, by the time for which they have been unused.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IdleTimes {
    pub task: String,
    /// Condition under which a purge ends an unused session; `None`: the rules of the framework
    /// whose table this is, and the stricter ones of the configuration.
    pub expire: Option<ExpiryMode>,
    /// Timeout that the policy of the task grants to a session that requests none; in a
    /// framework's table, the time after which an unused session is due. `None`: none.
    pub timeout: Option<Span>,
    /// Time after which a session with this timeout is due because it is unused. `None`: it never
    /// is, or its mark decides.
    pub due_after: Option<Span>,
    /// Consecutive ranges, the shortest times first. The two times above are among their limits.
    pub ranges: Vec<IdleRange>,
    /// Sessions without a readable time of their last use, which are in no range.
    pub unknown: u64,
    /// Sessions that were granted no timeout: a policy that ends by timeout never ends them.
    pub without_timeout: u64,
    /// Sessions whose last use is [in the future](CLOCK_SKEW); they count as used now.
    pub future: u64,
}

/// Range of times: longer than `over`, and at most `up_to`; the first one includes zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct IdleRange {
    pub over: Span,
    /// `None`: any time.
    pub up_to: Option<Span>,
    /// Sessions that are not due.
    pub live: u64,
    /// Sessions that are due and wait for the next purge.
    pub expired: u64,
}

impl IdleRange {
    /// Number of sessions in the range.
    pub const fn sessions(&self) -> u64 {
        self.live + self.expired
    }

    /// Adds sessions that are due, or not.
    pub const fn add(&mut self, sessions: u64, is_due: bool) {
        if is_due {
            self.expired += sessions;
        } else {
            self.live += sessions;
        }
    }
}

impl IdleTimes {
    /// Limits of the ranges on a scale on which each is about twice the one before.
    pub const LIMITS: [Span; 17] = [
        Span::minutes(1),
        Span::minutes(2),
        Span::minutes(5),
        Span::minutes(10),
        Span::minutes(15),
        Span::minutes(30),
        Span::hours(1),
        Span::hours(2),
        Span::hours(4),
        Span::hours(8),
        Span::days(1),
        Span::days(2),
        Span::days(4),
        Span::days(7),
        Span::days(14),
        Span::days(30),
        Span::days(90),
    ];

    /// Ranges without sessions for a task of the native table.
    pub fn of_policy(task: String, policy: &Policy) -> Self {
        let (timeout, due_after) = policy.default_idle_limits();
        let expire = Some(policy.expire);
        Self { task, expire, ..Self::between(timeout, due_after) }
    }

    /// Ranges without sessions for a framework's table; `None`: it does not record the last use.
    pub fn of_profile(profile: &Profile) -> Option<Self> {
        profile.used?;
        let timeout = profile.idle_timeout();
        Some(Self { task: profile.task.clone(), ..Self::between(timeout, timeout) })
    }

    /// Limits of the ranges of a policy that are not on the [scale](Self::LIMITS), in order.
    pub fn own_limits(policy: &Policy) -> Vec<Span> {
        let (timeout, due_after) = policy.default_idle_limits();
        own_limits(timeout, due_after)
    }

    fn between(timeout: Option<Span>, due_after: Option<Span>) -> Self {
        let mut limits = own_limits(timeout, due_after);
        limits.extend(Self::LIMITS);
        limits.sort_unstable();
        let starts = std::iter::once(Span::ZERO).chain(limits.iter().copied());
        let ends = limits.iter().copied().map(Some).chain([None]);
        let range = |(over, up_to)| IdleRange { over, up_to, ..IdleRange::default() };
        let ranges = starts.zip(ends).map(range).collect();
        Self { timeout, due_after, ranges, ..Self::default() }
    }

    /// Counts a session by the time for which it has been unused; `None`: unknown.
    pub fn add(&mut self, idle: Option<Span>, is_due: bool) {
        let Some(idle) = idle else {
            self.unknown += 1;
            return;
        };
        let is_below = |range: &IdleRange| range.up_to.is_some_and(|limit| limit < idle);
        let place = self.ranges.partition_point(is_below);
        if let Some(range) = self.ranges.get_mut(place) {
            range.add(1, is_due);
        }
    }

    /// Counts a session of the native table, unless it has ended: the reference for the store.
    pub fn count(&mut self, session: &Session, policy: &Policy, now: UnixTime) {
        if session.has_ended(now) {
            return;
        }
        self.add(session.last_used_at.map(|used| now.since(used)), !policy.is_live(session, now));
        self.without_timeout += u64::from(session.idle_timeout.is_none());
        self.count_future(session.last_used_at, now);
    }

    /// Counts a last use that is in the future.
    pub fn count_future(&mut self, used: Option<UnixTime>, now: UnixTime) {
        self.future += u64::from(used > Some(now.plus(CLOCK_SKEW)));
    }

    /// Number of sessions that are not due, of those in a range.
    pub fn live(&self) -> u64 {
        self.ranges.iter().map(|range| range.live).sum()
    }

    /// Number of sessions that are due, of those in a range.
    pub fn expired(&self) -> u64 {
        self.ranges.iter().map(|range| range.expired).sum()
    }

    /// Number of sessions that have not ended.
    pub fn sessions(&self) -> u64 {
        self.live() + self.expired() + self.unknown
    }

    /// For each range, the number of sessions that have been unused for longer than it: those that
    /// a timeout of its upper limit would end.
    pub fn longer_unused(&self) -> Vec<u64> {
        let mut left: u64 = self.ranges.iter().map(IdleRange::sessions).sum();
        let mut longer = Vec::with_capacity(self.ranges.len());
        for range in &self.ranges {
            left -= range.sessions();
            longer.push(left);
        }
        longer
    }
}

fn own_limits(timeout: Option<Span>, due_after: Option<Span>) -> Vec<Span> {
    let mut limits: Vec<Span> = timeout.into_iter().chain(due_after).collect();
    limits.retain(|limit| !IdleTimes::LIMITS.contains(limit));
    limits.sort_unstable();
    limits.dedup();
    limits
}
