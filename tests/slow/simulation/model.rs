//! The rules for each session, stated independently: rows and times in memory, and no code
//! of the library but the numbers of its policies.

use std::collections::{BTreeMap, BTreeSet};

use sessctl::domain::policy::{ExpiryMode, OverflowPolicy, TimeoutRequest};
use sessctl::domain::session::EndReason;
use sessctl::{Policies, Policy, Span};

use crate::support::HOUR;

/// The tolerance of the two-pass policy.
const TOLERANCE: i64 = HOUR;

/// Known facts about a session.
#[derive(Debug, Clone)]
pub struct Entry {
    pub task: &'static str,
    pub user: String,
    pub opened: i64,
    /// Latest use that was stored.
    pub used: i64,
    pub timeout: Option<i64>,
    pub mark: Option<i64>,
    /// Checks since the last use.
    pub checks: u32,
    pub end: Option<(i64, EndReason)>,
}

/// Result of a touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TouchResult {
    Renewed,
    Unchanged,
    Refused(EndReason),
    NotFound,
}

/// The result of an opening.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// Opens, after one of these sessions is evicted, if there are any.
    Open(BTreeSet<usize>),
    Full,
}

/// The result of a purge.
#[derive(Debug, Default)]
pub struct PurgeResult {
    pub ended: BTreeMap<usize, EndReason>,
    pub marked: u64,
    pub deleted: u64,
}

/// All sessions ever opened, and the counters.
pub struct Model {
    policies: Policies,
    pub all: Vec<Entry>,
    live: BTreeSet<usize>,
    /// Ended sessions whose rows still exist, by the time at which the row is deleted.
    kept: BTreeSet<(i64, usize)>,
    pub refused: BTreeMap<&'static str, u64>,
    /// Maximum number of live sessions.
    pub peak: BTreeMap<&'static str, u64>,
}

impl Model {
    pub fn of(policies: Policies) -> Self {
        Self {
            policies,
            all: Vec::new(),
            live: BTreeSet::new(),
            kept: BTreeSet::new(),
            refused: BTreeMap::new(),
            peak: BTreeMap::new(),
        }
    }

    pub fn live(&self) -> u64 {
        self.live.len() as u64
    }

    pub fn live_of(&self, task: &str) -> BTreeSet<usize> {
        self.live.iter().copied().filter(|entry| self.all[*entry].task == task).collect()
    }

    /// Live sessions of all tasks that share the licence of a task.
    pub fn live_of_licence(&self, task: &str) -> BTreeSet<usize> {
        let licence = self.policies.licence_of(task);
        let is_under =
            |entry: &usize| licence.is_some_and(|licence| licence.covers(self.all[*entry].task));
        self.live.iter().copied().filter(is_under).collect()
    }

    /// Sessions that have a row in the table.
    pub fn rows(&self) -> BTreeSet<usize> {
        self.kept.iter().map(|(_, entry)| *entry).chain(self.live.iter().copied()).collect()
    }

    /// True if the table has its row.
    pub fn has_row(&self, entry: usize) -> bool {
        match self.all[entry].end {
            None => true,
            Some((end, _)) => self.kept.contains(&(self.deleted_at(entry, end), entry)),
        }
    }

    /// Time at which the row of a session is deleted that ended at `end`.
    fn deleted_at(&self, entry: usize, end: i64) -> i64 {
        let retention = self.policy(entry).retention.map(Span::as_seconds);
        retention.map_or(i64::MAX, |retention| end + retention)
    }

    fn policy(&self, entry: usize) -> &Policy {
        self.policies.for_task(self.all[entry].task)
    }

    /// Timeout that is granted to a request, within the bounds of the policy (r7).
    pub fn grant(&self, task: &str, asked: TimeoutRequest) -> Option<i64> {
        let policy = self.policies.for_task(task);
        let wanted = match asked {
            TimeoutRequest::Nothing => policy.timeout.map(Span::as_seconds),
            TimeoutRequest::Never => None,
            TimeoutRequest::For(span) => Some(span.as_seconds()),
        };
        let most = policy.max_timeout.map_or(i64::MAX, Span::as_seconds);
        let granted = wanted.unwrap_or(i64::MAX).min(most).max(policy.min_timeout.as_seconds());
        (granted < i64::MAX).then_some(granted)
    }

