//! Intervals between the purges of a task.

use super::definition::{Job, JobAction, JobTiming};
use super::interval::Jitter;
use crate::domain::policy::Policies;
use crate::domain::schedule::Schedule;
use crate::domain::time::{Span, UnixTime};
use crate::domain::time_zone::TimeZone;

/// A Monday, midnight.
const MONDAY: UnixTime = UnixTime(978_307_200);
const WEEK: Span = Span::days(7);

/// Lower bound of the interval between two times of schedules.
const MIN_SPACING: Span = Span::minutes(1);

/// Minimum interval between two purges of a task by these jobs; `None`: no job purges it.
/// `task` is one that has a policy of its own; `None`: any other.
///
/// 1. The jobs that count are enabled, purge, and apply to the task.
/// 2. Times of schedules are those of a week without a change of the clock, of all jobs
///    together.
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
                least = nearer(least, Some(length));
            }
        }
    }
    nearer(least, between_times(&schedules, enough))
}

fn nearer(one: Option<Span>, other: Option<Span>) -> Option<Span> {
    one.into_iter().chain(other).min()
}

/// Minimum interval between two times of a schedule, as far as it is more than `enough`.
pub(super) fn min_spacing_of(schedule: &Schedule, enough: Span) -> Span {
    between_times(&[schedule], enough).unwrap_or(WEEK)
}

fn between_times(schedules: &[&Schedule], enough: Span) -> Option<Span> {
    let zone = TimeZone::UTC;
    let next = |time: &UnixTime| {
        schedules.iter().filter_map(|schedule| schedule.next_after(*time, &zone)).min()
    };
    let first = next(&MONDAY)?;
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

#[cfg(test)]
mod tests {
    use super::super::Interval;
    use super::*;
    use crate::domain::guard::GuardLimits;

    fn purge(when: JobTiming, task: Option<&str>) -> Job {
        let work = JobAction::Purge(task.map(Into::into));
        Job {
            name: "purge".to_owned(),
            when,
            work,
            limits: GuardLimits::default(),
            late: None,
            host: None,
            enabled: true,
        }
    }

    fn at(schedule: &str, task: Option<&str>) -> Job {
        purge(JobTiming::At(schedule.parse().unwrap()), task)
    }

    fn spacing(jobs: &[Job], task: Option<&str>) -> Option<i64> {
        let mut policies = Policies::default();
        policies.insert("mail", policies.default.clone());
        min_spacing(jobs, &policies, task, Span::ZERO).map(Span::as_seconds)
    }

    #[test]
    fn t6_purges_are_as_far_apart_as_their_times_in_a_week() {
        for (schedule, seconds) in [
            ("* * *", 60),
            ("15 * *", 3_600),
            ("0 2,14 *", 43_200),
            ("0 3 *", 86_400),
            ("0 0 *", 86_400),
            ("0 3 mon-fri", 86_400),
            ("0 23 mon,tue", 86_400),
            ("59 23 7", 604_800),
            ("0 0 1", 604_800),
        ] {
            assert_eq!(spacing(&[at(schedule, None)], None), Some(seconds), "{schedule}");
        }
        let both = [at("0 3 *", None), at("0 5 1", Some("*"))];
        assert_eq!(spacing(&both, None), Some(7_200));
        let every = purge(JobTiming::Every(Interval::Fixed(Span::minutes(5))), None);
        assert_eq!(spacing(&[at("0 3 *", None), every], None), Some(300));
    }

    #[test]
    fn t6_only_the_purges_of_the_task_count() {
        let jobs = [at("0 3 *", Some("MAIL")), at("0 3 1", Some("news"))];
        assert_eq!(spacing(&jobs, Some("mail")), Some(86_400));
        assert_eq!(spacing(&jobs, None), Some(604_800));
        let disabled = Job { enabled: false, ..at("0 3 *", None) };
        let cycle = Job { work: JobAction::Cycle("*".into()), ..at("0 3 *", None) };
        assert_eq!(spacing(&[disabled, cycle], None), None);
    }
}
