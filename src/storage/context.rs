//! The context in which the rules are applied.

use crate::domain::clock::CLOCK_SKEW;
use crate::domain::filter::TaskPattern;
use crate::domain::policy::{Policies, PurgeTime, Verdict};
use crate::domain::session::Session;
use crate::domain::time::UnixTime;

/// The rules, and the moment at which they are asked.
#[derive(Debug, Clone, Copy)]
pub struct PolicyContext<'a> {
    /// The policy of each task.
    pub policies: &'a Policies,
    /// The moment.
    pub now: UnixTime,
    /// When this was to be asked, by a schedule; `None`: nobody had planned it.
    pub planned: Option<UnixTime>,
    /// The tasks that are meant; `None`: all.
    pub task: Option<&'a TaskPattern>,
}

impl PolicyContext<'_> {
    /// The last moment that is not in the future: the clocks of two machines differ.
    pub fn present(&self) -> UnixTime {
        self.now.plus(CLOCK_SKEW)
    }

    /// Whether a time lies in the future: a clock was wrong when it was written, or is
    /// wrong now.
    pub fn is_ahead(&self, time: Option<UnixTime>) -> bool {
        time.is_some_and(|time| time > self.present())
    }

    /// The check that a purge in this scope is.
    pub fn check(&self) -> PurgeTime {
        self.planned
            .map_or(PurgeTime::at(self.now), |planned| PurgeTime::planned(planned, self.now))
    }

    /// What the purge does with the session, if it is in scope at all.
    pub fn verdict(&self, session: &Session) -> Verdict {
        if self.task.is_none_or(|task| task.matches(&session.task)) {
            self.policies.of(&session.task).verdict(session, self.check())
        } else {
            Verdict::Keep
        }
    }
}
