//! Status of a job: due, running, or scheduled.

use super::context::ScheduleContext;
use super::definition::{Job, JobAction, JobTiming};
use super::history::{GRACE, JobHistory, RunInProgress};
use super::lateness::{DueRun, LateRun};
use super::spacing::min_spacing_of;
use crate::domain::schedule::Schedule;
use crate::domain::time::{Span, UnixTime};
use crate::domain::time_zone::TimeZone;

/// Bounds of the tolerated lead of another machine's clock, which is half of the time between two
/// runs of a job. A last settled time that lies further in the future shows that a clock was wrong.
const MIN_LEAD: Span = GRACE;
const MAX_LEAD: Span = Span::minutes(5);

/// Maximum lead of the last settled time of a job with at most one time a day: the clock was set
/// back, and the job waits until then instead of starting afresh.
const MAX_LEAD_OF_FIXED_TIMES: Span = Span::days(1);

/// More missed runs than this are not counted one by one.
const MAX_COUNTED_MISSES: usize = 10_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobStatus {
    Due(DueRun),
    /// The job is late by more than it allows: the run is to be skipped.
    TooLate(LateRun),
    Running(RunInProgress),
    Scheduled {
        next: UnixTime,
        /// Last settled time that the ledger should have.
        last_settled_at: UnixTime,
    },
    /// The calendar ends before its next time.
    Never,
}

impl Job {
    /// Status of the job at `now`, according to its history.
    ///
    /// 1. A run that has begun and not ended is running while its process is alive.
    /// 2. A machine considers only times after it has registered the job, or within the minute
    ///    before. It ignores what another machine has missed. A machine that the ledger does
    ///    not know registers the job now.
    /// 3. A job at fixed times is due when one of those has come since its last settled time. It
    ///    runs once, for the last of them.
    /// 4. A job with an interval is due when that has passed since its last settled time: the end
    ///    of its last run, or the start of its history. If the machine has registered the job later
    ///    than that, the interval counts from the registration. Among calls at regular intervals,
    ///    it is due at the call that is nearest to its time: when less than half of the interval
    ///    between two calls is left, or half of its own interval, if that is shorter.
    /// 5. An interrupted run is due until it is complete, however late, unless a later one of
    ///    the fixed times has come.
    /// 6. A last settled time in the future was set by a wrong clock, unless it is so close that
    ///    two machines merely differ. The job then starts afresh. One that has at most one time
    ///    a day waits until the clock has passed the last settled time, so that no time runs
    ///    twice; but not if that is further ahead than a day and than the next time after it.
    /// 7. A cycle that is due but [late](LateRun) is skipped.
    pub fn job_status(
        &self,
        history: Option<&JobHistory>,
        context: ScheduleContext<'_>,
        now: UnixTime,
    ) -> JobStatus {
        let history = history.cloned().unwrap_or_default();
        if let Some(run) = history.unfinished.filter(|run| run.is_alive) {
            return JobStatus::Running(run);
        }
        let status = match &self.when {
            JobTiming::At(schedule) => status_at_fixed_times(schedule, &history, context.zone, now),
            JobTiming::Every(_) => {
                status_at_intervals(self.interval(context), context.poll, &history, now)
            }
        };
        let settled = match status {
            JobStatus::Scheduled { last_settled_at, .. } => Some(last_settled_at),
            _ => history.last_settled_at,
        };
        let is_open = |run: &UnixTime| {
            let is_settled = settled.is_some_and(|settled| *run <= settled);
            !is_settled && *run <= now && *run > self.floor(context, history.registered_at(now))
        };
        let status = match (history.interrupted.filter(is_open), status, &self.when) {
            (None, status, _) => status,
            // A later time has come, which is due for a whole run.
            (Some(run), JobStatus::Due(due), JobTiming::At(_)) if due.planned > run => status,
            (Some(planned), ..) => JobStatus::Due(DueRun { planned, missed: 0, resumes: true }),
        };
        match status {
            JobStatus::Due(due) => {
                self.too_late(due, context, now).map_or(JobStatus::Due(due), JobStatus::TooLate)
            }
            status => status,
        }
    }

    /// Last settled time of a job registered at this moment, without a history: earlier times are
    /// skipped, except for one of the last minute, for which a scheduler has started the process.
    pub fn history_start(&self, context: ScheduleContext<'_>, moment: UnixTime) -> UnixTime {
        match &self.when {
            JobTiming::At(schedule) => just_before(schedule, context.zone, moment),
            JobTiming::Every(_) => moment,
        }
    }

    /// Last settled time of a job where no history can be kept, for a call each minute: the job
    /// is due if one of its times has come within the last minute. An interval counts from the
    /// beginning of 1970, so that all calls compute the same times, each of which has one
    /// nearest call. A process that keeps watching keeps the history itself.
    pub fn start_without_history(&self, context: ScheduleContext<'_>, now: UnixTime) -> UnixTime {
        match &self.when {
            JobTiming::Every(_) if context.poll > Span::ZERO => {
                let length = self.interval(context).as_seconds().max(1);
                let last = UnixTime(now.0 - now.0.rem_euclid(length));
                let poll = context.poll.as_seconds();
                let is_nearest = 2 * now.since(last).as_seconds() <= 2 * poll - poll.min(length);
                if is_nearest { UnixTime(last.0 - length) } else { last }
            }
            _ => self.history_start(context, now),
        }
    }