    /// Unused for longer than its own timeout (w2, r1).
    fn is_idle(&self, entry: usize, now: i64) -> bool {
        let entry = &self.all[entry];
        entry.timeout.is_some_and(|timeout| now - entry.used > timeout)
    }

    /// Unused for longer than the threshold, too (r1).
    pub fn is_abandoned(&self, entry: usize, now: i64) -> bool {
        let threshold = self.policy(entry).abandoned.as_seconds();
        self.is_idle(entry, now) && now - self.all[entry].used > threshold
    }

    /// 0: active, 1: idle, 2: abandoned (r1), 3: expired (s10).
    pub fn state(&self, entry: usize, now: i64) -> usize {
        let known = &self.all[entry];
        match self.policies.for_task(known.task).expire {
            ExpiryMode::Timeout | ExpiryMode::TwoPass if self.is_due(entry, now) => 3,
            ExpiryMode::TwoPass => usize::from(known.mark.is_some()),
            _ => usize::from(self.is_idle(entry, now)) + usize::from(self.is_abandoned(entry, now)),
        }
    }

    /// True if an unplanned purge would end the session (d7, r2, t3).
    pub fn is_due(&self, entry: usize, now: i64) -> bool {
        let policy = self.policy(entry);
        match policy.expire {
            ExpiryMode::Timeout => self.is_idle(entry, now),
            ExpiryMode::Abandoned => self.is_abandoned(entry, now),
            ExpiryMode::TwoPass => {
                let ripe = policy.delay.as_seconds() - TOLERANCE;
                self.all[entry].mark.is_some_and(|mark| now - mark >= ripe)
            }
            ExpiryMode::Never => false,
        }
    }

    /// Sessions that an opening ends before it counts (r3).
    pub fn abandoned_before_open(&self, task: &str, now: i64) -> BTreeSet<usize> {
        let policy = self.policies.for_task(task);
        let is_limited = policy.limit > 0 || policy.user_limit > 0;
        let of_task = is_limited && policy.when_full == OverflowPolicy::EvictIdle;
        let licence = self.policies.licence_of(task);
        let of_licence =
            licence.is_some_and(|licence| licence.when_full == OverflowPolicy::EvictIdle);
        let mut counted = if of_licence { self.live_of_licence(task) } else { BTreeSet::new() };
        counted.extend(if of_task { self.live_of(task) } else { BTreeSet::new() });
        counted.into_iter().filter(|entry| self.is_abandoned(*entry, now)).collect()
    }

    /// r3 to r5, r9, s7: whether a session may open.
    pub fn admission(&self, task: &str, user: &str, now: i64) -> Admission {
        let policy = self.policies.for_task(task);
        let live = self.live_of(task);
        let own: BTreeSet<usize> =
            live.iter().copied().filter(|entry| self.all[*entry].user == user).collect();
        let mut gone = BTreeSet::new();
        let licence = self.policies.licence_of(task);
        let licence =
            licence.map(|licence| (licence.limit, self.live_of_licence(task), licence.when_full));
        let of_task =
            [(policy.limit, live, policy.when_full), (policy.user_limit, own, policy.when_full)];
        for (limit, them, when_full) in licence.into_iter().chain(of_task) {
            if limit == 0 || (them.len() as u64) < limit {
                continue;
            }
            gone = self.eviction_candidates(&them, when_full, now);
            if gone.is_empty() {
                return Admission::Full;
            }
        }
        Admission::Open(gone)
    }

    /// Sessions of which one is evicted: idle for the longest, or least recently used.
    fn eviction_candidates(
        &self,
        of: &BTreeSet<usize>,
        how: OverflowPolicy,
        now: i64,
    ) -> BTreeSet<usize> {
        let may_go = |entry: &usize| match how {
            OverflowPolicy::EvictIdle => self.is_idle(*entry, now),
            OverflowPolicy::EvictLru => true,
            OverflowPolicy::Refuse => false,
        };
        let since = |entry: &usize| {
            let Entry { used, timeout, .. } = &self.all[*entry];
            let idle_since =
                timeout.filter(|_| how == OverflowPolicy::EvictIdle).map(|span| used + span);
            (idle_since, *used)
        };
        let them: Vec<usize> = of.iter().copied().filter(may_go).collect();
        let first = them.iter().map(since).min();
        them.into_iter().filter(|entry| Some(since(entry)) == first).collect()
    }

