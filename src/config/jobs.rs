//! Jobs: one `[[job]]` each.

use toml::de::DeValue;

use super::error::Result;
use super::keys::show_span_or;
use super::notify::{self, NotifyOptions};
use super::options::Config;
use super::reports;
use super::selection;
use super::table::SettingsTable;
use super::values::{at_least, count, flag, name, parsed, percent, span, span_or, text};
use crate::domain::archive_name::ArchiveName;
use crate::domain::filter::SelectionRule;
use crate::domain::guard::{Guard, GuardLimits};
use crate::domain::job::{Interval, Job, JobAction, JobTiming, ReportFile};
use crate::domain::schedule::{Schedule, ScheduleError};
use crate::domain::task::TaskPattern;
use crate::domain::time::Span;
use crate::domain::variants::string_enum;
use crate::domain::why::why;

const KEYS: &[&str] = &[
    "name",
    "at",
    "every",
    "do",
    "task",
    "max_percent",
    "max_rows",
    "late",
    "host",
    "why",
    "enabled",
    "each",
    "archive",
    "notify",
    "file",
    "since",
];

/// Keys that a job with `do = "report"` does not have, besides those of a selection.
const NOT_FOR_REPORTS: [&str; 6] = ["task", "max_percent", "max_rows", "late", "each", "archive"];

const ENDS_NOTHING: &str = "is not allowed with do = \"report\": a report is about all sessions, \
                            ends none of them, and is made up for, once, if it was missed";

const REPORTS_ONLY: &str = "is only allowed with do = \"report\"";

const SELECTS_FOR_CYCLE: &str = "is only allowed with do = \"cycle\": a purge takes all sessions \
                                 of its task that are due";

#[derive(Clone, Copy)]
enum ActionWord {
    Purge,
    Cycle,
    Report,
}

string_enum!(ActionWord, "job action", {
    Purge => "purge",
    Cycle => "cycle",
    Report => "report",
});

pub(super) fn read(top: &SettingsTable<'_>, config: &mut Config) -> Result<()> {
    for table in top.merged_array("job", "name", "[[job]]")? {
        let valid = KEYS.iter().copied().chain(selection::KEYS.iter().map(|key| key.name));
        table.allow_only(&valid.collect::<Vec<_>>())?;
        let name = table.required("name", "each job needs a unique name", name)?;
        if config.jobs.iter().any(|job| job.name == name) {
            return Err(table.error("name", &format!("job name {name:?} is already in use")));
        }
        table.record_lines(&format!("job.{name}"), &mut config.lines);
        // Not part of the job, since its history does not depend on it.
        if let Some(report) = table.optional("each", parsed)? {
            config.reports.insert(name.clone(), report);
        }
        if let Some(archive) = table.optional("archive", parsed)? {
            config.job_archives.insert(name.clone(), archive);
        }
        if let Some(table) = table.table("notify")? {
            let mut options = NotifyOptions::default();
            table.read(notify::KEYS, &mut options)?;
            table.record_lines(&format!("job.{name}.notify"), &mut config.lines);
            config.job_notify.insert(name.clone(), options);
        }
        let job = job(&table, name)?;
        if let Some(other) = reports::same_file(&config.jobs, &job) {
            let message = format!("is already that of the job {:?}", other.name);
            return Err(table.error("file", &message));
        }
        config.jobs.push(job);
    }
    Ok(())
}

fn job(table: &SettingsTable<'_>, job_name: String) -> Result<Job> {
    // Invalid values are reported before missing ones.
    let at = table.optional("at", schedule)?;
    let every = table.optional("every", interval)?;
    let action = table.optional("do", parsed)?;
    let task = table.optional("task", name)?.map(|task| TaskPattern::from(task.as_str()));
    let max_percent = table.optional("max_percent", percent)?;
    let max_rows = table.optional("max_rows", count)?;
    let late = table.optional("late", lateness)?.unwrap_or(Some(Job::LATE));
    let host = table.optional("host", name)?;
    let reason = table.optional("why", |value| why(text(value)?))?;
    let enabled = table.optional("enabled", flag)?.unwrap_or(true);
    let mut selection = SelectionRule::default();
    table.read_known(selection::KEYS, &mut selection)?;
    let file = table.optional("file", parsed)?;
    let since = |value: &DeValue<'_>| at_least(span(value)?, ReportFile::MIN_SINCE);
    let since = table.optional("since", since)?.unwrap_or(ReportFile::SINCE);
    let report = file.map(|name| ReportFile { name, since });
    let (when, work) = (when(table, at, every)?, work(table, action, task, report)?);
    check_keys(table, &when, &work)?;
    let limits = GuardLimits { max_percent, max_rows };
    Ok(Job { name: job_name, when, work, selection, limits, late, host, why: reason, enabled })
}

