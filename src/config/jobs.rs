//! The jobs: one `[[job]]` for each.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::ConfigError;
use super::page::{Entry, Read};
use super::read::Reader;
use super::values::{count, flag, name, percent, span_or, text, word};
use crate::domain::filter::TaskPattern;
use crate::domain::guard::GuardLimits;
use crate::domain::job::{Interval, Job, JobAction, JobTiming};
use crate::domain::schedule::{Schedule, ScheduleError};
use crate::domain::session::words;
use crate::domain::time::Span;

pub(super) const KEYS: &[&str] = &[
    "name",
    "at",
    "every",
    "do",
    "task",
    "max_percent",
    "max_rows",
    "late",
    "host",
    "enabled",
    "each",
];

#[derive(Clone, Copy)]
enum Verb {
    Purge,
    Cycle,
}

words!(Verb, "job action", {
    Purge => "purge",
    Cycle => "cycle",
});

/// Where each session that ends is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Report {
    /// On standard output.
    Stdout,
    /// In the system's log.
    Syslog,
}

words!(Report, "report destination", {
    Stdout => "stdout",
    Syslog => "syslog",
});

/// What the table of a job says.
struct Draft {
    at: Option<Schedule>,
    every: Option<Interval>,
    verb: Option<Verb>,
    task: Option<TaskPattern>,
    caps: GuardLimits,
    /// `None`: however late.
    late: Option<Span>,
    host: Option<String>,
    enabled: bool,
    /// Which is no part of the [job](Job): whatever it is, the history stays.
    each: Option<Report>,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            at: None,
            every: None,
            verb: None,
            task: None,
            caps: GuardLimits::default(),
            late: Some(Job::LATE),
            host: None,
            enabled: true,
            each: None,
        }
    }
}

