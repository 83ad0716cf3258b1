//! Whether a job is due, and if not, when it will be.

use super::{Jitter, Job, When};
use crate::domain::policy::Policies;
use crate::domain::schedule::Schedule;
use crate::domain::time::{Span, UnixTime};
use crate::domain::zone::Zone;

/// A time of a schedule that a job which is new has come just in time for.
const JUST_NOW: Span = Span::minutes(1);

/// How far in the future a last run may lie, the clock having been set back, for
/// its job to wait until then rather than start afresh.
const BELIEVABLE: Span = Span::days(1);

/// More missed runs than this are not counted one by one.
const MOST_MISSED: usize = 10_000;

/// What the ledger knows of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The [spec](Job::spec) that the job had then.
    pub spec: String,
    /// Up to when its runs are settled: the planned time of the last one, or,
    /// where the interval counts from the end of a run, that end; `None`: none
    /// has come to its end yet.
    pub anchor: Option<UnixTime>,
    /// A run that has begun and not ended.
    pub unfinished: Option<Unfinished>,
}

impl Known {
    /// The anchor, if the job still has the spec that it had then.
    pub fn anchor_of(&self, job: &Job) -> Option<UnixTime> {
        self.anchor.filter(|_| self.spec == job.spec())
    }
}

/// A run that has begun and not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unfinished {
    /// When it was planned.
    pub planned: UnixTime,
    /// When it began.
    pub started: UnixTime,
    /// Whether the process that does it is known to be at work.
    pub is_alive: bool,
}

/// What the times of a job also depend on.
#[derive(Debug, Clone, Copy)]
pub struct Rhythm<'a> {
    /// The zone of schedules.
    pub zone: &'a Zone,
    /// What automatic intervals follow.
    pub policies: &'a Policies,
    /// What they differ by.
    pub jitter: Jitter,
}

/// How things stand with a job at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is to run now.
    Due(Due),
    /// It is running, here or elsewhere.
    Running(Unfinished),
    /// It runs next at this time.
    Waits {
        /// When.
        next: UnixTime,
        /// What the ledger should know as the anchor, if it knows another.
        anchor: UnixTime,
    },
    /// The calendar ends before its next time.
    Never,
}

/// A run that is to take place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// When it should have.
    pub planned: UnixTime,
    /// How many earlier ones did not take place, and are made up by this one.
    pub missed: u64,
    /// When a run began that was cut short and that this one completes.
    pub resumes: Option<UnixTime>,
}

impl Job {
    /// How things stand at `now`, by what the ledger knows.
    ///
    /// 1. A run that has begun and not ended is running while its process is at
    ///    work. When that has died, the job is due, to complete it; unless the
    ///    anchor has passed it, or a later one of the fixed times has come.
    /// 2. A job at fixed times is due when one of them has come since its
    ///    anchor. However many have, it runs once, for the last of them.
    /// 3. A job with an interval is due when that has passed since the end of
    ///    its last run, and at once if it never ran.
    /// 4. A job at fixed times that the ledger does not know, or knows with
    ///    another spec, has missed none: it is due only if one of its times has
    ///    come within the last minute.
    /// 5. Where the clock has been set back, so that the anchor lies in the
    ///    future: a job at fixed times waits until the clock has passed it, so
    ///    that no time runs twice. If it lies further ahead than a day and than
    ///    the next time after it, that was no small correction, and the job is
    ///    one that the ledger does not know. An interval then counts from `now`.
    pub fn standing(&self, known: Option<&Known>, rhythm: Rhythm<'_>, now: UnixTime) -> Standing {
        let known = known.filter(|known| known.spec == self.spec());
        let anchor = known.and_then(|known| known.anchor);
        let unfinished = known.and_then(|known| known.unfinished);
        if let Some(run) = unfinished.filter(|run| run.is_alive) {
            return Standing::Running(run);
        }
        let is_settled = |run: &Unfinished| anchor.is_some_and(|anchor| run.planned <= anchor);
        let unfinished = unfinished.filter(|run| !is_settled(run));
        let standing = match &self.when {
            When::At(schedule) => at(schedule, anchor, rhythm.zone, now),
            When::Every(interval) => every(
                interval.length(rhythm.policies, self.work.task(), rhythm.jitter),
                anchor,
                now,
            ),
        };
        match (unfinished, standing, &self.when) {
            (None, standing, _) => standing,
            // A later time has come, and a whole run with it.
            (Some(run), Standing::Due(due), When::At(_)) if due.planned > run.planned => {
                Standing::Due(due)
            }
            (Some(run), _, _) => {
                Standing::Due(Due { planned: run.planned, missed: 0, resumes: Some(run.started) })
            }
        }
    }
}

