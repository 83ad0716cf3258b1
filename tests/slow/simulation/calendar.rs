//! Due times of jobs, by the wall clock.

use chrono::{DateTime, Timelike};
use chrono_tz::Tz;
use sessctl::app::JobOutcome;

/// Expectation of a job.
pub enum Plan {
    /// Runs at the hours and minutes for which `shows` is true, at most `late` seconds after them.
    At { matches: fn(u32, u32) -> bool, max_delay: i64, pending: Vec<i64>, is_known: bool },
    /// Runs this many seconds after its last run, and after it was first checked.
    Every { seconds: i64, last: Option<i64> },
    /// Never runs.
    Never,
}

/// A run that has to take place.
#[derive(Debug, PartialEq, Eq)]
pub struct ExpectedRun {
    pub planned: i64,
    pub missed: u64,
    pub is_skipped: bool,
}

impl Plan {
    pub fn at(matches: fn(u32, u32) -> bool) -> Self {
        Self::at_within(matches, i64::MAX)
    }

    pub fn at_within(matches: fn(u32, u32) -> bool, max_delay: i64) -> Self {
        Self::At { matches, max_delay, pending: Vec::new(), is_known: false }
    }

    pub fn every(seconds: i64) -> Self {
        Self::Every { seconds, last: None }
    }

    /// Takes note of the next minute of the wall clock.
    pub fn observe(&mut self, minute: i64, zone: Tz) {
        let wall = DateTime::from_timestamp(minute, 0).unwrap().with_timezone(&zone);
        if let Self::At { matches, pending, is_known: true, .. } = self
            && matches(wall.hour(), wall.minute())
        {
            pending.push(minute);
        }
    }

    /// True if it may have to run.
    pub fn could_be_due(&self, now: i64) -> bool {
        match self {
            Self::At { pending, .. } => !pending.is_empty(),
            Self::Every { seconds, last } => last.is_none_or(|last| now >= last + *seconds),
            Self::Never => false,
        }
    }

    /// Takes a check of the job and its result; returns the expected run, if any.
    pub fn check(&mut self, now: i64, ran: &JobOutcome) -> Option<ExpectedRun> {
        let has_run = matches!(ran, JobOutcome::Purged(_) | JobOutcome::Cycled(_));
        match self {
            Self::At { max_delay, pending, is_known, .. } => {
                *is_known = true;
                let missed = pending.len().saturating_sub(1) as u64;
                let planned = pending.drain(..).next_back();
                let is_skipped = planned.is_some_and(|planned| now - planned > *max_delay);
                assert_eq!(has_run, planned.is_some() && !is_skipped, "at {now}: {ran:?}");
                assert_eq!(matches!(ran, JobOutcome::TooLate(_)), is_skipped, "at {now}: {ran:?}");
                planned.map(|planned| ExpectedRun { planned, missed, is_skipped })
            }
            Self::Every { seconds, last } => {
                let last = last.get_or_insert(now);
                let since = now - *last;
                assert!(!has_run || since >= *seconds, "after {since}");
                // A run may have taken a moment.
                assert!(has_run || since < *seconds + 60, "not after {since}");
                let planned = *last + *seconds;
                has_run.then(|| *last = now);
                has_run.then_some(ExpectedRun { planned, missed: 0, is_skipped: false })
            }
            Self::Never => {
                assert_eq!(*ran, JobOutcome::Disabled);
                None
            }
        }
    }
}