impl Reader<'_> {
    pub(super) fn jobs(&mut self, entry: Entry<'_, '_>) -> Read<()> {
        let what = "is a list of tables: write [[job]] above the keys of each job";
        let fault = |reader: &Self, at| reader.page.fault(at, "job", what);
        let Some(jobs) = entry.1.get_ref().as_array() else {
            // The place of a table is that of its header, the key's that of its name.
            return Err(fault(self, entry.0.span().start));
        };
        for item in jobs {
            let Some(table) = item.get_ref().as_table() else {
                return Err(fault(self, item.span().start));
            };
            let job = self.job(table, item.span().start)?;
            self.config.jobs.push(job);
        }
        Ok(())
    }

    /// The job of a table that begins `at` this place.
    fn job(&mut self, table: &DeTable<'_>, at: usize) -> Read<Job> {
        let name = self.job_name(table, at)?;
        let mut draft = Draft::default();
        for entry in table {
            self.job_key(&name, &mut draft, entry)?;
        }
        let (when, work) = (self.when(table, at, &draft)?, self.work(at, &draft)?);
        if let JobTiming::Every(Interval::Fixed(span)) = when
            && span < Interval::SENSIBLE
        {
            self.config.warnings.push(format!(
                "job.{name}.every = \"{span}\" costs more than it gains: {} or more is sensible",
                Interval::SENSIBLE
            ));
        }
        if let (JobTiming::Every(Interval::Auto), JobAction::Cycle(_)) = (&when, &work) {
            let what = "\"auto\" follows the timeouts for a purge; a cycle needs at or a duration";
            return Err(self.page.fault(place(table, "every", at), "job.every", what));
        }
        let says_late = table.iter().any(|(key, _)| key.get_ref() == "late");
        if says_late && matches!(work, JobAction::Purge(_)) {
            let what = "is for do = \"cycle\" alone: a purge that was missed is always made up";
            return Err(self.page.fault(place(table, "late", at), "job.late", what));
        }
        let Draft { caps, late, host, enabled, each, .. } = draft;
        if let Some(report) = each {
            self.config.reports.insert(name.clone(), report);
        }
        Ok(Job { name, when, work, caps, late, host, enabled })
    }

    fn job_name(&mut self, table: &DeTable<'_>, at: usize) -> Read<String> {
        let Some(entry) = table.iter().find(|(key, _)| key.get_ref() == "name") else {
            return Err(self.page.fault(
                at,
                "job.name",
                "is missing: each job has a name of its own",
            ));
        };
        let name = self.job_read(entry, name)?;
        if self.config.jobs.iter().any(|job| job.name == name) {
            let what = format!("{name:?} is the name of another job already");
            return Err(self.page.fault(entry.1.span().start, "job.name", &what));
        }
        Ok(name)
    }

    fn job_key(&mut self, job: &str, draft: &mut Draft, entry: Entry<'_, '_>) -> Read<()> {
        match entry.0.get_ref().as_ref() {
            "name" => {}
            "at" => draft.at = Some(self.job_value(job, entry, schedule)?),
            "every" => draft.every = Some(self.job_value(job, entry, interval)?),
            "do" => draft.verb = Some(self.job_value(job, entry, word)?),
            "task" => {
                let task = self.job_value(job, entry, name)?;
                draft.task = Some(TaskPattern::from(task.as_str()));
            }
            "max_percent" => {
                draft.caps.max_percent = Some(self.job_value(job, entry, percent)?);
            }
            "max_rows" => draft.caps.max_rows = Some(self.job_value(job, entry, count)?),
            "late" => draft.late = self.job_value(job, entry, lateness)?,
            "host" => draft.host = Some(self.job_value(job, entry, name)?),
            "enabled" => draft.enabled = self.job_value(job, entry, flag)?,
            "each" => draft.each = Some(self.job_value(job, entry, word)?),
            _ => return Err(self.page.unknown("job", entry, KEYS)),
        }
        Ok(())
    }

    /// Reads a value and remembers its line under the name of the job.
    fn job_value<T>(
        &mut self,
        job: &str,
        entry: Entry<'_, '_>,
        read: impl FnOnce(&DeValue<'_>) -> Result<T, String>,
    ) -> Read<T> {
        let value = self.job_read(entry, read)?;
        let line = self.page.line(entry.1.span().start);
        self.config.lines.insert(format!("job.{job}.{}", entry.0.get_ref()), line);
        Ok(value)
    }

    /// Reads a value; in a message the line says which job it is.
    fn job_read<T>(
        &self,
        (key, value): Entry<'_, '_>,
        read: impl FnOnce(&DeValue<'_>) -> Result<T, String>,
    ) -> Read<T> {
        let fault = |what: String| {
            self.page.fault(value.span().start, &format!("job.{}", key.get_ref()), &what)
        };
        read(value.get_ref()).map_err(fault)
    }

    fn when(&self, table: &DeTable<'_>, at: usize, draft: &Draft) -> Read<JobTiming> {
        match (&draft.at, draft.every) {
            (Some(schedule), None) => Ok(JobTiming::At(schedule.clone())),
            (None, Some(interval)) => Ok(JobTiming::Every(interval)),
            (None, None) => {
                let what = "is missing: a job has at, like \"0 3 *\", or every, like \"5m\"";
                Err(self.page.fault(at, "job.at", what))
            }
            (Some(_), Some(_)) => {
                let what = "cannot stand beside at: a job has one of the two";
                Err(self.page.fault(place(table, "every", at), "job.every", what))
            }
        }
    }

    fn work(&self, at: usize, draft: &Draft) -> Read<JobAction> {
        let missing = |key: &str, what: &str| -> ConfigError {
            self.page.fault(at, key, &format!("is missing: {what}"))
        };
        match (draft.verb, &draft.task) {
            (Some(Verb::Purge), task) => Ok(JobAction::Purge(task.clone())),
            (Some(Verb::Cycle), Some(task)) => Ok(JobAction::Cycle(task.clone())),
            (Some(Verb::Cycle), None) => {
                Err(missing("job.task", "a cycle names its task; \"*\" means all of them"))
            }
            (None, _) => Err(missing("job.do", "it is one of purge, cycle")),
        }
    }
}

/// Where the value of a key stands.
fn place(table: &DeTable<'_>, key: &str, otherwise: usize) -> usize {
    let entry = table.iter().find(|(name, _)| name.get_ref() == key);
    entry.map_or(otherwise, |(_, value): (_, &Spanned<DeValue<'_>>)| value.span().start)
}

fn schedule(value: &DeValue<'_>) -> Result<Schedule, String> {
    text(value)?.parse().map_err(|e: ScheduleError| e.in_one_line())
}

/// How late a cycle may begin; `None`: however late.
fn lateness(value: &DeValue<'_>) -> Result<Option<Span>, String> {
    match span_or(value, "forever")? {
        Some(span) if span < Job::LEAST_LATE => Err(format!(
            "{span} is too short: {} is the least, as jobs are looked for once a minute",
            Job::LEAST_LATE
        )),
        late => Ok(late),
    }
}

fn interval(value: &DeValue<'_>) -> Result<Interval, String> {
    match span_or(value, "auto")? {
        None => Ok(Interval::Auto),
        Some(span) if span < Interval::LEAST => {
            Err(format!("{span} is too short: {} is the least", Interval::LEAST))
        }
        Some(span) => Ok(Interval::Fixed(span)),
    }
}