impl Job {
    /// The anchor of a job whose run at this time is the next one.
    pub fn anchor_before(&self, planned: UnixTime, rhythm: Rhythm<'_>) -> UnixTime {
        let length = match &self.when {
            When::At(_) => 1,
            When::Every(interval) => {
                let task = self.work.task();
                interval.length(rhythm.policies, task, rhythm.jitter).as_seconds()
            }
        };
        UnixTime(planned.0.saturating_sub(length))
    }

    /// The first run later than a moment, by how things stand, if the runs until then
    /// take place in time, and take none.
    pub fn first_run_after(
        &self,
        standing: &Standing,
        rhythm: Rhythm<'_>,
        moment: UnixTime,
    ) -> Option<UnixTime> {
        let next = match standing {
            Standing::Waits { next, .. } => *next,
            Standing::Due(due) => due.planned,
            Standing::Running(run) => run.planned,
            Standing::Never => return None,
        };
        match &self.when {
            _ if next > moment => Some(next),
            When::At(schedule) => schedule.next_after(moment, rhythm.zone),
            When::Every(interval) => {
                let task = self.work.task();
                let length = interval.length(rhythm.policies, task, rhythm.jitter).as_seconds();
                let passed = moment.since(next).as_seconds() / length.max(1) + 1;
                Some(next.plus(Span::seconds(passed.saturating_mul(length))))
            }
        }
    }
}

fn at(schedule: &Schedule, anchor: Option<UnixTime>, zone: &Zone, now: UnixTime) -> Standing {
    let anchor = anchor
        .filter(|anchor| is_believable(schedule, *anchor, zone, now))
        .unwrap_or_else(|| just_before(schedule, zone, now));
    let Some(next) = schedule.next_after(anchor, zone) else {
        return Standing::Never;
    };
    if next > now {
        return Standing::Waits { next, anchor };
    }
    let planned = schedule.last_until(now, zone).unwrap_or(next);
    let earlier = schedule.runs_after(anchor, zone).take_while(|run| *run < planned);
    let missed = earlier.take(MOST_MISSED).count() as u64;
    Standing::Due(Due { planned, missed, resumes: None })
}

fn is_believable(schedule: &Schedule, anchor: UnixTime, zone: &Zone, now: UnixTime) -> bool {
    let ahead = anchor.since(now);
    let following = || schedule.next_after(anchor, zone).map(|next| next.since(anchor));
    ahead <= BELIEVABLE || following().is_some_and(|period| ahead <= period)
}

/// The anchor of a job that nobody knows yet.
fn just_before(schedule: &Schedule, zone: &Zone, now: UnixTime) -> UnixTime {
    match schedule.last_until(now, zone) {
        Some(last) if now.since(last) < JUST_NOW => UnixTime(last.0 - 1),
        _ => now,
    }
}

fn every(interval: Span, anchor: Option<UnixTime>, now: UnixTime) -> Standing {
    let Some(anchor) = anchor else {
        return Standing::Due(Due { planned: now, missed: 0, resumes: None });
    };
    let anchor = anchor.min(now);
    let next = anchor.plus(interval);
    if next > now {
        return Standing::Waits { next, anchor };
    }
    let missed = now.since(next).as_seconds() / interval.as_seconds().max(1);
    Standing::Due(Due { planned: next, missed: missed.unsigned_abs(), resumes: None })
}
