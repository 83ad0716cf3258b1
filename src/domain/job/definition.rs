//! The definition of a job.

use super::interval::Interval;
use crate::domain::filter::SelectionRule;
use crate::domain::guard::GuardLimits;
use crate::domain::report_name::ReportName;
use crate::domain::schedule::Schedule;
use crate::domain::task::TaskPattern;
use crate::domain::time::Span;
use crate::domain::time_zone::TimeZone;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Unique name, in the configuration and in the ledger.
    pub name: String,
    pub when: JobTiming,
    pub work: JobAction,
    /// Sessions that a cycle ends, of the tasks of its action.
    pub selection: SelectionRule,
    /// Limits of what a run may end. Unset, a purge keeps to those of all runs, a cycle to none.
    pub limits: GuardLimits,
    /// Maximum lateness of a cycle: one that was missed by more is skipped. `None`: any. A
    /// missed purge always runs.
    pub late: Option<Span>,
    /// Only host on which it runs; `None`: any.
    pub host: Option<String>,
    /// Reason that the ledger records with each run.
    pub why: Option<String>,
    pub enabled: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "a configuration has few jobs")]
pub enum JobTiming {
    At(Schedule),
    /// Repeatedly, an interval after the end of the last run.
    Every(Interval),
}

/// Writes the timing as a configuration does.
impl std::fmt::Display for JobTiming {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::At(schedule) => write!(f, "{schedule}"),
            Self::Every(interval) => write!(f, "every {interval}"),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobAction {
    /// Marks, ends and deletes what is due; `None`: of all tasks.
    Purge(Option<TaskPattern>),
    /// Ends the sessions of these tasks that the application still accepts.
    Cycle(TaskPattern),
    /// Writes a report to a file.
    Report(ReportFile),
}

/// Report of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportFile {
    pub name: ReportName,
    /// Length of the time before the run that it covers.
    pub since: Span,
}

impl ReportFile {
    /// Default length.
    pub const SINCE: Span = Span::days(30);
    pub const MIN_SINCE: Span = Span::hours(1);
}

impl JobAction {
    /// Name of the action in configurations and in the ledger.
    pub const fn verb(&self) -> &'static str {
        match self {
            Self::Purge(_) => "purge",
            Self::Cycle(_) => "cycle",
            Self::Report(_) => "report",
        }
    }

    /// Tasks to which the action applies; `None`: all.
    pub const fn task(&self) -> Option<&TaskPattern> {
        match self {
            Self::Purge(task) => task.as_ref(),
            Self::Cycle(task) => Some(task),
            Self::Report(_) => None,
        }
    }

    pub const fn report(&self) -> Option<&ReportFile> {
        match self {
            Self::Report(report) => Some(report),
            _ => None,
        }
    }
}

impl Job {
    /// Default maximum lateness of a cycle.
    pub const LATE: Span = Span::hours(1);
    /// Minimum that can be set: cron calls each minute, with a delay of a few seconds.
    pub const MIN_LATE: Span = Span::minutes(1);

    /// Reports whether the job runs on a host. Host names match without regard to case, and
    /// a short one also stands for the full name that begins with it.
    pub fn runs_on(&self, host: &str) -> bool {
        let Some(own) = &self.host else { return true };
        let (own, host) = (own.to_ascii_lowercase(), host.to_ascii_lowercase());
        let is_short_for = |a: &str, b: &str| b.strip_prefix(a).is_some_and(|b| b.starts_with('.'));
        own == host || is_short_for(&own, &host) || is_short_for(&host, &own)
    }

    /// Specification under which the ledger keeps the history of the job, together with its name:
    /// its times, its action, its selection and its host. A job with another specification starts a
    /// new history.
    ///
    /// Limits, the maximum lateness, the reason and the file of a report are not part of it, so that editing them keeps
    /// the history.
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
        match self.selection.canonical() {
            all if all.is_empty() => {}
            some => spec = format!("{spec} ({some})"),
        }
        if let Some(host) = &self.host {
            spec = format!("{spec} on {}", quoted(host));
        }
        spec
    }
}
