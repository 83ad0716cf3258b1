//! The settings of a machine on which the times of its jobs depend.

use super::definition::{Job, JobTiming};
use super::interval::Jitter;
use crate::domain::policy::Policies;
use crate::domain::time::Span;
use crate::domain::time_zone::TimeZone;

/// What the times of a job also depend on.
#[derive(Debug, Clone, Copy)]
pub struct ScheduleContext<'a> {
    /// The zone of schedules.
    pub zone: &'a TimeZone,
    /// What automatic intervals follow.
    pub policies: &'a Policies,
    /// What they differ by.
    pub jitter: Jitter,
    /// How far apart the calls are that look for due jobs, as cron makes them; zero: a
    /// process stays and looks all the time.
    pub poll: Span,
}

impl Job {
    pub(super) fn interval(&self, context: ScheduleContext<'_>) -> Span {
        match &self.when {
            JobTiming::At(_) => Span::ZERO,
            JobTiming::Every(interval) => {
                let length = interval.length(context.policies, self.work.task(), context.jitter);
                interval.length_polled(length, context.poll)
            }
        }
    }
}