/// Rejects keys that make no sense for the action of a job.
fn check_keys(table: &SettingsTable<'_>, when: &JobTiming, work: &JobAction) -> Result<()> {
    let is_auto = *when == JobTiming::Every(Interval::Auto);
    match work {
        JobAction::Purge(_) => {
            for key in selection::KEYS {
                table.reject(key.name, SELECTS_FOR_CYCLE)?;
            }
            let message = "is only allowed with do = \"cycle\": a missed purge is always made up \
                           for, once";
            table.reject("late", message)?;
        }
        _ if is_auto => {
            let message = format!(
                "\"auto\" depends on the timeouts, which a {} ignores: use at, or every with a \
                 duration",
                work.verb()
            );
            return Err(table.error("every", &message));
        }
        JobAction::Cycle(_) => {}
        JobAction::Report(_) => {
            let keys = selection::KEYS.iter().map(|key| key.name);
            return NOT_FOR_REPORTS
                .into_iter()
                .chain(keys)
                .try_for_each(|key| table.reject(key, ENDS_NOTHING));
        }
    }
    ["file", "since"].iter().try_for_each(|key| table.reject(key, REPORTS_ONLY))
}

fn when(
    table: &SettingsTable<'_>,
    at: Option<Schedule>,
    every: Option<Interval>,
) -> Result<JobTiming> {
    match (at, every) {
        (Some(schedule), None) => Ok(JobTiming::At(schedule)),
        (None, Some(interval)) => Ok(JobTiming::Every(interval)),
        (Some(_), Some(_)) => Err(table.error("every", "cannot be combined with at")),
        (None, None) => {
            Err(table.missing("at", "a job needs at, like \"0 3 *\", or every, like \"5m\""))
        }
    }
}

fn work(
    table: &SettingsTable<'_>,
    action: Option<ActionWord>,
    task: Option<TaskPattern>,
    report: Option<ReportFile>,
) -> Result<JobAction> {
    match (action, task) {
        (None, _) => Err(table.missing("do", "one of purge, cycle, report")),
        (Some(ActionWord::Purge), task) => Ok(JobAction::Purge(task)),
        (Some(ActionWord::Cycle), Some(task)) => Ok(JobAction::Cycle(task)),
        (Some(ActionWord::Cycle), None) => {
            Err(table.missing("task", "a cycle needs the task, or \"*\" for all tasks"))
        }
        (Some(ActionWord::Report), _) => report.map(JobAction::Report).ok_or_else(|| {
            table.missing("file", "where the report is written, like \"/var/www/report.html\"")
        }),
    }
}

fn schedule(value: &DeValue<'_>) -> Result<Schedule, String> {
    text(value)?.parse().map_err(|e: ScheduleError| e.in_one_line())
}

fn interval(value: &DeValue<'_>) -> Result<Interval, String> {
    match span_or(value, "auto")? {
        None => Ok(Interval::Auto),
        Some(span) => at_least(span, Interval::MIN).map(Interval::Fixed),
    }
}

/// The maximum delay of a cycle; `None`: any.
fn lateness(value: &DeValue<'_>) -> Result<Option<Span>, String> {
    let late = span_or(value, "forever")?.map(|span| at_least(span, Job::MIN_LATE));
    late.transpose().map_err(|error| format!("{error}; jobs are checked once a minute"))
}

impl Config {
    /// The archive of a job: its own, or else the general one.
    #[must_use]
    pub fn archive_of(&self, job: &Job) -> Option<&ArchiveName> {
        self.job_archives.get(&job.name).or(self.archive.file.as_ref())
    }

    /// The values of a job by their keys. Limits that it does not set are those in force.
    pub(super) fn job_values(&self, job: &Job) -> Vec<(&'static str, String)> {
        let when = match &job.when {
            JobTiming::At(schedule) => ("at", schedule.to_string()),
            JobTiming::Every(interval) => ("every", interval.to_string()),
        };
        let mut values = vec![when, ("do", job.work.verb().to_owned())];
        match &job.work {
            JobAction::Report(ReportFile { name, since }) => {
                values.extend([("file", name.to_string()), ("since", since.to_string())]);
            }
            _ => values.extend(self.values_of_ending(job)),
        }
        values.extend([
            ("host", job.host.clone().unwrap_or_default()),
            ("why", job.why.clone().unwrap_or_default()),
            ("enabled", job.enabled.to_string()),
        ]);
        if !matches!(job.work, JobAction::Report(_)) {
            let each = self.reports.get(&job.name).map_or("", |report| report.as_str());
            let archive = self.archive_of(job).map(ArchiveName::to_string);
            values.extend([("each", each.to_owned()), ("archive", archive.unwrap_or_default())]);
        }
        values
    }

    /// The values of keys that only jobs have which end sessions.
    fn values_of_ending(&self, job: &Job) -> Vec<(&'static str, String)> {
        let mut values =
            vec![("task", job.work.task().map_or("*", TaskPattern::as_str).to_owned())];
        let (guard, late) = match job.work {
            JobAction::Cycle(_) => {
                let keys = selection::KEYS.iter();
                values.extend(keys.map(|key| (key.name, (key.show)(&job.selection))));
                (job.limits.or(Guard::default()), Some(job.late))
            }
            _ => (job.limits.or(self.guard), None),
        };
        values.extend([
            ("max_percent", guard.max_percent.to_string()),
            ("max_rows", guard.max_rows.to_string()),
        ]);
        values.extend(late.map(|late| ("late", show_span_or(late, "forever"))));
        values
    }
}
