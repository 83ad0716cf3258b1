//! Whether a job is due, and if not, when it will be.

use super::context::ScheduleContext;
use super::definition::{Job, JobAction, JobTiming};
use super::history::{GRACE, JobHistory, RunInProgress};
use super::lateness::{DueRun, LateRun};
use super::spacing::min_spacing_of;
use crate::domain::schedule::Schedule;
use crate::domain::time::{Span, UnixTime};
use crate::domain::time_zone::TimeZone;

/// How far ahead the clock of another machine may be, in the time between two runs of a
/// job: half of that, within these bounds. An anchor that lies further in the future shows
/// that a clock was wrong.
const MIN_LEAD: Span = GRACE;
const MAX_LEAD: Span = Span::minutes(5);

/// How far in the future the anchor of a job at a fixed hour may lie, the clock having
/// been set back, for the job to wait until then rather than start afresh.
const MAX_LEAD_OF_FIXED_TIMES: Span = Span::days(1);

/// More missed runs than this are not counted one by one.
const MAX_COUNTED_MISSES: usize = 10_000;

/// How things stand with a job at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobStatus {
    /// It is to run now.
    Due(DueRun),
    /// Its time has passed by more than the job allows: the run is to be skipped.
    TooLate(LateRun),
    /// It is running, here or elsewhere.
    Running(RunInProgress),
    /// It runs next at this time.
    Scheduled {
        /// When.
        next: UnixTime,
        /// What the ledger should know as the anchor, if it knows another.
        anchor: UnixTime,
    },
    /// The calendar ends before its next time.
    Never,
}

