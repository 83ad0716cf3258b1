//! Forecast for a session, in sentences.

mod adopted;

use crate::domain::policy::{ExpiryMode, Licence, OverflowPolicy, Policy};
use crate::domain::profile::Profile;
use crate::domain::session::{EndReason, Session};
use crate::domain::time::{Span, UnixTime};

const FINAL: &str = "It can never be used again, unless it is restored from an archive.";

pub(super) struct Forecast<'a> {
    pub(super) session: &'a Session,
    pub(super) policy: &'a Policy,
    pub(super) licence: Option<&'a Licence>,
    pub(super) profile: Option<&'a Profile>,
    pub(super) now: UnixTime,
    pub(super) plans: Plans,
    /// Description of the run that has ended it, if known.
    pub(super) ended_by: Option<String>,
}

#[derive(Debug, Default)]
pub(super) struct Plans {
    /// The next purge of its task; now, if it is overdue.
    pub(super) next_purge: Option<UnixTime>,
    /// The first purge that can end it if it is not used again.
    pub(super) last_purge: Option<UnixTime>,
    /// Set if a job with an interval purges its task: its time then depends on the end of the
    /// previous run and on the minute of cron's call.
    pub(super) has_interval: bool,
    /// The next cycle of its task, and the name of its job.
    pub(super) cycle: Option<(UnixTime, String)>,
}

