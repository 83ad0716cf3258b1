//! What will happen to a session, in words.

use std::fmt;

use sessctl::domain::policy::{Expire, Policy};
use sessctl::domain::session::{EndReason, Session};
use sessctl::domain::time::{Span, UnixTime};

/// A session, and all that decides what becomes of it.
pub(super) struct Outlook<'a> {
    pub(super) session: &'a Session,
    pub(super) policy: &'a Policy,
    pub(super) now: UnixTime,
    /// The next purge of its task that a job plans; in the past, if it is overdue.
    pub(super) next_purge: Option<UnixTime>,
}

impl Outlook<'_> {
    /// Since when the next purge would end it.
    pub(super) fn eligible_since(&self) -> Option<UnixTime> {
        let since = self.policy.expires_at(self.session)?;
        (self.session.end.is_none() && since < self.now).then_some(since)
    }

    /// Until when the row of an ended session is kept.
    pub(super) fn kept_until(&self) -> Option<UnixTime> {
        Some(self.session.end?.at.plus(self.policy.retention?))
    }

    fn of_a_live_one(&self) -> String {
        let fate = match (self.policy.over(self.session, self.now), self.policy.expire) {
            (Some(reason), _) => self.of_one_that_is_over(reason),
            (None, Expire::TwoPass) => self.between_two_passes(),
            (None, _) => self.of_a_valid_one(),
        };
        format!("{fate} {}", self.of_its_row())
    }

    fn of_one_that_is_over(&self, reason: EndReason) -> String {
        let since = self.eligible_since().unwrap_or(self.now);
        let is_too_old = self.lifetime_over().is_some_and(|over| over < self.now);
        let use_ = if self.policy.strict {
            "a touch is refused"
        } else if is_too_old {
            "it stays usable until a purge has run, and no touch saves it, its lifetime being over"
        } else {
            "it stays usable until a purge has run, and a touch before that renews it"
        };
        format!("Eligible to end since {since} ({reason}): {use_}. {}", self.next("ends it"))
    }

    fn between_two_passes(&self) -> String {
        let delay = self.policy.delay;
        match self.session.marked_at {
            None => format!(
                "No check has found it unused. {} It ends at a check {delay} or more later, unless \
                 a touch clears the mark before.{}",
                self.next("marks it"),
                self.at_the_latest()
            ),
            Some(mark) => format!(
                "Marked as unused since {mark}; a touch clears the mark. It ends at the first \
                 check from {} on. {}{}",
                mark.plus(self.policy.ripe_age()),
                self.next("looks at it"),
                self.at_the_latest()
            ),
        }
    }

    fn of_a_valid_one(&self) -> String {
        let Some(until) = self.policy.expires_at(self.session) else {
            return "It never ends by itself: it has no timeout, or its policy ends nothing for \
                    being unused."
                .to_owned();
        };
        if self.lifetime_over() == Some(until) {
            return format!(
                "Valid until {until}, when its lifetime is over. {}",
                self.next_after(until)
            );
        }
        format!(
            "Valid until {until} if nobody uses it; each use starts that time anew.{} {}",
            self.at_the_latest(),
            self.next_after(until)
        )
    }

    fn at_the_latest(&self) -> String {
        self.lifetime_over().map_or_else(String::new, |over| {
            format!(" Its lifetime is over at {over}, whatever its use.")
        })
    }

    fn lifetime_over(&self) -> Option<UnixTime> {
        Some(self.session.created_at.plus(self.policy.lifetime?))
    }

    /// What the next purge does.
    fn next(&self, does: &str) -> String {
        match self.next_purge {
            Some(next) if next <= self.now => format!("The next purge, due now, {does}."),
            Some(next) => format!("The next purge {does}: at {next}."),
            None => format!(
                "The next purge {does}; no job of the configuration plans one on this machine."
            ),
        }
    }

    /// When a purge can end it at the earliest.
    fn next_after(&self, until: UnixTime) -> String {
        match self.next_purge {
            Some(next) if next > until => format!("The purge at {next} would end it."),
            Some(next) if next > self.now => {
                format!("A purge after that ends it; the next one is at {next}.")
            }
            Some(_) => "A purge after that ends it; one is due now.".to_owned(),
            None => "A purge after that ends it; no job of the configuration plans one on this \
                     machine."
                .to_owned(),
        }
    }

    fn of_its_row(&self) -> String {
        match self.policy.retention {
            None => "Its row is then kept for ever.".to_owned(),
            Some(Span::ZERO) => "Its row goes with it.".to_owned(),
            Some(retention) => format!("Its row is then kept for {retention}."),
        }
    }

    fn of_the_row_of_an_ended_one(&self) -> String {
        match self.kept_until() {
            None => "It can never be used again. Its row is kept for ever.".to_owned(),
            Some(until) if until <= self.now => {
                format!("It can never be used again. {}", self.next("deletes its row"))
            }
            Some(until) => format!(
                "It can never be used again. Its row is kept until {until}, and the first purge \
                 from then on deletes it."
            ),
        }
    }
}

impl fmt::Display for Outlook<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&if self.session.end.is_some() {
            self.of_the_row_of_an_ended_one()
        } else {
            self.of_a_live_one()
        })
    }
}
