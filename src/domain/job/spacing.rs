//! Intervals between the purges of a task.

use super::definition::{Job, JobAction, JobTiming};
use super::interval::Jitter;
use crate::domain::policy::Policies;
use crate::domain::schedule::{MONDAY, Schedule};
use crate::domain::time::{Span, UnixTime};
use crate::domain::time_zone::TimeZone;

const WEEK: Span = Span::days(7);

/// Lower bound of the interval between two times of schedules.
const MIN_SPACING: Span = Span::minutes(1);

/// Minimum interval between two purges of a task by these jobs; `None`: no job purges it.
/// `task` is one that has a policy of its own; `None`: any other.
///
/// 1. The jobs that count are enabled, purge, and apply to the task.
/// 2. Times of schedules are those of a week without a change of the clock, of all jobs together.
/// 3. A job with an interval counts with that, as if its runs took no time.
///
/// The search stops at an interval that is no longer than `enough`.
pub fn min_spacing(
    jobs: &[Job],
    policies: &Policies,
    task: Option<&str>,
    enough: Span,
) -> Option<Span> {
    let purges = |job: &&Job| {
        let means_it = || policies.matching(job.work.task()).any(|(name, _)| name == task);
        job.enabled && matches!(job.work, JobAction::Purge(_)) && means_it()
    };
    let (mut schedules, mut least) = (Vec::new(), None);
    for job in jobs.iter().filter(purges) {
        match &job.when {
            JobTiming::At(schedule) => schedules.push(schedule),
            JobTiming::Every(interval) => {
                let length = interval.length(policies, job.work.task(), Jitter::default());
                least = shorter(least, Some(length));
            }
        }
    }
    shorter(least, shortest_gap(&schedules, enough))
}

fn shorter(one: Option<Span>, other: Option<Span>) -> Option<Span> {
    one.into_iter().chain(other).min()
}

/// Minimum interval between two times of a schedule, as far as it is more than `enough`.
pub(super) fn min_spacing_of(schedule: &Schedule, enough: Span) -> Span {
    shortest_gap(&[schedule], enough).unwrap_or(WEEK)
}

fn shortest_gap(schedules: &[&Schedule], enough: Span) -> Option<Span> {
    let zone = TimeZone::UTC;
    let next = |time: &UnixTime| {
        schedules.iter().filter_map(|schedule| schedule.next_after(*time, &zone)).min()
    };
    let first = next(&UnixTime(MONDAY))?;
    let (mut last, mut shortest) = (first, WEEK);
    while let Some(time) = next(&last).filter(|time| *time <= first.plus(WEEK)) {
        shortest = shortest.min(time.since(last));
        if shortest <= enough.max(MIN_SPACING) {
            break;
        }
        last = time;
    }
    Some(shortest)
}
