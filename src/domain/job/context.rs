//! The settings of a machine on which the times of its jobs depend.

use super::definition::{Job, JobTiming};
use super::interval::Jitter;
use crate::domain::policy::Policies;
use crate::domain::time::Span;
use crate::domain::time_zone::TimeZone;

#[derive(Debug, Clone, Copy)]
pub struct ScheduleContext<'a> {
    pub zone: &'a TimeZone,
    /// Policies, which determine automatic intervals.
    pub policies: &'a Policies,
    pub jitter: Jitter,
    /// Interval between the calls that look for due jobs, as of cron; zero: a process keeps
    /// watching.
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
