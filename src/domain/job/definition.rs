//! The definition of a job.

use super::interval::Interval;
use crate::domain::guard::GuardLimits;
use crate::domain::schedule::Schedule;
use crate::domain::task::TaskPattern;
use crate::domain::time::Span;
use crate::domain::time_zone::TimeZone;

/// What a configuration wants done again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// What people and the ledger call it; no two jobs have the same name.
    pub name: String,
    /// When it runs.
    pub when: JobTiming,
    /// What it does.
    pub work: JobAction,
    /// What a run of it may end at most. Where it says nothing, a purge keeps to the
    /// guard for all, and a cycle to none.
    pub caps: GuardLimits,
    /// How late a cycle may begin: one that was missed by more is skipped. `None`: however
    /// late. A purge is always made up, whatever this says.
    pub late: Option<Span>,
    /// The host on which alone it runs; `None`: on any.
    pub host: Option<String>,
    /// Whether it runs at all.
    pub enabled: bool,
}

/// When a job runs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "a configuration has few jobs")]
pub enum JobTiming {
    /// At these times of the week.
    At(Schedule),
    /// Again and again, so long after the end of its last run.
    Every(Interval),
}

/// The form that a configuration has it in.
impl std::fmt::Display for JobTiming {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::At(schedule) => write!(f, "{schedule}"),
            Self::Every(interval) => write!(f, "every {interval}"),
        }
    }
}

/// What a job does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobAction {
    /// Marks, ends and deletes what is due; `None`: of all tasks.
    Purge(Option<TaskPattern>),
    /// Ends all sessions of these tasks that have not ended.
    Cycle(TaskPattern),
}

impl JobAction {
    /// The word for it, in configurations and in the ledger.
    pub const fn verb(&self) -> &'static str {
        match self {
            Self::Purge(_) => "purge",
            Self::Cycle(_) => "cycle",
        }
    }

    /// The tasks that are meant; `None`: all.
    pub const fn task(&self) -> Option<&TaskPattern> {
        match self {
            Self::Purge(task) => task.as_ref(),
            Self::Cycle(task) => Some(task),
        }
    }
}

impl Job {
    /// How late a cycle may begin where nothing else is said.
    pub const LATE: Span = Span::hours(1);
    /// The least that can be set: cron calls each minute, and a few seconds after it.
    pub const MIN_LATE: Span = Span::minutes(1);

    /// Whether a host, by its name, is one that runs this job. Host names match
    /// without regard to case, and a short one also stands for the full name
    /// that begins with it.
    pub fn runs_on(&self, host: &str) -> bool {
        let Some(own) = &self.host else { return true };
        let (own, host) = (own.to_ascii_lowercase(), host.to_ascii_lowercase());
        let is_short_for = |a: &str, b: &str| b.strip_prefix(a).is_some_and(|b| b.starts_with('.'));
        own == host || is_short_for(&own, &host) || is_short_for(&host, &own)
    }

    /// What the ledger keeps its history under, besides its name: when it runs, what it
    /// does, and the host that it is tied to. A job that has another specification is
    /// another job to the ledger, and its history starts anew.
    ///
    /// How much it may end and how late it may begin are no part of it: to edit them leaves
    /// the history as it is.
    ///
    /// The time zone is the [identity](TimeZone::identity) of the one in which its times are
    /// read. An interval depends on none. Tasks and hosts have no case.
    pub fn spec(&self, zone: &TimeZone) -> String {
        let quoted = |name: &str| format!("{:?}", name.to_ascii_lowercase());
        let mut spec = match &self.when {
            JobTiming::At(schedule) => format!("{schedule} in {}", zone.identity()),
            JobTiming::Every(interval) => format!("every {interval}"),
        };
        spec = format!("{spec}: {}", self.work.verb());
        if let Some(task) = self.work.task() {
            spec = format!("{spec} {}", quoted(task.as_str()));
        }
        if let Some(host) = &self.host {
            spec = format!("{spec} on {}", quoted(host));
        }
        spec
    }
}