    pub fn open(&mut self, entry: Entry) -> usize {
        let task = entry.task;
        self.all.push(entry);
        self.live.insert(self.all.len() - 1);
        let live = self.live_of(task).len() as u64;
        let peak = self.peak.entry(task).or_default();
        *peak = live.max(*peak);
        self.all.len() - 1
    }

    /// Touches a session: d8, w2, w3, w11, t2.
    pub fn touch(&mut self, entry: usize, now: i64) -> TouchResult {
        if !self.has_row(entry) {
            return TouchResult::NotFound;
        }
        if let Some((_, reason)) = self.all[entry].end {
            return TouchResult::Refused(reason);
        }
        if let Some(reason) = self.refusal(entry, now) {
            return TouchResult::Refused(reason);
        }
        let policy = self.policy(entry).clone();
        let entry = &mut self.all[entry];
        entry.checks = 0;
        let is_recent = now - entry.used <= policy.touch_resolution.as_seconds();
        let writes = match policy.expire {
            ExpiryMode::TwoPass => entry.mark.is_some(),
            _ => !is_recent,
        };
        if !writes {
            return TouchResult::Unchanged;
        }
        entry.used = now;
        entry.mark = None;
        TouchResult::Renewed
    }

    /// Reason for which a touch of a live session is refused.
    fn refusal(&self, entry: usize, now: i64) -> Option<EndReason> {
        let policy = self.policy(entry);
        let refusal = match policy.expire {
            ExpiryMode::Timeout if self.is_idle(entry, now) => Some(EndReason::Expired),
            ExpiryMode::Abandoned if self.is_abandoned(entry, now) => Some(EndReason::Abandoned),
            _ => None,
        };
        refusal.filter(|_| policy.strict)
    }

    /// Live sessions of a task that a cycle ends: a touch would not refuse them.
    pub fn usable_of(&self, task: &str, now: i64) -> BTreeSet<usize> {
        let is_usable = |entry: &usize| self.refusal(*entry, now).is_none();
        self.live_of(task).into_iter().filter(is_usable).collect()
    }

    /// Ends a session; with a retention of zero, its row is deleted (t8).
    pub fn end(&mut self, entry: usize, now: i64, reason: EndReason) {
        assert!(self.all[entry].end.is_none(), "{:?} ends twice", self.all[entry]);
        self.all[entry].end = Some((now, reason));
        self.live.remove(&entry);
        let deleted_at = self.deleted_at(entry, now);
        if deleted_at > now {
            self.kept.insert((deleted_at, entry));
        }
    }

    /// Purges with a planned time: d7, w2, w9, s6, t1 to t5, r2, r8.
    pub fn purge(&mut self, planned: i64, now: i64) -> PurgeResult {
        let mut purged = PurgeResult::default();
        while self.kept.first().is_some_and(|(deleted_at, _)| *deleted_at <= now) {
            self.kept.pop_first();
            purged.deleted += 1;
        }
        for entry in self.live.clone() {
            if let Some(reason) = self.check(entry, planned, now, &mut purged.marked) {
                self.end(entry, now, reason);
                purged.deleted += u64::from(!self.has_row(entry));
                purged.ended.insert(entry, reason);
            }
        }
        purged
    }

    fn check(
        &mut self,
        entry: usize,
        planned: i64,
        now: i64,
        marked: &mut u64,
    ) -> Option<EndReason> {
        let policy = self.policy(entry);
        match policy.expire {
            ExpiryMode::Timeout => self.is_idle(entry, now).then_some(EndReason::Expired),
            ExpiryMode::Abandoned => self.is_abandoned(entry, now).then_some(EndReason::Abandoned),
            ExpiryMode::Never => None,
            ExpiryMode::TwoPass => {
                // t7: what is hours late is another check than the planned one.
                let time = if now - planned > TOLERANCE { now } else { planned };
                let delay = policy.delay.as_seconds();
                let entry = &mut self.all[entry];
                entry.checks += 1;
                *marked += u64::from(entry.mark.is_none());
                // A check that is late marks with the use that it comes after.
                let mark = *entry.mark.get_or_insert(time.max(entry.used));
                let is_ripe = time - mark >= delay - TOLERANCE;
                // t5: not on its first check, whatever the clock says.
                assert!(!is_ripe || entry.checks > 1, "{entry:?}");
                is_ripe.then_some(EndReason::Expired)
            }
        }
    }
}
