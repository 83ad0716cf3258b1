//! Refusal of a run by a guard.

use std::error::Error as StdError;

use super::format_count;
use crate::domain::time::UnixTime;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuardRefusal {
    pub impact: RunImpact,
    pub limit: ExceededLimit,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunImpact {
    pub work: GuardedRun,
    /// Pattern of tasks; `None`: all.
    pub task: Option<String>,
    /// The sessions of these tasks that have not ended.
    pub sessions: u64,
    pub would_end: u64,
    /// Sessions among them that were due at the last purge already, which no guard counts.
    pub backlog: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GuardedRun {
    /// A purge without an earlier one in the ledger.
    FirstPurge,
    /// A purge; the last one began at this time.
    PurgeSince(UnixTime),
    /// A purge; the last one began at this time, under other rules.
    PurgeByNewRules(UnixTime),
    /// A cycle, which also ends sessions that are not due.
    Cycle,
}

impl GuardedRun {
    /// Time by which a session must have been due to belong to the backlog; `None`: the run has
    /// no backlog.
    pub const fn backlog_at(self) -> Option<UnixTime> {
        match self {
            Self::PurgeSince(last) => Some(last),
            Self::FirstPurge | Self::PurgeByNewRules(_) | Self::Cycle => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ExceededLimit {
    Percent(f64),
    Rows(u64),
}

impl Eq for ExceededLimit {}

impl RunImpact {
    /// The sessions that a guard counts: those that would end, less the backlog.
    pub const fn counted(&self) -> u64 {
        self.would_end.saturating_sub(self.backlog)
    }
}

impl GuardRefusal {
    /// Figures of the refusal: `it would end 6 of …`.
    pub fn finding(&self) -> String {
        let RunImpact { work, task, sessions, .. } = &self.impact;
        let counted = self.impact.counted();
        // Rounded down, so that nothing short of all of them reads as 100 %.
        let permille = u128::from(counted) * 1000 / u128::from((*sessions).max(1));
        let whose = task.as_ref().map_or_else(String::new, |task| format!(" of {task}"));
        let limit = match self.limit {
            ExceededLimit::Percent(percent) => format!("max_percent = {percent}"),
            ExceededLimit::Rows(rows) => format!("max_rows = {}", format_count(rows)),
        };
        let context = match work {
            GuardedRun::FirstPurge => {
                "; no earlier purge is on record, so this may be a backlog".to_owned()
            }
            GuardedRun::PurgeSince(last) => format!("; {}", self.since(*last)),
            GuardedRun::PurgeByNewRules(last) => format!(
                "; the rules have changed since the last purge ({last}), so none of these count as \
                 a backlog"
            ),
            GuardedRun::Cycle => String::new(),
        };
        format!(
            "it would end {} of {} sessions{whose} in the table ({}.{} %), more than {limit}{context}",
            format_count(counted),
            format_count(*sessions),
            permille / 10,
            permille % 10,
        )
    }

    fn since(&self, last: UnixTime) -> String {
        let live = format!("all of these were live at the last purge ({last}) or opened after it");
        match self.impact.backlog {
            0 => live,
            backlog => {
                format!("{live}; {} that were due by then do not count", format_count(backlog))
            }
        }
    }
}

impl StdError for GuardRefusal {}

impl std::fmt::Display for GuardRefusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let work = match self.impact.work {
            GuardedRun::Cycle => "cycle",
            _ => "purge",
        };
        write!(f, "the guard refuses this {work}: {}", self.finding())
    }
}