impl Job {
    /// How things stand at `now`, by what the ledger knows.
    ///
    /// 1. A run that has begun and not ended is running while its process is at work.
    /// 2. A machine asks for a time only if that came after it took up the job, or within
    ///    the minute before. What another machine has missed is none of its business. A
    ///    machine that the ledger does not know takes the job up now.
    /// 3. A job at fixed times is due when one of those has come since its anchor. However
    ///    many have, it runs once, for the last of them.
    /// 4. A job with an interval is due when that has passed since its anchor: the end of
    ///    its last run, or the start of its history. Where a machine takes up the job
    ///    after that moment, its interval counts from then. Among calls that are apart, it
    ///    is due at the one that is nearest to that time: when less than half of the
    ///    distance between two calls is left, or of the interval, if that is shorter.
    /// 5. A run that was cut short is due until it is complete, however late, unless a
    ///    later one of the fixed times has come.
    /// 6. An anchor in the future was set by a wrong clock, unless it is so close that two
    ///    machines merely differ. The job then starts afresh. One that has at most one
    ///    time a day waits until the clock has passed the anchor, so that no time runs
    ///    twice; but not if that is further ahead than a day and than the next time after
    ///    it.
    /// 7. A cycle that is due but [too late](LateRun) is skipped.
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
            JobTiming::At(schedule) => at(schedule, &history, context.zone, now),
            JobTiming::Every(_) => every(self.interval(context), context.poll, &history, now),
        };
        let settled = match status {
            JobStatus::Scheduled { anchor, .. } => Some(anchor),
            _ => history.anchor,
        };
        let is_open = |run: &UnixTime| {
            let is_settled = settled.is_some_and(|settled| *run <= settled);
            !is_settled && *run <= now && *run > self.floor(context, history.since_at_most(now))
        };
        let status = match (history.interrupted.filter(is_open), status, &self.when) {
            (None, status, _) => status,
            // A later time has come, and a whole run with it.
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

    /// The anchor of a job that is taken up at this moment and nobody has run: no earlier
    /// time is made up, but one of the last minute, which a scheduler starts it for.
    pub fn history_start(&self, context: ScheduleContext<'_>, moment: UnixTime) -> UnixTime {
        match &self.when {
            JobTiming::At(schedule) => just_before(schedule, context.zone, moment),
            JobTiming::Every(_) => moment,
        }
    }

    /// The anchor of a job where no history can be kept, for a call each minute: it is due if
    /// one of its times has come within the last minute. An interval counts from the
    /// beginning of 1970, so that each call comes to the same times, of which each has one
    /// call that is nearest to it. A process that stays keeps the history itself.
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

    /// Whether it runs only by a history that can be kept: a cycle whose interval is the
    /// only thing that says when. Without one, it would end sessions at times that nobody
    /// has planned. At fixed times it needs none, nor where a process stays.
    pub fn needs_history(&self, context: ScheduleContext<'_>) -> bool {
        let is_cycle = matches!(self.work, JobAction::Cycle(_));
        is_cycle && matches!(self.when, JobTiming::Every(_)) && context.poll > Span::ZERO
    }

    /// The moment up to which a machine that has taken up the job then asks for no time.
    fn floor(&self, context: ScheduleContext<'_>, since: UnixTime) -> UnixTime {
        match &self.when {
            JobTiming::At(_) => self.history_start(context, since),
            JobTiming::Every(_) => UnixTime(since.0.saturating_sub(GRACE.as_seconds())),
        }
    }

    /// The first run later than a moment, by how things stand, if the runs until then
    /// take place in time, and take none.
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

fn at(schedule: &Schedule, history: &JobHistory, zone: &TimeZone, now: UnixTime) -> JobStatus {
    let since = history.since_at_most(now);
    let floor = || just_before(schedule, zone, since);
    let anchor = match history.anchor {
        Some(anchor) if is_plausible(schedule, anchor, zone, now) => anchor,
        Some(_) if schedule.is_within_days() => just_before(schedule, zone, now),
        Some(_) => now,
        None => floor(),
    };
    // Most often it is later, and the floor takes a while to find.
    let after = if anchor < since { anchor.max(floor()) } else { anchor };
    let Some(next) = schedule.next_after(after, zone) else {
        return JobStatus::Never;
    };
    if next > now {
        return JobStatus::Scheduled { next, anchor };
    }
    let planned = schedule.latest_at_or_before(now, zone).unwrap_or(next);
    let earlier = schedule.occurrences_after(after, zone).take_while(|run| *run < planned);
    let missed = earlier.take(MAX_COUNTED_MISSES).count() as u64;
    JobStatus::Due(DueRun { planned, missed, resumes: false })
}

fn is_plausible(schedule: &Schedule, anchor: UnixTime, zone: &TimeZone, now: UnixTime) -> bool {
    if anchor <= now {
        return true;
    }
    let ahead = anchor.since(now);
    if schedule.is_within_days() {
        return ahead <= lead(min_spacing_of(schedule, MAX_LEAD));
    }
    let following = || schedule.next_after(anchor, zone).map(|next| next.since(anchor));
    ahead <= MAX_LEAD_OF_FIXED_TIMES || following().is_some_and(|period| ahead <= period)
}

/// How far ahead the clock of another machine may be, by the time between two runs.
fn lead(period: Span) -> Span {
    Span::seconds(period.as_seconds() / 2).clamp(MIN_LEAD, MAX_LEAD)
}

/// The moment before the time of a schedule that has come within the last minute, or else
/// this moment.
fn just_before(schedule: &Schedule, zone: &TimeZone, now: UnixTime) -> UnixTime {
    match schedule.latest_at_or_before(now, zone) {
        Some(last) if now.since(last) < GRACE => UnixTime(last.0 - 1),
        _ => now,
    }
}

/// Where a machine has come too late for the next time of the history by a whole interval
/// and more, nobody has been there to run it, and the history goes on from then.
fn every(interval: Span, poll: Span, history: &JobHistory, now: UnixTime) -> JobStatus {
    let since = history.since_at_most(now);
    let mut anchor = match history.anchor {
        Some(anchor) if anchor.since(now) <= lead(interval) => anchor,
        Some(_) => now,
        None => since,
    };
    let mut next = anchor.plus(interval);
    if next.plus(GRACE) <= since {
        if next.plus(interval) <= since {
            anchor = since;
        }
        next = since.plus(interval);
    }
    let left = next.since(now).as_seconds();
    if left > 0 && 2 * left >= poll.min(interval).as_seconds() {
        return JobStatus::Scheduled { next, anchor };
    }
    let missed = now.since(next).as_seconds().max(0) / interval.as_seconds().max(1);
    let planned = next.min(now);
    JobStatus::Due(DueRun { planned, missed: missed.unsigned_abs(), resumes: false })
}