impl Forecast<'_> {
    pub(super) fn eligible_since(&self) -> Option<UnixTime> {
        let since = self.policy.expires_at(self.session)?;
        if self.session.expiry.is_some() {
            return self.policy.end_reason(self.session, self.now).map(|_| since);
        }
        (self.session.end.is_none() && since < self.now).then_some(since)
    }

    pub(super) fn kept_until(&self) -> Option<UnixTime> {
        if let Some(times) = self.session.times() {
            return self.session.stricter.kept_until(&times);
        }
        Some(self.session.end?.at.plus(self.policy.retention?))
    }

    pub(super) fn sentences(&self) -> Vec<String> {
        if let Some((times, profile)) = self.session.times().zip(self.profile) {
            return self.describe_adopted(&times, profile);
        }
        if self.session.end.is_some() {
            let ended_by = self.ended_by.clone().into_iter();
            let rest = [FINAL.to_owned(), self.describe_kept_row()];
            return ended_by.chain(rest).collect();
        }
        let over = self.policy.end_reason(self.session, self.now);
        let ends = over.is_some()
            || self.policy.expire == ExpiryMode::TwoPass
            || self.policy.expires_at(self.session).is_some();
        let mut sentences = match (over, self.policy.expire) {
            (Some(reason), _) => self.describe_due(reason),
            (None, ExpiryMode::TwoPass) => self.describe_two_pass(),
            (None, _) => self.describe_valid(),
        };
        sentences.extend(self.describe_cycle());
        sentences.extend(self.describe_limit());
        sentences.extend(self.describe_licence());
        sentences.extend(ends.then(|| self.describe_retention()));
        sentences
    }

    fn describe_due(&self, reason: EndReason) -> Vec<String> {
        let since = self.due_since(reason).unwrap_or(self.now);
        let is_too_old = self.lifetime_end().is_some_and(|over| over < self.now);
        let use_ = if self.policy.strict {
            "a touch is refused"
        } else if is_too_old {
            "it remains usable until a purge runs, and no touch renews it because its lifetime \
             has ended"
        } else {
            "it remains usable until a purge runs, and a touch before then renews it"
        };
        vec![format!("Eligible to end since {since} ({reason}): {use_}."), self.next("ends it")]
    }

    fn due_since(&self, reason: EndReason) -> Option<UnixTime> {
        if reason == EndReason::Lifetime {
            return self.lifetime_end();
        }
        Policy { lifetime: None, ..self.policy.clone() }.expires_at(self.session)
    }

    fn describe_two_pass(&self) -> Vec<String> {
        let mut sentences = match self.session.mark() {
            None => vec![
                "No purge has found it unused yet.".to_owned(),
                self.next("marks it"),
                format!(
                    "It ends at a purge {} or more after that, unless a touch clears the mark \
                     first.",
                    self.delay()
                ),
            ],
            Some(mark) => vec![
                format!("Marked as unused since {mark}; a touch clears the mark."),
                format!(
                    "It ends at the first purge at least {} later, from {} on.",
                    self.delay(),
                    mark.plus(self.policy.mark_min_age())
                ),
                self.next(if self.is_due_at_next_purge(mark) { "ends it" } else { "checks it" }),
            ],
        };
        sentences.extend(self.describe_lifetime());
        sentences
    }

    fn is_due_at_next_purge(&self, mark: UnixTime) -> bool {
        mark.plus(self.policy.mark_min_age()) <= self.plans.next_purge.unwrap_or(self.now)
    }

    /// Formats the delay, and the shorter one that suffices when clocks are set forward.
    fn delay(&self) -> String {
        let (delay, needed) = (self.policy.delay, self.policy.mark_min_age());
        if delay == needed {
            return delay.to_string();
        }
        format!("{delay} (or {needed}: the clocks may be set forward)")
    }

    fn describe_valid(&self) -> Vec<String> {
        let Some(until) = self.policy.expires_at(self.session) else {
            return vec![match self.policy.expire {
                ExpiryMode::Never => "Its policy never ends unused sessions.".to_owned(),
                _ => "It has no timeout: it does not end when unused.".to_owned(),
            }];
        };
        if self.lifetime_end() == Some(until) {
            let sentence = format!("Valid until {until}, when its lifetime ends.");
            return vec![sentence, self.describe_last_purge()];
        }
        let mut sentences =
            vec![format!("Valid until {until} if it is not used; each use restarts the timeout.")];
        sentences.push(self.describe_last_purge());
        sentences.extend(self.describe_lifetime());
        sentences
    }

    fn lifetime_end(&self) -> Option<UnixTime> {
        self.policy.lifetime.and_then(|span| Some(self.session.created_at?.plus(span)))
    }

    fn describe_lifetime(&self) -> Option<String> {
        let over = self.lifetime_end()?;
        Some(format!("Its lifetime ends at {over}, regardless of use."))
    }

    fn next(&self, does: &str) -> String {
        match self.plans.next_purge {
            Some(next) if next <= self.now => format!("The next purge, due now, {does}."),
            Some(next) => format!("The next purge, at {next}, {does}."),
            None => format!(
                "The next purge {does}; no job of the configuration schedules one on this machine."
            ),
        }
    }

    fn describe_last_purge(&self) -> String {
        match self.plans.last_purge {
            Some(purge) => {
                let about = if self.plans.has_interval { "about " } else { "" };
                format!("The purge at {about}{purge} would then end it.")
            }
            None => "The first purge after that ends it; no job of the configuration schedules \
            one on this machine."
                .to_owned(),
        }
    }

    fn describe_cycle(&self) -> Option<String> {
        let (at, job) = self.plans.cycle.as_ref()?;
        Some(format!("The job {job:?} ends it at {at} in any case."))
    }

    fn describe_limit(&self) -> Option<String> {
        let has_limit = self.policy.limit > 0 || self.policy.user_limit > 0;
        let when = when_evicted(self.policy.when_full).filter(|_| has_limit)?;
        Some(format!("At a limit, it can be evicted for a new session {when}."))
    }

    fn describe_licence(&self) -> Option<String> {
        let licence = self.licence?;
        let when = when_evicted(licence.when_full)?;
        Some(format!(
            "At the limit of the licence for {licence}, it can be evicted for a new session of \
             any of these tasks {when}."
        ))
    }

    fn describe_retention(&self) -> String {
        match self.policy.retention {
            None => "Its row is then kept forever.".to_owned(),
            Some(Span::ZERO) => "Its row is deleted with it.".to_owned(),
            Some(retention) => format!("Its row is then kept for {retention}."),
        }
    }

    fn describe_kept_row(&self) -> String {
        match self.kept_until() {
            None => "Its row is kept forever.".to_owned(),
            Some(until) if until <= self.now => self.next("deletes its row"),
            Some(until) => {
                format!("Its row is kept until {until}; the first purge from then on deletes it.")
            }
        }
    }
}

/// Condition for eviction at a limit; `None`: never.
fn when_evicted(when_full: OverflowPolicy) -> Option<&'static str> {
    match when_full {
        OverflowPolicy::EvictIdle => Some("once it is idle"),
        OverflowPolicy::EvictLru => Some("once it is the least recently used one"),
        OverflowPolicy::Refuse => None,
    }
}