    /// Reports whether the job depends on a recorded history: a cycle with an interval.
    /// Without a history, it would end sessions at unplanned times. A job with fixed times
    /// needs none, nor does a process that keeps watching.
    pub fn needs_history(&self, context: ScheduleContext<'_>) -> bool {
        let is_cycle = matches!(self.work, JobAction::Cycle(_));
        is_cycle && matches!(self.when, JobTiming::Every(_)) && context.poll > Span::ZERO
    }

    /// Moment up to which a machine that registered the job at `since` ignores its times.
    fn floor(&self, context: ScheduleContext<'_>, since: UnixTime) -> UnixTime {
        match &self.when {
            JobTiming::At(_) => self.history_start(context, since),
            JobTiming::Every(_) => UnixTime(since.0.saturating_sub(GRACE.as_seconds())),
        }
    }

    /// The first run after a moment, as things stand, if earlier runs are on time and take no time.
    pub fn first_run_after(
        &self,
        status: &JobStatus,
        context: ScheduleContext<'_>,
        moment: UnixTime,
    ) -> Option<UnixTime> {
        let next = match status {
            JobStatus::Scheduled { next, .. } => *next,
            JobStatus::Due(due) => due.planned,
            JobStatus::Running(run) => run.planned,
            JobStatus::TooLate(late) => late.next?,
            JobStatus::Never => return None,
        };
        match &self.when {
            _ if next > moment => Some(next),
            JobTiming::At(schedule) => schedule.next_after(moment, context.zone),
            JobTiming::Every(_) => {
                let length = self.interval(context).as_seconds();
                let passed = moment.since(next).as_seconds() / length.max(1) + 1;
                Some(next.plus(Span::seconds(passed.saturating_mul(length))))
            }
        }
    }
}

fn status_at_fixed_times(
    schedule: &Schedule,
    history: &JobHistory,
    zone: &TimeZone,
    now: UnixTime,
) -> JobStatus {
    let since = history.registered_at(now);
    let floor = || just_before(schedule, zone, since);
    let last_settled_at = match history.last_settled_at {
        Some(last_settled_at) if is_plausible(schedule, last_settled_at, zone, now) => {
            last_settled_at
        }
        Some(_) if schedule.is_within_days() => just_before(schedule, zone, now),
        Some(_) => now,
        None => floor(),
    };
    // The floor is costly to find, and rarely matters.
    let after =
        if last_settled_at < since { last_settled_at.max(floor()) } else { last_settled_at };
    let Some(next) = schedule.next_after(after, zone) else {
        return JobStatus::Never;
    };
    if next > now {
        return JobStatus::Scheduled { next, last_settled_at };
    }
    let planned = schedule.latest_at_or_before(now, zone).unwrap_or(next);
    let earlier = schedule.occurrences_after(after, zone).take_while(|run| *run < planned);
    let missed = earlier.take(MAX_COUNTED_MISSES).count() as u64;
    JobStatus::Due(DueRun { planned, missed, resumes: false })
}

fn is_plausible(
    schedule: &Schedule,
    last_settled_at: UnixTime,
    zone: &TimeZone,
    now: UnixTime,
) -> bool {
    if last_settled_at <= now {
        return true;
    }
    let ahead = last_settled_at.since(now);
    if schedule.is_within_days() {
        return ahead <= lead(min_spacing_of(schedule, MAX_LEAD));
    }
    let following =
        || schedule.next_after(last_settled_at, zone).map(|next| next.since(last_settled_at));
    ahead <= MAX_LEAD_OF_FIXED_TIMES || following().is_some_and(|period| ahead <= period)
}

/// Tolerated lead of another machine's clock, by the time between two runs.
fn lead(period: Span) -> Span {
    Span::seconds(period.as_seconds() / 2).clamp(MIN_LEAD, MAX_LEAD)
}

/// The moment before a time of the schedule within the last minute, or else this moment.
fn just_before(schedule: &Schedule, zone: &TimeZone, now: UnixTime) -> UnixTime {
    match schedule.latest_at_or_before(now, zone) {
        Some(last) if now.since(last) < GRACE => UnixTime(last.0 - 1),
        _ => now,
    }
}

/// Status of a job with an interval. If the machine registered it a whole interval or more after
/// its next time, nobody was there to run it: the history continues from the registration.
fn status_at_intervals(
    interval: Span,
    poll: Span,
    history: &JobHistory,
    now: UnixTime,
) -> JobStatus {
    let since = history.registered_at(now);
    let mut last_settled_at = match history.last_settled_at {
        Some(last_settled_at) if last_settled_at.since(now) <= lead(interval) => last_settled_at,
        Some(_) => now,
        None => since,
    };
    let mut next = last_settled_at.plus(interval);
    if next.plus(GRACE) <= since {
        if next.plus(interval) <= since {
            last_settled_at = since;
        }
        next = since.plus(interval);
    }
    let left = next.since(now).as_seconds();
    if left > 0 && 2 * left >= poll.min(interval).as_seconds() {
        return JobStatus::Scheduled { next, last_settled_at };
    }
    let missed = now.since(next).as_seconds().max(0) / interval.as_seconds().max(1);
    let planned = next.min(now);
    JobStatus::Due(DueRun { planned, missed: missed.unsigned_abs(), resumes: false })
}
