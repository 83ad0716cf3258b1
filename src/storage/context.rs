use crate::domain::clock::CLOCK_SKEW;
use crate::domain::policy::{Policies, PurgeTime, Verdict};
use crate::domain::session::Session;
use crate::domain::task::TaskPattern;
use crate::domain::time::UnixTime;

#[derive(Debug, Clone, Copy)]
pub struct PolicyContext<'a> {
    pub policies: &'a Policies,
    pub now: UnixTime,
    /// Planned time of a scheduled run.
    pub planned: Option<UnixTime>,
    /// Tasks in scope; `None` for all.
    pub task: Option<&'a TaskPattern>,
}

impl PolicyContext<'_> {
    /// Latest time that does not count as in the future; tolerates clock skew.
    pub fn present(&self) -> UnixTime {
        self.now.plus(CLOCK_SKEW)
    }

    /// True for a time in the future: a clock was wrong when it was written, or is wrong now.
    pub fn is_ahead(&self, time: Option<UnixTime>) -> bool {
        time.is_some_and(|time| time > self.present())
    }

    pub fn purge_time(&self) -> PurgeTime {
        self.planned
            .map_or(PurgeTime::at(self.now), |planned| PurgeTime::planned(planned, self.now))
    }

    /// Action of a purge for a session; keeps sessions out of scope.
    pub fn verdict(&self, session: &Session) -> Verdict {
        if self.task.is_none_or(|task| task.matches(&session.task)) {
            self.policies.for_task(&session.task).verdict(session, self.purge_time())
        } else {
            Verdict::Keep
        }
    }
}
